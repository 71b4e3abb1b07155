"""How fast ESL is taken in, and whether memory stays flat: `python -m tests.bench.esl_intake`, a JSON document on stdout.

The bytes are those of real calls: what a FreeSWITCH 1.10 sent about one that was announced, asked, recorded and bridged
(`tests/replay/freeswitch/inbound-accepted.rx`), 5 kB an event. They are sent over and over by an ESL server in another process, as
`every_event` (that recording subscribed to far more than the driver does) and as `driver_events` (what the driver subscribes to, all of
them wanted). Four readers take it in turn, each in a thread of its own:

- `bare`: an asyncio protocol that cuts at blank lines, all at once and in C, and looks at nothing, as the yardstick for AMI;
- `bare_framed`: the same, but by the lengths in the heads: less work, and what a reader of ESL should do;
- `ours`: the link; each event that the driver wants reaches its callback;
- `ours_reading`: the link, with callbacks that read ten headers of each event; `bare_parsed`, its yardstick, makes a dictionary of each.

Figures are events a second, medians of the runs; the ratios are those of the medians.
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

from callguard.pbx.esl import EslAddress, EslLink, Headers, LinkCallbacks, OnEvent, job
from callguard.pbx.esl_wire import BLANK_LINE, Splitter, head_value
from tests.bench.ami_intake import resident_bytes
from tests.integration.esl_server import SECRET, Connection, EslServer, Received, event, output, reply

RUNS: Final = 7
EVENTS: Final = 40_000
MEMORY_EVENTS: Final = 400_000
BOUND_S: Final = 60.0

WANTED: Final = (
    *("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HANGUP_COMPLETE", "DTMF"),
    *("PLAYBACK_START", "PLAYBACK_STOP", "RECORD_START", "RECORD_STOP"),
)
READ: Final = (
    *("Event-Name", "Unique-ID", "Channel-Call-UUID", "Event-Date-Timestamp", "Answer-State", "Caller-Caller-ID-Number", "Hangup-Cause"),
    *("variable_sip_network_ip", "variable_playback_ms", "variable_callguard_step"),
)
_SPLIT: Final = Splitter(1 << 13, 1 << 20).feed((Path(__file__).parents[1] / "replay" / "freeswitch" / "inbound-accepted.rx").read_bytes())
EVERY: Final = [one for one in _SPLIT if one.kind == b"text/event-plain"]
MIXES: Final = {
    "every_event": [one.head + BLANK_LINE + one.body for one in EVERY],
    "driver_events": [one.head + BLANK_LINE + one.body for one in EVERY if Headers(one.body).get("Event-Name") in WANTED],
}
END: Final = event("BENCH_END")


def per_write(mix: str) -> int:
    """How many times a mix fits a megabyte."""
    return max(1, (1 << 20) // len(b"".join(MIXES[mix])))


def sent(mix: str, events: int) -> int:
    """How many events of the mix the server sends when asked for so many: whole calls, whole writes."""
    return events // len(MIXES[mix]) // per_write(mix) * per_write(mix) * len(MIXES[mix])


def send_calls(connection: Connection, command: Received) -> None:
    """The server's script: the job `flood` is answered by so many events of the mix, between two marks."""
    if command.way != "bgapi":
        connection.send(output("+OK"))
        return
    _, mix, events = command.argument.split(" ")
    once = b"".join(MIXES[mix]) * per_write(mix)
    writes = sent(mix, int(events)) // (per_write(mix) * len(MIXES[mix]))
    connection.send(reply("+OK"), event("BENCH_BEGIN"), *[once] * writes, END)


def serve(pipe: Pipe) -> None:
    """The server's process: tells its port, ends when it is told to."""
    with EslServer(send_calls) as server:
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


