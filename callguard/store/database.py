"""The database: one file of SQLite, or one PostgreSQL database.

SQLite runs with a write-ahead log and ``synchronous=FULL``, so that a commit survives the loss of power, and every transaction that may
write begins with ``BEGIN IMMEDIATE``: with the default, two read-modify-writes lose one of them without an error. The file is never created
here but by :func:`callguard.store.migration.migrate`, so that a wrong path is an error and not an empty database.

Every wait has an end: :data:`PATIENCE_S` for a lock, a connection or a server, :data:`STATEMENT_S` for one statement on a server.
Neither parameters nor rows are ever logged: SQLAlchemy's own ``hide_parameters`` hides the former, but not the rows that it logs at DEBUG,
so its logger for statements is held at WARNING whatever the others are set to. Errors come out as :class:`callguard.errors.StoreError`.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from callguard.store import straight
from callguard.store.claim import ServerClaim, claim_file, claim_server
from callguard.store.failures import told_as_store_errors
from callguard.store.url import is_sqlite, parse_url, sqlite_path

PATIENCE_S = 5
"""Seconds to wait for a lock, for a free connection, or for a server to answer the first time."""

STATEMENT_S = 30
"""Seconds that one statement may take on a PostgreSQL server."""

LOG_LIMIT_BYTES = 16 * 1024 * 1024
"""What SQLite cuts the write-ahead log back to once a long reader no longer holds it open."""

LOOK_S = 0.001
"""How often a writer looks whether SQLite's one writing transaction is over."""

_WRITING = "callguard_writing"

logging.getLogger("sqlalchemy.engine.Engine").setLevel(logging.WARNING)


class Database:
    """Connections to one database; nothing is opened before the first use. Safe to share between threads."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.place = url.render_as_string(hide_password=True)
        self._engine = _sqlite_engine(url) if is_sqlite(url) else _postgresql_engine(url)
        self._claim: ServerClaim | None = None
        self._resting: list[sa.Connection] = []
        self._writing = self._engine.execution_options(**{_WRITING: True})

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that may write: committed at the end, rolled back when anything is raised. Raises :class:`StoreError`.

        Under a claim it raises :class:`StoreOccupied` when the claim was lost to another daemon.
        """
        with self._lent() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_straight(self) -> Iterator[sa.Connection]:
        """As :meth:`write`, at less cost, for statements by :mod:`callguard.store.straight` alone: SQLAlchemy knows of no transaction."""
        with self._lent() as connection:
            if is_sqlite(self.url):
                _begin_immediate(connection)
            yield connection
            straight.commit(connection)

    @contextmanager
    def read_straight(self) -> Iterator[sa.Connection]:
        """For single statements by :mod:`callguard.store.straight` that only read, at little cost; each sees what is committed by then."""
        with self._lent() as connection:
            yield connection
            if not is_sqlite(self.url):
                straight.commit(connection)

    @contextmanager
    def _lent(self) -> Iterator[sa.Connection]:
        if self._claim is not None:
            self._claim.confirm()
        with told_as_store_errors(self.place):
            connection = self._at_rest() or self._connect_for_writing()
            try:
                yield connection
            except BaseException:
                if is_sqlite(self.url) and not connection.invalidated:
                    connection.connection.rollback()  # a traceback may hold a cursor, and with it the lock past the closing
                connection.invalidate()  # in which state it is now nobody knows
                connection.close()
                raise
            self._resting.append(connection)

    def _connect_for_writing(self) -> sa.Connection:
        """What waits for another writer is :func:`_begin_immediate` alone."""
        connection = self._writing.connect()
        if is_sqlite(self.url):
            straight.execute(connection, "PRAGMA busy_timeout=0")
        return connection

    def _at_rest(self) -> sa.Connection | None:
        """A connection whose last transaction went well; taking one out of the pool costs as much as the transaction."""
        with suppress(IndexError):
            return self._resting.pop()
        return None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One transaction that only reads, and sees one state of the database. Raises :class:`StoreError`."""
        with told_as_store_errors(self.place), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def reshape(self) -> Iterator[sa.Connection]:
        """One transaction that may change the schema, however long that takes, on a connection of its own. Raises :class:`StoreError`.

        SQLite enforces no foreign key in it: to change a table is to drop and remake it, which would delete what refers to it.
        """
        with told_as_store_errors(self.place), self._connect_for_writing() as connection:
            connection.detach()
            if is_sqlite(self.url):
                _execute(connection.connection, "PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not is_sqlite(self.url):
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                yield connection

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Be the one daemon of this database until the end of the block or of the process, be it by ``kill -9``.

        Raises :class:`StoreOccupied`, which names the other daemon where that is known.
        """
        if is_sqlite(self.url):
            with claim_file(sqlite_path(self.url), self.place):
                yield
            return
        with claim_server(self._engine, self.place) as claim:
            self._claim = claim
            try:
                yield
            finally:
                self._claim = None

    def close(self) -> None:
        """Close the connections that are not in use."""
        while connection := self._at_rest():
            connection.close()
        self._engine.dispose()


def open_database(url: str) -> Database:
    """The database at an SQLAlchemy URL. Raises :class:`StoreUnreachable` when the URL names none that callguard can use."""
    return Database(parse_url(url))


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    uri = f"file:{quote(str(sqlite_path(url)))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)

    engine = sa.create_engine(url, creator=connect, hide_parameters=True, pool_timeout=PATIENCE_S)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"journal_size_limit={LOG_LIMIT_BYTES}"):
        _execute(connection, f"PRAGMA {pragma}")


def _execute(connection: DBAPIConnection, statement: str) -> None:
    """Outside of any transaction, which SQLAlchemy would begin."""
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_WRITING):
        _begin_immediate(connection)
    else:
        straight.execute(connection, "BEGIN")


def _begin_immediate(connection: sa.Connection) -> None:
    """Wait for the other writer's end. SQLite's own waiting looks again after up to 100 ms and so misses many a gap between two others."""
    end = time.monotonic() + PATIENCE_S
    while not _began(connection, last=time.monotonic() >= end):
        time.sleep(LOOK_S)


def _began(connection: sa.Connection, *, last: bool) -> bool:
    try:
        straight.execute(connection, "BEGIN IMMEDIATE")
    except exc.DBAPIError as failure:
        if last or getattr(failure.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    settings = {"lock_timeout": f"{PATIENCE_S}s", "statement_timeout": f"{STATEMENT_S}s", "idle_in_transaction_session_timeout": "60s"}
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_timeout=PATIENCE_S,
        pool_pre_ping=False,
        connect_args={
            "connect_timeout": PATIENCE_S,
            "application_name": "callguard",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            "tcp_user_timeout": STATEMENT_S * 1000,
        },
    )
