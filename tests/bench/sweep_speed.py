"""How fast a sweep is, and how far it is in the way: `python -m tests.bench.sweep_speed`, a JSON document on stdout.

`empty_ms` is a whole sweep, guards and its own row included, over a million recordings, as many calls and a tenth of messages of which
none is due; `look_ms` the part without writing. One hold is in force.

`plain` and `sealed` are whole sweeps, guards included, in which all is due: `delete_us` is one recording deleted with its proof, durably;
`find_us` is what `find -delete` takes for one file of the same tree, which makes nothing durable and proves nothing; `ratio` is that of the
two. The trees are on the disk and not only in memory when they are deleted, as recordings are that have expired; a file that was never
written out costs nothing to delete, and then it is the proof alone that is measured (`unwritten`). A sealed recording has a key in a file
of its own: `find_us` and `ratio` are without it, `find_keys_us` is what `find -delete` takes for the file of a key, and `ratio_with_keys`
is that to both, since both have to go.

`commit_ms` are those of another writer, 50 a second, as the engine is one: alone, beside a sweep that somebody has typed, which is a
process of its own, and beside that of the daemon's schedule, which is a thread of the same.
"""

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.retention.execution import SweepTotals, execute, verdicts
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.marker import mark_root
from callguard.retention.schedule import SweepSchedule
from callguard.retention.whole import Premises, guarded, plan_whole, unguarded
from callguard.store.database import open_database
from callguard.store.migration import migrate
from callguard.store.tables import messages
from callguard.store.types import to_millis
from tests.integration.record_place import LIMITS, RULES
from tests.integration.sweep_place import DUE, STARTED, Place, new_place

RECORDINGS: Final = 1_000_000
PLAIN: Final = 100_000
SEALED: Final = 10_000
A_DAY: Final = 5_000
SIZE: Final = 4_000
KEY: Final = bytes(92)
RUNS: Final = 50
WRITES: Final = 100


def main() -> None:
    """Measure on a disk, not in memory: durability is the cost."""
    figures: dict[str, object] = {}
    with on_disk() as place:
        fill(place)
        figures["empty"] = empty_sweep(place)
    figures["plain"], figures["sealed"], figures["unwritten"] = plain(), sealed(), unwritten()
    figures["commit_ms"] = commits()
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


def plain() -> dict[str, float]:
    """As FreePBX wants it."""
    return beside_find(PLAIN, lambda place: files(place.root, PLAIN), "stopped")


def sealed() -> dict[str, float]:
    """Each with its key; their content is none, as no sweep opens them."""

    def keys_as_well(place: Place) -> None:
        files(place.keys.folder, SEALED, KEY)
        files(place.root, SEALED, suffix=".wav.sealed")

    return beside_find(SEALED, keys_as_well, "sealed")


def unwritten() -> dict[str, float]:
    """The plain ones, younger than half a minute."""
    return beside_find(SEALED, lambda place: files(place.root, SEALED), "stopped", written=lambda: None)


def beside_find(count: int, make: Callable[[Place], None], status: str, written: Callable[[], None] = os.sync) -> dict[str, float]:
    """The same tree twice: once deleted by `find`, once by a sweep."""
    with on_disk() as place:
        make(place)
        written()
        found, found_keys = find_delete(place.root), find_delete(place.keys.folder)
        shutil.rmtree(place.keys.folder)
        place.keys.prepare()
        make(place)
        rows(place, count, status)
        written()
        premises = Premises(place.database, place.root, place.keys, RULES, LIMITS, dict)
        before = time.process_time()
        swept = milliseconds(lambda: require(count, execute(unguarded(premises, DUE, lambda: False))))
        cpu = time.process_time() - before
    each = {"delete_us": swept * 1000 / count, "delete_cpu_us": cpu * 1e6 / count}
    each |= {"find_us": found * 1000 / count, "find_keys_us": found_keys * 1000 / count}
    return {"recordings": count, **each, "ratio": swept / found, "ratio_with_keys": swept / (found + found_keys)}


def find_delete(folder: Path) -> float:
    """Milliseconds for all files below it."""
    return milliseconds(lambda: subprocess.run(["find", folder, "-type", "f", "-delete"], check=True))


def require(count: int, totals: SweepTotals) -> None:
    """A figure of what was not done is none."""
    if (totals.deleted, totals.failed) != (count, 0):
        raise AssertionError(totals)


def files(root: Path, count: int, content: bytes = bytes(SIZE), suffix: str = ".wav") -> None:
    """`A_DAY` in a folder: a million in half a year are as many."""
    for number in range(count):
        path = root / day(number) / f"r{number}{suffix}"
        if number % A_DAY == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def day(number: int) -> str:
    """The folder of a recording."""
    return f"2026/08/{number // A_DAY + 1:02}"


def rows(place: Place, count: int, status: str) -> None:
    """Of the files, due at `DUE` and in the milliseconds before, with random ids, as they are."""
    insert = (
        "INSERT INTO recordings (id, call_id, position, leg, channel, path, status, requested_at, expires_at, policy_version, size, "
        "sha256) VALUES (?, 'c', 0, '1.1', 'PJSIP/a-1', ?, ?, ?, ?, 'p1', ?, ?)"
    )
    started, due = to_millis(STARTED), to_millis(DUE)
    of_all = (
        (secrets.token_hex(16), f"{day(one)}/r{one}.wav", status, started, due - count + one, SIZE, "ab" * 32) for one in range(count)
    )
    with place.database.write() as connection:
        connection.exec_driver_sql(insert, list(of_all))


def commits() -> dict[str, dict[str, float]]:
    """What other writers wait for."""
    with on_disk() as place:
        files(place.root, 2 * SEALED)
        rows(place, 2 * SEALED, "stopped")
        os.sync()
        times = {"alone": write_times(place)}
        with typed(place):
            times["beside_typed"] = write_times(place)
        with scheduled(place):
            times["beside_scheduled"] = write_times(place)
    return times


def write_times(place: Place) -> dict[str, float]:
    """Milliseconds of small commits, 50 a second."""
    moment = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
    row = {"pbx": "main", "direction": "inbound", "sender": "1", "recipient": "2", "at": moment, "received_at": moment}

    def write() -> None:
        with place.database.write() as connection:
            connection.execute(sa.insert(messages), row)

    times = []
    for _ in range(WRITES):
        times.append(milliseconds(write))
        time.sleep(0.02)
    return {"median": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1], "slowest": max(times)}


@contextmanager
def typed(place: Place) -> Iterator[None]:
    """A sweep in a process of its own for as long as the block lasts; it must not be over before."""
    arguments = [place.database.place, str(place.root), str(place.keys.folder), DUE.isoformat()]
    with subprocess.Popen([sys.executable, "-c", SWEEP, *arguments], stdout=subprocess.PIPE) as running:
        try:
            if running.stdout is None or not running.stdout.readline():
                raise AssertionError("no sweep began")
            yield
        finally:
            running.terminate()


SWEEP: Final = """
import sys
from datetime import datetime
from pathlib import Path
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import execute
from callguard.retention.sweep import plan_sweep
from callguard.store.database import open_database

url, root, keys, as_of = sys.argv[1:]
print("begun", flush=True)
execute(plan_sweep(open_database(url), Path(root), datetime.fromisoformat(as_of), KeyStore(Path(keys))))
"""


@contextmanager
def scheduled(place: Place) -> Iterator[None]:
    """The daemon's own, at once, for as long as the block lasts."""
    schedule = SweepSchedule(place.database, lambda _, __: place.plan(), clock_time(3, 30))
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()


def milliseconds(action: Callable[[], object]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
