"""Calls and their evidence: the first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables, those first that others refer to."""
    _announcements()
    _deletions()
    _messages()
    _policies()
    _sweeps()
    _calls()
    _consents()
    _parties()
    _recordings()


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("audio_8k", sa.LargeBinary(), nullable=False),
        sa.Column("audio_16k", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_announcements"),
    )


def _deletions() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("file", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
        sa.UniqueConstraint("recording_id", name="uq_deletions_recording_id"),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("sender_e164", sa.String()),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("recipient_e164", sa.String()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_at", "messages", ["at"])
    op.create_index("ix_messages_recipient_e164", "messages", ["recipient_e164"])
    op.create_index("ix_messages_sender_e164", "messages", ["sender_e164"])


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_policies"),
    )


def _sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("linkedid", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("caller_e164", sa.String()),
        sa.Column("callee", sa.String(), nullable=False),
        sa.Column("callee_e164", sa.String()),
        sa.Column("dialled", sa.String(), nullable=False),
        sa.Column("redirecting", sa.JSON(), nullable=False),
        sa.Column("equipment_ip", sa.String()),
        sa.Column("user_agent", sa.String()),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("connected_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("dial_status", sa.String()),
        sa.Column("hangup_cause", sa.String()),
        sa.Column("source", sa.String(), server_default="live", nullable=False),
        sa.ForeignKeyConstraint(["policy_version"], ["policies.version"], name="fk_calls_policy_version"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("linkedid", "pbx", name="uq_calls_linkedid"),
    )
    _partial("ix_calls_callee", "calls", ["callee", "started_at"], "callee_e164 IS NULL")
    op.create_index("ix_calls_callee_e164", "calls", ["callee_e164", "started_at"])
    _partial("ix_calls_caller", "calls", ["caller", "started_at"], "caller_e164 IS NULL")
    op.create_index("ix_calls_caller_e164", "calls", ["caller_e164", "started_at"])
    _partial("ix_calls_open", "calls", ["pbx"], "ended_at IS NULL")
    op.create_index("ix_calls_started_at", "calls", ["started_at"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("leg", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("key", sa.String()),
        sa.Column("announcement", sa.String()),
        sa.Column("language", sa.String()),
        sa.Column("heard_ms", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("announced_at", sa.BigInteger()),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["announcement"], ["announcements.version"], name="fk_consents_announcement"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_consents_call_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["policy_version"], ["policies.version"], name="fk_consents_policy_version"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("call_id", "leg", "position", name="uq_consents_call_id"),
    )


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("leg", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_e164", sa.String()),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("bridge", sa.String()),
        sa.Column("heard_ms", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("announced_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_parties_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "leg", name="pk_parties"),
    )
    _partial("ix_parties_number", "parties", ["number"], "number_e164 IS NULL")
    op.create_index("ix_parties_number_e164", "parties", ["number_e164"])


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leg", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("stopped_at", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String()),
        sa.Column("fault", sa.String()),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_recordings_call_id"),
        sa.ForeignKeyConstraint(["policy_version"], ["policies.version"], name="fk_recordings_policy_version"),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.UniqueConstraint("path", name="uq_recordings_path"),
    )
    op.create_index("ix_recordings_call_id", "recordings", ["call_id"])
    _partial("ix_recordings_due", "recordings", ["expires_at"], "deleted_at IS NULL")
    _partial("ix_recordings_unfiled", "recordings", ["status"], "size IS NULL")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
