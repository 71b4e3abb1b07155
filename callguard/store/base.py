"""What every table is declared with: one metadata, one way to name keys and indexes, and indexes over a part of the rows."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Index, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial(name: str, where: sa.ColumnElement[bool], *columns: Column[Any]) -> None:
    """An index over those rows only, which both databases know."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)
