"""Legal holds as rows, and what of a record a hold may catch it by (C6c).

A hold is placed and released, and its row stays: who, why and when. What is about to delete something shuts the table for the time of its
transaction (:func:`shut`), so that a hold comes either before the deletion or after it, and never between the question and the deed. SQLite
has one writing transaction at a time and needs no lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.retention.holds import Hold, Matter, Scope, holding
from callguard.store.loading import in_chunks
from callguard.store.tables import calls, holds, parties, recordings
from callguard.store.types import to_millis


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedHold:
    """A hold, and by whom, when and why it was released; ``None`` while it is in force."""

    hold: Hold
    released_by: str | None
    released_at: datetime | None
    release_reason: str | None


_IN_FORCE = sa.select(holds).where(holds.c.released_at.is_(None)).order_by(holds.c.id)
"""Asked before every deletion; made once."""


def shut(connection: sa.Connection) -> None:
    """No hold is placed or released before this transaction ends; one that is being placed is waited for."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE holds IN SHARE MODE")


def holds_in_force(connection: sa.Connection) -> tuple[Hold, ...]:
    """All that have not been released; mostly none, and that is one look at an index."""
    return tuple(map(_hold, connection.execute(_IN_FORCE).mappings()))


def list_holds(connection: sa.Connection) -> list[ListedHold]:
    """All holds there ever were, the latest first."""
    released = ("released_by", "released_at", "release_reason")
    rows = connection.execute(sa.select(holds).order_by(holds.c.id.desc())).mappings()
    return [ListedHold(hold=_hold(row), **{name: row[name] for name in released}) for row in rows]


def find_hold(connection: sa.Connection, identifier: int) -> ListedHold | None:
    """The hold of that number, whose row nobody changes before this transaction ends."""
    connection.execute(sa.select(holds.c.id).where(holds.c.id == identifier).with_for_update()).all()
    return next((one for one in list_holds(connection) if one.hold.id == identifier), None)


def add_hold(connection: sa.Connection, hold: Hold, salt: str) -> Hold:
    """Place it; the hold with the number it got. ``salt`` is random, and what makes its entry in the ledger tell nothing."""
    scope = hold.scope
    row = {
        "recording": scope.recording,
        "call": scope.call,
        "number": scope.number and scope.number.raw,
        "number_e164": scope.number and scope.number.e164,
        "since": scope.since,
        "until": scope.until,
        "queue": scope.queue,
        "reason": hold.reason,
        "reference": hold.reference,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at,
        "salt": salt,
    }
    (identifier,) = connection.execute(sa.insert(holds).returning(holds.c.id), row).one()
    return replace(hold, id=identifier)


def release_hold(connection: sa.Connection, identifier: int, by: str, reason: str, at: datetime) -> None:
    """Note who released it, when and why."""
    released = {"released_by": by, "released_at": at, "release_reason": reason}
    connection.execute(sa.update(holds).where(holds.c.id == identifier).values(released))


def hold_evidence(connection: sa.Connection, identifier: int) -> Mapping[str, Any]:
    """The row as it is now, as the ledger takes its digest: times in milliseconds."""
    row = connection.execute(sa.select(holds).where(holds.c.id == identifier)).mappings().one()
    return {name: to_millis(value) if isinstance(value, datetime) else value for name, value in row.items()}


def recording_deleted(connection: sa.Connection, identifier: str) -> bool | None:
    """Whether the recording is deleted; ``None`` when there never was one of that id."""
    found = connection.execute(sa.select(recordings.c.deleted_at).where(recordings.c.id == identifier)).first()
    return None if found is None else found.deleted_at is not None


def matters(connection: sa.Connection, call_ids: Iterable[str]) -> Mapping[str, Matter]:
    """What each of these calls is about."""
    found: dict[str, Matter] = {}
    for some in in_chunks(sorted(set(call_ids))):
        numbers, files = _numbers(connection, some), _files(connection, some)
        for row in connection.execute(sa.select(*_OF_CALLS).where(calls.c.id.in_(some))).mappings():
            found[row["id"]] = Matter(
                recordings=frozenset(files[row["id"]]),
                call=row["id"],
                numbers=frozenset({*filter(None, (row[side] for side in _SIDES)), *row["redirecting"], *numbers[row["id"]]}),
                since=row["started_at"],
                until=row["ended_at"] or row["started_at"],
                queue=row["queue"],
            )
    return found


_SIDES = ("caller", "caller_e164", "callee", "callee_e164", "dialled")
_OF_CALLS = tuple(calls.c[name] for name in ("id", *_SIDES, "redirecting", "started_at", "ended_at", "queue"))


def held_recordings(connection: sa.Connection, calls_of: Mapping[str, str]) -> frozenset[str]:
    """Which of these recordings, given with their calls, a hold in force catches; without holds nothing is read."""
    in_force = holds_in_force(connection)
    about = matters(connection, calls_of.values()) if in_force else {}
    itself = {one: replace(about[call], recordings=frozenset({one})) for one, call in calls_of.items() if call in about}
    return frozenset(one for one, matter in itself.items() if holding(in_force, matter))


def _numbers(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    people = sa.select(parties.c.call_id, parties.c.number, parties.c.number_e164).where(parties.c.call_id.in_(ids))
    for call, *numbers in connection.execute(people):
        found[call].update(filter(None, numbers))
    return found


def _files(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for call, recording in connection.execute(sa.select(recordings.c.call_id, recordings.c.id).where(recordings.c.call_id.in_(ids))):
        found[call].add(recording)
    return found


def _hold(row: sa.RowMapping) -> Hold:
    number = None if row["number"] is None else Number(row["number"], row["number_e164"])
    asked = {name: row[name] for name in ("recording", "call", "since", "until", "queue")}
    told = {name: row[name] for name in ("id", "reason", "reference", "placed_by", "placed_at")}
    return Hold(scope=Scope(number=number, **asked), **told)
