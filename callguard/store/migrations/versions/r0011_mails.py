"""Mails to be sent, and the equipment that was seen."""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is known of the time before."""
