"""Calls, kept at every step and taken up again after a restart.

:func:`save_calls` is the daemon's hot path (tests/bench/store_speed.py). Its statements are compiled once for each dialect and go to the
driver as they are; they are grouped by table over a whole batch, in an order that satisfies the foreign keys. An update names the columns
that have changed and no other: SQLite writes every index anew over a column that an update names, whatever its value was. Each decision
gets its entry in the ledger, all those of a batch at once and last.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from functools import cache, lru_cache
from operator import attrgetter
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

_INSERTED = {table.name: table for table in (calls, redirections, parties, consents, recordings)}
"""In an order that satisfies the foreign keys."""

_UPDATED = {table.name: table for table in (calls, parties, recordings)}

_OF_THE_CALL = attrgetter(*(each.name for each in fields(Call) if each.name not in ("parties", "recordings", "withdrawal")))
"""What the row of a call is made of; most steps change a party only."""


class _Batch(NamedTuple):
    """Rows by table; ``changed`` names the columns in which any row of an update differs from what it was."""

    inserts: dict[str, list[Row]]
    updates: dict[str, list[Row]]
    changed: dict[str, set[str]]


def prepare(connection: sa.Connection) -> None:
    """Compile what a new call is inserted with, which takes longer than the first one should wait."""
    for table in _INSERTED:
        _insert(connection.dialect.name, table)


def save_call(connection: sa.Connection, before: Call | None, after: Call) -> None:
    """Write what one step changed of a call; ``before`` is ``None`` for a new one. Raises ``ValueError`` for a naive time."""
    save_calls(connection, [(before, after)])


def save_calls(connection: sa.Connection, changes: Sequence[tuple[Call | None, Call]]) -> None:
    """Write what a batch of steps changed, in the order given; a call may be in it more than once.

    Decisions are only ever added. The policies and the announcements that the calls refer to must have been kept before. Raises
    ``ValueError`` for a naive time.
    """
    batch = _Batch({table: [] for table in _INSERTED}, {table: [] for table in _UPDATED}, {table: set() for table in _UPDATED})
    for before, after in changes:
        _add_call(batch, before, after)
        _add_parties(batch, before, after)
        _add_recordings(batch, before, after)
    dialect = connection.dialect.name
    for table, rows in batch.inserts.items():
        if rows:
            execute_many(connection, _insert(dialect, table), rows)
    for table, rows in batch.updates.items():
        if rows:
            execute_many(connection, _update(dialect, table, frozenset(batch.changed[table])), rows)
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
        batch.changed[table].update([name for name, value in after.items() if before[name] != value])


@lru_cache(maxsize=16)
def _insert(dialect: str, table: str) -> str:
    written = [column for column in _INSERTED[table].c if column is not consents.c.id and column.name not in _KEPT_BY_OTHERS]
    return _compiled(dialect, sa.insert(_INSERTED[table]).values({column.name: sa.bindparam(column.name) for column in written}).inline())


@lru_cache(maxsize=512)
def _update(dialect: str, table: str, changed: AbstractSet[str]) -> str:
    key = [column == sa.bindparam(column.name) for column in _UPDATED[table].primary_key]
    return _compiled(dialect, sa.update(_UPDATED[table]).where(*key).values({name: sa.bindparam(name) for name in changed}))


def _compiled(dialect: str, statement: sa.Insert | sa.Update) -> str:
    return str(statement.compile(dialect=_driver_style(dialect)))


@cache
def _driver_style(dialect: str) -> sa.Dialect:
    return sqlite.dialect(paramstyle="named") if dialect == "sqlite" else sa.make_url("postgresql+psycopg://").get_dialect()()
