"""The rows as a reconciliation reads them: all that are not deleted, page by page, and those that names in a folder lead to.

Names are looked up after they were listed, never before. A row is committed before its file can be, so a file that has no row by then has
none: a recording that begins between the two is no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.evidence.sealing import sealed_size
from callguard.retention.differences import Row, Tombstone
from callguard.store.loading import in_chunks
from callguard.store.tables import calls, deletions, recordings

PAGE = 500

_COLUMNS = ("id", "call_id", "path", "status", "size", "sha256", "held", "restricted", "stopped_at", "deleted_at")
_ROWS = sa.select(*(recordings.c[name] for name in _COLUMNS), calls.c.ended_at).outerjoin(calls, calls.c.id == recordings.c.call_id)
_STATUS = {status.value: status for status in RecordingStatus}
_THERE = recordings.c.deleted_at.is_(None)

Place = tuple[datetime, str]
"""Where a page ended: the expiry and the id of its last row."""


def kept_page(connection: sa.Connection, after: Place | None) -> tuple[Sequence[Row], Place | None]:
    """The next :data:`PAGE` that are not deleted, in order of expiry, which is by and large that of their folders; and where it ended."""
    wanted = _ROWS.add_columns(recordings.c.expires_at).where(_THERE).order_by(recordings.c.expires_at, recordings.c.id).limit(PAGE)
    if after is not None:
        wanted = wanted.where(sa.tuple_(recordings.c.expires_at, recordings.c.id) > after)
    found = connection.execute(wanted).all()
    return [_row(one[:-1]) for one in found], (found[-1].expires_at, found[-1].id) if found else None


def rows_at(connection: sa.Connection, paths: Iterable[str]) -> Mapping[str, Row]:
    """By the path of their place, deleted ones as well."""
    return {row.path: row for row in _where(connection, recordings.c.path, paths)}


def rows_of(connection: sa.Connection, identifiers: Iterable[str]) -> Mapping[str, Row]:
    """By id, deleted ones as well."""
    return {row.id: row for row in _where(connection, recordings.c.id, identifiers)}


def lock_row(connection: sa.Connection, identifier: str) -> Row | None:
    """The row as it is now, which nobody changes before this transaction ends."""
    connection.execute(sa.select(recordings.c.id).where(recordings.c.id == identifier).with_for_update()).all()
    return rows_of(connection, [identifier]).get(identifier)


def tombstones(connection: sa.Connection, identifiers: Iterable[str]) -> Mapping[str, Tombstone]:
    """The proofs of deletion by the recording that is deleted; they outlive its row."""
    found: dict[str, Tombstone] = {}
    for some in in_chunks(sorted(set(identifiers))):
        columns = (deletions.c[name] for name in ("recording_id", "sha256", "size", "deleted_at"))
        proofs = connection.execute(sa.select(*columns).where(deletions.c.recording_id.in_(some)))
        found |= {proof.recording_id: Tombstone(*proof) for proof in proofs}
    return found


def mark(connection: sa.Connection, identifier: str, status: RecordingStatus) -> None:
    """Let the row say what is there."""
    connection.execute(sa.update(recordings).where(recordings.c.id == identifier).values(status=status.value))


def _where(connection: sa.Connection, column: sa.Column[str], wanted: Iterable[str]) -> Iterable[Row]:
    for some in in_chunks(sorted(set(wanted))):
        yield from map(_row, connection.execute(_ROWS.where(column.in_(some))))


def _row(found: Sequence[Any]) -> Row:
    identifier, call, path, status, size, *rest = found
    closed = sealed_size(identifier, size) if size is not None and status == RecordingStatus.SEALED else None
    return Row(identifier, call, path, _STATUS[status], size, closed, *rest)
