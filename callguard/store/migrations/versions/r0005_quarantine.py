"""What lay in the recordings root without a row, and where it was put."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing was in quarantine before."""
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recording_id", sa.String()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String()),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ending", sa.String()),
        sa.Column("released_by", sa.String()),
        sa.Column("release_reason", sa.String()),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("name", name="uq_quarantine_name"),
    )
    op.create_index("ix_quarantine_path", "quarantine", ["path"])
    open_ones = sa.text("ended_at IS NULL")
    op.create_index("ix_quarantine_due", "quarantine", ["expires_at", "id"], sqlite_where=open_ones, postgresql_where=open_ones)
