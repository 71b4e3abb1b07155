"""The ledger, and in it an entry for every row of evidence that is there already.

For these the ledger proves that they have not changed since this migration, and nothing of the time before; its first entry says how many
they are. A decision gets the number of the party who took it. Tables are written down here as they are at this revision; the chain and the
entries are not, since what they make can never change.
"""

import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from callguard.clock import utc_now
from callguard.evidence import entries
from callguard.evidence.chain import GENESIS, Entry, Head, follow
from callguard.store.types import to_millis

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT_ONCE = 1000


def _table(name: str, *columns: str, **typed: sa.types.TypeEngine[Any]) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns), *(sa.column(column, kind) for column, kind in typed.items()))


_ANNOUNCEMENTS = _table("announcements", "version", "name", "language", "duration_ms", "text", "audio_8k", "audio_16k")
_CONSENTS = _table("consents", "id", *set(entries.CONSENT_COLUMNS) - {"complete", "purposes"}, complete=sa.Boolean(), purposes=sa.Text())
_DELETIONS = _table("deletions", "id", "recording_id", "reason", "rule", "expires_at", "deleted_at", "sha256", "size", "file")
_LEDGER = _table("ledger", "sequence", "at", "kind", "body", "hash")
_PARTIES = _table("parties", "call_id", "leg", "number", "number_e164")
_POLICIES = _table("policies", "version", "name", content=sa.JSON())
_SWEEPS = _table("sweeps", "id", "as_of", "finished_at", "considered", "deleted", "failed")


def upgrade() -> None:
    """Make the table, give decisions what their entries need, and enter what is there."""
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_ledger"),
    )
    where = sa.text("kind = 'configuration'")
    op.create_index("ix_ledger_configuration", "ledger", ["sequence"], sqlite_where=where, postgresql_where=where)
    for name in ("number", "salt"):
        op.add_column("consents", sa.Column(name, sa.String(), server_default=sa.text("''"), nullable=False))
    _adopt(op.get_bind())


def _adopt(connection: sa.Connection) -> None:
    adopted = sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in _adopted_tables())
    begun = entries.begin(uuid.uuid4().hex, adopted)
    head, at = GENESIS, to_millis(utc_now())
    everything = chain([begun], _of_the_archives(connection), _of_consents(connection), _of_deletions(connection), _of_sweeps(connection))
    while some := list(islice(everything, _AT_ONCE)):
        links = list(follow(head, at, some))
        head = Head(links[-1].sequence, links[-1].hash)
        connection.execute(sa.insert(_LEDGER), [link._asdict() for link in links])


def _adopted_tables() -> Sequence[sa.FromClause]:
    return _POLICIES, _ANNOUNCEMENTS, _CONSENTS, _DELETIONS, sa.select(_SWEEPS).where(_SWEEPS.c.deleted > 0).subquery()


def _of_the_archives(connection: sa.Connection) -> Iterator[Entry]:
    for policy in connection.execute(sa.select(_POLICIES).order_by(_POLICIES.c.version)).all():
        yield entries.policy(policy.version, policy.name, policy.content)
    for version in connection.scalars(sa.select(_ANNOUNCEMENTS.c.version).order_by(_ANNOUNCEMENTS.c.version)).all():
        found = connection.execute(sa.select(_ANNOUNCEMENTS).where(_ANNOUNCEMENTS.c.version == version)).mappings().one()
        yield entries.announcement(dict(found))


def _of_consents(connection: sa.Connection) -> Iterator[Entry]:
    number = sa.func.coalesce(_PARTIES.c.number_e164, _PARTIES.c.number, "")
    whose = sa.and_(_PARTIES.c.call_id == _CONSENTS.c.call_id, _PARTIES.c.leg == _CONSENTS.c.leg)
    columns = [column for column in _CONSENTS.c if column.name not in {"number", "salt", "purposes"}]
    decided = sa.select(*columns, sa.cast(_CONSENTS.c.purposes, sa.Text).label("purposes"), number.label("number"))
    salted = sa.update(_CONSENTS).where(_CONSENTS.c.id == sa.bindparam("its_id"))
    for page in _pages(connection, decided.outerjoin_from(_CONSENTS, _PARTIES, whose), _CONSENTS.c.id):
        rows = [{**row, "salt": secrets.token_hex(16)} for row in page]
        new = [{"its_id": row["id"], "number": row["number"], "salt": row["salt"]} for row in rows]
        connection.execute(salted, new)
        yield from map(entries.consent, rows)


def _of_deletions(connection: sa.Connection) -> Iterator[Entry]:
    return _entered(connection, sa.select(_DELETIONS), _DELETIONS.c.id, entries.deletion)


def _of_sweeps(connection: sa.Connection) -> Iterator[Entry]:
    return _entered(connection, sa.select(_SWEEPS).where(_SWEEPS.c.deleted > 0), _SWEEPS.c.id, entries.sweep)


def _entered(
    connection: sa.Connection, rows: sa.Select[Any], key: sa.ColumnElement[Any], entry: Callable[[entries.Row], Entry]
) -> Iterator[Entry]:
    return (entry(dict(row)) for page in _pages(connection, rows, key) for row in page)


def _pages(connection: sa.Connection, rows: sa.Select[Any], key: sa.ColumnElement[Any]) -> Iterator[Sequence[sa.RowMapping]]:
    """By the key, which is ``id``: a page at a time, since what is read is changed meanwhile."""
    last = 0
    while page := connection.execute(rows.where(key > last).order_by(key).limit(_AT_ONCE)).mappings().all():
        yield page
        last = page[-1]["id"]
