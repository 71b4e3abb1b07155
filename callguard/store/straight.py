"""Statements straight to the driver, inside a transaction of SQLAlchemy's.

What SQLAlchemy puts around a statement (a context, a result, its events) costs the daemon several times the statement itself, at every
step of every call. Errors come out as those of SQLAlchemy, so nobody outside has to know which way a statement took.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc


def execute(connection: sa.Connection, statement: str) -> None:
    """One statement without parameters and without a result. Raises :class:`sqlalchemy.exc.DBAPIError`."""
    with _errors_of(connection):
        connection.connection.cursor().execute(statement)


def execute_many(connection: sa.Connection, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement, written in the driver's own style, for each of these rows. Raises :class:`sqlalchemy.exc.DBAPIError`."""
    with _errors_of(connection):
        connection.connection.cursor().executemany(statement, rows)


@contextmanager
def _errors_of(connection: sa.Connection) -> Iterator[None]:
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as failure:
        raise exc.DBAPIError.instance(None, None, failure, driver.Error, hide_parameters=True, dialect=connection.dialect) from None
