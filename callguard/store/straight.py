"""Statements straight to the driver, inside a transaction of SQLAlchemy's or of the database's own.

What SQLAlchemy puts around a statement (a context, a result, its events) costs the daemon several times the statement itself, at every
step of every call. Errors come out as those of SQLAlchemy, so nobody outside has to know which way a statement took.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc


def execute(connection: sa.Connection, statement: str) -> None:
    """One statement without parameters and without a result. Raises :class:`sqlalchemy.exc.DBAPIError`."""
    try:
        connection.connection.cursor().execute(statement)
    except connection.dialect.loaded_dbapi.Error as failure:
        raise _told(connection, failure) from None


def execute_many(connection: sa.Connection, statement: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """One statement, written in the driver's own style, for each of these rows; how many rows of the table it was about.

    Raises :class:`sqlalchemy.exc.DBAPIError`.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement, rows)
    except connection.dialect.loaded_dbapi.Error as failure:
        raise _told(connection, failure) from None
    return cursor.rowcount


def in_every_style(statement: str) -> Mapping[str, str]:
    """The statement, with parameters as ``:name``, in the style of each driver, by the name of its dialect."""
    return {"sqlite": statement, "postgresql": re.sub(r":(\w+)", r"%(\1)s", statement)}


def fetch_one(connection: sa.Connection, statements: str) -> tuple[Any, ...] | None:
    """The first row of the last of these statements, which have no parameters. Raises :class:`sqlalchemy.exc.DBAPIError`."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statements)
        while connection.dialect.name != "sqlite" and cursor.nextset():
            pass
        row: tuple[Any, ...] | None = cursor.fetchone()
    except connection.dialect.loaded_dbapi.Error as failure:
        raise _told(connection, failure) from None
    return row


def commit(connection: sa.Connection) -> None:
    """The end of a transaction that SQLAlchemy knows nothing of. Raises :class:`sqlalchemy.exc.DBAPIError`."""
    try:
        connection.connection.commit()
    except connection.dialect.loaded_dbapi.Error as failure:
        raise _told(connection, failure) from None


def _told(connection: sa.Connection, failure: Exception) -> BaseException:
    dialect = connection.dialect
    return exc.DBAPIError.instance(None, None, failure, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect)