class Bare(asyncio.Protocol):
    """The yardstick: cuts at blank lines and counts."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.rest = b""
        self.began_s = 0.0
        self.took_s = 0.0

    def data_received(self, data: bytes) -> None:
        self.began_s = self.began_s or time.perf_counter()
        self.take(self.rest + data)
        if self.rest == b"" and data.endswith(END):
            self.took_s = time.perf_counter() - self.began_s
            self.ended.set()

    def take(self, stream: bytes) -> None:
        self.rest = stream.split(BLANK_LINE).pop()


class BareFramed(Bare):
    """The yardstick that goes by lengths, as little as one can do."""

    def take(self, stream: bytes) -> None:
        at = 0
        while (end := stream.find(BLANK_LINE, at)) >= 0:
            after = end + 2 + int(head_value(stream[at:end], b"Content-Length") or 0)
            if after > len(stream):
                break
            self.event(stream[end + 2 : after])
            at = after
        self.rest = stream[at:]

    def event(self, lines: bytes) -> None:
        """Nothing."""


class BareParsed(BareFramed):
    """The yardstick for reading: each event a dictionary."""

    def event(self, lines: bytes) -> None:
        self.headers = dict([line.split(": ", 1) for line in lines.decode().split("\n") if ": " in line])


async def run_bare(kind: type[Bare], port: int, mix: str) -> float:
    """Events a second through a bare protocol."""
    transport, bare = await asyncio.get_running_loop().create_connection(kind, "127.0.0.1", port)
    transport.write(f"auth {SECRET}\n\n".encode())
    await asyncio.sleep(0.2)
    bare.began_s = 0.0
    transport.write(job("flood", f"{mix} {EVENTS}").wire("bench"))
    await asyncio.wait_for(bare.ended.wait(), BOUND_S)
    transport.abort()
    return sent(mix, EVENTS) / bare.took_s


class Reader:
    """The link's owner: keeps time between the marks."""

    def __init__(self, port: int, take: OnEvent) -> None:
        self.up, self.ended = threading.Event(), threading.Event()
        self.began_s = self.took_s = 0.0
        on_event = dict.fromkeys(WANTED, take) | {"BENCH_BEGIN": self._begin, "BENCH_END": self._end}
        callbacks = LinkCallbacks(on_event, self.up.set, self._fail, self._fail, lambda: False)
        self.link = EslLink(EslAddress("127.0.0.1", port, SECRET), callbacks)

    def run(self, mix: str, events: int) -> float:
        """Events a second between the marks."""
        self.ended.clear()
        self.link.send([job("flood", f"{mix} {events}", bound_s=BOUND_S)], lambda _command, _outcome: None)
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


def take_ten(headers: Headers) -> None:
    """About what the driver reads of an event."""
    tuple([headers.get(name) for name in READ])


def run_ours(take: OnEvent, port: int, mix: str) -> float:
    """Events a second through the link."""
    with reading(port, take) as reader:
        return reader.run(mix, EVENTS)


def compare(port: int, mix: str) -> dict[str, float]:
    """All readers in turn, so that what else the machine does meets all of them."""
    rates: dict[str, list[float]] = {"bare": [], "bare_framed": [], "ours": [], "bare_parsed": [], "ours_reading": []}
    for _ in range(RUNS):
        rates["bare"].append(asyncio.run(run_bare(Bare, port, mix)))
        rates["bare_framed"].append(asyncio.run(run_bare(BareFramed, port, mix)))
        rates["ours"].append(run_ours(take_nothing, port, mix))
        rates["bare_parsed"].append(asyncio.run(run_bare(BareParsed, port, mix)))
        rates["ours_reading"].append(run_ours(take_ten, port, mix))
    median = {reader: statistics.median(figures) for reader, figures in rates.items()}
    return {
        **{f"{reader}_per_s": round(figure) for reader, figure in median.items()},
        "ratio": round(median["ours"] / median["bare"], 2),
        "ratio_framed": round(median["ours"] / median["bare_framed"], 2),
        "ratio_reading": round(median["ours_reading"] / median["bare_parsed"], 2),
    }


def added_by_a_burst(port: int) -> dict[str, float]:
    """What a burst adds to the memory of one link that has been warmed up by a tenth of that."""
    with reading(port, take_ten) as reader:
        reader.run("driver_events", MEMORY_EVENTS // 10)
        before = resident_bytes()
        reader.run("driver_events", MEMORY_EVENTS)
        added = resident_bytes() - before
    return {"events": sent("driver_events", MEMORY_EVENTS), "added_mb": round(added / 1e6, 2)}


def main() -> None:
    """Prints the figures; the top ones are those of the stream with every event."""
    with server_elsewhere() as port:
        mixes = {mix: compare(port, mix) for mix in MIXES}
        figures = {**mixes["every_event"], "mixes": mixes, "memory": added_by_a_burst(port), "runs": RUNS, "events_a_run": EVENTS}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
