"""What the guards of a sweep ask the database: the mark of the recordings root, how many records there are, what time it is there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.retention.terms import Kind
from callguard.store.tables import calls, messages, recordings, roots, sweeps

_KEPT: Mapping[Kind, sa.Select[Any]] = {
    Kind.RECORDING: sa.select(sa.func.count()).select_from(recordings).where(recordings.c.deleted_at.is_(None)),
    Kind.CDR: sa.select(sa.func.count()).select_from(calls),
    Kind.SMS: sa.select(sa.func.count()).select_from(messages),
}


def root_mark(connection: sa.Connection, path: str) -> str | None:
    """The word that was put into the root at that path; ``None`` when it was never marked."""
    return connection.execute(sa.select(roots.c.mark).where(roots.c.path == path)).scalar()


def remember_mark(connection: sa.Connection, path: str, mark: str, at: datetime) -> None:
    """Note the word of a root."""
    connection.execute(sa.insert(roots), {"path": path, "mark": mark, "placed_at": at})


def any_recording(connection: sa.Connection) -> bool:
    """Whether there is a recording that is not deleted."""
    wanted = sa.select(recordings.c.id).where(recordings.c.deleted_at.is_(None)).order_by(recordings.c.expires_at).limit(1)
    return connection.execute(wanted).first() is not None


def count_kept(connection: sa.Connection, kind: Kind) -> int:
    """How many there are of a kind; this reads an index from end to end."""
    count: int = connection.execute(_KEPT[kind]).scalar_one()
    return count


def last_swept_at(connection: sa.Connection) -> datetime | None:
    """When the last sweep ended, by our clock as it was then, whatever moment it was for."""
    return connection.execute(sa.select(sweeps.c.finished_at).order_by(sweeps.c.id.desc()).limit(1)).scalar()


def database_clock(connection: sa.Connection) -> datetime | None:
    """What time it is at the database's server; ``None`` for a file, which has no clock."""
    if connection.dialect.name == "sqlite":
        return None
    moment: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return moment
