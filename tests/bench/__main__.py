"""`python -m tests.bench [--json] [PART …]`: every bar of speed, as figure, bar, and met or not; `--profile` shows where the CPU goes.

Ratios are taken within one run on one machine. What needs a PBX is measured on each of the two, and is said to be not run where one is
not installed: `cpu` is both, `cpu-freeswitch` that one.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.bench import cpu_ratio, latency, memory, notice_start, others
from tests.bench.bars import Bar, NotRun, table
from tests.bench.profile import show_profile
from tests.bench.switches import SWITCHES, BenchSwitch

Part = Callable[[], Iterable[Bar | NotRun]]
LivePart = Callable[[BenchSwitch, Path, Path], Iterable[Bar]]


def main() -> int:
    """Measure, print; 0 when every bar that was measured is met, 1 when one is not."""
    chosen = _arguments()
    if chosen.profile:
        return _profile(SWITCHES[chosen.profile])
    bars = [bar for name, part in PARTS.items() if _is_chosen(name, chosen.parts) for bar in _measured(name, part)]
    if chosen.json:
        found = [{**asdict(bar), "met": bar.met} if isinstance(bar, Bar) else asdict(bar) for bar in bars]
        sys.stdout.write(json.dumps({"cores": os.cpu_count(), "bars": found}, ensure_ascii=False, indent=2) + "\n")
    else:
        table(bars)
    return 0 if all(bar.met for bar in bars if isinstance(bar, Bar)) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Every bar of speed.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--profile", choices=SWITCHES, help="where the daemon's CPU for a call on that PBX goes")
    chosen = parser.parse_args()
    if unknown := [part for part in chosen.parts if not any(_is_chosen(name, [part]) for name in PARTS)]:
        parser.error(f"no such part: {', '.join(unknown)}")
    return chosen


def _is_chosen(name: str, parts: Iterable[str]) -> bool:
    return not parts or name in parts or name.partition("-")[0] in parts


def _profile(switch: BenchSwitch) -> int:
    where = switch.find()
    if where is None:
        sys.stderr.write(f"not run: {_missing(switch)}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="callguard-bench-") as folder:
        show_profile(switch, where, Path(folder))
    return 0


def _measured(name: str, part: Part) -> list[Bar | NotRun]:
    sys.stderr.write(f"measuring {name}, load {os.getloadavg()[0]:.1f} …\n")
    return list(part())


def live(name: str, part: LivePart, switch: BenchSwitch) -> Part:
    """A part that needs the PBX, and a folder."""

    def measured() -> list[Bar | NotRun]:
        where = switch.find()
        if where is None:
            return [NotRun(f"{name}, {switch.name}", _missing(switch))]
        with tempfile.TemporaryDirectory(prefix="callguard-bench-") as folder:
            return list(part(switch, where, Path(folder)))

    return measured


def _missing(switch: BenchSwitch) -> str:
    return f"no {switch.name} here"


LIVE: Final[Mapping[str, LivePart]] = {"cpu": cpu_ratio.measure, "latency": latency.measure, "notice": notice_start.measure}
PARTS: Final[Mapping[str, Part]] = {
    **{f"{name}-{kind}": live(name, part, switch) for name, part in LIVE.items() for kind, switch in SWITCHES.items()},
    "intake": others.intake,
    "memory": memory.measure,
    "sweep": others.sweep,
    "reconcile": others.reconcile,
    "search": others.search,
    "ledger": others.ledger,
}

if __name__ == "__main__":
    sys.exit(main())
