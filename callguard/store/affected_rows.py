"""Who and what an incident concerns, counted from the data: people, calls, recordings and messages (S14, C13).

People are told apart by their numbers: those on the outside of the calls, those who redirected them, and both ends of the messages. One who
redirected under two spellings counts twice, as the number that is told must not be too low. Withheld callers cannot be told apart; their
calls are counted, as people who are not known. A recording that was deleted before the incident began is not concerned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.state import NOBODY, Number
from callguard.rights.incident_terms import Category
from callguard.store.rights_tables import redirections
from callguard.store.tables import calls, messages, parties, recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """What an incident concerns: what meets all that is asked, and any of several numbers, calls or recordings. Times are aware."""

    since: datetime | None = None
    until: datetime | None = None
    queue: str | None = None
    numbers: Sequence[Number] = ()
    calls: Sequence[str] = ()
    recordings: Sequence[str] = ()

    @property
    def categories(self) -> frozenset[Category]:
        """What can be concerned: of files only the sound, of calls no messages."""
        if self.recordings:
            return frozenset({Category.RECORDINGS})
        return frozenset(Category) - ({Category.MESSAGES} if self.calls or self.queue else set())


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """How many there are; ``unknown_people`` are calls of people who withheld their number."""

    people: int
    unknown_people: int
    calls: int
    recordings: int
    messages: int


def count_affected(connection: sa.Connection, concerned: Concerned, happened_from: datetime) -> Affected:
    """Count, by the database: a million calls are no million rows here."""
    found, texts = _calls(concerned), _messages(concerned)
    theirs = sa.select(found.subquery().c.id)
    outside = sa.and_(parties.c.call_id.in_(theirs), parties.c.outside)
    named = sa.func.coalesce(parties.c.number_e164, parties.c.number)
    people = sa.union(
        sa.select(named.label("number")).where(outside, parties.c.number != NOBODY.raw),
        sa.select(redirections.c.number).where(redirections.c.call_id.in_(theirs)),
        *(sa.select(one).where(texts) for one in _ends()),
    )
    kept = sa.or_(recordings.c.deleted_at.is_(None), recordings.c.deleted_at >= happened_from)
    which = recordings.c.id.in_(concerned.recordings) if concerned.recordings else sa.true()
    categories = concerned.categories
    return Affected(
        people=_count(connection, people),
        unknown_people=_count(connection, sa.select(parties.c.call_id).where(outside, parties.c.number == NOBODY.raw)),
        calls=_count(connection, found) if Category.CALLS in categories else 0,
        recordings=_count(connection, sa.select(recordings.c.id).where(recordings.c.call_id.in_(theirs), kept, which)),
        messages=_count(connection, sa.select(messages.c.id).where(texts)),
    )


def _calls(concerned: Concerned) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    met: list[sa.ColumnElement[bool]] = []
    if concerned.since is not None:
        met.append(sa.func.coalesce(calls.c.ended_at, calls.c.started_at, type_=calls.c.started_at.type) >= concerned.since)
    if concerned.until is not None:
        met.append(calls.c.started_at < concerned.until)
    if concerned.queue is not None:
        met.append(calls.c.queue == concerned.queue)
    if concerned.calls:
        met.append(calls.c.id.in_(concerned.calls))
    if concerned.recordings:
        met.append(calls.c.id.in_(sa.select(recordings.c.call_id).where(recordings.c.id.in_(concerned.recordings))))
    wanted = sa.select(calls.c.id).where(*met)
    return sa.union(*_sides(wanted, concerned.numbers)) if concerned.numbers else wanted


def _messages(concerned: Concerned) -> sa.ColumnElement[bool]:
    if Category.MESSAGES not in concerned.categories:
        return sa.false()
    met: list[sa.ColumnElement[bool]] = []
    if concerned.since is not None:
        met.append(messages.c.at >= concerned.since)
    if concerned.until is not None:
        met.append(messages.c.at < concerned.until)
    if concerned.numbers:
        ends = ((messages.c.sender, messages.c.sender_e164), (messages.c.recipient, messages.c.recipient_e164))
        met.append(sa.or_(*(_is_among(concerned.numbers, *end) for end in ends)))
    return sa.and_(sa.true(), *met)


def _sides(wanted: sa.Select[Any], numbers: Sequence[Number]) -> Sequence[sa.Select[Any]]:
    """As :func:`callguard.store.search.sides_of`, of all numbers at once: a statement has no room for a side of each."""
    on_a_leg = wanted.join(parties, parties.c.call_id == calls.c.id)
    return (
        wanted.where(_is_among(numbers, calls.c.caller, calls.c.caller_e164)),
        wanted.where(_is_among(numbers, calls.c.callee, calls.c.callee_e164)),
        on_a_leg.where(_is_among(numbers, parties.c.number, parties.c.number_e164)).distinct(),
    )


def _is_among(numbers: Sequence[Number], raw: sa.Column[str], e164: sa.Column[str]) -> sa.ColumnElement[bool]:
    """By E.164, or as it was shown where the stored one has none."""
    shown = [one.raw for one in numbers if one.e164 is None]
    return sa.or_(e164.in_([one.e164 for one in numbers if one.e164]), sa.and_(raw.in_(shown), e164.is_(None)))


def _ends() -> Sequence[sa.ColumnElement[str]]:
    return (
        sa.func.coalesce(messages.c.sender_e164, messages.c.sender),
        sa.func.coalesce(messages.c.recipient_e164, messages.c.recipient),
    )


def _count(connection: sa.Connection, wanted: sa.Select[Any] | sa.CompoundSelect[Any]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(wanted.subquery())).scalar_one()
