"""Requests and their due dates, consents to release, copies given out, disclosures, incidents."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is known of the time before."""
