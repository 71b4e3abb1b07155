"""Column types: a moment is stored as UTC milliseconds, and a naive one is refused.

Aware datetimes come back naive from SQLite and are shifted by the session's zone in PostgreSQL; an integer is the same everywhere and sorts.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime as milliseconds since 1970-01-01T00:00Z. Raises ``ValueError`` for a naive one."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Millis for the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value.isoformat()}: say which zone")
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """An aware datetime in UTC from millis."""
        return None if value is None else _EPOCH + value * _MILLISECOND
