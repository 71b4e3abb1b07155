"""Acts for people read back, and the flags of what is restricted.

A restriction is on what there was of a person when it was placed: their calls with what belongs to them, and their messages. It is in force
until it is lifted; whoever is on the same call may have one of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.store.loading import in_chunks
from callguard.store.register_tables import acts
from callguard.store.tables import calls, messages, recordings

RESTRICT, LIFT = "restrict", "lift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act, as it was entered."""

    id: int
    act: str
    number: str
    number_e164: str | None
    reason: str
    reference: str
    told: str
    by: str
    at: datetime


_COLUMNS = tuple(acts.c[name] for name in Act.__slots__)


def acts_of(connection: sa.Connection, number: Number) -> Sequence[Act]:
    """What was done for that number, the latest first."""
    same = acts.c.number_e164 == number.e164 if number.e164 else sa.and_(acts.c.number == number.raw, acts.c.number_e164.is_(None))
    rows = connection.execute(sa.select(*_COLUMNS).where(same).order_by(acts.c.id.desc())).mappings()
    return [Act(**row) for row in rows]


def restrictions(connection: sa.Connection) -> Sequence[Act]:
    """The restrictions in force, one for each person."""
    placed: dict[str, Act] = {}
    wanted = sa.select(*_COLUMNS).where(acts.c.act.in_([RESTRICT, LIFT])).order_by(acts.c.id)
    for row in connection.execute(wanted).mappings():
        found = Act(**row)
        who = found.number_e164 or found.number
        if found.act == RESTRICT:
            placed[who] = found
        else:
            placed.pop(who, None)
    return list(placed.values())


def is_restricted(connection: sa.Connection, call: str) -> bool:
    """Whether the call is, which nobody changes before this transaction ends."""
    return bool(connection.scalar(sa.select(calls.c.restricted).where(calls.c.id == call).with_for_update()))


def flag_calls(connection: sa.Connection, call_ids: Sequence[str], *, restricted: bool) -> int:
    """Restrict these calls and their recordings, or let them go; how many recordings that are not deleted."""
    flagged = 0
    for some in in_chunks(call_ids):
        connection.execute(sa.update(calls).where(calls.c.id.in_(some)).values(restricted=restricted))
        theirs = sa.update(recordings).where(recordings.c.call_id.in_(some), recordings.c.deleted_at.is_(None))
        flagged += connection.execute(theirs.values(restricted=restricted)).rowcount
    return flagged


def flag_messages(connection: sa.Connection, ids: Sequence[int], *, restricted: bool) -> None:
    """Restrict these messages, or let them go."""
    for some in in_chunks(ids):
        connection.execute(sa.update(messages).where(messages.c.id.in_(some)).values(restricted=restricted))
