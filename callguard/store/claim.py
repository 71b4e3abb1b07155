"""The claim of the one daemon on its database: two would each decide on the same calls.

It is held by the operating system and not by a row, so that it ends with the process, however that ends. Beside an SQLite file it is a
``flock`` on ``<file>.lock``, whose content names the holder. On PostgreSQL it is an advisory lock of a session of its own, whose
``application_name`` names the holder; TCP keep-alives let the server notice within :data:`GHOST_S` that a whole host is gone. A server that
restarts forgets the lock, so each write looks whether its session still stands, and takes the claim anew or stops writing.
"""

import fcntl
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from callguard.errors import StoreOccupied, StoreReadOnly
from callguard.store.failures import told_as_store_errors

GHOST_S = 30
"""Seconds after which a PostgreSQL server gives up on a session whose host no longer answers."""

_LOCK_NAME = 0x63616C6C67756172
""""callguar" in ASCII: an advisory lock is named by 64 bits, within one database."""

_ONE_AT_A_TIME = "stop the other daemon, or give this one a database of its own"


@contextmanager
def claim_file(path: Path, place: str) -> Iterator[None]:
    """Hold the claim on an SQLite file."""
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as failure:
        remedy = "let callguard's user write the database's folder"
        raise StoreReadOnly(f"cannot open {lock.name} beside it ({failure.strerror})", place=place, remedy=remedy) from failure
    try:
        _lock_file(descriptor, place)
        yield
    finally:
        os.close(descriptor)


def _lock_file(descriptor: int, place: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _occupied(os.pread(descriptor, 200, 0).decode(errors="replace").strip(), place) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{_holder()}\n".encode(), 0)


class ServerClaim:
    """A claim on a PostgreSQL database, in a session of its own. Safe to share between threads."""

    def __init__(self, engine: sa.Engine, place: str) -> None:
        self._engine = engine
        self._place = place
        self._one_at_a_time = threading.Lock()
        self._session: sa.Connection | None = _locked_session(engine, place)

    def confirm(self) -> None:
        """Take the claim anew if its session was lost. Raises :class:`StoreOccupied` when another daemon was quicker."""
        with self._one_at_a_time:
            if self._session is not None and not _stands(self._session):
                self.release()
            if self._session is None:
                self._session = _locked_session(self._engine, self._place)

    def release(self) -> None:
        """End the session, and with it the claim."""
        if self._session is not None:
            _end(self._session)
        self._session = None


def _locked_session(engine: sa.Engine, place: str) -> sa.Connection:
    with told_as_store_errors(place):
        session = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            _lock_session(session, place)
        except BaseException:
            _end(session)
            raise
        return session


def _stands(session: sa.Connection) -> bool:
    """Whether the server still keeps the session; it is asked only when it sent something, which a server that goes does."""
    driver = session.connection.driver_connection
    if driver is None or not select.select([driver.fileno()], [], [], 0)[0]:
        return driver is not None
    try:
        session.execute(sa.select(sa.literal(1)))
    except exc.DBAPIError:
        return False
    return True


def _end(session: sa.Connection) -> None:
    """For good: in the pool it would keep the lock."""
    session.invalidate()
    session.close()


@contextmanager
def claim_server(engine: sa.Engine, place: str) -> Iterator[ServerClaim]:
    """Hold the claim on a PostgreSQL database."""
    claim = ServerClaim(engine, place)
    try:
        yield claim
    finally:
        claim.release()


def _lock_session(connection: sa.Connection, place: str) -> None:
    settings = {"application_name": f"callguard {_holder()}"[:63], "tcp_keepalives_idle": str(GHOST_S), "tcp_user_timeout": f"{GHOST_S}s"}
    for name, value in settings.items():
        connection.execute(sa.select(sa.func.set_config(name, value, sa.false())))
    if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK_NAME))):
        raise _occupied(connection.scalar(_HOLDER_OF_LOCK) or "", place)


_HOLDER_OF_LOCK = sa.text(
    """
    SELECT application_name || coalesce(' at ' || client_addr, '')
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = :name
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
).bindparams(name=_LOCK_NAME)


def _holder() -> str:
    return f"pid {os.getpid()} on {socket.gethostname()}"


def _occupied(holder: str, place: str) -> StoreOccupied:
    return StoreOccupied(f"another daemon serves it ({holder or 'which one is not known'})", place=place, remedy=_ONE_AT_A_TIME)
