"""Accesses to recordings: who, when, why and by which way, each entered in the ledger in the same transaction (S10)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.evidence.access_entries import access
from callguard.store.ledger_rows import append
from callguard.store.tables import accesses, recordings
from callguard.store.types import to_millis


@dataclass(frozen=True, slots=True)
class Access:
    """One access: ``way`` says how, as in ``listen``."""

    recording: str
    way: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording as far as it matters to who wants to hear it; ``path`` is relative to the root, ``sha256`` that of the sound."""

    id: str
    path: str
    status: RecordingStatus
    restricted: bool
    size: int | None
    sha256: str | None
    deleted_at: datetime | None


def lock_heard(connection: sa.Connection, identifier: str) -> Heard | None:
    """The row as it is now, which nobody changes before this transaction ends."""
    columns = (recordings.c[name] for name in Heard.__slots__)
    row = connection.execute(sa.select(*columns).where(recordings.c.id == identifier).with_for_update()).mappings().first()
    return None if row is None else Heard(**{**row, "status": RecordingStatus(row["status"])})


def enter_access(connection: sa.Connection, made: Access) -> None:
    """Write down an access, before it is given."""
    row: Mapping[str, Any] = {
        "recording_id": made.recording,
        "way": made.way,
        "by": made.by,
        "reason": made.reason,
        "at": made.at,
        "salt": secrets.token_hex(16),
    }
    (identifier,) = connection.execute(sa.insert(accesses).returning(accesses.c.id), row).one()
    append(connection, [access(identifier, {**row, "at": to_millis(made.at)})])
