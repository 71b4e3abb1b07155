"""The tables. Calls, parties, consents and recordings mirror the values of :mod:`callguard.call.state` one to one.

``consents``, ``deletions``, ``announcements``, ``policies`` and ``accesses`` are only ever added to: they are evidence, and each row is
proven by an entry of ``ledger`` (:mod:`callguard.evidence.entries`). ``consents.number`` is who decided, as it was known then. ``messages``
has no column that could hold the text of an SMS (C1). ``deletions`` and ``ledger`` have none for a number or a name (C7).

No text column has a length. SQLite would not enforce one, and PostgreSQL would refuse the whole row: a caller ID of 300 characters must not
cost the evidence of a call. The borders of the program bound what comes in.

A number is found by an index in E.164, and in the form it was shown in only where it has no E.164 (extensions, ``anonymous``): a row is in
one of the two. Each index that a row is in is one more page that the commit of a step writes.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from callguard.store.base import metadata, partial
from callguard.store.types import Moment


def _kept() -> tuple[Column[Any], ...]:
    """Until when a record is kept, by which rule: both ``None`` until a sweep has dated it, the former also while the end is unknown."""
    return Column("kept_until", Moment), Column("kept_rule", String)


calls = Table(
    "calls",
    metadata,
    Column("id", String, primary_key=True),
    Column("pbx", String, nullable=False),
    Column("linkedid", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("policy_version", String, ForeignKey("policies.version"), nullable=False),
    Column("caller", String, nullable=False),
    Column("caller_e164", String),
    Column("callee", String, nullable=False),
    Column("callee_e164", String),
    Column("dialled", String, nullable=False),
    Column("redirecting", sa.JSON, nullable=False),
    Column("equipment_ip", String),
    Column("user_agent", String),
    Column("started_at", Moment, nullable=False, index=True),
    Column("received_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("connected_at", Moment),
    Column("ended_at", Moment),
    Column("dial_status", String),
    Column("hangup_cause", String),
    Column("source", String, nullable=False, server_default="live"),
    Column("queue", String),
    Column("restricted", Boolean, nullable=False, server_default=sa.false()),
    *_kept(),
    UniqueConstraint("linkedid", "pbx"),
)
partial("ix_calls_kept_until", calls.c.kept_until.is_not(None), calls.c.kept_until)
partial("ix_calls_undated", sa.and_(calls.c.kept_rule.is_(None), calls.c.ended_at.is_not(None)), calls.c.id)
partial("ix_calls_open", calls.c.ended_at.is_(None), calls.c.pbx)
partial("ix_calls_caller_e164", calls.c.caller_e164.is_not(None), calls.c.caller_e164, calls.c.started_at)
partial("ix_calls_callee_e164", calls.c.callee_e164.is_not(None), calls.c.callee_e164, calls.c.started_at)
partial("ix_calls_caller", calls.c.caller_e164.is_(None), calls.c.caller, calls.c.started_at)
partial("ix_calls_callee", calls.c.callee_e164.is_(None), calls.c.callee, calls.c.started_at)

parties = Table(
    "parties",
    metadata,
    Column("call_id", String, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("leg", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("role", String, nullable=False),
    Column("number", String, nullable=False),
    Column("number_e164", String),
    Column("outside", Boolean, nullable=False),
    Column("stage", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("bridge", String),
    Column("heard_ms", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("announced_at", Moment),
)
partial("ix_parties_number_e164", parties.c.number_e164.is_not(None), parties.c.number_e164)
partial("ix_parties_number", parties.c.number_e164.is_(None), parties.c.number)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("leg", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("decision", String, nullable=False),
    Column("how", String, nullable=False),
    Column("key", String),
    Column("announcement", String, ForeignKey("announcements.version")),
    Column("language", String),
    Column("heard_ms", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("announced_at", Moment),
    Column("decided_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("policy_version", String, ForeignKey("policies.version"), nullable=False),
    Column("legal_basis", String, nullable=False),
    Column("purposes", sa.JSON, nullable=False),
    Column("number", String, nullable=False, server_default=sa.text("''")),
    Column("salt", String, nullable=False, server_default=sa.text("''")),
    UniqueConstraint("call_id", "leg", "position"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", String, primary_key=True),
    Column("call_id", String, ForeignKey("calls.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("leg", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("path", String, nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("stopped_at", Moment),
    Column("size", BigInteger),
    Column("sha256", String),
    Column("fault", String),
    Column("policy_version", String, ForeignKey("policies.version"), nullable=False),
    Column("held", Boolean, nullable=False, server_default=sa.false()),
    Column("restricted", Boolean, nullable=False, server_default=sa.false()),
    Column("deleted_at", Moment),
    Column("kept_rule", String),
)
partial("ix_recordings_due", recordings.c.deleted_at.is_(None), recordings.c.expires_at)
partial("ix_recordings_unfiled", recordings.c.size.is_(None), recordings.c.call_id)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("sender_e164", String, index=True),
    Column("recipient", String, nullable=False),
    Column("recipient_e164", String, index=True),
    Column("at", Moment, nullable=False, index=True),
    Column("received_at", Moment, nullable=False),
    Column("restricted", Boolean, nullable=False, server_default=sa.false()),
    *_kept(),
)
partial("ix_messages_kept_until", messages.c.kept_until.is_not(None), messages.c.kept_until)
partial("ix_messages_undated", messages.c.kept_rule.is_(None), messages.c.id)

policies = Table(
    "policies",
    metadata,
    Column("version", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("content", sa.JSON, nullable=False),
    Column("first_seen", Moment, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("version", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("language", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("audio_8k", LargeBinary, nullable=False),
    Column("audio_16k", LargeBinary, nullable=False),
    Column("first_seen", Moment, nullable=False),
)

deletions = Table(
    "deletions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", String, nullable=False, unique=True),
    Column("reason", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=False),
    Column("sha256", String),
    Column("size", BigInteger),
    Column("file", String, nullable=False),
)

Index("ix_deletions_sha256", deletions.c.sha256)

accesses = Table(
    "accesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", String, nullable=False, index=True),
    Column("way", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

record_deletions = Table(
    "record_deletions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("kept_until", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=False),
)

contracts = Table(
    "contracts",
    metadata,
    Column("number", String, primary_key=True),
    Column("ended_on", sa.Date),
    Column("imported_at", Moment, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording", String),
    Column("call", String),
    Column("number", String),
    Column("number_e164", String),
    Column("since", Moment),
    Column("until", Moment),
    Column("queue", String),
    Column("reason", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("placed_by", String, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("released_by", String),
    Column("released_at", Moment),
    Column("release_reason", String),
    Column("salt", String, nullable=False),
)
partial("ix_holds_in_force", holds.c.released_at.is_(None), holds.c.id)

roots = Table(
    "roots",
    metadata,
    Column("path", String, primary_key=True),
    Column("mark", String, nullable=False),
    Column("placed_at", Moment, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("considered", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String, nullable=False),
)
partial("ix_ledger_configuration", ledger.c.kind == "configuration", ledger.c.sequence)
