"""What the drivers raise, told as callguard's own refusals: which kind, at which database, and what to do about it.

The drivers' own words are dropped where they may quote a row (PostgreSQL puts whole rows into ``DETAIL``), and the exception is not chained
for the same reason: what a person dialled must not reach a traceback.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import exc

from callguard.errors import StoreError, StoreLocked, StoreOlder, StoreReadOnly, StoreRefused, StoreUnreachable

_DEFECT = "report this as a defect of callguard"
MIGRATE = "start the daemon of this version once: it brings the schema up to date at its start"


class _Verdict(NamedTuple):
    kind: type[StoreError]
    message: str
    remedy: str


_LOCKED = _Verdict(StoreLocked, "another process is writing and did not end in time", "try again; look for a long import, backup or sweep")
_READ_ONLY = _Verdict(StoreReadOnly, "it cannot be written to", "let callguard's user write the file and its folder")
_ROLE = _Verdict(StoreReadOnly, "the role may not do this, or the server is a standby", "grant the role its rights, at the primary")
_NO_FILE = _Verdict(
    StoreUnreachable,
    "the file is not there, or callguard's user may not open it and write beside it",
    "check store.url, and the rights on the file and its folder",
)
_NOT_A_DATABASE = _Verdict(StoreUnreachable, "the file is not an SQLite database, or it is damaged", "check store.url, or restore a backup")
_FULL = _Verdict(StoreError, "the disk is full", "make room on the file system of the database")
_FAULTY = _Verdict(StoreError, "reading or writing failed", "check the disk, the room that is left on it, and the system log")
_NO_SERVER = _Verdict(StoreUnreachable, "the server does not answer, or hung up", "check that it runs and that store.url names it")
_NO_ENTRY = _Verdict(StoreUnreachable, "the server refused role, password or database", "check role, password and name in store.url")
_OLDER = _Verdict(StoreOlder, "a table or column of this callguard is not there", MIGRATE)

_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _NO_FILE,
    sqlite3.SQLITE_NOTADB: _NOT_A_DATABASE,
    sqlite3.SQLITE_CORRUPT: _NOT_A_DATABASE,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAULTY,
}

_SQLSTATE = {
    "55P03": _LOCKED,  # lock_not_available: our lock_timeout
    "57014": _LOCKED,  # query_canceled: our statement_timeout
    "40P01": _LOCKED,  # deadlock_detected
    "25006": _ROLE,  # read_only_sql_transaction
    "42501": _ROLE,  # insufficient_privilege
    "53100": _FULL,  # disk_full
    "42P01": _OLDER,  # undefined_table
    "42703": _OLDER,  # undefined_column
    "28P01": _NO_ENTRY,  # invalid_password
    "28000": _NO_ENTRY,  # invalid_authorization_specification
    "3D000": _NO_ENTRY,  # invalid_catalog_name
}

_SQLSTATE_CLASS = {"08": _NO_SERVER, "57": _NO_SERVER, "53": _NO_SERVER, "58": _FAULTY}


@contextmanager
def told_as_store_errors(place: str) -> Iterator[None]:
    """Raise what the driver or the pool says inside as a :class:`StoreError` about ``place``."""
    try:
        yield
    except exc.TimeoutError:
        raise _LOCKED.kind("no connection became free in time", place=place, remedy=_LOCKED.remedy) from None
    except exc.DBAPIError as failure:
        raise store_error(failure, place) from None
    except (UnicodeEncodeError, OverflowError) as failure:  # the drivers' own, which SQLAlchemy lets pass
        raise StoreRefused(f"a value cannot be stored ({type(failure).__name__})", place=place, remedy=_DEFECT) from None


def store_error(failure: exc.DBAPIError, place: str) -> StoreError:
    """The refusal that fits what the driver said."""
    cause = failure.orig
    if isinstance(failure, exc.IntegrityError | exc.DataError):
        verdict = _Verdict(StoreRefused, _refusal(cause), _DEFECT)
    elif isinstance(cause, sqlite3.Error):
        verdict = _of_sqlite(cause)
    else:
        verdict = _of_sqlstate(getattr(cause, "sqlstate", None), failure)
    return verdict.kind(verdict.message, place=place, remedy=verdict.remedy)


def _of_sqlite(cause: sqlite3.Error) -> _Verdict:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the high bits only say more about the same
    if code == sqlite3.SQLITE_ERROR and ("no such " in str(cause) or "no column named" in str(cause)):
        return _OLDER._replace(message=f"{_OLDER.message} ({cause})")
    return _SQLITE.get(code, _unforeseen(cause))


def _of_sqlstate(sqlstate: str | None, failure: exc.DBAPIError) -> _Verdict:
    if sqlstate is None:  # libpq itself: nothing came back from a server
        return _NO_SERVER if isinstance(failure, exc.OperationalError | exc.InterfaceError) else _unforeseen(failure.orig)
    return _SQLSTATE.get(sqlstate) or _SQLSTATE_CLASS.get(sqlstate[:2]) or _unforeseen(failure.orig)


def _unforeseen(cause: BaseException | None) -> _Verdict:
    return _Verdict(StoreError, _refusal(cause), _DEFECT)


def _refusal(cause: BaseException | None) -> str:
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    named = constraint or (str(cause) if isinstance(cause, sqlite3.Error) else "")  # SQLite's words quote no row
    return f"it refused a statement ({type(cause).__name__}{': ' * bool(named)}{named})"
