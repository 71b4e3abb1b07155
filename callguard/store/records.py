"""Calls, kept at every step and taken up again after a restart.

:func:`save_calls` is the daemon's hot path. Its statements are compiled once for each dialect and go to the driver as they are, since
SQLAlchemy's own way there costs as much again as SQLite itself (tests/bench/store_speed.py). They are grouped by table over a whole batch,
in an order that satisfies the foreign keys.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from callguard.call.state import RUNNING, Call, RecordingStatus
from callguard.store.call_rows import Row, call_row, consent_row, party_row, recording_row
from callguard.store.loading import load_calls
from callguard.store.tables import calls, consents, parties, recordings

_KEPT_BY_OTHERS = frozenset({"source", "held", "restricted", "deleted_at"})
"""Columns that hold what no step of a call says."""

_Batch = Mapping[str, list[Row]]


def save_call(connection: sa.Connection, before: Call | None, after: Call) -> None:
    """Write what one step changed of a call; ``before`` is ``None`` for a new one. Raises ``ValueError`` for a naive time."""
    save_calls(connection, [(before, after)])


def save_calls(connection: sa.Connection, changes: Sequence[tuple[Call | None, Call]]) -> None:
    """Write what a batch of steps changed, in the order given; a call may be in it more than once.

    Decisions are only ever added. The policies and the announcements that the calls refer to must have been kept before. Raises
    ``ValueError`` for a naive time.
    """
    statements = _statements(connection.dialect.name)
    batch: _Batch = {name: [] for name in statements}
    for before, after in changes:
        _add_call(batch, before, after)
        _add_parties(batch, before, after)
        _add_recordings(batch, before, after)
    for name, rows in batch.items():
        if rows:
            connection.exec_driver_sql(statements[name], rows)


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
    row = call_row(after)
    if before is None:
        batch["insert calls"].append(row)
    elif row != call_row(before):
        batch["update calls"].append(row)


def _add_parties(batch: _Batch, before: Call | None, after: Call) -> None:
    known = len(before.parties) if before else 0
    for position, party in enumerate(after.parties):
        earlier = before.parties[position] if before and position < known else None
        if party is earlier:
            continue
        row = party_row(after, position)
        if earlier is None:
            batch["insert parties"].append(row)
        elif before and row != party_row(before, position):
            batch["update parties"].append(row)
        decided = len(earlier.consents) if earlier else 0
        batch["insert consents"].extend(consent_row(after, party, place) for place in range(decided, len(party.consents)))


def _add_recordings(batch: _Batch, before: Call | None, after: Call) -> None:
    known = len(before.recordings) if before else 0
    for position, recording in enumerate(after.recordings):
        if before is None or position >= known:
            batch["insert recordings"].append(recording_row(after, position))
        elif recording != before.recordings[position]:
            batch["update recordings"].append(recording_row(after, position))


@cache
def _statements(dialect_name: str) -> Mapping[str, str]:
    """SQL by name, in the order in which a batch sends it."""
    dialect = sqlite.dialect(paramstyle="named") if dialect_name == "sqlite" else sa.make_url("postgresql+psycopg://").get_dialect()()
    named: dict[str, sa.Insert | sa.Update] = {f"insert {table.name}": _insert(table) for table in (calls, parties, consents, recordings)}
    named.update({f"update {table.name}": _update(table) for table in (calls, parties, recordings)})
    return {name: str(statement.compile(dialect=dialect)) for name, statement in named.items()}


def _insert(table: sa.Table) -> sa.Insert:
    written = [column for column in table.c if column is not consents.c.id and column.name not in _KEPT_BY_OTHERS]
    return sa.insert(table).values({column.name: sa.bindparam(column.name) for column in written}).inline()


def _update(table: sa.Table) -> sa.Update:
    key = [column == sa.bindparam(column.name) for column in table.primary_key]
    written = [column for column in table.c if not column.primary_key and column.name not in _KEPT_BY_OTHERS]
    return sa.update(table).where(*key).values({column.name: sa.bindparam(column.name) for column in written})
