"""The do-not-record register as rows: who is listed, what changed since, and what the ledger takes its digests of (S4).

Changes are numbered under a lock (:func:`shut`; SQLite has one writing transaction at a time), so that a later number is never committed
before an earlier one, and who has seen all up to one has missed none. To ask for the latest is one look at the end of an index.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from callguard.evidence.optout_entries import optout
from callguard.rights.wishes import Wish
from callguard.store.ledger_rows import append
from callguard.store.loading import in_chunks
from callguard.store.optout_tables import optouts
from callguard.store.straight import fetch_one
from callguard.store.types import to_millis

_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Optout:
    """An entry, and by whom, when and why it was removed; ``None`` while it is in force. ``number`` is E.164, or as it is shown."""

    id: int
    number: str
    written: str
    way: str
    wished_on: date
    reference: str
    entered_by: str
    entered_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    removal_reason: str | None


_COLUMNS = tuple(optouts.c[name] for name in Optout.__slots__)


def shut(connection: sa.Connection) -> None:
    """Nobody else changes the register before this transaction ends; one that is at it is waited for."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE optouts IN SHARE ROW EXCLUSIVE MODE")


def last_change(connection: sa.Connection) -> int:
    """The number of the latest change, 0 before any; by the driver's own hand, since the daemon asks twice a second."""
    found = fetch_one(connection, "SELECT max(change) FROM optouts")
    return (found[0] if found else None) or 0


def changes_since(connection: sa.Connection, change: int) -> Iterator[tuple[int, str, bool]]:
    """What changed behind that change, in order: its number, whose entry it was, and whether that one is listed since."""
    listed = optouts.c.removed_at.is_(None)
    wanted = sa.select(optouts.c.change, optouts.c.number, listed).where(optouts.c.change > change).order_by(optouts.c.change)
    rows = connection.execute(wanted, execution_options={"yield_per": _PAGE})
    return ((row[0], row[1], bool(row[2])) for row in rows)


def find_listed(connection: sa.Connection, numbers: Sequence[str]) -> Mapping[str, Optout]:
    """The entries in force of these numbers."""
    found: dict[str, Optout] = {}
    for some in in_chunks(numbers):
        wanted = sa.select(*_COLUMNS).where(optouts.c.number.in_(some), optouts.c.removed_at.is_(None))
        found |= {row["number"]: Optout(**row) for row in connection.execute(wanted).mappings()}
    return found


def list_optouts(connection: sa.Connection, *, number: str | None = None, removed: bool = False) -> list[Optout]:
    """The entries in force, the latest first, and those that were ``removed`` among them if wanted; only of that number if there is one."""
    wanted = sa.select(*_COLUMNS).order_by(optouts.c.id.desc())
    if number is not None:
        wanted = wanted.where(optouts.c.number == number)
    if not removed:
        wanted = wanted.where(optouts.c.removed_at.is_(None))
    return [Optout(**row) for row in connection.execute(wanted).mappings()]


def add_optouts(connection: sa.Connection, wishes: Sequence[Wish], by: str, at: datetime) -> list[Optout]:
    """Enter wishes of people who are not listed, each with its entry in the ledger; the table must be shut."""
    before = last_change(connection)
    rows = [_row(wish, by, at) | {"change": before + place} for place, wish in enumerate(wishes, 1)]
    for some in in_chunks(rows):
        connection.execute(sa.insert(optouts), some)
    added = sa.select(optouts).where(optouts.c.change > before).order_by(optouts.c.change)
    entered = connection.execute(added).mappings().all()
    append(connection, [optout("optout", row["id"], _as_held(row)) for row in entered])
    return [_optout(row) for row in entered]


def remove_optout(connection: sa.Connection, identifier: int, by: str, reason: str, at: datetime) -> Optout:
    """Note who removed the entry, when and why, in the row and in the ledger; the table must be shut."""
    removed = {"removed_by": by, "removed_at": at, "removal_reason": reason, "change": last_change(connection) + 1}
    connection.execute(sa.update(optouts).where(optouts.c.id == identifier).values(removed))
    row = connection.execute(sa.select(optouts).where(optouts.c.id == identifier)).mappings().one()
    append(connection, [optout("optout-removal", identifier, _as_held(row))])
    return _optout(row)


def _row(wish: Wish, by: str, at: datetime) -> dict[str, Any]:
    return {
        "number": wish.number.e164 or wish.number.raw,
        "written": wish.number.raw,
        "way": wish.way.value,
        "wished_on": wish.wished_on,
        "reference": wish.reference,
        "entered_by": by,
        "entered_at": at,
        "salt": secrets.token_hex(16),
    }


def _optout(row: sa.RowMapping) -> Optout:
    return Optout(**{name: row[name] for name in Optout.__slots__})


def _as_held(row: sa.RowMapping) -> Mapping[str, Any]:
    """As the ledger takes its digest: times in milliseconds, the day as it is written."""
    held = {name: to_millis(value) if isinstance(value, datetime) else value for name, value in row.items()}
    return held | {"wished_on": row["wished_on"].isoformat()}
