"""No row of a call stands in an index without need: each is a page more in the commit of a step."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes over numbers in E.164 of those rows only that have one, and that of unfiled recordings over what no step changes."""
    _remake("ix_calls_caller_e164", "calls", ["caller_e164", "started_at"], "caller_e164 IS NOT NULL")
    _remake("ix_calls_callee_e164", "calls", ["callee_e164", "started_at"], "callee_e164 IS NOT NULL")
    _remake("ix_parties_number_e164", "parties", ["number_e164"], "number_e164 IS NOT NULL")
    _remake("ix_recordings_unfiled", "recordings", ["call_id"], "size IS NULL")


def _remake(name: str, table: str, columns: list[str], where: str) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
