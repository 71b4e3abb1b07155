"""What storing a call costs the daemon: `python -m tests.bench.store_speed [FOLDER]` prints one JSON document.

A *lifecycle* is a recorded call from its start to the filed recording, saved as the engine saves it: a transaction a step on SQLite with
`synchronous=FULL`. CPU is this process's, system time of `fsync` included. `grouped` puts the same step of many calls into one transaction,
as the engine does under load; `commits_per_s` is the rate of transactions with one updated row, one after the other. `sqlalchemy_cpu_us` is
one such transaction by SQLAlchemy's own way to the driver, and `direct_cpu_us` by that of `save_calls`.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from callguard.call.state import Call
from callguard.store.call_rows import party_row
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.records import save_calls
from callguard.store.tables import parties
from tests.integration.store_values import keep, life

LIVES = 300
ROUNDS = 1000

_Change = tuple[Call | None, Call]


def steps(name: str) -> list[_Change]:
    """The changes of one call, in order."""
    course = life(name)
    return [(None, course[0]), *pairwise(course)]


def main() -> None:
    """Measure in a folder on the disk that matters, or in a temporary one."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder, opened(Path(folder)) as database:
        figures = {**lifecycles(database), **grouped(database), **commits(database)}
        print(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=2))  # noqa: T201 - its purpose


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """A database with what calls refer to."""
    with closing(open_database(f"sqlite:///{folder / 'callguard.db'}")) as database:
        migrate(database)
        with database.write() as connection:
            keep(connection)
        yield database


def lifecycles(database: Database) -> dict[str, float]:
    """Call after call, step after step."""
    courses = [steps(f"one-{number}") for number in range(LIVES)]

    def save() -> None:
        for change in (change for course in courses for change in course):
            with database.write() as connection:
                save_calls(connection, [change])

    cpu, wall = measured(save)
    return {"lifecycle_cpu_us": cpu / LIVES, "lifecycle_wall_us": wall / LIVES, "transactions_per_lifecycle": len(courses[0])}


def grouped(database: Database) -> dict[str, float]:
    """Twenty calls at once."""
    courses = [steps(f"many-{number}") for number in range(LIVES)]

    def save() -> None:
        for start in range(0, LIVES, 20):
            for changes in zip(*courses[start : start + 20], strict=True):
                with database.write() as connection:
                    save_calls(connection, changes)

    cpu, _ = measured(save)
    return {"grouped_lifecycle_cpu_us": cpu / LIVES}


def commits(database: Database) -> dict[str, float]:
    """One changed row a transaction."""
    talking = life("busy")[3]
    with database.write() as connection:
        save_calls(connection, [(None, talking)])
    changed = [replace(talking, parties=(replace(talking.parties[0], step=step), *talking.parties[1:])) for step in range(ROUNDS)]
    direct_cpu, direct_wall = measured(lambda: _by_save_calls(database, talking, changed))
    usual_cpu, _ = measured(lambda: _by_sqlalchemy(database, changed))
    return {
        "commits_per_s": ROUNDS / direct_wall * 1e6,
        "direct_cpu_us": direct_cpu / ROUNDS,
        "sqlalchemy_cpu_us": usual_cpu / ROUNDS,
    }


def _by_save_calls(database: Database, before: Call, changed: Sequence[Call]) -> None:
    for call in changed:
        with database.write() as connection:
            save_calls(connection, [(before, call)])


def _by_sqlalchemy(database: Database, changed: Sequence[Call]) -> None:
    key = (parties.c.call_id == sa.bindparam("its_call"), parties.c.leg == sa.bindparam("its_leg"))
    update = sa.update(parties).where(*key)
    for call in changed:
        row = party_row(call, 0)
        identity = {"its_call": row.pop("call_id"), "its_leg": row.pop("leg")}
        row.pop("announced_at")
        with database.write() as connection:
            connection.execute(update, [row | identity])


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Microseconds of CPU and of time."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return (time.process_time() - cpu) * 1e6, (time.perf_counter() - wall) * 1e6


if __name__ == "__main__":
    main()
