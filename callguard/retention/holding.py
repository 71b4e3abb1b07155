"""Placing and releasing legal holds: who, why and on whose reference, in a row and in the ledger, in one transaction (C6c).

A hold is released by a second person. One who could both place and release could as well not have placed it; and evidence that one person
alone can let go is none.
"""

import secrets
from datetime import datetime

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, UsageError
from callguard.evidence import retention_entries
from callguard.lines import line
from callguard.retention.holds import Hold, Scope
from callguard.signatures import require_second
from callguard.store.database import Database
from callguard.store.hold_rows import ListedHold, add_hold, find_hold, hold_evidence, recording_deleted, release_hold
from callguard.store.ledger_rows import append


def place_hold(database: Database, scope: Scope, *, by: str, reason: str, reference: str) -> Hold:
    """Place it; the hold with its number.

    Raises :class:`UsageError` when it asks for nothing, for what cannot be, or for a recording that there is not.
    """
    _check(scope)
    written = [line(value, option) for value, option in ((by, "--by"), (reason, "--reason"), (reference, "--reference"))]
    hold = Hold(id=0, scope=scope, placed_by=written[0], reason=written[1], reference=written[2], placed_at=utc_now())
    with database.write() as connection:
        placed = add_hold(connection, hold, secrets.token_hex(16))  # first: a deletion that is under way is waited for
        _require_recording(connection, scope.recording)
        append(connection, [retention_entries.hold("hold", placed.id, hold_evidence(connection, placed.id))])
    return placed


def release(database: Database, identifier: int, *, by: str, reason: str) -> ListedHold:
    """Release it; the hold as it is then.

    Raises :class:`GuardRefusal` for the person who placed it, :class:`UsageError` when there is no such hold, and
    :class:`CallguardError` when it was released already.
    """
    person, why, now = line(by, "--by"), line(reason, "--reason"), utc_now()
    with database.write() as connection:
        found = find_hold(connection, identifier)
        _require_releasable(found, identifier, person)
        release_hold(connection, identifier, person, why, now)
        append(connection, [retention_entries.hold("hold-release", identifier, hold_evidence(connection, identifier))])
        return _released(connection, identifier)


def _require_releasable(found: ListedHold | None, identifier: int, person: str) -> None:
    place = f"hold {identifier}"
    if found is None:
        raise UsageError("there is no such hold", place=place, remedy="callguard hold list tells them")
    if found.released_at is not None:
        raise CallguardError(f"was released on {_day(found.released_at)}", place=place)
    require_second(found.hold.placed_by, person, place, "was placed")


def _released(connection: sa.Connection, identifier: int) -> ListedHold:
    found = find_hold(connection, identifier)
    if found is None:
        raise LookupError(f"hold {identifier} is locked by this transaction, and gone")
    return found


def _check(scope: Scope) -> None:
    if scope == Scope():
        remedy = "write one or more of --recording, --call, --number, --since, --until and --queue; it catches what meets all of them"
        raise UsageError("a hold on nothing catches nothing", remedy=remedy)
    if scope.since and scope.until and scope.since >= scope.until:
        raise UsageError("--until is not after --since", remedy="write the earlier time after --since")
    if scope.number and not any(character.isdigit() for character in scope.number.raw):
        raise UsageError("is no number", place="--number", remedy="write it as it was dialled, or as in +40722000111")


def _require_recording(connection: sa.Connection, identifier: str | None) -> None:
    if identifier is None:
        return
    deleted = recording_deleted(connection, identifier)
    if deleted is None:
        raise UsageError("there is no such recording", place=identifier, remedy="callguard recordings lists them")
    if deleted:
        raise CallguardError("is deleted already", place=f"recording {identifier}")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
