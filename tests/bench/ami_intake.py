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
import gc
import json
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, Headers, LinkCallbacks, OnEvent
from tests.integration.ami_server import SECRET, USERNAME, AmiServer, Connection, Received
from tests.integration.ami_stream import event

RUNS: Final = 7
EVENTS: Final = 150_000
MEMORY_EVENTS: Final = 1_010_000
BOUND_S: Final = 60.0

CALL: Final = Path(__file__).with_name("queue_call.ami").read_bytes().split(b"\r\n\r\n")[:-1]
DAEMON_CLASSES: Final = (b"system,", b"call,", b"agi,", b"dtmf,", b"user,")
MIXES: Final = {
    "every_class": CALL,
    "daemon_classes": [message for message in CALL if message.partition(b"Privilege: ")[2].startswith(DAEMON_CLASSES)],
}
WANTED: Final = (
    *("AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd", "UserEvent", "Newchannel", "Newstate", "DialBegin", "DialEnd"),
    *("BridgeEnter", "BridgeLeave", "DTMFEnd", "OriginateResponse", "Hangup"),
)
READ: Final = ("Uniqueid", "Linkedid", "Channel", "Timestamp", "ChannelStateDesc", "CallerIDNum", "Cause", "DestUniqueid")


def send_calls(connection: Connection, action: Received) -> None:
    """The server's script: `Flood` is answered by so many events of the mix, between two marks."""
    mix = MIXES[action.headers["mix"]]
    repeats = int(action.headers["events"]) // len(mix)
    once = b"".join(message + b"\r\n\r\n" for message in mix)
    per_write = max(1, (1 << 20) // len(once))
    connection.send(action.reply(), event("BenchBegin"), *[once * per_write] * (repeats // per_write), event("BenchEnd"))


def serve(pipe: Pipe) -> None:
    """The server's process: tells its port, ends when it is told to."""
    with AmiServer(send_calls) as server:
        pipe.send(server.port)
        pipe.recv()


@contextmanager
def server_elsewhere() -> Iterator[int]:
    """The port of a server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=serve, args=(there,), daemon=True)
    child.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        child.join(10)


def flood(mix: str, events: int) -> AmiAction:
    return AmiAction("Flood", (("Mix", mix), ("Events", str(events))), BOUND_S)


class Bare(asyncio.Protocol):
    """The yardstick: cuts at blank lines and counts."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.rest = b""
        self.messages = 0
        self.began_s = 0.0
        self.took_s = 0.0

    def data_received(self, data: bytes) -> None:
        self.began_s = self.began_s or time.perf_counter()
        messages = (self.rest + data).split(b"\r\n\r\n")
        self.rest = messages.pop()
        self.messages += len(messages)
        self.parse(messages)
        if messages and messages[-1] == b"Event: BenchEnd":
            self.took_s = time.perf_counter() - self.began_s
            self.ended.set()

    def parse(self, messages: list[bytes]) -> None:
        """Nothing."""


class BareParsed(Bare):
    """The yardstick for reading: each message a dictionary."""

    def parse(self, messages: list[bytes]) -> None:
        for message in messages:
            self.headers = dict([line.split(": ", 1) for line in message.decode().split("\r\n") if ": " in line])


async def run_bare(kind: type[Bare], port: int, mix: str) -> float:
    """Events a second through a bare protocol."""
    transport, bare = await asyncio.get_running_loop().create_connection(kind, "127.0.0.1", port)
    transport.write(f"Action: Login\r\nUsername: {USERNAME}\r\nSecret: {SECRET}\r\n\r\n".encode())
    await asyncio.sleep(0.2)
    bare.began_s, bare.messages = 0.0, 0
    transport.write(f"Action: Flood\r\nMix: {mix}\r\nEvents: {EVENTS}\r\n\r\n".encode())
    await asyncio.wait_for(bare.ended.wait(), BOUND_S)
    transport.abort()
    return bare.messages / bare.took_s


class Reader:
    """The link's owner: keeps time between the marks."""

    def __init__(self, port: int, take: OnEvent) -> None:
        self.up, self.ended = threading.Event(), threading.Event()
        self.began_s = self.took_s = 0.0
        on_event = dict.fromkeys(WANTED, take) | {"BenchBegin": self._begin, "BenchEnd": self._end}
        callbacks = LinkCallbacks(on_event, self.up.set, self._fail, self._fail, lambda: False)
        self.link = AmiLink(AmiAddress("127.0.0.1", port, USERNAME, SECRET), callbacks)

    def run(self, mix: str, events: int) -> float:
        """Events a second between the marks."""
        self.ended.clear()
        self.link.send([flood(mix, events)], lambda _action, _outcome: None)
        if not self.ended.wait(BOUND_S):
            raise TimeoutError
        return sent(mix, events) / self.took_s

    def _begin(self, _headers: Headers) -> None:
        self.began_s = time.perf_counter()

    def _end(self, _headers: Headers) -> None:
        self.took_s = time.perf_counter() - self.began_s
        self.ended.set()

    def _fail(self, reason: str) -> None:
        sys.exit(f"the link was lost: {reason}")


@contextmanager
def reading(port: int, take: OnEvent) -> Iterator[Reader]:
    """A reader whose link is up."""
    reader = Reader(port, take)
    reader.link.start()
    try:
        if not reader.up.wait(BOUND_S):
            raise TimeoutError
        yield reader
    finally:
        reader.link.stop()


def take_nothing(_headers: Headers) -> None:
    """Where dispatch ends and the driver begins."""


def take_eight(headers: Headers) -> None:
    """About what the driver reads of an event."""
    tuple([headers.get(name) for name in READ])


def run_ours(take: OnEvent, port: int, mix: str) -> float:
    """Events a second through the link."""
    with reading(port, take) as reader:
        return reader.run(mix, EVENTS)


def sent(mix: str, events: int) -> int:
    """How many events of the mix the server sends when asked for so many: whole calls, whole writes."""
    length = len(MIXES[mix])
    per_write = max(1, (1 << 20) // sum(len(message) + 4 for message in MIXES[mix]))
    return events // length // per_write * per_write * length


def compare(port: int, mix: str) -> dict[str, float]:
    """All readers in turn, so that what else the machine does meets all of them."""
    rates: dict[str, list[float]] = {"bare": [], "ours": [], "bare_parsed": [], "ours_reading": []}
    for _ in range(RUNS):
        rates["bare"].append(asyncio.run(run_bare(Bare, port, mix)))
        rates["ours"].append(run_ours(take_nothing, port, mix))
        rates["bare_parsed"].append(asyncio.run(run_bare(BareParsed, port, mix)))
        rates["ours_reading"].append(run_ours(take_eight, port, mix))
    median = {reader: statistics.median(figures) for reader, figures in rates.items()}
    return {
        **{f"{reader}_per_s": round(figure) for reader, figure in median.items()},
        "ratio": round(median["ours"] / median["bare"], 2),
        "ratio_reading": round(median["ours_reading"] / median["bare_parsed"], 2),
    }


def resident_bytes() -> int:
    """Memory of this process; proc(5): the second field of statm, in pages."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def added_by_a_million(port: int) -> dict[str, float]:
    """What a million events add to the memory of one link that has been warmed up by a tenth of that."""
    with reading(port, take_eight) as reader:
        reader.run("daemon_classes", MEMORY_EVENTS // 10)
        before = resident_bytes()
        reader.run("daemon_classes", MEMORY_EVENTS)
        added = resident_bytes() - before
    return {"events": sent("daemon_classes", MEMORY_EVENTS), "added_mb": round(added / 1e6, 2)}


def main() -> None:
    """Prints the figures; the top ones are those of the stream with every class."""
    with server_elsewhere() as port:
        mixes = {mix: compare(port, mix) for mix in MIXES}
        figures = {**mixes["every_class"], "mixes": mixes, "memory": added_by_a_million(port), "runs": RUNS, "events_a_run": EVENTS}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
