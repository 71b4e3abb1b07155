"""Who was refused a command, and who redirected a call, found as its caller is."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from callguard.store.redirection_rows import ending

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_CALLS = sa.table("calls", sa.column("id"), sa.column("redirecting", sa.JSON()))
_REDIRECTIONS = sa.table("redirections", *map(sa.column, ("call_id", "position", "number", "ending")))


def upgrade() -> None:
    """Add the tables, and a row for each number that redirected a call until now."""
    _make()
    connection, after = op.get_bind(), ""
    while page := _page(connection, after):
        connection.execute(sa.insert(_REDIRECTIONS), list(_rows(page)))
        after = page[-1].id


def _make() -> None:
    op.create_table(
        "redirections",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_redirections_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_redirections"),
    )
    op.create_index("ix_redirections_ending", "redirections", ["ending", "number"])
    op.create_table(
        "denials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_denials"),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_e164", sa.String(), nullable=True),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_index("ix_exports_number_e164", "exports", ["number_e164"])


def _page(connection: sa.Connection, after: str) -> list[sa.Row[Any]]:
    told = sa.select(_CALLS).where(_CALLS.c.id > after, sa.cast(_CALLS.c.redirecting, sa.Text) != "[]")
    return list(connection.execute(told.order_by(_CALLS.c.id).limit(_AT_ONCE)))


def _rows(page: list[sa.Row[Any]]) -> Iterator[dict[str, object]]:
    for call in page:
        for position, number in enumerate(call.redirecting):
            yield {"call_id": call.id, "position": position, "number": number, "ending": ending(number)}
