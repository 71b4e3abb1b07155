"""The archive of announcements: text and sound of every version that a person may have heard (S12, C5)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from callguard.announcements.catalogue import ArchivedAnnouncement
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.tables import announcements

_KEPT = tuple(announcements.c[name] for name in ArchivedAnnouncement.__slots__)


def archive_announcement(connection: sa.Connection, announcement: ArchivedAnnouncement, now: datetime) -> None:
    """Keep the announcement under its version, unless that version is known: what was first seen stays."""
    version = announcement.version
    if connection.execute(sa.select(announcements.c.version).where(announcements.c.version == version)).first() is None:
        row = {name: getattr(announcement, name) for name in ArchivedAnnouncement.__slots__}
        connection.execute(sa.insert(announcements), row | {"first_seen": now})
        append(connection, [entries.announcement(row)])


def load_announcement(connection: sa.Connection, version: str) -> ArchivedAnnouncement | None:
    """The announcement of that version, or ``None`` when it was never kept."""
    row = connection.execute(sa.select(*_KEPT).where(announcements.c.version == version)).mappings().first()
    return None if row is None else ArchivedAnnouncement(**row)


def find_announcements(connection: sa.Connection, beginning: str) -> Sequence[str]:
    """The versions that begin so. They are hexadecimal, so that "z" ends the range under any collation."""
    within = announcements.c.version.between(beginning, f"{beginning}z")
    found = connection.scalars(sa.select(announcements.c.version).where(within).order_by(announcements.c.version))
    return [version for version in found if version.startswith(beginning)]
