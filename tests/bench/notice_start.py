"""How long a caller hears nothing after the PBX has answered: from the 200 OK to the first sample of the notice, at the caller's phone."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.bars import Bar
from tests.bench.switches import BenchSwitch
from tests.rig.call import PhoneCall
from tests.rig.site import Site, both_ways
from tests.rig.sound import first_sound

CALLS: Final = 60
EVERY_S: Final = 0.4
LISTEN_S: Final = 1.0


def measure(switch: BenchSwitch, where: Path, folder: Path) -> Iterator[Bar]:
    """Median and 99th percentile."""
    with switch.with_phones(where, folder, both_ways("notice")) as here:
        here.start_daemon()
        time.sleep(0.5)
        waits = [_wait(call) for call in _calls(here)]
    beside = f"{CALLS} calls, one every {EVERY_S:g} s"
    yield Bar(f"{switch.name}'s answer → first sample of the notice, median", statistics.median(waits), "≤", 100.0, "ms", beside)
    yield Bar(f"{switch.name}'s answer → first sample of the notice, p99", statistics.quantiles(waits, n=100)[98], "≤", 250.0, "ms", beside)


def _calls(here: Site) -> Iterator[PhoneCall]:
    """Callers who listen for a second."""
    begun = time.monotonic()
    calling: list[PhoneCall] = []
    for number in range(CALLS):
        time.sleep(max(0.0, begun + number * EVERY_S - time.monotonic()))
        calling.append(here.caller.dial("700", here.pbx.sip_port, caller=f"+4072210{number:04}"))
        yield from _listened_to(calling, still_calling=3)
    yield from _listened_to(calling, still_calling=0)


def _listened_to(calling: list[PhoneCall], still_calling: int) -> Iterator[PhoneCall]:
    """End the oldest calls but so many."""
    while len(calling) > still_calling:
        call = calling.pop(0)
        call.wait_answered(5)
        assert call.answered_at is not None
        time.sleep(max(0.0, call.answered_at + LISTEN_S - time.monotonic()))
        yield call
        call.hang_up()


def _wait(call: PhoneCall) -> float:
    """Milliseconds."""
    assert call.answered_at is not None
    heard = first_sound(call.heard(call.answered_at, call.answered_at + LISTEN_S))
    if heard is None:
        raise RuntimeError("a caller heard nothing of the notice")
    return heard * 1000
