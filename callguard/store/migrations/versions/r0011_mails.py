"""Mails to be sent, and what notices by mail remember: unheard voicemails, and the equipment that was seen."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is known of the time before."""
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("body", sa.Text()),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("fault", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("key", name="uq_mails_key"),
    )
    _partial("ix_mails_next_at", ["next_at"], "next_at IS NOT NULL")
    _partial("ix_mails_unsettled", ["id"], "settled_at IS NULL")
    op.create_table(
        "mailboxes",
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("unheard", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "mailbox", name="pk_mailboxes"),
    )
    op.create_table(
        "equipment",
        sa.Column("pbx", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String()),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "account", "address", name="pk_equipment"),
    )


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "mails", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
