"""What every table is declared with: one metadata, one way to name keys and indexes, and indexes over a part of the rows."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Index, MetaData

_ONLY = "only"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial(name: str, where: sa.ColumnElement[bool], *columns: Column[Any], unique: bool = False) -> None:
    """An index over those rows only, which both databases know.

    To name an option of PostgreSQL is to load all that SQLAlchemy knows of that database (25 ms), so it is kept aside for
    :func:`know_partial_indexes`: who only reads and writes rows has no use for it.
    """
    Index(name, *columns, unique=unique, sqlite_where=where, info={_ONLY: where})


def know_partial_indexes() -> None:
    """Say of the tables that are declared by now which of their indexes are partial on PostgreSQL, too."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        if _ONLY in index.info:
            index.dialect_kwargs["postgresql_where"] = index.info[_ONLY]
