"""The tables. Calls, parties, consents and recordings mirror the values of :mod:`callguard.call.state` one to one.

``consents``, ``deletions``, ``announcements`` and ``policies`` are only ever added to: they are evidence. ``messages`` has no column that could
hold the text of an SMS (C1). ``deletions`` has none for a number or a name (C7).
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy import JSON as Json

from callguard.store.types import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

calls = Table(
    "calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("pbx", String(64), nullable=False),
    Column("linkedid", String(150), nullable=False),
    Column("direction", String(8), nullable=False),
    Column("policy_version", String(64), ForeignKey("policies.version"), nullable=False),
    Column("caller", String(80), nullable=False),
    Column("caller_e164", String(16), index=True),
    Column("callee", String(80), nullable=False),
    Column("callee_e164", String(16), index=True),
    Column("dialled", String(80), nullable=False),
    Column("redirecting", Json, nullable=False),
    Column("equipment_ip", String(64)),
    Column("user_agent", String(256)),
    Column("started_at", Moment, nullable=False, index=True),
    Column("received_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("connected_at", Moment),
    Column("ended_at", Moment),
    Column("dial_status", String(16)),
    Column("hangup_cause", String(48)),
    Column("source", String(8), nullable=False, server_default="live"),
    UniqueConstraint("pbx", "linkedid"),
)
Index("ix_calls_open", calls.c.pbx, sqlite_where=calls.c.ended_at.is_(None), postgresql_where=calls.c.ended_at.is_(None))

parties = Table(
    "parties",
    metadata,
    Column("call_id", String(32), ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("leg", String(150), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("channel", String(128), nullable=False),
    Column("role", String(8), nullable=False),
    Column("number", String(80), nullable=False),
    Column("number_e164", String(16), index=True),
    Column("outside", Boolean, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("bridge", String(64)),
    Column("heard_ms", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("announced_at", Moment),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(32), ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("leg", String(150), nullable=False),
    Column("position", Integer, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("how", String(8), nullable=False),
    Column("key", String(8)),
    Column("announcement", String(64), ForeignKey("announcements.version")),
    Column("language", String(8)),
    Column("heard_ms", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("announced_at", Moment),
    Column("decided_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("policy_version", String(64), ForeignKey("policies.version"), nullable=False),
    Column("legal_basis", String(32), nullable=False),
    Column("purposes", Json, nullable=False),
    UniqueConstraint("call_id", "leg", "position"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("call_id", String(32), ForeignKey("calls.id"), nullable=False, index=True),
    Column("leg", String(150), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("path", String(256), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("reference", String(64)),
    Column("started_at", Moment),
    Column("stopped_at", Moment),
    Column("size", Integer),
    Column("sha256", String(64)),
    Column("fault", String(64)),
    Column("policy_version", String(64), ForeignKey("policies.version"), nullable=False),
    Column("held", Boolean, nullable=False, server_default="0"),
    Column("restricted", Boolean, nullable=False, server_default="0"),
    Column("deleted_at", Moment),
)
Index(
    "ix_recordings_due",
    recordings.c.expires_at,
    sqlite_where=recordings.c.deleted_at.is_(None),
    postgresql_where=recordings.c.deleted_at.is_(None),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String(64), nullable=False),
    Column("direction", String(8), nullable=False),
    Column("sender", String(80), nullable=False),
    Column("sender_e164", String(16), index=True),
    Column("recipient", String(80), nullable=False),
    Column("recipient_e164", String(16), index=True),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("content", Json, nullable=False),
    Column("first_seen", Moment, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("name", String(32), nullable=False),
    Column("language", String(8), nullable=False),
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
    Column("recording_id", String(40), nullable=False, unique=True),
    Column("reason", String(64), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=False),
    Column("sha256", String(64)),
    Column("size", Integer),
    Column("file", String(16), nullable=False),
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
