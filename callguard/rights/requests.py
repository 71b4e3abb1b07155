"""The register of requests: opened with the day on which it must be answered, extended at most once, closed with an outcome (S15t).

Each act is a row of its own and an entry in the ledger, in one transaction. What is late stays late: nothing here can move the day on which
a request came, and an extension that the person can no longer be told of in time is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, GuardRefusal, UsageError
from callguard.lines import line
from callguard.rights.person import Person
from callguard.rights.terms import Outcome, Right, due_on
from callguard.rights.wishes import Way, require_day
from callguard.store.database import Database
from callguard.store.register_rows import enter
from callguard.store.register_tables import request_steps, requests
from callguard.store.request_rows import CLOSED, EXTENDED, Request, find_request, list_requests, shut_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for: which right, by which way it came and on which day, and the letter or ticket it is on."""

    right: Right
    way: Way
    received_on: date
    reference: str


def open_request(database: Database, person: Person, asked: Asked, *, by: str) -> Request:
    """Enter it; the request with its number.

    Raises :class:`UsageError` for a day or a text that cannot be, :class:`CallguardError` when the same is open already.
    """
    now = utc_now()
    require_day(asked.received_on, now, "--received")
    row = {
        "right": asked.right.value,
        "number": person.number.raw,
        "number_e164": person.number.e164,
        "way": asked.way.value,
        "received_on": asked.received_on,
        "reference": line(asked.reference, "--reference"),
        "opened_by": line(by, "--by"),
        "opened_at": now,
    }
    with database.write() as connection:
        shut_requests(connection)
        _require_new(connection, person, asked.right)
        return _found(connection, enter(connection, requests, row))


def extend_request(database: Database, identifier: int, *, by: str, reason: str, today: date) -> Request:
    """Give it 60 more days; the request as it is then. ``today`` is the day where the office is.

    Raises :class:`GuardRefusal` when it was extended before or the first 30 days are over, :class:`CallguardError` when it is not open.
    """
    step = {"step": EXTENDED, "reason": line(reason, "--reason"), "by": line(by, "--by"), "at": utc_now()}
    with database.write() as connection:
        shut_requests(connection)
        _require_extendable(_open(connection, identifier), today)
        return _go_on(connection, identifier, step)


def close_request(database: Database, identifier: int, outcome: Outcome, *, by: str, reason: str) -> Request:
    """End it; the request as it is then. ``reason`` is what the person is told of the outcome. Raises :class:`CallguardError`."""
    step = {"step": CLOSED, "outcome": outcome.value, "reason": line(reason, "--reason"), "by": line(by, "--by"), "at": utc_now()}
    with database.write() as connection:
        shut_requests(connection)
        _open(connection, identifier)
        return _go_on(connection, identifier, step)


def the_request(connection: sa.Connection, identifier: int) -> Request:
    """The request of that number. Raises :class:`UsageError` when there is none."""
    found = find_request(connection, identifier)
    if found is None:
        raise UsageError("there is no such request", place=f"request {identifier}", remedy="callguard request list tells them")
    return found


def _require_new(connection: sa.Connection, person: Person, right: Right) -> None:
    same = next((one for one in list_requests(connection, person.number, open_only=True) if one.right is right), None)
    if same is not None:
        message = f"request {same.id} of {same.received_on} asks for the same and is open; nothing was entered"
        raise CallguardError(message, place="NUMBER", remedy=f"callguard request close {same.id} when it is answered")


def _require_extendable(request: Request, today: date) -> None:
    place = f"request {request.id}"
    if request.extension is not None:
        raise GuardRefusal(f"was extended on {request.extension.at:%Y-%m-%d}", place=place, remedy=f"answer it by {request.due_on}")
    told_by = due_on(request.received_on, extended=False)
    if today > told_by:
        raise GuardRefusal(f"the person had to be told of an extension by {told_by}", place=place, remedy="answer it now: it is late")


def _open(connection: sa.Connection, identifier: int) -> Request:
    found = the_request(connection, identifier)
    if found.end is not None:
        raise CallguardError(f"was closed on {found.end.at:%Y-%m-%d}: {found.end.outcome}", place=f"request {identifier}")
    return found


def _go_on(connection: sa.Connection, identifier: int, step: Mapping[str, object]) -> Request:
    enter(connection, request_steps, {"request_id": identifier, **step})
    return _found(connection, identifier)


def _found(connection: sa.Connection, identifier: int) -> Request:
    found = find_request(connection, identifier)
    if found is None:
        raise LookupError(f"request {identifier} was entered by this transaction, and is gone")
    return found
