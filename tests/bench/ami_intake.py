"""How fast AMI is taken in, and whether memory stays flat: `python -m tests.bench.ami_intake`, a JSON document on stdout.

The bytes are those of a real call: `queue_call.ami` holds what an Asterisk 22 sent, to a user who reads every class, about one call that
was announced by AGI, recorded, queued, answered, muted and hung up. It is sent over and over by an AMI server in another process, as
`every_class` (the whole stream) and as `daemon_classes` (what a user with only the daemon's classes is sent: fewer events, half of
them wanted). Four readers take it in turn, each in a thread of its own with an asyncio loop of its own:

- `bare`: a protocol that cuts at blank lines, all at once and in C, and looks at nothing;
- `ours`: the link; each event that the driver wants reaches its callback;
- `bare_parsed`: the bare protocol with a dictionary made of each message's headers, the least one does to read any;
- `ours_reading`: the link, with callbacks that read eight headers of each event.

Figures are events a second, medians of the runs; the ratios are those of the medians.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, Headers, LinkCallbacks, OnEvent
from tests.bench.intake import BOUND_S, RUNS, Bare, Mix, Stopwatch, added_bytes, medians, running, seconds_through, server_elsewhere
from tests.integration.ami_server import SECRET, USERNAME, AmiServer, Connection, Received
from tests.integration.ami_stream import event

EVENTS: Final = 150_000
MEMORY_EVENTS: Final = 1_010_000

BLANK_LINE: Final = b"\r\n\r\n"
CALL: Final = Path(__file__).with_name("queue_call.ami").read_bytes().split(BLANK_LINE)[:-1]
DAEMON_CLASSES: Final = (b"system,", b"call,", b"agi,", b"dtmf,", b"user,")
MIXES: Final = {
    "every_class": Mix([message + BLANK_LINE for message in CALL]),
    "daemon_classes": Mix([one + BLANK_LINE for one in CALL if one.partition(b"Privilege: ")[2].startswith(DAEMON_CLASSES)]),
}
WANTED: Final = (
    *("AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd", "UserEvent", "Newchannel", "Newstate", "DialBegin", "DialEnd"),
    *("BridgeEnter", "BridgeLeave", "DTMFEnd", "OriginateResponse", "Hangup"),
)
READ: Final = ("Uniqueid", "Linkedid", "Channel", "Timestamp", "ChannelStateDesc", "CallerIDNum", "Cause", "DestUniqueid")
LOGIN: Final = f"Action: Login\r\nUsername: {USERNAME}\r\nSecret: {SECRET}\r\n\r\n".encode()


def send_calls(connection: Connection, action: Received) -> None:
    """The server's script: `Flood` is answered by so many events of the mix, between two marks."""
    flood = MIXES[action.headers["mix"]].writes(int(action.headers["events"]))
    connection.send(action.reply(), event("BenchBegin"), *flood, event("BenchEnd"))


def serve(pipe: Pipe) -> None:
    """The server's process."""
    with AmiServer(send_calls) as server:
        pipe.send(server.port)
        pipe.recv()


class BareSplit(Bare):
    """Cuts at blank lines."""

    def take(self, stream: bytes) -> bool:
        messages = stream.split(BLANK_LINE)
        self.rest = messages.pop()
        self.parse(messages)
        return bool(messages) and messages[-1] == b"Event: BenchEnd"

    def parse(self, messages: list[bytes]) -> None:
        """Nothing."""


class BareParsed(BareSplit):
    """Each message a dictionary."""

    def parse(self, messages: list[bytes]) -> None:
        for message in messages:
            self.headers = dict([line.split(": ", 1) for line in message.decode().split("\r\n") if ": " in line])


def take_nothing(_headers: Headers) -> None:
    """Where dispatch ends and the driver begins."""


def take_eight(headers: Headers) -> None:
    """About what the driver reads of an event."""
    tuple([headers.get(name) for name in READ])


@contextmanager
def flooded(port: int, take: OnEvent, mix: str) -> Iterator[Callable[[int], float]]:
    """The link is up; what is yielded floods it, and says at how many events a second it took them."""
    watch = Stopwatch()
    on_event = dict.fromkeys(WANTED, take) | {"BenchBegin": watch.begin, "BenchEnd": watch.end}
    callbacks = LinkCallbacks(on_event, watch.up.set, watch.fail, watch.fail, lambda: False)
    link = AmiLink(AmiAddress("127.0.0.1", port, USERNAME, SECRET), callbacks)

    def flood(events: int) -> float:
        action = AmiAction("Flood", (("Mix", mix), ("Events", str(events))), BOUND_S)
        return MIXES[mix].sent(events) / watch.seconds(lambda: link.send([action], lambda _action, _outcome: None))

    with running(link, watch):
        yield flood


def run_ours(take: OnEvent, port: int, mix: str) -> float:
    """Events a second through the link."""
    with flooded(port, take, mix) as flood:
        return flood(EVENTS)


def run_bare(kind: type[Bare], port: int, mix: str) -> float:
    """Events a second through a bare protocol."""
    flood = f"Action: Flood\r\nMix: {mix}\r\nEvents: {EVENTS}\r\n\r\n".encode()
    return MIXES[mix].sent(EVENTS) / asyncio.run(seconds_through(kind, port, LOGIN, flood))


def compare(port: int, mix: str) -> dict[str, float]:
    """All readers, with their ratios."""
    median = medians(
        {
            "bare": partial(run_bare, BareSplit, port, mix),
            "ours": partial(run_ours, take_nothing, port, mix),
            "bare_parsed": partial(run_bare, BareParsed, port, mix),
            "ours_reading": partial(run_ours, take_eight, port, mix),
        }
    )
    return {
        **{f"{reader}_per_s": round(figure) for reader, figure in median.items()},
        "ratio": round(median["ours"] / median["bare"], 2),
        "ratio_reading": round(median["ours_reading"] / median["bare_parsed"], 2),
    }


def added_by_a_million(port: int) -> dict[str, float]:
    """What a million events add to the memory of one link."""
    with flooded(port, take_eight, "daemon_classes") as flood:
        added = added_bytes(flood, MEMORY_EVENTS)
    return {"events": MIXES["daemon_classes"].sent(MEMORY_EVENTS), "added_mb": round(added / 1e6, 2)}


def main() -> None:
    """Prints the figures; the top ones are those of the stream with every class."""
    with server_elsewhere(serve) as port:
        mixes = {mix: compare(port, mix) for mix in MIXES}
        figures = {**mixes["every_class"], "mixes": mixes, "memory": added_by_a_million(port), "runs": RUNS, "events_a_run": EVENTS}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
