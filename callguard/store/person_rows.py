"""What is kept of one person, by ids and in pages: a person may have a hundred thousand calls.

A call is the person's when they called, were called, were on one of its legs or redirected it. Pages are in order of time and each begins
behind a place, so that who works through them may do so in many transactions, and go on where it was cut off; the sides that have an
index by time are read no further than the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from callguard.rights.person import Person
from callguard.store.redirection_rows import ending
from callguard.store.rights_tables import redirections
from callguard.store.search import is_number, names_in_message, sides_of
from callguard.store.tables import announcements, calls, consents, messages, parties, recordings

PAGE = 1000


class Place(NamedTuple):
    """Where a call or message stands in order of time; ``id`` is that of the row."""

    at: datetime
    id: Any


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the person, in a call of theirs: by what it was expressed, what they had heard, when, and on what ground."""

    call: str
    leg: str
    decision: str
    how: str
    key: str | None
    announcement: str | None
    heard_ms: int
    complete: bool
    legal_basis: str
    purposes: tuple[str, ...]
    decided_at: datetime


_DECIDED = (
    consents.c.call_id.label("call"),
    *(consents.c[name] for name in Decided.__slots__ if name != "call"),
)


def call_page(connection: sa.Connection, person: Person, after: Place | None, limit: int = PAGE) -> Sequence[Place]:
    """The next calls in order of time, each once; none: that was all."""
    placed = sa.select(calls.c.id, calls.c.started_at)
    return _page(connection, _sides(connection, placed, person), calls.c.started_at, calls.c.id, after, limit)


def latest_calls(connection: sa.Connection, person: Person, limit: int) -> Sequence[str]:
    """The ids of the latest calls, latest first."""
    sides = _sides(connection, sa.select(calls.c.id, calls.c.started_at), person)
    latest = [sa.select(side.order_by(calls.c.started_at.desc()).limit(limit).subquery()) for side in sides]
    found = sa.union(*latest).subquery()
    return connection.scalars(sa.select(found.c.id).order_by(found.c.started_at.desc(), found.c.id).limit(limit)).all()


def message_page(connection: sa.Connection, person: Person, after: Place | None, limit: int = PAGE) -> Sequence[Place]:
    """The next messages from or to the person, in order of time; none: that was all."""
    wanted = sa.select(messages.c.id, messages.c.at).where(names_in_message(person.number))
    return _page(connection, [wanted], messages.c.at, messages.c.id, after, limit)


def open_call_of(connection: sa.Connection, person: Person) -> str | None:
    """A call of the person's that goes on."""
    wanted = sa.select(calls.c.id).where(calls.c.ended_at.is_(None))
    return connection.scalar(sa.union(*_sides(connection, wanted, person)).limit(1))


def calls_among(connection: sa.Connection, person: Person, call_ids: Sequence[str]) -> frozenset[str]:
    """Which of these calls, at most a page, are the person's."""
    wanted = sa.select(calls.c.id).where(calls.c.id.in_(call_ids))
    return frozenset(connection.scalars(sa.union(*_sides(connection, wanted, person))))


def messages_among(connection: sa.Connection, person: Person, ids: Sequence[int]) -> frozenset[int]:
    """Which of these messages, at most a page, are the person's."""
    return frozenset(connection.scalars(sa.select(messages.c.id).where(messages.c.id.in_(ids), names_in_message(person.number))))


def recordings_of(connection: sa.Connection, call_ids: Sequence[str]) -> Sequence[str]:
    """The recordings of these calls, deleted ones included, at most a page of calls."""
    return connection.scalars(sa.select(recordings.c.id).where(recordings.c.call_id.in_(call_ids)).order_by(recordings.c.id)).all()


def latest_decisions(connection: sa.Connection, person: Person, limit: int) -> list[Decided]:
    """What the person decided, the latest first."""
    return _decided(connection, _own(person).order_by(consents.c.decided_at.desc(), consents.c.id.desc()).limit(limit))


def decisions_in(connection: sa.Connection, person: Person, call_ids: Sequence[str]) -> list[Decided]:
    """What the person decided in these calls, in order of time."""
    return _decided(connection, _own(person).where(consents.c.call_id.in_(call_ids)).order_by(consents.c.decided_at, consents.c.id))


def announcements_heard(connection: sa.Connection, person: Person) -> Sequence[sa.RowMapping]:
    """Version, name, language and words of every announcement that led to a decision of theirs (S12)."""
    heard = _own(person).with_only_columns(consents.c.announcement)
    named = (announcements.c[name] for name in ("version", "name", "language", "text", "first_seen"))
    wanted = sa.select(*named).where(announcements.c.version.in_(heard)).order_by(announcements.c.first_seen, announcements.c.version)
    return connection.execute(wanted).mappings().all()


def counts(connection: sa.Connection, person: Person) -> dict[str, int]:
    """How many calls, recordings that are not deleted, decisions and messages there are."""
    theirs = sa.union(*_sides(connection, sa.select(calls.c.id), person)).subquery()
    kept = sa.select(recordings.c.id).where(recordings.c.call_id.in_(sa.select(theirs.c.id)), recordings.c.deleted_at.is_(None))
    counted = {
        "calls": sa.select(theirs.c.id),
        "recordings": kept,
        "consents": _own(person).with_only_columns(consents.c.id),
        "messages": sa.select(messages.c.id).where(names_in_message(person.number)),
    }
    every = {name: sa.select(sa.func.count()).select_from(wanted.subquery()) for name, wanted in counted.items()}
    return {name: connection.execute(wanted).scalar_one() for name, wanted in every.items()}


def _sides(connection: sa.Connection, wanted: sa.Select[Any], person: Person) -> list[sa.Select[Any]]:
    sides = sides_of(wanted, person.number)
    spelled = spellings(connection, person)
    if spelled:
        redirected = wanted.join(redirections, redirections.c.call_id == calls.c.id)
        named = (redirections.c.ending == ending(person.shown), redirections.c.number.in_(spelled))
        sides.append(redirected.where(*named).distinct())
    return sides


def spellings(connection: sa.Connection, person: Person) -> Sequence[str]:
    """How the person's number is written among those that redirected calls; few, whatever the number of calls."""
    alike = sa.select(redirections.c.number).where(redirections.c.ending == ending(person.shown)).distinct()
    return [written for written in connection.scalars(alike) if person.meant_by(written)]


def _own(person: Person) -> sa.Select[Any]:
    by_leg = sa.and_(parties.c.call_id == consents.c.call_id, parties.c.leg == consents.c.leg)
    return sa.select(*_DECIDED).join(parties, by_leg).where(_is_party(person))


def _decided(connection: sa.Connection, wanted: sa.Select[Any]) -> list[Decided]:
    return [Decided(**{**row, "purposes": tuple(row["purposes"])}) for row in connection.execute(wanted).mappings()]


def _is_party(person: Person) -> sa.ColumnElement[bool]:
    return is_number(person.number, parties.c.number, parties.c.number_e164)


def _page(
    connection: sa.Connection,
    sides: Sequence[sa.Select[Any]],
    at: sa.Column[datetime],
    key: sa.Column[Any],
    after: Place | None,
    limit: int,
) -> Sequence[Place]:
    if after is not None:
        sides = [side.where(at >= after.at, sa.tuple_(at, key) > tuple(after)) for side in sides]
    bounded = [sa.select(side.order_by(at, key).limit(limit).subquery()) for side in sides]
    found = sa.union(*bounded).subquery()
    rows = connection.execute(sa.select(found.c[at.name], found.c[key.name]).order_by(found.c[at.name], found.c[key.name]).limit(limit))
    return [Place(*row) for row in rows]
