"""Setting right a number that was kept wrongly (S15, C9; GDPR art. 16): what was told of one person was another one's.

The right number takes the place of the wrong one in calls, on their legs, among the numbers that redirected them, in messages, and in the
evidence of decisions. The wrong one is nowhere kept: the act holds a hash of it with random bytes of its own, by which somebody who has the
wrong number can be shown that it is what was there. What a hold keeps is not changed: it is evidence as it is.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.errors import GuardRefusal, UsageError
from callguard.retention.holds import holding
from callguard.retention.terms import Kind
from callguard.rights.acts import Ask, enter_act
from callguard.rights.person import Person
from callguard.store.database import Database
from callguard.store.hold_rows import holds_in_force, matters, shut
from callguard.store.loading import in_chunks
from callguard.store.person_rows import call_page, message_page, open_call_of, spellings
from callguard.store.record_rows import read_records
from callguard.store.rectified_rows import rectify_call, rectify_message

RECTIFY = "rectify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectified:
    """How much was set right, and what stays as it is under a hold."""

    calls: int
    messages: int
    held: int


def rectify(database: Database, wrong: Person, right: Person, ask: Ask, call: str | None = None) -> Rectified:
    """Set the number right in one call, or in all that is kept. One transaction.

    Raises :class:`UsageError` when the two are one, :class:`GuardRefusal` while the person is in a call.
    """
    meant = ask.checked()
    if wrong.shown == right.shown:
        raise UsageError("is the number that is kept", place="--to", remedy="write the right one")
    with database.write() as connection:
        _require_no_call(connection, wrong)
        shut(connection)
        wanted = _calls(connection, wrong) if call is None else _the_call(connection, wrong, call)
        free = _free(connection, wanted)
        alike = spellings(connection, wrong)
        for one in free:
            rectify_call(connection, one, wrong.number, right.number, alike)
        texts = [] if call is not None else _messages(connection, wrong)
        loose = _free_messages(connection, texts)
        for text in loose:
            rectify_message(connection, text, wrong.number, right.number)
        done = Rectified(calls=len(free), messages=len(loose), held=len(wanted) - len(free) + len(texts) - len(loose))
        enter_act(connection, RECTIFY, right, meant, {"calls": done.calls, "messages": done.messages, "instead of": _hashed(wrong.number)})
    return done


def _hashed(number: Number) -> str:
    """With random bytes before it, since the ten digits of a number are soon found by trying."""
    salt = secrets.token_hex(16)
    return f"sha256 of {salt}NUMBER {sha256(f'{salt}{number.e164 or number.raw}'.encode()).hexdigest()}"


def _calls(connection: sa.Connection, person: Person) -> Sequence[str]:
    found: list[str] = []
    page = call_page(connection, person, None)
    while page:
        found.extend(one.id for one in page)
        page = call_page(connection, person, page[-1])
    return found


def _messages(connection: sa.Connection, person: Person) -> Sequence[int]:
    found: list[int] = []
    page = message_page(connection, person, None)
    while page:
        found.extend(one.id for one in page)
        page = message_page(connection, person, page[-1])
    return found


def _the_call(connection: sa.Connection, person: Person, call: str) -> Sequence[str]:
    if call not in _calls(connection, person):
        raise UsageError("is no call of this number", place=call, remedy="callguard person find NUMBER tells which are")
    return [call]


def _free(connection: sa.Connection, wanted: Sequence[str]) -> Sequence[str]:
    holds = holds_in_force(connection)
    if not holds:
        return wanted
    about = matters(connection, wanted)
    return [one for one in wanted if not holding(holds, about[one])]


def _free_messages(connection: sa.Connection, wanted: Sequence[int]) -> Sequence[int]:
    holds = holds_in_force(connection)
    if not holds:
        return wanted
    read = (one for some in in_chunks(wanted) for one in read_records(connection, Kind.SMS, [str(text) for text in some]))
    return [int(one.id) for one in read if not holding(holds, one.matter)]


def _require_no_call(connection: sa.Connection, person: Person) -> None:
    goes_on = open_call_of(connection, person)
    if goes_on is not None:
        raise GuardRefusal("the person is in a call that goes on", place=f"call {goes_on}", remedy="set it right when the call is over")
