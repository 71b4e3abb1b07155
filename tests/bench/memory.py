"""Whether memory stays flat: what a million events and a hundred thousand calls add to a daemon that has been at work for a while.

Engine, core and store take the calls (`played`), the link takes the events (`ami_intake`), one after the other in one new process.
"""

import multiprocessing
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Final

from tests.bench.ami_intake import added_by_a_million, serve
from tests.bench.bars import Bar
from tests.bench.intake import resident_bytes, server_elsewhere
from tests.bench.played import FACTS, play, played_engine

CALLS: Final = 100_000
WARM_UP: Final = 10_000


def measure() -> Iterator[Bar]:
    """Megabytes."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_measure, args=(there,))
    child.start()
    there.close()  # so that a child that died is noticed
    engine_mb, link_mb, events = here.recv()
    child.join()
    beside = (
        f"engine {engine_mb:+.1f} MB after {CALLS:,} calls ({CALLS * FACTS:,} facts), link {link_mb:+.1f} MB after {events:,.0f} events"
    )
    yield Bar("memory added by 1,000,000 events and 100,000 calls", engine_mb + link_mb, "≤", 10.0, "MB", beside)


def _measure(pipe: Pipe) -> None:
    engine_mb = _added_by_calls()
    with server_elsewhere(serve) as port:
        link = added_by_a_million(port)
    pipe.send((engine_mb, link["added_mb"], link["events"]))


def _added_by_calls() -> float:
    with tempfile.TemporaryDirectory() as folder, played_engine(Path(folder)) as (engine, pbx):
        running = threading.Thread(target=engine.run)
        running.start()
        play(engine, pbx, 0, WARM_UP)
        before = resident_bytes()
        play(engine, pbx, WARM_UP, CALLS)
        added = resident_bytes() - before
        engine.stop()
        running.join()
    return added / 1e6
