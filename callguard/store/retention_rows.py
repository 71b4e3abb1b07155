"""What retention reads and writes: recordings whose time has come, the proof of each deletion, and the sweeps themselves.

Due recordings are read in pages along the index over ``expires_at`` of what is not deleted yet: an empty sweep touches no row however many
recordings there are, and a full one never holds more than a page in memory nor a transaction open from page to page.

A ``deletions`` row stands alone as the proof (C7): it says the rule in words, and nothing of a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.call.state import RecordingStatus
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.tables import deletions, policies, recordings, sweeps
from callguard.store.types import to_millis

PAGE = 500


@dataclass(frozen=True, slots=True)
class StoredRecording:
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
class Deletion:
    """What is proven of one deletion; ``file`` says what was found where the file should have been."""

    recording: StoredRecording
    reason: str
    file: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One finished sweep. ``considered`` counts the recordings that were due, kept ones included."""

    as_of: datetime
    finished_at: datetime
    considered: int
    deleted: int
    failed: int


_KEPT = tuple(recordings.c[name] for name in StoredRecording.__slots__)


def due_page(connection: sa.Connection, as_of: datetime, after: StoredRecording | None) -> Sequence[StoredRecording]:
    """The next :data:`PAGE` recordings, in order of expiry, that are not deleted and expire at ``as_of`` or before; none: that was all."""
    due = sa.select(*_KEPT).where(_is_due(as_of))
    if after is not None:
        due = due.where(sa.tuple_(recordings.c.expires_at, recordings.c.id) > (after.expires_at, after.id))
    return [_stored(row) for row in connection.execute(due.order_by(recordings.c.expires_at, recordings.c.id).limit(PAGE)).mappings()]


def count_due(connection: sa.Connection, as_of: datetime) -> int:
    """How many recordings a sweep at ``as_of`` will look at."""
    return connection.execute(sa.select(sa.func.count()).select_from(recordings).where(_is_due(as_of))).scalar_one()


def lock_recording(connection: sa.Connection, identifier: str) -> StoredRecording | None:
    """The row as it is now, which nobody changes before this transaction ends: a hold comes before the deletion or after it.

    SQLite needs no lock on the row; its writing transaction is the only one.
    """
    row = connection.execute(sa.select(*_KEPT).where(recordings.c.id == identifier).with_for_update()).mappings().first()
    return None if row is None else _stored(row)


def mark_deleting(connection: sa.Connection, recording: StoredRecording) -> None:
    """Let the row say that the recording may not be there any more; it is still due, and will be dealt with to its end."""
    connection.execute(sa.update(recordings).where(recordings.c.id == recording.id).values(status=RecordingStatus.DELETING.value))


def record_deletion(connection: sa.Connection, deletion: Deletion) -> None:
    """Add the proof, to the ledger as well, and close the row. The file must be gone for good before the transaction is committed."""
    recording = deletion.recording
    proof = {
        "recording_id": recording.id,
        "reason": deletion.reason,
        "rule": _rule(connection, recording),
        "expires_at": recording.expires_at,
        "deleted_at": deletion.at,
        "sha256": recording.sha256,
        "size": recording.size,
        "file": deletion.file,
    }
    connection.execute(sa.insert(deletions), proof)
    closed = {"status": RecordingStatus.DELETED.value, "deleted_at": deletion.at}
    connection.execute(sa.update(recordings).where(recordings.c.id == recording.id).values(closed))
    append(connection, [entries.deletion(_in_millis(proof))])


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


def _stored(row: sa.RowMapping) -> StoredRecording:
    return StoredRecording(**{**row, "status": RecordingStatus(row["status"])})


def _in_millis(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: to_millis(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _rule(connection: sa.Connection, recording: StoredRecording) -> str:
    """That of the policy at capture, unless a retag has applied a later one."""
    version = recording.policy_version
    name, content = connection.execute(sa.select(policies.c.name, policies.c.content).where(policies.c.version == version)).one()
    if recording.kept_rule is not None:
        return f"{recording.kept_rule}, by retag; made under policy {name} {version}"
    period = Period(content["retention"]["count"], Unit(content["retention"]["unit"]))
    return f"{period} from the start of the call, by policy {name} {version}"
