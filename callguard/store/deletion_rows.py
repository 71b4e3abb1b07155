"""The rows of a deletion, many at a time: what is about to go is marked, and what is gone is closed and proven.

Between the question and the deed another hand may write to a row, so each of these statements names the row as it was judged, and changes
it only if it is still so. If any was not they raise :class:`StoreOvertaken`, and nothing of the transaction may then be committed. So no
row has to be read again under a lock.

A ``deletions`` row stands alone as the proof (C7): it says the rule in words, and nothing of a person.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.call.state import RecordingStatus
from callguard.errors import StoreOvertaken
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.retention_rows import StoredRecording
from callguard.store.straight import execute_many, in_every_style
from callguard.store.tables import policies
from callguard.store.types import to_millis


class Deletion(NamedTuple):
    """What is proven of one deletion; ``file`` says what was found where the file should have been."""

    recording: StoredRecording
    reason: str
    file: str
    rule: str


_TEXT = {status: status.value for status in RecordingStatus}
_MARK = in_every_style(
    "UPDATE recordings SET status = :mark WHERE id = :id AND status = :status AND expires_at = :expires_at "
    "AND held = :held AND restricted = :restricted AND deleted_at IS NULL"
)
_CLOSE = in_every_style(
    "UPDATE recordings SET status = :closed, deleted_at = :at WHERE id = :id AND status = :status AND expires_at = :expires_at "
    "AND held = :held AND restricted = :restricted AND deleted_at IS NULL"
)
_PROVE = in_every_style(
    "INSERT INTO deletions (recording_id, reason, rule, expires_at, deleted_at, sha256, size, file) "
    "VALUES (:recording_id, :reason, :rule, :expires_at, :deleted_at, :sha256, :size, :file)"
)


def mark_all(connection: sa.Connection, marks: Iterable[tuple[StoredRecording, RecordingStatus]]) -> None:
    """Give each row another status; it is still due, and will be dealt with to its end."""
    _change_all(connection, _MARK, [{**_as_judged(one), "mark": _TEXT[mark]} for one, mark in marks])


def prove_all(connection: sa.Connection, deletions: Sequence[Deletion], at: datetime) -> None:
    """Close the rows and add the proofs, to the ledger as well. The files must be gone for good before the transaction is committed."""
    now = to_millis(at)
    judged = [_as_judged(one.recording) for one in deletions]
    _change_all(connection, _CLOSE, [{**row, "at": now, "closed": _TEXT[RecordingStatus.DELETED]} for row in judged])
    proofs = [_proof(one, row["expires_at"], now) for one, row in zip(deletions, judged, strict=True)]
    if proofs:
        execute_many(connection, _PROVE[connection.dialect.name], proofs)
    append(connection, [entries.deletion(proof) for proof in proofs])


def rules_of(connection: sa.Connection, recordings: Collection[StoredRecording]) -> Mapping[str, str]:
    """By recording, the rule in words: that of the policy at capture, unless a retag has applied a later one."""
    versions = {one.policy_version for one in recordings}
    found = connection.execute(sa.select(policies).where(policies.c.version.in_(versions))).mappings().all()
    policy = {row["version"]: f"policy {row['name']} {row['version']}" for row in found}
    captured = {row["version"]: _captured(policy[row["version"]], row["content"]["retention"]) for row in found}
    return {one.id: _rule(one, policy[one.policy_version], captured[one.policy_version]) for one in recordings}


def _rule(recording: StoredRecording, policy: str, captured: str) -> str:
    return captured if recording.kept_rule is None else f"{recording.kept_rule}, by retag; made under {policy}"


def _captured(policy: str, retention: Mapping[str, Any]) -> str:
    return f"{Period(retention['count'], Unit(retention['unit']))} from the start of the call, by {policy}"


def _change_all(connection: sa.Connection, statements: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows and execute_many(connection, statements[connection.dialect.name], rows) != len(rows):
        raise StoreOvertaken("it was changed by another hand while it was being deleted")


def _as_judged(one: StoredRecording) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": _TEXT[one.status],
        "expires_at": to_millis(one.expires_at),
        "held": one.held,
        "restricted": one.restricted,
    }


def _proof(deletion: Deletion, expires_at: int, at: int) -> dict[str, Any]:
    recording = deletion.recording
    return {
        "recording_id": recording.id,
        "reason": deletion.reason,
        "rule": deletion.rule,
        "expires_at": expires_at,
        "deleted_at": at,
        "sha256": recording.sha256,
        "size": recording.size,
        "file": deletion.file,
    }
