"""Until when calls and messages are kept, contract ends by number, legal holds, and the mark of the recordings root.

Calls and messages that are there are dated by the first sweep; until then none of them is due.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; no row is rewritten."""
    op.add_column("calls", sa.Column("queue", sa.String()))
    for table in ("calls", "messages"):
        op.add_column(table, sa.Column("kept_until", sa.BigInteger()))
        op.add_column(table, sa.Column("kept_rule", sa.String()))
        _partial(f"ix_{table}_kept_until", table, ["kept_until"], "kept_until IS NOT NULL")
    op.add_column("recordings", sa.Column("kept_rule", sa.String()))
    _partial("ix_calls_undated", "calls", ["id"], "kept_rule IS NULL AND ended_at IS NOT NULL")
    _partial("ix_messages_undated", "messages", ["id"], "kept_rule IS NULL")
    _contracts()
    _holds()
    _record_deletions()
    _roots()


def _contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_contracts"),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording", sa.String()),
        sa.Column("call", sa.String()),
        sa.Column("number", sa.String()),
        sa.Column("number_e164", sa.String()),
        sa.Column("since", sa.BigInteger()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("queue", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String()),
        sa.Column("released_at", sa.BigInteger()),
        sa.Column("release_reason", sa.String()),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    _partial("ix_holds_in_force", "holds", ["id"], "released_at IS NULL")


def _record_deletions() -> None:
    op.create_table(
        "record_deletions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("kept_until", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record_deletions"),
    )


def _roots() -> None:
    op.create_table(
        "roots",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_roots"),
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
