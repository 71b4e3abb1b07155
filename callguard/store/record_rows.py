"""Records of calls and messages as retention reads and dates them.

A record is *dated* when its end has been computed from the rules and the contracts that are known: ``kept_rule`` says by which,
``kept_until`` when, or nothing while no end is known. What is not dated yet, and what is due, is found by partial indices, so that a sweep
with nothing to do looks at the ends of four of them and at no row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from callguard.retention.holds import Matter
from callguard.retention.terms import Expiry, Kind, Origin
from callguard.store.loading import in_chunks
from callguard.store.tables import calls, contracts, messages, parties, policies

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A call's or a message's row as far as retention cares. ``policy`` is the name of the call's; messages have none.

    ``numbers`` are those in E.164, by which contracts go; ``written`` are a message's as they were shown.
    """

    kind: Kind
    id: str
    policy: str
    started_at: datetime
    ended_at: datetime | None
    numbers: frozenset[str]
    written: frozenset[str]
    kept_until: datetime | None
    kept_rule: str | None
    restricted: bool

    @property
    def matter(self) -> Matter:
        """What a hold may catch it by, as far as its own row says."""
        call = self.id if self.kind is Kind.CDR else None
        return Matter(call=call, numbers=self.numbers | self.written, since=self.started_at, until=self.ended_at or self.started_at)


_TABLE: Mapping[Kind, sa.Table] = {Kind.CDR: calls, Kind.SMS: messages}
_ENDED = {Kind.CDR: calls.c.ended_at.is_not(None), Kind.SMS: sa.true()}
_KEPT = ("kept_until", "kept_rule", "restricted")
_CALLS = sa.select(
    calls.c.id, calls.c.started_at, calls.c.ended_at, *(calls.c[name] for name in _KEPT), policies.c.name.label("policy"),
    calls.c.caller_e164.label("one"), calls.c.callee_e164.label("other"),
).join(policies, policies.c.version == calls.c.policy_version)  # fmt: skip
_MESSAGES = sa.select(
    messages.c.id, messages.c.at.label("started_at"), messages.c.at.label("ended_at"), *(messages.c[name] for name in _KEPT),
    sa.literal("").label("policy"), messages.c.sender, messages.c.recipient,
    messages.c.sender_e164.label("one"), messages.c.recipient_e164.label("other"),
)  # fmt: skip
_ROWS: Mapping[Kind, sa.Select[Any]] = {Kind.CDR: _CALLS, Kind.SMS: _MESSAGES}


def undated_page(connection: sa.Connection, kind: Kind, after: str | None) -> Sequence[StoredRecord]:
    """The next :data:`PAGE` that have ended and were never dated, in order of their ids; none: that was all."""
    table = _TABLE[kind]
    wanted = _ROWS[kind].where(table.c.kept_rule.is_(None), _ENDED[kind]).order_by(table.c.id).limit(PAGE)
    return _read(connection, kind, wanted if after is None else wanted.where(table.c.id > _key(kind, after)))


def dated_page(connection: sa.Connection, kind: Kind, after: str | None) -> Sequence[StoredRecord]:
    """The next :data:`PAGE` that are dated, in order of their ids; none: that was all."""
    table = _TABLE[kind]
    wanted = _ROWS[kind].where(table.c.kept_rule.is_not(None)).order_by(table.c.id).limit(PAGE)
    return _read(connection, kind, wanted if after is None else wanted.where(table.c.id > _key(kind, after)))


def count_undated(connection: sa.Connection) -> int:
    """How many calls and messages have ended and were never dated, as no sweep has seen them yet."""
    never = {kind: sa.select(sa.func.count()).where(_TABLE[kind].c.kept_rule.is_(None), _ENDED[kind]) for kind in _ENDED}
    return sum(connection.execute(count).scalar_one() for count in never.values())


def count_dated(connection: sa.Connection, kind: Kind) -> int:
    """How many are dated."""
    table = _TABLE[kind]
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(table.c.kept_rule.is_not(None))).scalar_one()


