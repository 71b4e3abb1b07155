"""Requests of people, each with what came after it: put together from rows of which none is ever changed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.rights.terms import Outcome, Right, due_on
from callguard.store.loading import in_chunks
from callguard.store.register_tables import request_steps, requests

EXTENDED, CLOSED = "extended", "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep:
    """What was done with a request: ``extended`` or ``closed``, the latter with its outcome."""

    step: str
    outcome: Outcome | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request: what is asked, by whom and since when, and its steps in their order."""

    id: int
    right: Right
    number: Number
    way: str
    received_on: date
    reference: str
    opened_by: str
    opened_at: datetime
    steps: tuple[RequestStep, ...] = ()

    @property
    def extension(self) -> RequestStep | None:
        """By whom, when and why the time was extended."""
        return next((one for one in self.steps if one.step == EXTENDED), None)

    @property
    def end(self) -> RequestStep | None:
        """By whom, when and how it ended; ``None`` while it is open."""
        return next((one for one in self.steps if one.step == CLOSED), None)

    @property
    def state(self) -> str:
        """``open``, ``extended`` or its outcome."""
        if self.end is not None:
            return str(self.end.outcome)
        return EXTENDED if self.extension else "open"

    @property
    def due_on(self) -> date:
        """The last day on which the answer is in time."""
        return due_on(self.received_on, extended=self.extension is not None)


def shut_requests(connection: sa.Connection) -> None:
    """Nobody else opens a request or goes on with one before this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE requests IN SHARE ROW EXCLUSIVE MODE")


def find_request(connection: sa.Connection, identifier: int) -> Request | None:
    """The request of that number."""
    return next(iter(_whole(connection, sa.select(requests).where(requests.c.id == identifier))), None)


def list_requests(connection: sa.Connection, number: Number | None = None, *, open_only: bool = False) -> Sequence[Request]:
    """All requests, the oldest first; those of one number, or those that have not ended, if it is asked for."""
    wanted = sa.select(requests).order_by(requests.c.received_on, requests.c.id)
    if number is not None:
        same = requests.c.number_e164 == number.e164 if number.e164 else requests.c.number == number.raw
        wanted = wanted.where(same)
    if open_only:
        ended = sa.select(request_steps.c.request_id).where(request_steps.c.step == CLOSED)
        wanted = wanted.where(requests.c.id.not_in(ended))
    return _whole(connection, wanted)


def _whole(connection: sa.Connection, wanted: sa.Select[tuple[object, ...]]) -> Sequence[Request]:
    rows = connection.execute(wanted).mappings().all()
    steps = defaultdict[int, list[RequestStep]](list)
    for some in in_chunks([row["id"] for row in rows]):
        of_them = sa.select(request_steps).where(request_steps.c.request_id.in_(some)).order_by(request_steps.c.id)
        for row in connection.execute(of_them).mappings():
            steps[row["request_id"]].append(_step(row))
    return [_request(row, tuple(steps[row["id"]])) for row in rows]


def _step(row: sa.RowMapping) -> RequestStep:
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return RequestStep(step=row["step"], outcome=outcome, reason=row["reason"], by=row["by"], at=row["at"])


def _request(row: sa.RowMapping, steps: tuple[RequestStep, ...]) -> Request:
    told = {name: row[name] for name in ("id", "way", "received_on", "reference", "opened_by", "opened_at")}
    return Request(right=Right(row["right"]), number=Number(row["number"], row["number_e164"]), steps=steps, **told)
