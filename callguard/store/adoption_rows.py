"""Adopted recordings and their calls as rows, and what is known of a file before it is adopted."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.state import Call
from callguard.evidence import adoption_entries
from callguard.store.adoption_tables import adoptions
from callguard.store.ledger_rows import append
from callguard.store.loading import load_calls
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_call
from callguard.store.tables import calls, deletions, recordings
from callguard.store.types import to_millis

BACKFILL = "backfill"
"""Where the row of such a call came from."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a sound became: path below the root, and when its recording was deleted, if it was."""

    recording: str
    path: str
    started_at: datetime
    deleted_at: datetime | None


def adopted_before(connection: sa.Connection, sha256: str) -> Adopted | None:
    """The recording that a sound was adopted as."""
    wanted = (
        sa.select(recordings.c.id, recordings.c.path, calls.c.started_at, recordings.c.deleted_at)
        .join(adoptions, adoptions.c.recording_id == recordings.c.id)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(adoptions.c.sha256 == sha256)
    )
    row = connection.execute(wanted).first()
    return None if row is None else Adopted(*row)


def deleted_before(connection: sa.Connection, sha256: str) -> tuple[str, datetime] | None:
    """The recording of that very sound that was deleted, and when: by the proof, which outlives all other rows of it."""
    row = connection.execute(sa.select(deletions.c.recording_id, deletions.c.deleted_at).where(deletions.c.sha256 == sha256)).first()
    return None if row is None else (row.recording_id, row.deleted_at)


def known_call(connection: sa.Connection, pbx: str, linkedid: str) -> tuple[Call | None, str]:
    """The call of that name on that PBX, and whether it is a live one or one that was taken over."""
    row = connection.execute(sa.select(calls.c.id, calls.c.source).where(calls.c.linkedid == linkedid, calls.c.pbx == pbx)).first()
    return (load_calls(connection, [row.id])[0], row.source) if row else (None, "")


def save_adoption(connection: sa.Connection, before: Call | None, after: Call, start_from: str, at: datetime) -> None:
    """Write the call, whose last recording was adopted, and enter it in the ledger."""
    recording = after.recordings[-1]
    remember_policy(connection, after.policy, at)
    save_call(connection, before, after)
    connection.execute(sa.update(calls).where(calls.c.id == after.id).values(source=BACKFILL))
    row = {"recording_id": recording.id, "sha256": recording.sha256, "start_from": start_from, "adopted_at": at}
    connection.execute(sa.insert(adoptions), row)
    start, end = to_millis(after.started_at), to_millis(recording.expires_at)
    append(connection, [adoption_entries.adoption(recording.id, recording.sha256 or "", start, start_from, end)])


def starts_known_by(connection: sa.Connection, call: str) -> list[tuple[str, str, datetime]]:
    """Of the call's adopted recordings: which, by what the start of the call is known, and when it was adopted."""
    wanted = sa.select(adoptions.c.recording_id, adoptions.c.start_from, adoptions.c.adopted_at)
    rows = connection.execute(wanted.join(recordings, recordings.c.id == adoptions.c.recording_id).where(recordings.c.call_id == call))
    return [(row.recording_id, row.start_from, row.adopted_at) for row in rows]
