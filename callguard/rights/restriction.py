"""Restricting what is kept of a person, and lifting that again (S15, GDPR art. 18).

What is restricted is kept: not played, not exported, not released, not swept. It is what there is when the restriction is placed, as the
person contests that; what comes later is another matter, for which there are objection and withdrawal. A call of two people is restricted
while either of them asks for it. Neither needs a second person: nothing is lost by the one, and the other must be told to the person before
(art. 18 (3)), which the reference stands for.

It is done in pages, each a transaction, and then entered; cut off before that, it is done once more from the beginning, and comes to the
same.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from callguard import numbers
from callguard.errors import CallguardError
from callguard.rights.acts import Ask, enter_act
from callguard.rights.person import Person
from callguard.store.act_rows import LIFT, RESTRICT, Act, flag_calls, flag_messages, restrictions
from callguard.store.database import Database
from callguard.store.person_rows import Place, call_page, calls_among, message_page, messages_among

_Page = Callable[[sa.Connection, Person, Place | None], Sequence[Place]]
_Among = Callable[[sa.Connection, Person, Sequence[Any]], AbstractSet[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """How much is restricted, or let go."""

    calls: int
    recordings: int
    messages: int


def restrict(database: Database, person: Person, ask: Ask) -> Restricted:
    """Restrict all that is kept of a person. Raises :class:`CallguardError` when it is restricted already, :class:`UsageError`."""
    meant = ask.checked()
    if _in_force(database, person):
        raise CallguardError("is restricted already", place="NUMBER", remedy="callguard person find NUMBER tells since when and why")
    done = _flag(database, person)
    return _enter(database, RESTRICT, person, meant, done)


def lift(database: Database, person: Person, ask: Ask) -> Restricted:
    """Let go what was restricted for that person, but for what another one has restricted. Raises :class:`CallguardError`."""
    meant = ask.checked()
    if not _in_force(database, person):
        raise CallguardError("is not restricted", place="NUMBER", remedy="callguard person find NUMBER tells what was done for them")
    done = _let_go(database, person)
    return _enter(database, LIFT, person, meant, done)


def _in_force(database: Database, person: Person) -> bool:
    with database.read() as connection:
        return any(_who(one) == person.shown for one in restrictions(connection))


def _who(one: Act) -> str:
    return one.number_e164 or one.number


def _flag(database: Database, person: Person) -> Restricted:
    found = recorded = texts = 0
    for page in _pages(database, person, call_page):
        with database.write() as connection:
            recorded += flag_calls(connection, [one.id for one in page], restricted=True)
        found += len(page)
    for page in _pages(database, person, message_page):
        with database.write() as connection:
            flag_messages(connection, [one.id for one in page], restricted=True)
        texts += len(page)
    return Restricted(calls=found, recordings=recorded, messages=texts)


def _let_go(database: Database, person: Person) -> Restricted:
    found = recorded = texts = 0
    for page in _pages(database, person, call_page):
        with database.write() as connection:
            free = _free(connection, person, page, calls_among)
            recorded += flag_calls(connection, free, restricted=False)
        found += len(free)
    for page in _pages(database, person, message_page):
        with database.write() as connection:
            free = _free(connection, person, page, messages_among)
            flag_messages(connection, free, restricted=False)
        texts += len(free)
    return Restricted(calls=found, recordings=recorded, messages=texts)


def _free(connection: sa.Connection, person: Person, page: Sequence[Place], among: _Among) -> list[Any]:
    """Those of the page that nobody else has restricted."""
    bound: set[Any] = set()
    for other in (one for one in restrictions(connection) if _who(one) != person.shown):
        there = [place.id for place in page if place.at <= other.at]
        bound |= among(connection, Person(numbers.parse(_who(other), person.region), person.region), there)
    return [place.id for place in page if place.id not in bound]


def _pages(database: Database, person: Person, read: _Page) -> Iterator[Sequence[Place]]:
    last: Place | None = None
    while True:
        with database.read() as connection:
            page = read(connection, person, last)
        if not page:
            return
        yield page
        last = page[-1]


def _enter(database: Database, act: str, person: Person, ask: Ask, done: Restricted) -> Restricted:
    told = {"calls": done.calls, "recordings": done.recordings, "messages": done.messages}
    with database.write() as connection:
        enter_act(connection, act, person, ask, told)
    return done
