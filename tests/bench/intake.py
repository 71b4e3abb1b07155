"""What the intake benches of AMI and ESL share: the server elsewhere, the bare protocol, the stopwatch of a link, the medians, the memory.

A flood is asked for by name of its mix and by number of events, and comes between two marks. Readers take it in turn, so that what else
the machine does meets all of them; each has a thread of its own.
"""

import asyncio
import gc
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final, Protocol

RUNS: Final = 7
BOUND_S: Final = 60.0
_WRITE: Final = 1 << 20

Serve = Callable[[Pipe], None]
"""The server's process: tells its port, ends when it is told to."""


@contextmanager
def server_elsewhere(serve: Serve) -> Iterator[int]:
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


class Mix:
    """Messages that are sent over and over, all of them a megabyte at a time: whole rounds, whole writes."""

    def __init__(self, messages: list[bytes]) -> None:
        self._once = b"".join(messages)
        self._length = len(messages)
        self._rounds = max(1, _WRITE // len(self._once))

    def writes(self, events: int) -> list[bytes]:
        """About so many events."""
        return [self._once * self._rounds] * (events // (self._length * self._rounds))

    def sent(self, events: int) -> int:
        """How many there are of them, when so many are asked for."""
        return len(self.writes(events)) * self._rounds * self._length


class Bare(asyncio.Protocol):
    """A yardstick: takes what comes apart in `take`, which says whether that was the end, and keeps the rest in `rest`."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.rest = b""
        self.began_s = 0.0
        self.took_s = 0.0

    def data_received(self, data: bytes) -> None:
        self.began_s = self.began_s or time.perf_counter()
        if self.take(self.rest + data):
            self.took_s = time.perf_counter() - self.began_s
            self.ended.set()

    def take(self, stream: bytes) -> bool:
        raise NotImplementedError


async def seconds_through(kind: type[Bare], port: int, login: bytes, flood: bytes) -> float:
    """How long a flood takes through a bare protocol."""
    transport, bare = await asyncio.get_running_loop().create_connection(kind, "127.0.0.1", port)
    transport.write(login)
    await asyncio.sleep(0.2)
    bare.began_s = 0.0
    transport.write(flood)
    await asyncio.wait_for(bare.ended.wait(), BOUND_S)
    transport.abort()
    return bare.took_s


class Link(Protocol):
    """Of either switch."""

    def start(self) -> None:
        """Connect."""

    def stop(self) -> None:
        """Leave."""


class Stopwatch:
    """Keeps time between the marks; its methods are callbacks of a link."""

    def __init__(self) -> None:
        self.up, self.over = threading.Event(), threading.Event()
        self.began_s = self.took_s = 0.0

    def begin(self, _headers: object) -> None:
        """The mark before."""
        self.began_s = time.perf_counter()

    def end(self, _headers: object) -> None:
        """The mark behind."""
        self.took_s = time.perf_counter() - self.began_s
        self.over.set()

    def fail(self, reason: str) -> None:
        """The link was lost."""
        sys.exit(f"the link was lost: {reason}")

    def seconds(self, flood: Callable[[], object]) -> float:
        """How long a flood takes that is asked for so."""
        self.over.clear()
        flood()
        if not self.over.wait(BOUND_S):
            raise TimeoutError
        return self.took_s


@contextmanager
def running(link: Link, watch: Stopwatch) -> Iterator[None]:
    """The link is up."""
    link.start()
    try:
        if not watch.up.wait(BOUND_S):
            raise TimeoutError
        yield
    finally:
        link.stop()


def medians(readers: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Events a second of each, the median of the runs."""
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(RUNS):
        for name, read in readers.items():
            rates[name].append(read())
    return {name: statistics.median(figures) for name, figures in rates.items()}


def resident_bytes() -> int:
    """Memory of this process; proc(5): the second field of statm, in pages."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def added_bytes(take: Callable[[int], object], events: int) -> int:
    """What so many events add to the memory of a link that has been warmed up by a tenth of that."""
    take(events // 10)
    before = resident_bytes()
    take(events)
    return resident_bytes() - before
