"""Where the daemon's CPU for a call goes: every thread of a real daemon profiled while calls come in.

Figures are CPU milliseconds a call with the cost of profiling in them, which is twice as much again: it is the shares that tell.
"""

import pstats
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table

from tests.bench.load import call_in, loaded_site
from tests.bench.switches import BenchSwitch

CALLS: Final = 100
RATE: Final = 4.0
TALK_S: Final = 3.0
SHOWN: Final = 14

Function = tuple[str, int, str]
"""As pstats names it: file, line, name. The file of what is written in C is `~`."""

Figures = tuple[int, int, float, float]
"""Calls without and with recursion, own seconds, all seconds."""

Profile = Mapping[Function, tuple[int, int, float, float, Mapping[Function, Figures]]]


What = TypeVar("What")


def show_profile(switch: BenchSwitch, where: Path, folder: Path) -> None:
    """Print a table for each thread: its parts, then its most expensive functions."""
    with loaded_site(switch, where, folder, TALK_S) as site:
        daemon = site.start_daemon("tests.bench.profiled_daemon")
        if not call_in(site, CALLS, RATE, TALK_S):
            raise RuntimeError("the PBX did not hold the calls")
        daemon.stop()
    for thread in ("engine", switch.link, "filing"):
        _show(thread, vars(pstats.Stats(str(folder / f"{thread}.profile")))["stats"])


def _show(title: str, profile: Profile) -> None:
    console = Console(highlight=False)
    own = {function: figures[2] for function, figures in profile.items()}
    parts = _parts(profile)
    total = sum(parts.values())
    table = Table("ms", "share", "what", title=f"\n{title}: {_ms(total):.2f} ms a call", box=None, title_justify="left")
    for what, seconds in _most(parts):
        table.add_row(f"{_ms(seconds):.2f}", f"{seconds / total:.0%}", what)
    table.add_section()
    for (file, _, name), seconds in _most(own):
        table.add_row(f"{_ms(seconds):.2f}", f"{seconds / total:.0%}", f"{_part(file)}: {name}")
    console.print(table)


def _parts(profile: Profile) -> dict[str, float]:
    """Seconds by module or package; what is written in C counts to whoever called it."""
    parts: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, seconds, _, callers) in profile.items():
        if file == "~":
            for (calling, _, _), figures in callers.items():
                parts[_part(calling)] += figures[2]
        else:
            parts[_part(file)] += seconds
    return parts


def _most(seconds: Mapping[What, float]) -> list[tuple[What, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]


def _part(file: str) -> str:
    """A module of ours by its path, of others by the name of the package."""
    _, ours, path = file.rpartition("/callguard/")
    if ours:
        return f"callguard/{path}"
    _, installed, path = file.rpartition("/site-packages/")
    if installed:
        return path.partition("/")[0]
    return f"{Path(file).parent.name}/{Path(file).name}" if file != "~" else "in C"


def _ms(seconds: float) -> float:
    return seconds * 1000 / CALLS
