"""A database as the first release left it: its schema at revision 0001, with the rows of one recorded call, a withdrawal and a deletion."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from callguard.store.database import Database
from callguard.store.migration import upgrade
from callguard.store.url import is_sqlite, sqlite_path

DECIDED_AT = 1_788_168_603_000

_CALL: dict[str, Any] = {
    "id": "c1", "pbx": "main", "linkedid": "c1.1", "direction": "inbound", "policy_version": "p1", "caller": "0722000111",
    "caller_e164": "+40722000111", "callee": "700", "dialled": "700", "redirecting": ["0213334444"], "started_at": DECIDED_AT - 3000,
    "received_at": DECIDED_AT - 2997, "ended_at": DECIDED_AT + 30_000, "source": "live",
}  # fmt: skip
_PARTY: dict[str, Any] = {
    "call_id": "c1", "leg": "c1.1", "position": 0, "channel": "PJSIP/ada-01", "role": "caller", "number": "0722000111",
    "number_e164": "+40722000111", "outside": True, "stage": "gone", "step": 2, "attempt": 0, "heard_ms": 2400, "complete": True,
}  # fmt: skip
_STAYED: dict[str, Any] = {
    "call_id": "c1", "leg": "c1.1", "position": 0, "decision": "stayed", "how": "stayed", "announcement": "a1", "language": "ro",
    "heard_ms": 2400, "complete": True, "announced_at": DECIDED_AT, "decided_at": DECIDED_AT, "received_at": DECIDED_AT + 2,
    "policy_version": "p1", "legal_basis": "consent", "purposes": ["quality", "plângeri"],
}  # fmt: skip
_WITHDRAWN = _STAYED | {"position": 1, "decision": "withdrawn", "how": "key", "key": "*9", "decided_at": DECIDED_AT + 17_000}
_RECORDING: dict[str, Any] = {
    "id": "c1-1", "call_id": "c1", "position": 0, "leg": "c1.1", "channel": "PJSIP/ada-01", "path": "2026/08/31/c1-1.wav",
    "status": "deleted", "requested_at": DECIDED_AT, "expires_at": DECIDED_AT + 10_000_000, "size": 416_044, "sha256": "ab" * 32,
    "policy_version": "p1", "held": False, "restricted": False, "deleted_at": DECIDED_AT + 10_000_001,
}  # fmt: skip
_DELETION: dict[str, Any] = {
    "recording_id": "c1-1", "reason": "expired", "rule": "6 months from the start of the call, by policy inbound p1",
    "expires_at": DECIDED_AT + 10_000_000, "deleted_at": DECIDED_AT + 10_000_001, "sha256": "ab" * 32, "size": 416_044, "file": "present",
}  # fmt: skip
_SWEEP = {"as_of": DECIDED_AT + 10_000_000, "finished_at": DECIDED_AT + 10_000_100, "considered": 1, "deleted": 1, "failed": 0}

ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "announcements": [
        {"version": "a1", "name": "inbound", "language": "ro", "text": "Apelul este înregistrat.", "duration_ms": 2400,
         "audio_8k": b"\x00\x01", "audio_16k": b"\x02", "first_seen": DECIDED_AT - 9000}
    ],
    "policies": [
        {"version": "p1", "name": "inbound", "content": {"name": "inbound", "retention": {"count": 6, "unit": "months"}, "prompts": None},
         "first_seen": DECIDED_AT - 3000}
    ],
    "calls": [_CALL, _CALL | {"id": "c2", "linkedid": "c2.1", "ended_at": None}],
    "parties": [_PARTY, _PARTY | {"call_id": "c2", "leg": "c2.1", "number": "101", "number_e164": None}],
    "consents": [_STAYED, _WITHDRAWN, _STAYED | {"call_id": "c2", "leg": "c2.1"}],
    "recordings": [_RECORDING],
    "deletions": [_DELETION],
    "sweeps": [_SWEEP, _SWEEP | {"deleted": 0, "considered": 0}],
}  # fmt: skip


def make(database: Database) -> None:
    """Bring an empty database to revision 0001 and fill it."""
    if is_sqlite(database.url):
        sqlite_path(database.url).touch()
    with database.reshape() as connection:
        upgrade(connection, "0001")
    with database.write() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        for name, rows in ROWS.items():
            for row in rows:
                connection.execute(sa.insert(found.tables[name]), row)
