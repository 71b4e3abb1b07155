"""How late an event is answered while other threads are busy: `python -m tests.bench.esl_busy`, a JSON document on stdout.

An ESL server in another process sends events that carry its clock, fifty a second; the link's callback sends each back in a command, and
the server notes how long that took: the way through both sockets, the reader, a hand-over and the writer. Meanwhile none, one or two
threads of the link's process count as fast as they can. Once with CPython's own switch interval of 5 ms, and once with the link's.
"""

import json
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Final

from callguard.pbx.esl import EslAddress, EslLink, Headers, LinkCallbacks, api
from tests.integration.esl_server import SECRET, Connection, EslServer, Received, event, output
from tests.integration.pbx_server import until

EVENTS: Final = 200
APART_S: Final = 0.02
CPYTHON_S: Final = 0.005
PADDING: Final = "x" * 6000


def serve(pipe: Pipe) -> None:
    """The server's process: tells its port, then how late each answer was, in seconds."""
    late_s: list[float] = []

    def note(connection: Connection, command: Received) -> None:
        connection.send(output("+OK"))
        if command.argument.startswith("uuid_setvar"):
            late_s.append(time.monotonic() - float(command.argument.rpartition(" ")[2]))

    with EslServer(note) as server:
        pipe.send(server.port)
        pipe.recv()
        for _ in range(EVENTS):
            server.last.send(event("CHANNEL_ANSWER", Unique_ID=str(time.monotonic()), variable_padding=PADDING))
            time.sleep(APART_S)
        until(lambda: len(late_s) == EVENTS)
        pipe.send(late_s)
        pipe.recv()


@contextmanager
def busy(threads: int) -> Iterator[None]:
    """So many threads that never wait for anything."""
    stopped = threading.Event()

    def count() -> None:
        while not stopped.is_set():
            sum(range(1000))

    running = [threading.Thread(target=count, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in running:
            thread.join()


def late_ms(threads: int, interval_s: float | None) -> dict[str, float]:
    """With so many busy threads; `None` leaves the interval as the link sets it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=serve, args=(there,), daemon=True)
    child.start()
    up = threading.Event()

    def answer(headers: Headers) -> None:
        link.send([api("uuid_setvar", f"leg sent_at {headers.get('Unique-ID')}")], lambda _command, _outcome: None)

    link = EslLink(
        EslAddress("127.0.0.1", here.recv(), SECRET), LinkCallbacks({"CHANNEL_ANSWER": answer}, up.set, print, print, lambda: False)
    )
    link.start()
    up.wait(10)
    if interval_s is not None:
        sys.setswitchinterval(interval_s)
    with busy(threads):
        here.send("begin")
        late = sorted(here.recv())
    link.stop()
    here.send("end")
    child.join(10)
    return {"median_ms": round(statistics.median(late) * 1e3, 2), "p99_ms": round(late[int(len(late) * 0.99) - 1] * 1e3, 2)}


def main() -> None:
    """Prints the figures by interval and busy threads."""
    intervals = {"link": None, "cpython": CPYTHON_S}
    figures = {name: {f"{threads} busy": late_ms(threads, interval_s) for threads in range(3)} for name, interval_s in intervals.items()}
    sys.stdout.write(json.dumps({**figures, "events": EVENTS}, indent=2) + "\n")


if __name__ == "__main__":
    main()
