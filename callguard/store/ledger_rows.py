"""The ledger's table: entries are added behind the last one and read in order; none is ever changed.

:func:`append` writes in the transaction of the fact, so that neither is there without the other. The daemon and commands append at the
same time, from several processes, and still there is no hole: SQLite's writing transactions come one after the other (``BEGIN IMMEDIATE``),
and on PostgreSQL whoever appends holds an advisory lock until the end of the transaction. Nobody should wait for something else while
holding it, so a transaction appends last, where it has the choice. A transaction that is rolled back has used no sequence number.

It is on the daemon's hot path, with one call a turn, so its statements go straight to the driver.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from callguard.clock import utc_now
from callguard.evidence.chain import GENESIS, Entry, Head, Link, follow
from callguard.store.straight import execute_many, fetch_one
from callguard.store.tables import ledger
from callguard.store.types import to_millis

PAGE = 2000

_LOCK_NAME = 0x6C6564676572
""""ledger" in ASCII; the claim of the one daemon has another name."""

_HEAD = "SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1"
_HEAD_ALONE = {
    "sqlite": _HEAD,
    "postgresql": f"SELECT pg_advisory_xact_lock({_LOCK_NAME}); {_HEAD}",  # two statements: the second must see what was awaited
}
_INSERT = {
    "sqlite": "INSERT INTO ledger (sequence, at, kind, body, hash) VALUES (:sequence, :at, :kind, :body, :hash)",
    "postgresql": "INSERT INTO ledger (sequence, at, kind, body, hash) VALUES (%(sequence)s, %(at)s, %(kind)s, %(body)s, %(hash)s)",
}
_COLUMNS = (ledger.c.sequence, sa.type_coerce(ledger.c.at, sa.BigInteger), ledger.c.kind, ledger.c.body, ledger.c.hash)


def append(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Add the entries in this order, at the present time. They are in the ledger when the transaction is committed."""
    if not entries:
        return
    dialect = connection.dialect.name
    found = fetch_one(connection, _HEAD_ALONE[dialect])
    links = follow(Head(*found) if found else GENESIS, to_millis(utc_now()), entries)
    execute_many(connection, _INSERT[dialect], [link._asdict() for link in links])


def append_configuration(connection: sa.Connection, entry: Entry) -> None:
    """Add the entry unless the last one of its kind says the same. It is found by an index of its own."""
    wanted = ledger.c.kind == sa.literal_column("'configuration'")
    last = connection.scalar(sa.select(ledger.c.body).where(wanted).order_by(ledger.c.sequence.desc()).limit(1))
    if last != entry.body:
        append(connection, [entry])


def ledger_head(connection: sa.Connection) -> Head:
    """The last entry as this transaction sees it."""
    found = connection.execute(sa.text(_HEAD)).first()
    return Head(*found) if found else GENESIS


def read_one_state(connection: sa.Connection) -> None:
    """Let all that is read on this connection be of one moment; before anything is. PostgreSQL shows each statement a later one."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def read_page(connection: sa.Connection, wanted: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    """The rows, also when text in them is none any more, which SQLite finds out as it is read; it then has replacement characters."""
    try:
        return connection.execute(wanted).all()
    except exc.OperationalError:
        if connection.dialect.name != "sqlite":
            raise
    driver: Any = connection.connection.driver_connection
    driver.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        return connection.execute(wanted).all()
    finally:
        driver.text_factory = str


def links(connection: sa.Connection) -> Iterator[Link]:
    """All entries in order, never more than a page of them in memory."""
    wanted = sa.select(*_COLUMNS).order_by(ledger.c.sequence).limit(PAGE)
    page = read_page(connection, wanted)
    while page:
        yield from map(Link._make, page)
        page = read_page(connection, wanted.where(ledger.c.sequence > page[-1].sequence))
