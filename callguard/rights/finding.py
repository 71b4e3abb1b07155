"""All that is kept of a person, at a glance: how much of everything, and the latest of each (S15, GDPR art. 15).

What is kept in registers of its own (holds, and whatever else names a person by number) is a *section*: a name, and the rows that concern
the person. A new register adds its section to :data:`SECTIONS`, and is then found, shown and exported with the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

import sqlalchemy as sa

from callguard.retention.holds import Scope, holding
from callguard.rights.person import Person
from callguard.rights.remains import quarantined_of, seen_of
from callguard.store.act_rows import acts_of
from callguard.store.copy_rows import Copy, copied_calls_of, list_copies
from callguard.store.hold_rows import ListedHold, list_holds, matters
from callguard.store.listing import ListedCall, ListedMessage, list_messages, shape_calls
from callguard.store.optout_rows import Optout, list_optouts
from callguard.store.person_rows import Decided, counts, latest_calls, latest_decisions
from callguard.store.register_tables import exports
from callguard.store.request_rows import Request, list_requests
from callguard.store.search import is_number

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Section:
    """A register that may name a person: ``rows`` gives what concerns them, the latest first, given the calls that are shown as well.

    ``given`` are the members of these rows that the person is given with an export: none of a register that would tell of an investigation.
    """

    name: str
    rows: Callable[[sa.Connection, Person, Sequence[str]], Sequence[Row]]
    given: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept: ``counts`` of all of it, and the latest calls, decisions and messages; registers whole, by name."""

    person: Person
    counts: Mapping[str, int]
    calls: Sequence[ListedCall]
    consents: Sequence[Decided]
    messages: Sequence[ListedMessage]
    registers: Mapping[str, Sequence[Row]]


def find(connection: sa.Connection, person: Person, limit: int) -> Found:
    """Everything about one person; of calls, decisions and messages no more than ``limit``."""
    ids = latest_calls(connection, person, limit)
    return Found(
        person=person,
        counts=counts(connection, person),
        calls=shape_calls(connection, ids),
        consents=latest_decisions(connection, person, limit),
        messages=list_messages(connection, number=person.number, limit=limit),
        registers={section.name: section.rows(connection, person, ids) for section in SECTIONS},
    )


def _holds(connection: sa.Connection, person: Person, ids: Sequence[str]) -> Sequence[Row]:
    """Those that name the person, released ones as well, and those in force that catch one of the calls."""
    every = list_holds(connection)
    in_force = [one.hold for one in every if one.released_at is None]
    about = matters(connection, ids).values() if in_force else ()
    catching = {hold.id for matter in about for hold in holding(in_force, matter)}
    return [_hold(one) for one in every if one.hold.id in catching or _names(one.hold.scope, person)]


def _names(scope: Scope, person: Person) -> bool:
    return scope.number is not None and person.meant_by(scope.number.e164 or scope.number.raw)


def _hold(one: ListedHold) -> Row:
    held = one.hold
    told = {"id": held.id, "reference": held.reference, "reason": held.reason, "placed_by": held.placed_by, "placed_at": held.placed_at}
    return told | {"released_by": one.released_by, "released_at": one.released_at}


def _optouts(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    """The entries in the do-not-record register, those that were removed as well."""
    return [_optout(one) for one in list_optouts(connection, number=person.shown, removed=True)]


def _optout(one: Optout) -> Row:
    told = {"id": one.id, "way": one.way, "wished_on": str(one.wished_on), "reference": one.reference, "entered_at": one.entered_at}
    return told | {"entered_by": one.entered_by, "removed_at": one.removed_at, "removed_by": one.removed_by}


def _requests(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    return [_request(one) for one in reversed(list_requests(connection, person.number))]


def _request(one: Request) -> Row:
    told = {"id": one.id, "kind": one.right, "received_on": str(one.received_on), "due_on": str(one.due_on), "state": one.state}
    return told | {"reference": one.reference}


def _copies(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    theirs = copied_calls_of(connection, person.number)
    return [_copy(one) for one in list_copies(connection, of_calls=theirs)] if theirs else []


def _copy(one: Copy) -> Row:
    what = {"id": one.id, "way": one.way, "recording": one.recording_id, "call": one.call_id}
    return what | {"to": one.recipient, "ground": one.ground, "at": one.at, "by": one.by}


def _exports(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    """When all of this was written out, by whom and why."""
    told = (exports.c[name] for name in ("id", "at", "by", "reason", "masked", "ground"))
    wanted = sa.select(*told).where(is_number(person.number, exports.c.number, exports.c.number_e164)).order_by(exports.c.id.desc())
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _acts(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    told = ("id", "act", "reference", "reason", "told", "by", "at")
    return [{name: getattr(one, name) for name in told} for one in acts_of(connection, person.number)]


def _quarantine(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    told = ("id", "path", "reason", "moved_at", "expires_at")
    return [{name: getattr(one, name) for name in told} for one in quarantined_of(connection, person)]


def _equipment(connection: sa.Connection, person: Person, _: Sequence[str]) -> Sequence[Row]:
    """The addresses that their accounts were used from, as far as a notice has them kept."""
    return [asdict(one) for one in seen_of(connection, person)]


SECTIONS: Sequence[Section] = (
    Section("holds", _holds),
    Section("optouts", _optouts, given=("way", "wished_on", "entered_at", "removed_at")),
    Section("requests", _requests, given=("kind", "received_on", "due_on", "state")),
    Section("acts", _acts, given=("act", "at")),
    Section("copies", _copies),
    Section("exports", _exports, given=("at", "masked")),
    Section("quarantine", _quarantine, given=("moved_at", "expires_at")),
    Section("equipment", _equipment, given=("account", "address", "user_agent", "first_seen_at", "last_seen_at")),
)
"""Every register that names people by number, in the order in which they are shown."""
