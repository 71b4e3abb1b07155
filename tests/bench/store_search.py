"""Finding calls among many: `python -m tests.bench.store_search [CALLS [FOLDER]]` prints one JSON document, in milliseconds.

A million calls to one company number, of half a million people, answered by fifty agents; one in five was redirected. SQLite. Each figure
is the median of nine, after one to warm up; a listing is shaped to its end, as `calls --json` would print it.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.rights.finding import find
from callguard.rights.person import Person
from callguard.store.database import Database
from callguard.store.listing import list_calls
from callguard.store.search import find_calls
from callguard.store.showing import show_call
from callguard.store.tables import policies
from tests.bench.store_speed import opened

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :calls) "
_PERSON = "'+407' || (22000000 + i % (:calls / 2))"
_CALLS = f"""
    INSERT INTO calls (id, pbx, linkedid, direction, policy_version, caller, caller_e164, callee, callee_e164, dialled, redirecting,
        started_at, received_at, answered_at, ended_at)
    {_NUMBERS}
    SELECT lower(hex(randomblob(16))), 'main', i || '.1', 'inbound', :policy, {_PERSON}, {_PERSON}, '0213334444', '+40213334444', '700',
        '[]', i * 1000, i * 1000, i * 1000, i * 1000 + 60000 FROM n"""  # noqa: S608 - our own words
_PARTIES = """
    INSERT INTO parties (call_id, leg, position, channel, role, number, number_e164, outside, stage, step, attempt, heard_ms, complete)
    SELECT id, linkedid || side, side, '', 'caller', CASE side WHEN 0 THEN caller ELSE 100 + calls.rowid % 50 END,
        CASE side WHEN 0 THEN caller_e164 END, side = 0, 'gone', 0, 0, 0, 0
    FROM calls CROSS JOIN (SELECT 0 AS side UNION SELECT 1)"""
_REDIRECTIONS = """
    INSERT INTO redirections (call_id, position, number, ending)
    SELECT id, 0, '074' || ending, ending
    FROM (SELECT id, '4' || substr('000000' || rowid % 200000, -6) AS ending FROM calls WHERE rowid % 5 = 0)"""

PERSON = Number("", "+40722001234")
AGENT = Number("107", None)
COMPANY = Number("", "+40213334444")
FORWARDER = Number("", "+40744000125")


def main() -> None:
    """Fill, ask, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder, opened(Path(folder)) as database:
        fill(database, count)
        print(json.dumps({"calls": count, **figures(database)}, indent=2))  # noqa: T201 - its purpose


def fill(database: Database, count: int) -> None:
    """By SQL: a million calls saved one by one would take a quarter of an hour."""
    with database.write() as connection:
        policy = connection.scalar(sa.select(policies.c.version))
        connection.execute(sa.text(_CALLS), {"calls": count, "policy": policy})
        connection.execute(sa.text(_PARTIES))
        connection.execute(sa.text(_REDIRECTIONS))


def figures(database: Database) -> dict[str, float]:
    """What a person at the command line asks for."""
    with database.read() as connection:
        identifier = find_calls(connection, "77.1")[0]
    return {
        "person_ms": asked(database, lambda connection: list_calls(connection, number=PERSON, limit=1000)),
        "find_ms": asked(database, lambda connection: find(connection, Person(PERSON, "RO"), 100)),
        "redirecting_ms": asked(database, lambda connection: find(connection, Person(FORWARDER, "RO"), 100)),
        "agent_ms": asked(database, lambda connection: list_calls(connection, number=AGENT, limit=50)),
        "company_ms": asked(database, lambda connection: list_calls(connection, number=COMPANY, limit=50)),
        "latest_ms": asked(database, lambda connection: list_calls(connection, limit=50)),
        "prefix_ms": asked(database, lambda connection: find_calls(connection, identifier[:8])),
        "show_ms": asked(database, lambda connection: show_call(connection, identifier)),
    }


def asked(database: Database, query: Callable[[sa.Connection], object]) -> float:
    """Milliseconds from asking to the shaped answer."""
    times = []
    for _ in range(10):
        began = time.perf_counter()
        with database.read() as connection:
            query(connection)
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times[1:]), 2)


if __name__ == "__main__":
    main()
