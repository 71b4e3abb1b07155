"""Contract ends by number, and what an import of them does to records that are dated already (C6a)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from callguard.call.state import Direction
from callguard.store.loading import in_chunks
from callguard.store.tables import calls, contracts, messages, parties


@dataclass(frozen=True, slots=True)
class Imported:
    """How many numbers are new, have another end than before, and are as they were; and how many records will be dated anew."""

    new: int
    changed: int
    unchanged: int
    records: int


@dataclass(frozen=True, slots=True)
class Unending:
    """Records of a number that are kept because no end of a contract is known: how many, from when, and by which rule."""

    number: str
    records: int
    since: datetime
    rule: str


def import_contracts(connection: sa.Connection, ends: Mapping[str, date | None], at: datetime) -> Imported:
    """Take the ends over and have the records of all numbers dated anew whose end is new or another; others stay as they are."""
    known: dict[str, date | None] = {}
    for some in in_chunks(list(ends)):
        rows = connection.execute(sa.select(contracts.c.number, contracts.c.ended_on).where(contracts.c.number.in_(some)))
        known |= {row.number: row.ended_on for row in rows}
    new = [number for number in ends if number not in known]
    changed = [number for number, end in ends.items() if number in known and known[number] != end]
    for some in in_chunks(changed):
        connection.execute(sa.delete(contracts).where(contracts.c.number.in_(some)))
    for some in in_chunks([*new, *changed]):
        connection.execute(sa.insert(contracts), [{"number": number, "ended_on": ends[number], "imported_at": at} for number in some])
    records = sum(_undate(connection, some) for some in in_chunks([*new, *changed]))
    return Imported(len(new), len(changed), len(ends) - len(new) - len(changed), records)


def unending(connection: sa.Connection) -> Iterator[Unending]:
    """What is kept without a known end, by the number of the outside person; read as it is asked for."""
    caller, callee = (sa.func.coalesce(calls.c[f"{side}_e164"], calls.c[side]) for side in ("caller", "callee"))
    outside = sa.case((calls.c.direction == Direction.OUTBOUND.value, callee), else_=caller).label("number")
    sender, recipient = (sa.func.coalesce(messages.c[f"{side}_e164"], messages.c[side]) for side in ("sender", "recipient"))
    theirs = sa.case((messages.c.direction == Direction.OUTBOUND.value, recipient), else_=sender).label("number")
    sides = [
        sa.select(outside, calls.c.started_at, calls.c.kept_rule).where(calls.c.kept_until.is_(None), calls.c.kept_rule.is_not(None)),
        sa.select(theirs, messages.c.at, messages.c.kept_rule).where(messages.c.kept_until.is_(None), messages.c.kept_rule.is_not(None)),
    ]
    kept = sa.union_all(*sides).subquery()
    first = sa.func.min(kept.c.started_at, type_=calls.c.started_at.type)
    by_number = sa.select(kept.c.number, sa.func.count(), first, kept.c.kept_rule).group_by(kept.c.number, kept.c.kept_rule)
    rows = connection.execute(by_number.order_by(kept.c.number, kept.c.kept_rule), execution_options={"yield_per": 1000})
    return (Unending(*row) for row in rows)


def _undate(connection: sa.Connection, numbers: Sequence[str]) -> int:
    """Two statements for calls: by their own indices and by that of the parties; none reads a table from end to end."""
    in_party = sa.select(parties.c.call_id).where(parties.c.number_e164.in_(numbers))
    asked = (
        (calls, calls.c.caller_e164.in_(numbers)),
        (calls, calls.c.callee_e164.in_(numbers)),
        (calls, calls.c.id.in_(in_party)),
        (messages, messages.c.sender_e164.in_(numbers)),
        (messages, messages.c.recipient_e164.in_(numbers)),
    )
    dated = [sa.update(table).where(theirs, table.c.kept_rule.is_not(None)) for table, theirs in asked]
    return sum(connection.execute(one.values(kept_until=None, kept_rule=None)).rowcount for one in dated)
