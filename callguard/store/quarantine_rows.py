"""Files in quarantine as rows: entered before the file is moved, closed when it is gone or given back.

A row that is closed keeps when and how, and no longer where the file lay (:mod:`callguard.retention.quarantine`).
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from callguard.evidence import entries, reconcile_entries
from callguard.store.ledger_rows import append
from callguard.store.loading import in_chunks
from callguard.store.quarantine_tables import quarantine
from callguard.store.tables import calls, deletions, recordings
from callguard.store.types import to_millis

PAGE = 500


class Ending(StrEnum):
    """How it ended."""

    DELETED = "deleted"
    RELEASED = "released"
    NOT_MOVED = "not moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuarantined:
    """What is known of a file that is to be moved; ``recording_id`` only where there is or was such a recording."""

    path: str
    reason: str
    recording_id: str | None
    size: int | None
    sha256: str | None
    moved_at: datetime
    expires_at: datetime
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined(NewQuarantined):
    """A file in quarantine, under its random name."""

    id: int
    name: str


_OPEN = quarantine.c.ended_at.is_(None)
_COLUMNS = tuple(quarantine.c[name] for name in (*NewQuarantined.__slots__, *Quarantined.__slots__))


def entered_from(connection: sa.Connection, path: str) -> Sequence[Quarantined]:
    """What was entered for files of that place, moved or not, and is not over."""
    wanted = sa.select(*_COLUMNS).where(_OPEN, quarantine.c.path == path).order_by(quarantine.c.id)
    return [Quarantined(**row) for row in connection.execute(wanted).mappings()]


def enter(connection: sa.Connection, new: NewQuarantined) -> Quarantined:
    """Write it down, in the ledger too."""
    row = {name: getattr(new, name) for name in NewQuarantined.__slots__} | {"name": secrets.token_hex(16), "salt": secrets.token_hex(16)}
    (identifier,) = connection.execute(sa.insert(quarantine).returning(quarantine.c.id), row).one()
    append(connection, [reconcile_entries.quarantined(_in_millis(row | {"id": identifier}))])
    return Quarantined(**{name: row[name] for name in (*NewQuarantined.__slots__, "name")}, id=identifier)


def lock_quarantined(connection: sa.Connection, identifier: int) -> Quarantined | None:
    """What is there under that number, and nobody changes before this transaction ends."""
    wanted = sa.select(*_COLUMNS).where(_OPEN, quarantine.c.id == identifier).with_for_update()
    row = connection.execute(wanted).mappings().first()
    return None if row is None else Quarantined(**row)


def quarantined_page(connection: sa.Connection, by: datetime | None, after: Quarantined | None) -> Sequence[Quarantined]:
    """The next :data:`PAGE` that are there, in order of expiry; those only that expire ``by`` then, where it is given."""
    wanted = sa.select(*_COLUMNS).where(_OPEN).order_by(quarantine.c.expires_at, quarantine.c.id).limit(PAGE)
    if by is not None:
        wanted = wanted.where(quarantine.c.expires_at <= by)
    if after is not None:
        wanted = wanted.where(sa.tuple_(quarantine.c.expires_at, quarantine.c.id) > (after.expires_at, after.id))
    return [Quarantined(**row) for row in connection.execute(wanted).mappings()]


def all_quarantined(connection: sa.Connection) -> Iterator[Quarantined]:
    """All that is there, in order of expiry."""
    for page in pages(connection):
        yield from page


def pages(connection: sa.Connection) -> Iterator[Sequence[Quarantined]]:
    """The same, by the page."""
    page = quarantined_page(connection, None, None)
    while page:
        yield page
        page = quarantined_page(connection, None, page[-1])


def calls_behind(connection: sa.Connection, page: Iterable[Quarantined], uniques: Mapping[int, str]) -> Mapping[int, frozenset[str]]:
    """The calls that these are of: by the recording that is told of the file, and by the PBX's id of a call, which stands in its name."""
    page = list(page)
    of_recording = sa.select(recordings.c.id, recordings.c.call_id)
    of_recording = of_recording.where(recordings.c.id.in_([one.recording_id for one in page if one.recording_id]))
    by_recording = {row.id: row.call_id for row in connection.execute(of_recording)}
    by_name: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(sa.select(calls.c.linkedid, calls.c.id).where(calls.c.linkedid.in_(set(uniques.values())))):
        by_name[row.linkedid].add(row.id)
    found = {one.id: set(by_name.get(uniques.get(one.id, ""), ())) for one in page}
    for one in page:
        if one.recording_id in by_recording:
            found[one.id].add(by_recording[one.recording_id])
    return {identifier: frozenset(some) for identifier, some in found.items()}


def count_due_quarantined(connection: sa.Connection, as_of: datetime) -> int:
    """How many a sweep will look at."""
    wanted = sa.select(sa.func.count()).select_from(quarantine).where(_OPEN, quarantine.c.expires_at <= as_of)
    return connection.execute(wanted).scalar_one()


def known_names(connection: sa.Connection, names: Iterable[str]) -> frozenset[str]:
    """Which of these files in the quarantine's folder have a row that is open."""
    found: set[str] = set()
    for some in in_chunks(sorted(names)):
        found.update(connection.execute(sa.select(quarantine.c.name).where(_OPEN, quarantine.c.name.in_(some))).scalars())
    return frozenset(found)


def prove_gone(connection: sa.Connection, one: Quarantined, reason: str, file: str, at: datetime) -> None:
    """Add the proof, as of a recording's deletion, and close the row. The file must be gone before the transaction is committed."""
    proof: Mapping[str, Any] = {
        "recording_id": f"quarantine-{one.name}",
        "reason": reason,
        "rule": one.rule,
        "expires_at": one.expires_at,
        "deleted_at": at,
        "sha256": one.sha256,
        "size": one.size,
        "file": file,
    }
    connection.execute(sa.insert(deletions), proof)
    _close(connection, one, {"ending": Ending.DELETED.value, "ended_at": at})
    append(connection, [entries.deletion(_in_millis(proof))])


def give_up(connection: sa.Connection, one: Quarantined, at: datetime) -> None:
    """It was not moved after all."""
    _close(connection, one, {"ending": Ending.NOT_MOVED.value, "ended_at": at})


def release(connection: sa.Connection, one: Quarantined, by: str, reason: str, at: datetime) -> None:
    """Note who had it given back, and why; in the ledger as a commitment."""
    _close(connection, one, {"ending": Ending.RELEASED.value, "ended_at": at, "released_by": by, "release_reason": reason})
    row = connection.execute(sa.select(quarantine).where(quarantine.c.id == one.id)).mappings().one()
    append(connection, [reconcile_entries.quarantine_released(_in_millis(dict(row)))])


def _close(connection: sa.Connection, one: Quarantined, ended: Mapping[str, Any]) -> None:
    connection.execute(sa.update(quarantine).where(quarantine.c.id == one.id).values(path=None, **ended))


def _in_millis(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: to_millis(value) if isinstance(value, datetime) else value for name, value in row.items()}
