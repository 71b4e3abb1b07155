"""What is due, by when, and to whom it matters: requests that wait for an answer, and incidents that somebody must be told of.

One question for `callguard status`, its metrics and the warning mails, so that all three say the same. A request is told from a week before
its day on, an incident from its discovery on. No number and no name is in it: who may, looks them up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from callguard.rights.terms import WARNED_BEFORE
from callguard.store.incident_rows import list_incidents
from callguard.store.request_rows import Request, list_requests


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """One thing that is due: ``due_at`` is the last moment at which it is in time, ``what`` says it as in ``request 12``."""

    due_at: datetime
    what: str
    todo: str

    def late(self, now: datetime) -> bool:
        """Whether it is over."""
        return now > self.due_at

    def words(self, now: datetime) -> str:
        """As a line of `callguard status`, or of a mail."""
        return f"{self.what}: {self.todo} {'was due' if self.late(now) else 'is due'} by {self.due_at:%Y-%m-%d %H:%M}Z"


def deadlines(connection: sa.Connection, zone: ZoneInfo, now: datetime) -> Sequence[Deadline]:
    """All that is late or near, the earliest first; ``zone`` is that of the office, where a day ends."""
    return sorted((*_requests(connection, zone, now), *_incidents(connection)))


def _requests(connection: sa.Connection, zone: ZoneInfo, now: datetime) -> Iterator[Deadline]:
    for one in list_requests(connection, open_only=True):
        due_at = _end_of_day(one, zone)
        if due_at - now <= WARNED_BEFORE:
            yield Deadline(due_at, f"request {one.id}", "the answer")


def _end_of_day(one: Request, zone: ZoneInfo) -> datetime:
    return datetime.combine(one.due_on + timedelta(days=1), time(), zone).astimezone(UTC)


def _incidents(connection: sa.Connection) -> Iterator[Deadline]:
    for one in list_incidents(connection):
        for recipient, due_at in one.clocks:
            yield Deadline(due_at, f"incident {one.id}", f"telling the {recipient}")
