"""What the daemon costs beside the PBX: CPU of both for the same calls, without what both use when nobody calls."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.bars import Bar
from tests.bench.load import BEFORE_TALK_S, call_in, loaded_site, wait_filed
from tests.bench.switches import BenchSwitch
from tests.rig.daemon import DaemonProcess
from tests.rig.site import Site

CALLS: Final = 120
RATE: Final = 4.0
TALK_S: Final = 11.0
IDLE_S: Final = 10.0

Used = tuple[float, float, float]
"""Seconds: CPU of the daemon, CPU of the PBX, time."""


def measure(switch: BenchSwitch, where: Path, folder: Path) -> Iterator[Bar]:
    """The ratio, with the milliseconds that it is of."""
    with loaded_site(switch, where, folder, TALK_S) as site:
        daemon = site.start_daemon()
        time.sleep(1)
        idle = _rate(_used(site, daemon), _after(site, daemon, IDLE_S))
        before = _used(site, daemon)
        if not call_in(site, CALLS, RATE, TALK_S):
            raise RuntimeError("the PBX did not hold the calls")
        wait_filed(site, CALLS)
        ours, theirs = (per_call(idle, before, _used(site, daemon), index) for index in (0, 1))
    beside = f"{ours * 1000:.1f} ms ÷ {theirs * 1000:.1f} ms for a {BEFORE_TALK_S + TALK_S:.0f} s call, {RATE:.0f} calls a second"
    yield Bar(f"daemon CPU ÷ {switch.name} CPU, recorded call", ours / theirs, "≤", 0.05, "", beside)


def per_call(idle: Used, before: Used, after: Used, index: int) -> float:
    """CPU seconds of one call."""
    return (after[index] - before[index] - idle[index] * (after[2] - before[2])) / CALLS


def _used(site: Site, daemon: DaemonProcess) -> Used:
    return daemon.cpu_seconds(), site.pbx.cpu_seconds(), time.monotonic()


def _after(site: Site, daemon: DaemonProcess, seconds: float) -> Used:
    time.sleep(seconds)
    return _used(site, daemon)


def _rate(before: Used, after: Used) -> Used:
    """Per second."""
    took = after[2] - before[2]
    return (after[0] - before[0]) / took, (after[1] - before[1]) / took, 1.0
