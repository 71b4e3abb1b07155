"""From an event on the AMI socket to the order that it causes, with the commit in between.

Three pairs of each call, found by the channel: handed over → play the notice; notice ended → go on; entered the bridge → record. Each has a
durable commit in it.
"""

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.bench.ami_relay import Message, relay
from tests.bench.bars import Bar
from tests.bench.cpu_ratio import filed
from tests.bench.load import call_in, loaded_site

RATES: Final = (20.0, 10.0, 5.0)
SECONDS: Final = 15
TALK_S: Final = 3.0
FILED_BOUND_S: Final = 10.0

Caused = Callable[[Message], bool]


def measure(root: Path, folder: Path) -> Iterator[Bar]:
    """The 99th percentile, at the highest of the rates that the PBX holds."""
    for rate in RATES:
        messages = _passed(root, folder / f"{rate:g}", rate)
        if messages is not None:
            times = {name: _times(messages, *pair) for name, pair in PAIRS.items()}
            together = [one for some in times.values() for one in some]
            beside = ", ".join(f"{name} {statistics.median(some):.1f}/{_p99(some):.1f}" for name, some in times.items())
            beside = f"at {rate:g} new calls a second, {len(together)} orders; median/p99 ms: {beside}"
            yield Bar("event on the socket → order on the wire, p99", _p99(together), "≤", 10.0, "ms", beside)
            return
    raise RuntimeError(f"the PBX does not hold {RATES[-1]:g} new calls a second")


def _passed(root: Path, folder: Path, rate: float) -> list[Message] | None:
    """What passed at that rate; None when not every call came to its recording."""
    calls = round(rate * SECONDS)
    folder.mkdir()
    with loaded_site(root, folder, TALK_S) as site, relay(site.asterisk.ami_port) as between:
        site.config.write_text(site.config.read_text().replace(f"port = {site.asterisk.ami_port}", f"port = {between.port}"))
        site.start_daemon()
        if not call_in(site, calls, rate, TALK_S):
            return None
        site.wait("all recordings filed", lambda: filed(site) == calls or None, FILED_BOUND_S)
        return between.messages()


def _event(name: bytes) -> Caused:
    return lambda message: message.from_pbx and message.get(b"Event") == name


def _agi(command: bytes) -> Caused:
    return lambda message: message.get(b"Action") == b"AGI" and message.get(b"Command").startswith(command)


def _played(message: Message) -> bool:
    return message.get(b"Event") == b"AsyncAGIExec" and message.get(b"CommandId").startswith(b"callguard/1/")


PAIRS: Final[dict[str, tuple[Caused, Caused]]] = {
    "play": (_event(b"AsyncAGIStart"), _agi(b"STREAM FILE")),
    "go on": (_played, _agi(b"ASYNCAGI BREAK")),
    "record": (_event(b"BridgeEnter"), lambda message: message.get(b"Action") == b"MixMonitor"),
}


def _times(messages: list[Message], causes: Caused, caused: Caused) -> list[float]:
    """Milliseconds from the last cause on a channel to what it caused there."""
    since: dict[bytes, int] = {}
    times = []
    for message in messages:
        channel = message.get(b"Channel")
        if causes(message):
            since[channel] = message.at
        elif caused(message) and channel in since:
            times.append((message.at - since.pop(channel)) / 1e6)
    return times


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]
