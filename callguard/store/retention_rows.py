"""What a sweep reads and leaves of itself: recordings whose time has come, and a row for each sweep.

Due recordings are read in pages along the index over ``expires_at`` of what is not deleted yet: an empty sweep touches no row however many
recordings there are, and a full one never holds more than a page in memory nor a transaction open from page to page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.loading import in_chunks
from callguard.store.tables import recordings, sweeps
from callguard.store.types import to_millis

PAGE = 500
"""Recordings that are read at once, at most."""


class StoredRecording(NamedTuple):
    """A recording's row as far as retention cares; ``path`` is relative to the root, ``size`` in bytes."""

    id: str
    call_id: str
    path: str
    status: RecordingStatus
    expires_at: datetime
    held: bool
    restricted: bool
    size: int | None
    sha256: str | None
    policy_version: str
    deleted_at: datetime | None
    kept_rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One finished sweep. ``considered`` counts the recordings that were due, kept ones included."""

    as_of: datetime
    finished_at: datetime
    considered: int
    deleted: int
    failed: int


_STATUS = {status.value: status for status in RecordingStatus}
_KEPT = tuple(recordings.c[name] for name in StoredRecording._fields)


def due_page(connection: sa.Connection, as_of: datetime, after: StoredRecording | None, limit: int) -> Sequence[StoredRecording]:
    """The next ``limit`` recordings, in order of expiry, that are not deleted and expire at ``as_of`` or before; none: that was all."""
    due = sa.select(*_KEPT).where(_is_due(as_of))
    if after is not None:
        due = due.where(sa.tuple_(recordings.c.expires_at, recordings.c.id) > (after.expires_at, after.id))
    return [_stored(row) for row in connection.execute(due.order_by(recordings.c.expires_at, recordings.c.id).limit(limit))]


def count_due(connection: sa.Connection, as_of: datetime) -> int:
    """How many recordings a sweep at ``as_of`` will look at."""
    return connection.execute(sa.select(sa.func.count()).select_from(recordings).where(_is_due(as_of))).scalar_one()


def read_recordings(connection: sa.Connection, ids: Sequence[str]) -> Sequence[StoredRecording]:
    """Those of these ids that there are, as they are now."""
    return [_stored(row) for some in in_chunks(ids) for row in connection.execute(sa.select(*_KEPT).where(recordings.c.id.in_(some)))]


def record_sweep(connection: sa.Connection, sweep: SweepRow) -> None:
    """Add a finished sweep; to the ledger only if it deleted something."""
    row = {name: getattr(sweep, name) for name in SweepRow.__slots__}
    connection.execute(sa.insert(sweeps), row)
    if sweep.deleted:
        append(connection, [entries.sweep(_in_millis(row))])


def last_sweep(connection: sa.Connection) -> SweepRow | None:
    """The sweep that ended last."""
    columns = (sweeps.c[name] for name in SweepRow.__slots__)
    row = connection.execute(sa.select(*columns).order_by(sweeps.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else SweepRow(**row)


def swept_until(connection: sa.Connection) -> datetime | None:
    """The latest moment of which it is known that all that had expired by then was dealt with.

    A sweep as of a moment in the past says nothing of later ones, and one as of the future nothing of what was not yet recorded.
    """
    known = sa.case((sweeps.c.as_of < sweeps.c.finished_at, sweeps.c.as_of), else_=sweeps.c.finished_at)
    return connection.execute(sa.select(sa.func.max(known, type_=sweeps.c.as_of.type))).scalar()


def _is_due(as_of: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(recordings.c.deleted_at.is_(None), recordings.c.expires_at <= as_of)


def _stored(row: Sequence[Any]) -> StoredRecording:
    identifier, call, path, status, *rest = row
    return StoredRecording(identifier, call, path, _STATUS[status], *rest)


def _in_millis(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: to_millis(value) if isinstance(value, datetime) else value for name, value in row.items()}