def due_record_page(connection: sa.Connection, kind: Kind, as_of: datetime, after: StoredRecord | None) -> Sequence[StoredRecord]:
    """The next :data:`PAGE`, in order of their ends, that end at ``as_of`` or before; none: that was all."""
    table = _TABLE[kind]
    wanted = _ROWS[kind].where(table.c.kept_until <= as_of).order_by(table.c.kept_until, table.c.id).limit(PAGE)
    if after is not None:
        wanted = wanted.where(sa.tuple_(table.c.kept_until, table.c.id) > (after.kept_until, _key(kind, after.id)))
    return _read(connection, kind, wanted)


def count_due_records(connection: sa.Connection, kind: Kind, as_of: datetime) -> int:
    """How many of them a sweep at ``as_of`` will look at, those that were never dated left out."""
    table = _TABLE[kind]
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(table.c.kept_until <= as_of)).scalar_one()


def read_records(connection: sa.Connection, kind: Kind, ids: Sequence[str]) -> list[StoredRecord]:
    """Those of these that there are, as they are now; at most a page."""
    return _read(connection, kind, _ROWS[kind].where(_TABLE[kind].c.id.in_([_key(kind, one) for one in ids])))


def lock_record(connection: sa.Connection, kind: Kind, identifier: str) -> StoredRecord | None:
    """The row as it is now, which nobody changes before this transaction ends."""
    table = _TABLE[kind]
    itself = table.c.id == _key(kind, identifier)
    connection.execute(sa.select(table.c.id).where(itself).with_for_update()).all()
    return next(iter(_read(connection, kind, _ROWS[kind].where(itself))), None)


def known_contracts(connection: sa.Connection, records: Sequence[StoredRecord]) -> Mapping[str, date | None]:
    """The contracts of the numbers in these records: the last day of each, ``None`` for one that goes on."""
    found: dict[str, date | None] = {}
    for some in in_chunks(sorted({number for record in records for number in record.numbers})):
        rows = connection.execute(sa.select(contracts.c.number, contracts.c.ended_on).where(contracts.c.number.in_(some)))
        found |= {row.number: row.ended_on for row in rows}
    return found


def origin(record: StoredRecord, known: Mapping[str, date | None]) -> Origin:
    """What the terms of the record begin with."""
    return Origin(record.started_at, tuple(known[number] for number in sorted(record.numbers) if number in known))


def date_records(connection: sa.Connection, kind: Kind, ends: Mapping[str, Expiry]) -> None:
    """Write down when each of these ends and by which rule."""
    table = _TABLE[kind]
    dated = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("its_id"))
        .values(kept_until=sa.bindparam("until"), kept_rule=sa.bindparam("rule"))
    )
    rows = [{"its_id": _key(kind, name), "until": end.until, "rule": end.rule} for name, end in ends.items()]
    if rows:
        connection.execute(dated, rows)


def _key(kind: Kind, identifier: str) -> str | int:
    return identifier if kind is Kind.CDR else int(identifier)


def _read(connection: sa.Connection, kind: Kind, wanted: sa.Select[Any]) -> list[StoredRecord]:
    rows = connection.execute(wanted).mappings().all()
    others = _party_numbers(connection, [row["id"] for row in rows]) if kind is Kind.CDR else {}
    return [
        StoredRecord(
            kind=kind,
            id=str(row["id"]),
            policy=row["policy"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            numbers=frozenset(filter(None, (row["one"], row["other"], *others.get(row["id"], ())))),
            written=frozenset(filter(None, (row["sender"], row["recipient"]))) if kind is Kind.SMS else frozenset(),
            kept_until=row["kept_until"],
            kept_rule=row["kept_rule"],
            restricted=row["restricted"],
        )
        for row in rows
    ]


def _party_numbers(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for some in in_chunks(ids):
        known = sa.select(parties.c.call_id, parties.c.number_e164).where(parties.c.call_id.in_(some), parties.c.number_e164.is_not(None))
        for call, number in connection.execute(known):
            found[call].add(number)
    return found
