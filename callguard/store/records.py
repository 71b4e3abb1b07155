"""Calls, kept at every step and taken up again after a restart.

:func:`save_calls` is the daemon's hot path (tests/bench/store_speed.py). Its statements are compiled once for each dialect and go to the
driver as they are; they are grouped by table over a whole batch, in an order that satisfies the foreign keys. An ordinary update leaves out
what is settled when the row is made: SQLite would write every index over it anew. Each decision gets its entry in the ledger, all those of
a batch at once and last.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from functools import cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from callguard.call.state import RUNNING, Call, RecordingStatus
from callguard.evidence import entries
from callguard.store.call_rows import Row, call_row, consent_row, party_row, recording_row
from callguard.store.ledger_rows import append
from callguard.store.loading import load_calls
from callguard.store.redirection_rows import redirection_rows
from callguard.store.rights_tables import redirections
from callguard.store.straight import execute_many
from callguard.store.tables import calls, consents, parties, recordings

_KEPT_BY_OTHERS = frozenset({"source", "held", "restricted", "deleted_at", "kept_until", "kept_rule"})
"""Columns that hold what no step of a call says."""

_SETTLED = {
    "calls": (
        *("pbx", "linkedid", "direction", "policy_version", "caller", "caller_e164", "callee", "callee_e164", "dialled", "redirecting"),
        *("started_at", "received_at", "queue"),
    ),
    "parties": ("position", "role", "number", "number_e164", "outside"),
    "recordings": ("call_id", "position", "leg", "path", "requested_at", "expires_at", "policy_version"),
}
"""Columns that hardly ever change after the insert; when one does, the whole row is rewritten."""

_INSERTED = {table.name: table for table in (calls, redirections, parties, consents, recordings)}
"""In an order that satisfies the foreign keys."""

_SETTLED_OF = {table: itemgetter(*names) for table, names in _SETTLED.items()}


_OF_THE_CALL = attrgetter(*(each.name for each in fields(Call) if each.name not in ("parties", "recordings", "withdrawal")))
"""What the row of a call is made of; most steps change a party only."""


class _Batch(NamedTuple):
    """Rows by table; ``unsettled`` names the tables of which a settled column changed."""

    inserts: dict[str, list[Row]]
    updates: dict[str, list[Row]]
    unsettled: set[str]


def prepare(connection: sa.Connection) -> None:
    """Compile the statements, which takes longer than the first call should wait."""
    _statements(connection.dialect.name)


def save_call(connection: sa.Connection, before: Call | None, after: Call) -> None:
    """Write what one step changed of a call; ``before`` is ``None`` for a new one. Raises ``ValueError`` for a naive time."""
    save_calls(connection, [(before, after)])


def save_calls(connection: sa.Connection, changes: Sequence[tuple[Call | None, Call]]) -> None:
    """Write what a batch of steps changed, in the order given; a call may be in it more than once.

    Decisions are only ever added. The policies and the announcements that the calls refer to must have been kept before. Raises
    ``ValueError`` for a naive time.
    """
    batch = _Batch({name: [] for name in _INSERTED}, {"calls": [], "parties": [], "recordings": []}, set())
    for before, after in changes:
        _add_call(batch, before, after)
        _add_parties(batch, before, after)
        _add_recordings(batch, before, after)
    statements = _statements(connection.dialect.name)
    for table, rows in batch.inserts.items():
        if rows:
            execute_many(connection, statements["insert", table], rows)
    for table, rows in batch.updates.items():
        if rows:
            execute_many(connection, statements["rewrite" if table in batch.unsettled else "update", table], rows)
    append(connection, [entries.consent(row) for row in batch.inserts["consents"]])


def open_calls(connection: sa.Connection, pbx: str) -> list[Call]:
    """The calls of a PBX that a restarted daemon goes on with: not ended, or with a recording that runs or was not filed yet."""
    unfiled = [*RUNNING, RecordingStatus.STOPPED]
    recorded = (
        sa.select(recordings.c.call_id)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.status.in_(unfiled), recordings.c.size.is_(None), calls.c.pbx == pbx)
    )
    going_on = sa.select(calls.c.id).where(calls.c.pbx == pbx, calls.c.ended_at.is_(None))
    return load_calls(connection, connection.scalars(going_on.union(recorded)).all())


def _add_call(batch: _Batch, before: Call | None, after: Call) -> None:
    if before is None or _OF_THE_CALL(before) != _OF_THE_CALL(after):
        _add(batch, "calls", call_row(before) if before else None, call_row(after))
    if before is None:
        batch.inserts["redirections"].extend(redirection_rows(after))


def _add_parties(batch: _Batch, before: Call | None, after: Call) -> None:
    known = before.parties if before else ()
    for position, party in enumerate(after.parties):
        earlier = known[position] if position < len(known) else None
        if party is earlier:
            continue
        _add(batch, "parties", party_row(before, position) if before and earlier else None, party_row(after, position))
        decided = len(earlier.consents) if earlier else 0
        batch.inserts["consents"].extend(consent_row(after, party, place) for place in range(decided, len(party.consents)))


def _add_recordings(batch: _Batch, before: Call | None, after: Call) -> None:
    known = before.recordings if before else ()
    for position, recording in enumerate(after.recordings):
        earlier = known[position] if position < len(known) else None
        if recording is not earlier:
            _add(batch, "recordings", recording_row(before, position) if before and earlier else None, recording_row(after, position))


def _add(batch: _Batch, table: str, before: Row | None, after: Row) -> None:
    if before is None:
        batch.inserts[table].append(after)
    elif before != after:
        batch.updates[table].append(after)
        settled = _SETTLED_OF[table]
        if settled(before) != settled(after):
            batch.unsettled.add(table)


@cache
def _statements(dialect_name: str) -> Mapping[tuple[str, str], str]:
    """SQL by verb and table."""
    dialect = sqlite.dialect(paramstyle="named") if dialect_name == "sqlite" else sa.make_url("postgresql+psycopg://").get_dialect()()
    made: dict[tuple[str, str], sa.Insert | sa.Update] = {("insert", name): _insert(table) for name, table in _INSERTED.items()}
    for table in (calls, parties, recordings):
        made["rewrite", table.name] = _update(table, _KEPT_BY_OTHERS)
        made["update", table.name] = _update(table, _KEPT_BY_OTHERS.union(_SETTLED[table.name]))
    return {name: str(statement.compile(dialect=dialect)) for name, statement in made.items()}


def _insert(table: sa.Table) -> sa.Insert:
    written = [column for column in table.c if column is not consents.c.id and column.name not in _KEPT_BY_OTHERS]
    return sa.insert(table).values({column.name: sa.bindparam(column.name) for column in written}).inline()


def _update(table: sa.Table, left_out: AbstractSet[str]) -> sa.Update:
    key = [column == sa.bindparam(column.name) for column in table.primary_key]
    written = [column for column in table.c if not column.primary_key and column.name not in left_out]
    return sa.update(table).where(*key).values({column.name: sa.bindparam(column.name) for column in written})
