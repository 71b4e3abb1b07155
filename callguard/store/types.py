"""Column types: a moment is stored as UTC milliseconds, and a naive one is refused.

Aware datetimes come back naive from SQLite and are shifted by the session's zone in PostgreSQL; an integer is the same everywhere, and it
sorts. What is finer than a millisecond is cut off.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z. Raises ``ValueError`` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment.isoformat()}: say which zone")
    return (moment - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The aware moment, in UTC."""
    return _EPOCH + millis * _MILLISECOND


class Moment(TypeDecorator[datetime]):
    """An aware datetime as milliseconds since 1970-01-01T00:00Z. Raises ``ValueError`` for a naive one."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Millis for the database."""
        return None if value is None else to_millis(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """An aware datetime in UTC from millis."""
        return None if value is None else from_millis(value)
