"""The do-not-record register."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing is known of the time before."""
    op.create_table(
        "optouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("wished_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_by", sa.String()),
        sa.Column("removed_at", sa.BigInteger()),
        sa.Column("removal_reason", sa.String()),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_optouts"),
    )
    in_force = sa.text("removed_at IS NULL")
    op.create_index("ix_optouts_number", "optouts", ["number"])
    op.create_index("ix_optouts_change", "optouts", ["change"], unique=True)
    op.create_index("ix_optouts_listed", "optouts", ["number"], unique=True, sqlite_where=in_force, postgresql_where=in_force)
