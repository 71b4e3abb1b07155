"""How fast a sweep is, and how far it is in the way: `python -m tests.bench.sweep_speed`, a JSON document on stdout.

`empty_ms` is a whole sweep, guards and its own row included, over a million recordings, as many calls and a tenth of messages of which
none is due; `look_ms` the part without writing. One hold is in force.
`delete_us` is one recording deleted with its proof, durably, file after file; `find_us` is what `find -delete` takes for one file of the
same tree, which makes nothing durable and proves nothing; `ratio` is that of the two. `write_ms_alone` and `write_ms_in_sweep` are the
commits of another writer, ten a second, without and with a sweep that deletes all the while.
"""

import json
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.retention.execution import execute, verdicts
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.marker import mark_root
from callguard.retention.whole import Premises, guarded, plan_whole
from callguard.store.database import open_database
from callguard.store.migration import migrate
from callguard.store.tables import messages, recordings
from callguard.store.types import to_millis
from tests.integration.record_place import LIMITS, RULES
from tests.integration.sweep_place import DUE, STARTED, Place, new_place

RECORDINGS: Final = 1_000_000
DELETED: Final = 5_000
RUNS: Final = 50
WRITES: Final = 50


def main() -> None:
    """Measure on a disk, not in memory: durability is the cost."""
    figures: dict[str, object] = {}
    with on_disk() as place:
        fill(place)
        figures["empty"] = empty_sweep(place)
    with on_disk() as place:
        figures["deleting"] = deleting(place)
    print(json.dumps(figures, indent=2))  # noqa: T201 - the figures are the output


@contextmanager
def on_disk() -> Iterator[Place]:
    """A new database and a new root below the working directory."""
    with TemporaryDirectory(dir=Path.cwd()) as name, closing(open_database(f"sqlite:///{name}/callguard.db")) as database:
        migrate(database)
        yield new_place(database, Path(name))


def fill(place: Place, count: int = RECORDINGS) -> None:
    """Rows only, expiring over a year from `DUE` on."""
    insert = (
        "INSERT INTO recordings (id, call_id, position, leg, channel, path, status, requested_at, expires_at, policy_version) "
        "VALUES (?, 'c', 0, '1.1', 'PJSIP/a-1', ?, 'stopped', ?, ?, 'p1')"
    )
    started, due = to_millis(STARTED), to_millis(DUE)
    mark_root(place.database, place.root)
    fill_records(place, count)
    for block in range(0, count, 10_000):
        rows = [(f"r{number}", f"2026/08/31/r{number}.wav", started, due + 1 + number * 31_536) for number in range(block, block + 10_000)]
        with place.database.write() as connection:
            connection.exec_driver_sql(insert, rows)


def fill_records(place: Place, count: int) -> None:
    """Calls and messages, dated: every other one without a known end."""
    call = (
        "INSERT INTO calls (id, pbx, linkedid, direction, policy_version, caller, caller_e164, callee, dialled, redirecting, started_at, "
        "received_at, ended_at, kept_until, kept_rule) VALUES (?, 'main', ?, 'inbound', 'p1', '1', ?, '2', '2', '[]', ?, ?, ?, ?, 'r')"
    )
    message = (
        "INSERT INTO messages (pbx, direction, sender, recipient, at, received_at, kept_until, kept_rule) "
        "VALUES ('main', 'inbound', '1', '2', ?, ?, ?, 'r')"
    )
    at, due = to_millis(STARTED), to_millis(DUE)
    for block in range(0, count, 10_000):
        ends = {number: None if number % 2 else due + 1 + number for number in range(block, block + 10_000)}
        calls = [(f"n{number}", f"n{number}", f"+4072{number:07}", at, at, at, end) for number, end in ends.items()]
        with place.database.write() as connection:
            connection.exec_driver_sql(call, calls)
            connection.exec_driver_sql(message, [(at, at, end) for number, end in ends.items() if number % 10 == 0])
    scope = Scope(number=Number("+40722000111", "+40722000111"))
    place_hold(place.database, scope, by="Ana Pop", reason="inquiry", reference="12/P")


def empty_sweep(place: Place) -> dict[str, float]:
    """Median and slowest, in milliseconds."""
    premises = Premises(place.database, place.root, place.keys, RULES, LIMITS, dict)
    looks = [milliseconds(lambda: list(verdicts(plan_whole(premises, DUE)))) for _ in range(RUNS)]
    sweeps = [milliseconds(lambda: execute(guarded(premises, DUE, lambda: False))) for _ in range(RUNS)]
    return {
        "recordings": RECORDINGS,
        "look_ms": statistics.median(looks),
        "empty_ms": statistics.median(sweeps),
        "slowest_ms": max(sweeps),
    }


def deleting(place: Place) -> dict[str, float]:
    """The same tree twice: once by `find`, once by the sweep, with another writer beside it."""
    alone = write_times(place)
    names = [f"r{number}" for number in range(DELETED)]
    for name in names:
        (place.root / "2026/08/31").mkdir(parents=True, exist_ok=True)
        (place.root / "2026/08/31" / f"{name}.wav").write_bytes(bytes(16_000))
    found = milliseconds(lambda: subprocess.run(["find", place.root, "-type", "f", "-delete"], check=True))
    add_many(place, names)
    swept = milliseconds(lambda: execute(place.plan()))
    add_many(place, [f"again-{name}" for name in names])
    with sweeping(place):
        beside = write_times(place)
    return {
        "recordings": DELETED,
        "delete_us": swept * 1000 / DELETED,
        "find_us": found * 1000 / DELETED,
        "ratio": swept / found,
        **{f"write_ms_alone_{name}": value for name, value in alone.items()},
        **{f"write_ms_in_sweep_{name}": value for name, value in beside.items()},
    }


def add_many(place: Place, names: list[str]) -> None:
    """Due recordings with their files."""
    place.add(names[0])
    row = place.row(names[0])
    with place.database.write() as connection:
        connection.execute(sa.insert(recordings), [{**row, "id": name, "path": f"2026/08/31/{name}.wav"} for name in names[1:]])
    for name in names[1:]:
        (place.root / "2026/08/31" / f"{name}.wav").write_bytes(bytes(16_000))


def write_times(place: Place) -> dict[str, float]:
    """Milliseconds of small commits, ten a second."""
    moment = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
    row = {"pbx": "main", "direction": "inbound", "sender": "1", "recipient": "2", "at": moment, "received_at": moment}

    def write() -> None:
        with place.database.write() as connection:
            connection.execute(sa.insert(messages), row)

    times = []
    for _ in range(WRITES):
        times.append(milliseconds(write))
        time.sleep(0.1)
    return {"median": statistics.median(times), "slowest": max(times)}


@contextmanager
def sweeping(place: Place) -> Iterator[None]:
    """A sweep in a thread of its own for as long as the block lasts."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: execute(place.plan(DUE + timedelta(days=1)), stopped=over.is_set))
    thread.start()
    yield
    over.set()
    thread.join()


def milliseconds(action: Callable[[], object]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
