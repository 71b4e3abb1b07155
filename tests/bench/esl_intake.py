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
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

from callguard.pbx.esl import EslAddress, EslLink, Headers, LinkCallbacks, OnEvent, job
from callguard.pbx.esl_wire import BLANK_LINE, Splitter, head_value
from tests.bench.intake import BOUND_S, RUNS, Bare, Mix, Stopwatch, added_bytes, medians, running, seconds_through, server_elsewhere
from tests.integration.esl_server import SECRET, Connection, EslServer, Received, event, output, reply

EVENTS: Final = 40_000
MEMORY_EVENTS: Final = 400_000

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
    "every_event": Mix([one.head + BLANK_LINE + one.body for one in EVERY]),
    "driver_events": Mix([one.head + BLANK_LINE + one.body for one in EVERY if Headers(one.body).get("Event-Name") in WANTED]),
}
END: Final = event("BENCH_END")


def send_calls(connection: Connection, command: Received) -> None:
    """The server's script: the job `flood` is answered by so many events of the mix, between two marks."""
    if command.way != "bgapi":
        connection.send(output("+OK"))
        return
    _, mix, events = command.argument.split(" ")
    connection.send(reply("+OK"), event("BENCH_BEGIN"), *MIXES[mix].writes(int(events)), END)


def serve(pipe: Pipe) -> None:
    """The server's process."""
    with EslServer(send_calls) as server:
        pipe.send(server.port)
        pipe.recv()


class BareSplit(Bare):
    """Cuts at blank lines."""

    def take(self, stream: bytes) -> bool:
        self.rest = stream.split(BLANK_LINE).pop()
        return not self.rest and stream.endswith(END)


class BareFramed(Bare):
    """Goes by lengths, as little as one can do."""

    def take(self, stream: bytes) -> bool:
        at = 0
        while (end := stream.find(BLANK_LINE, at)) >= 0:
            after = end + 2 + int(head_value(stream[at:end], b"Content-Length") or 0)
            if after > len(stream):
                break
            self.event(stream[end + 2 : after])
            at = after
        self.rest = stream[at:]
        return not self.rest and stream.endswith(END)

    def event(self, lines: bytes) -> None:
        """Nothing."""


class BareParsed(BareFramed):
    """The yardstick for reading: each event a dictionary."""

    def event(self, lines: bytes) -> None:
        self.headers = dict([line.split(": ", 1) for line in lines.decode().split("\n") if ": " in line])


def take_nothing(_headers: Headers) -> None:
    """Where dispatch ends and the driver begins."""


def take_ten(headers: Headers) -> None:
    """About what the driver reads of an event."""
    tuple([headers.get(name) for name in READ])


@contextmanager
def flooded(port: int, take: OnEvent, mix: str) -> Iterator[Callable[[int], float]]:
    """The link is up; what is yielded floods it, and says at how many events a second it took them."""
    watch = Stopwatch()
    on_event = dict.fromkeys(WANTED, take) | {"BENCH_BEGIN": watch.begin, "BENCH_END": watch.end}
    callbacks = LinkCallbacks(on_event, watch.up.set, watch.fail, watch.fail, lambda: False)
    link = EslLink(EslAddress("127.0.0.1", port, SECRET), callbacks)

    def flood(events: int) -> float:
        command = job("flood", f"{mix} {events}", bound_s=BOUND_S)
        return MIXES[mix].sent(events) / watch.seconds(lambda: link.send([command], lambda _command, _outcome: None))

    with running(link, watch):
        yield flood


def run_ours(take: OnEvent, port: int, mix: str) -> float:
    """Events a second through the link."""
    with flooded(port, take, mix) as flood:
        return flood(EVENTS)


def run_bare(kind: type[Bare], port: int, mix: str) -> float:
    """Events a second through a bare protocol."""
    flood = job("flood", f"{mix} {EVENTS}").wire("bench")
    return MIXES[mix].sent(EVENTS) / asyncio.run(seconds_through(kind, port, f"auth {SECRET}\n\n".encode(), flood))


def compare(port: int, mix: str) -> dict[str, float]:
    """All readers, with their ratios."""
    median = medians(
        {
            "bare": partial(run_bare, BareSplit, port, mix),
            "bare_framed": partial(run_bare, BareFramed, port, mix),
            "ours": partial(run_ours, take_nothing, port, mix),
            "bare_parsed": partial(run_bare, BareParsed, port, mix),
            "ours_reading": partial(run_ours, take_ten, port, mix),
        }
    )
    return {
        **{f"{reader}_per_s": round(figure) for reader, figure in median.items()},
        "ratio": round(median["ours"] / median["bare"], 2),
        "ratio_framed": round(median["ours"] / median["bare_framed"], 2),
        "ratio_reading": round(median["ours_reading"] / median["bare_parsed"], 2),
    }


def added_by_a_burst(port: int) -> dict[str, float]:
    """What a burst adds to the memory of one link."""
    with flooded(port, take_ten, "driver_events") as flood:
        added = added_bytes(flood, MEMORY_EVENTS)
    return {"events": MIXES["driver_events"].sent(MEMORY_EVENTS), "added_mb": round(added / 1e6, 2)}


def main() -> None:
    """Prints the figures; the top ones are those of the stream with every event."""
    with server_elsewhere(serve) as port:
        mixes = {mix: compare(port, mix) for mix in MIXES}
        figures = {**mixes["every_event"], "mixes": mixes, "memory": added_by_a_burst(port), "runs": RUNS, "events_a_run": EVENTS}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
