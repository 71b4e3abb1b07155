"""What a person asked for, what of their records is restricted, and deletions found by the hash of what was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add table, columns and index; no row is rewritten."""
    for table in ("calls", "messages"):
        op.add_column(table, sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_deletions_sha256", "deletions", ["sha256"])
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_e164", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
    )
    op.create_index("ix_acts_number_e164", "acts", ["number_e164"])
