"""From an event on the daemon's socket to the order that it causes, with the commit in between."""

import re
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench.bars import Bar
from tests.bench.load import call_in, loaded_site, wait_filed
from tests.bench.relay import Message, relay
from tests.bench.switches import BenchSwitch
from tests.bench.wires import Pair
from tests.rig.site import Site

RATES: Final = (20.0, 10.0, 5.0)
SECONDS: Final = 15
TALK_S: Final = 3.0

_PORT: Final = re.compile(r"(?m)^port = (\d+)$")


def measure(switch: BenchSwitch, where: Path, folder: Path) -> Iterator[Bar]:
    """The 99th percentile, at the highest of the rates that the PBX holds."""
    for rate in RATES:
        messages = _passed(switch, where, folder / f"{rate:g}", rate)
        if messages is not None:
            yield _bar(switch, rate, {name: _times(messages, pair) for name, pair in switch.wire.pairs.items()})
            return
    raise RuntimeError(f"{switch.name} does not hold {RATES[-1]:g} new calls a second")


def _bar(switch: BenchSwitch, rate: float, times: dict[str, list[float]]) -> Bar:
    together = [one for some in times.values() for one in some]
    by_pair = ", ".join(f"{name} {statistics.median(some):.1f}/{_p99(some):.1f}" for name, some in times.items())
    beside = f"at {rate:g} new calls a second, {len(together)} orders; median/p99 ms: {by_pair}"
    return Bar(f"{switch.name}: event on the socket → order on the wire, p99", _p99(together), "≤", 10.0, "ms", beside)


def _passed(switch: BenchSwitch, where: Path, folder: Path, rate: float) -> Sequence[Message] | None:
    """What passed at that rate; None when not every call came to its recording."""
    calls = round(rate * SECONDS)
    folder.mkdir()
    with loaded_site(switch, where, folder, TALK_S) as site, relay(_pbx_port(site)) as between:
        site.config.write_text(_PORT.sub(f"port = {between.port}", site.config.read_text("utf-8")), "utf-8")
        site.start_daemon()
        if not call_in(site, calls, rate, TALK_S):
            return None
        wait_filed(site, calls)
        return between.messages(switch.wire.from_pbx(), switch.wire.from_daemon())


def _pbx_port(site: Site) -> int:
    """As the daemon is told it: of AMI or ESL."""
    told = _PORT.search(site.config.read_text("utf-8"))
    assert told is not None
    return int(told[1])


def _times(messages: Sequence[Message], pair: Pair) -> list[float]:
    """Milliseconds from the last such event of a leg to the order about that leg."""
    since: dict[str, int] = {}
    times = []
    for message in messages:
        if message.from_pbx:
            since[pair.event(message.text)] = message.at
        elif (leg := pair.order(message.text)) and leg in since:
            times.append((message.at - since.pop(leg)) / 1e6)
    return times


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]
