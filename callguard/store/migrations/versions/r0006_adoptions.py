"""Which recordings were adopted, and how it is known when their calls began."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing was adopted before."""
    op.create_table(
        "adoptions",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("start_from", sa.String(), nullable=False),
        sa.Column("adopted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recording_id", name="pk_adoptions"),
        sa.UniqueConstraint("sha256", name="uq_adoptions_sha256"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_adoptions_recording_id", ondelete="CASCADE"),
    )
