"""What a later sealing reads and writes: recordings that lie there plain, page by page in order of their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.commands import FileRecording
from callguard.call.state import RecordingStatus
from callguard.store.tables import calls, recordings

PAGE = 500

_PLAIN = sa.and_(recordings.c.status == RecordingStatus.STOPPED.value, recordings.c.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class PlainRecording:
    """A recording that stopped; ``size`` and ``sha256`` are ``None`` while it was not measured, ``ended_at`` while its call goes on."""

    id: str
    path: str
    pbx: str
    linkedid: str
    leg: str
    expires_at: datetime
    size: int | None
    sha256: str | None
    ended_at: datetime | None

    @property
    def order(self) -> FileRecording:
        """As the engine gives it for one that has just stopped."""
        return FileRecording(
            pbx=self.pbx, linkedid=self.linkedid, leg=self.leg, recording=self.id, path=self.path, expires_at=self.expires_at
        )


_OF_RECORDINGS = sa.select(
    *(recordings.c[name] for name in ("id", "path", "leg", "expires_at", "size", "sha256")),
    *(calls.c[name] for name in ("pbx", "linkedid", "ended_at")),
).join(calls, calls.c.id == recordings.c.call_id).where(_PLAIN)  # fmt: skip


def count_plain(connection: sa.Connection) -> int:
    """How many there are."""
    return connection.execute(sa.select(sa.func.count()).select_from(recordings).where(_PLAIN)).scalar_one()


def plain_page(connection: sa.Connection, after: str) -> Sequence[PlainRecording]:
    """The next :data:`PAGE`; none: that was all."""
    wanted = _OF_RECORDINGS.where(recordings.c.id > after).order_by(recordings.c.id).limit(PAGE)
    return [PlainRecording(**row) for row in connection.execute(wanted).mappings()]


def plain_recording(connection: sa.Connection, identifier: str) -> PlainRecording | None:
    """The recording as it is now, unless it is none of these any more."""
    row = connection.execute(_OF_RECORDINGS.where(recordings.c.id == identifier)).mappings().first()
    return None if row is None else PlainRecording(**row)


def mark_sealed(connection: sa.Connection, identifier: str) -> bool:
    """Let the row say that the recording is sealed; ``False`` when it was deleted, or begun to be, meanwhile."""
    wanted = sa.update(recordings).where(recordings.c.id == identifier, _PLAIN).values(status=RecordingStatus.SEALED.value)
    return connection.execute(wanted).rowcount == 1


def ids_of_paths(connection: sa.Connection, paths: Sequence[str]) -> Mapping[str, str]:
    """Whose recording lies at each of the paths; of what is not deleted."""
    wanted = sa.select(recordings.c.path, recordings.c.id).where(recordings.c.path.in_(paths), recordings.c.deleted_at.is_(None))
    return {path: identifier for path, identifier in connection.execute(wanted)}  # noqa: C416 - rows are no pairs to the type checker


def lock_undeleted(connection: sa.Connection, identifier: str) -> bool:
    """Whether the recording is not deleted, and stays so until the end of this transaction."""
    wanted = sa.select(recordings.c.id).where(recordings.c.id == identifier, recordings.c.deleted_at.is_(None)).with_for_update()
    return connection.execute(wanted).first() is not None
