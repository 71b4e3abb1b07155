"""What the ledger costs: `python -m tests.bench.ledger_speed [FOLDER]` prints one JSON document.

`verify_s` is a whole `ledger verify` of a million entries, half of them decisions and half deletions, each compared with its row, on
SQLite; `verify_cpu_s` is this process's CPU for it, which others on the machine stretch less; `links_s` the part without the rows.
`append_cpu_us` is what a decision's entry adds to the daemon's CPU in a turn that is written anyway: digest, entry and row,
as the difference of medians over turns with and without it.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

import sqlalchemy as sa

from callguard.evidence import entries
from callguard.evidence.verification import Findings, verify
from callguard.store.call_rows import consent_row
from callguard.store.database import Database, open_database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import append, links, read_one_state
from callguard.store.migration import migrate
from callguard.store.tables import consents, deletions, sweeps
from callguard.store.types import from_millis
from tests.integration.store_values import NOW, keep, life

ENTRIES: Final = 1_000_000
BLOCK: Final = 10_000
TURNS: Final = 400

_DECIDED = life("c")[1]


def main() -> None:
    """Measure in a folder on the disk that matters, or in a temporary one."""
    with opened(sys.argv[1] if len(sys.argv) > 1 else None) as database:
        figures = figures_of(database, ENTRIES)
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))  # noqa: T201 - its purpose


@contextmanager
def opened(folder: str | None = None) -> Iterator[Database]:
    """A migrated database with what decisions refer to."""
    with tempfile.TemporaryDirectory(dir=folder) as name, closing(open_database(f"sqlite:///{name}/callguard.db")) as database:
        migrate(database)
        with database.write() as connection:
            keep(connection)
        yield database


def figures_of(database: Database, count: int) -> dict[str, float]:
    """All of them; the ledger is filled first."""
    fill(database, count)
    before = time.process_time()
    checked, verify_s = _timed(lambda: _verified(database))
    verify_cpu_s = time.process_time() - before
    if checked.broken or checked.head.sequence < count:
        raise AssertionError(checked.breaks)
    _, links_s = _timed(lambda: _without_rows(database))
    figures = {"entries": checked.head.sequence, "verify_s": verify_s, "verify_cpu_s": verify_cpu_s, "links_s": links_s}
    return figures | {"append_cpu_us": appending(database)}


def fill(database: Database, count: int) -> None:
    """Decisions and deletions in turn, with their rows; the calls are left out, as nothing here reads them."""
    with database.reshape() as connection:
        for start in range(0, count, BLOCK):
            decided = [_consent(number) for number in range(start, start + BLOCK // 2)]
            deleted = [_deletion(number) for number in range(start, start + BLOCK // 2)]
            connection.execute(sa.insert(consents), [_typed(row) for row in decided])
            connection.execute(sa.insert(deletions), [_typed(row) for row in deleted])
            append(
                connection,
                [one for pair in zip(decided, deleted, strict=True) for one in (entries.consent(pair[0]), entries.deletion(pair[1]))],
            )


def appending(database: Database) -> float:
    """Microseconds of CPU."""
    with database.write() as connection:
        connection.execute(sa.insert(sweeps), {"as_of": NOW, "finished_at": NOW, "considered": 0, "deleted": 0, "failed": 0})
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * TURNS):
        entered = number % 2 == 0
        begun = time.process_time()
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE sweeps SET considered = considered + 1")
            append(connection, [entries.consent(consent_row(_DECIDED, _DECIDED.parties[0], 0))] if entered else [])
        times[entered].append(time.process_time() - begun)
    return (statistics.median(times[True]) - statistics.median(times[False])) * 1e6


def _verified(database: Database) -> Findings:
    with database.read() as connection:
        read_one_state(connection)
        return verify(links(connection), (), proven_rows(connection))


def _without_rows(database: Database) -> Findings:
    with database.read() as connection:
        return verify(links(connection), (), {})


def _consent(number: int) -> dict[str, Any]:
    return consent_row(_DECIDED, _DECIDED.parties[0], 0) | {"call_id": f"{number:032x}"}


def _deletion(number: int) -> dict[str, Any]:
    return {
        "recording_id": f"{number:032x}-1",
        "reason": "expired on 2027-02-28T09:30:00.000Z",
        "rule": "6 months from the start of the call, by policy inbound 25a4ef84e3641e65",
        "expires_at": 1_803_807_000_000 + number,
        "deleted_at": 1_803_807_100_000 + number,
        "sha256": "ab" * 32,
        "size": 416_044,
        "file": "present",
    }


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """As SQLAlchemy wants it."""
    told = {name: from_millis(value) if name.endswith("_at") and value is not None else value for name, value in row.items()}
    return told | ({"purposes": json.loads(row["purposes"])} if "purposes" in row else {})


def _timed(work: Callable[[], Findings]) -> tuple[Findings, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


if __name__ == "__main__":
    main()
