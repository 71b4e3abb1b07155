"""What the daemon costs beside the PBX: CPU of both for the same calls, without what both use when nobody calls.

The daemon's part is that of a call's beginning and end, the PBX's grows with every second of sound, so the ratio is one of the length of
the calls: short ones, as hard as it gets, and ones of a minute.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.bars import Bar
from tests.bench.load import BEFORE_TALK_S, call_in, loaded_site, wait_filed
from tests.bench.switches import BenchSwitch
from tests.rig.daemon import DaemonProcess
from tests.rig.site import Site

IDLE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls, so many a second, in which two talk for so long."""

    calls: int
    rate: float
    talk_s: float


LOADS: Final = (Load(120, 4.0, 11.0), Load(60, 1.0, 58.0))

Used = tuple[float, float, float]
"""Seconds: CPU of the daemon, CPU of the PBX, time."""


def measure(switch: BenchSwitch, where: Path, folder: Path) -> Iterator[Bar]:
    """The ratio for short calls and for those of a minute, with the milliseconds that it is of."""
    for load in LOADS:
        seconds = BEFORE_TALK_S + load.talk_s
        place = folder / f"{seconds:.0f}s"
        place.mkdir()
        ours, theirs = _of_a_call(switch, where, place, load)
        beside = f"{ours * 1000:.1f} ms ÷ {theirs * 1000:.1f} ms, {load.rate:.0f} calls a second"
        yield Bar(f"daemon CPU ÷ {switch.name} CPU, recorded call of {seconds:.0f} s", ours / theirs, "≤", 0.05, "", beside)


def _of_a_call(switch: BenchSwitch, where: Path, folder: Path, load: Load) -> tuple[float, float]:
    """CPU seconds of the daemon, and of the PBX."""
    with loaded_site(switch, where, folder, load.talk_s) as site:
        daemon = site.start_daemon()
        time.sleep(1)
        idle = _rate(_used(site, daemon), _after(site, daemon, IDLE_S))
        before = _used(site, daemon)
        if not call_in(site, load.calls, load.rate, load.talk_s):
            raise RuntimeError("the PBX did not hold the calls")
        wait_filed(site, load.calls)
        after = _used(site, daemon)
    ours, theirs = ((after[index] - before[index] - idle[index] * (after[2] - before[2])) / load.calls for index in (0, 1))
    return ours, theirs


def _used(site: Site, daemon: DaemonProcess) -> Used:
    return daemon.cpu_seconds(), site.pbx.cpu_seconds(), time.monotonic()


def _after(site: Site, daemon: DaemonProcess, seconds: float) -> Used:
    time.sleep(seconds)
    return _used(site, daemon)


def _rate(before: Used, after: Used) -> Used:
    """Per second."""
    took = after[2] - before[2]
    return (after[0] - before[0]) / took, (after[1] - before[1]) / took, 1.0
