"""Who was given what, and who was refused: accesses to recordings, copies that left the house, exports, and denials as one list (S10, C10).

A copy that an export or a release made is an access by another name, so it is told once: where it left the house, as that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.store.register_tables import copies, denials, exports
from callguard.store.tables import accesses

LISTEN = "listen"
DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccess:
    """``way`` is how: by listening, as a copy, as an export, or ``denied``, where ``reason`` is the command that was refused."""

    at: datetime
    way: str
    recording: str | None
    by: str
    reason: str


def list_accesses(connection: sa.Connection, since: datetime | None, limit: int) -> Sequence[ListedAccess]:
    """The latest, latest first: at most ``limit``, and of ``since`` or after."""
    found = [one for wanted in _sources(since, limit) for one in _read(connection, wanted)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _sources(since: datetime | None, limit: int) -> Iterator[sa.Select[tuple[object, ...]]]:
    nothing = sa.null().label("recording")
    heard = (accesses.c.way, accesses.c.recording_id.label("recording"), accesses.c.by, accesses.c.reason)
    copied = (copies.c.way, copies.c.recording_id.label("recording"), copies.c.by, copies.c.reason)
    exported = (sa.literal("export of a person").label("way"), nothing, exports.c.by, exports.c.reason)
    denied = (sa.literal(DENIED).label("way"), nothing, denials.c.account.label("by"), denials.c.command.label("reason"))
    told = (
        (accesses, heard, accesses.c.way == LISTEN),
        (copies, copied, sa.true()),
        (exports, exported, sa.true()),
        (denials, denied, sa.true()),
    )
    for table, columns, where in told:
        wanted = sa.select(table.c.at, *columns).where(where).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        yield wanted if since is None else wanted.where(table.c.at >= since)


def _read(connection: sa.Connection, wanted: sa.Select[tuple[object, ...]]) -> Iterator[ListedAccess]:
    return (ListedAccess(**row) for row in connection.execute(wanted).mappings())
