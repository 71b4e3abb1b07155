"""What a retag reads and writes: all recordings that are not deleted, all records that are dated, page by page in order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.state import BEGUN, RUNNING, RecordingStatus
from callguard.store.tables import calls, policies, recordings

PAGE = 500

_UNSETTLED = frozenset({*RUNNING, RecordingStatus.STOPPED})
"""Statuses under which a recording without a size is still the engine's."""


@dataclass(frozen=True, slots=True)
class TaggedRecording:
    """A recording with what its end is made of; ``policy`` is the name of the one that it was made under."""

    id: str
    call_id: str
    policy: str
    started_at: datetime
    path: str
    status: str
    size: int | None
    sha256: str | None
    expires_at: datetime
    held: bool

    @property
    def settled(self) -> bool:
        """Whether nothing but retention writes to the row any more, and no deletion of it was begun."""
        return self.status not in BEGUN and (self.size is not None or self.status not in _UNSETTLED)


_OF_RECORDINGS = sa.select(
    *(recordings.c[name] for name in ("id", "call_id", "path", "status", "size", "sha256", "expires_at", "held")),
    calls.c.started_at,
    policies.c.name.label("policy"),
).join(calls, calls.c.id == recordings.c.call_id).join(policies, policies.c.version == recordings.c.policy_version)  # fmt: skip


def count_tagged(connection: sa.Connection) -> int:
    """How many are not deleted."""
    return connection.execute(sa.select(sa.func.count()).select_from(recordings).where(recordings.c.deleted_at.is_(None))).scalar_one()


def tagged_page(connection: sa.Connection, after: str) -> Sequence[TaggedRecording]:
    """The next :data:`PAGE` that are not deleted; none: that was all."""
    wanted = _OF_RECORDINGS.where(recordings.c.id > after, recordings.c.deleted_at.is_(None)).order_by(recordings.c.id).limit(PAGE)
    return [TaggedRecording(**row) for row in connection.execute(wanted).mappings()]


def lock_tagged(connection: sa.Connection, identifier: str) -> TaggedRecording | None:
    """The recording as it is now, unless it is deleted; nobody changes its row before this transaction ends."""
    itself = sa.and_(recordings.c.id == identifier, recordings.c.deleted_at.is_(None))
    connection.execute(sa.select(recordings.c.id).where(itself).with_for_update()).all()
    row = connection.execute(_OF_RECORDINGS.where(itself)).mappings().first()
    return None if row is None else TaggedRecording(**row)


def set_expiry(connection: sa.Connection, identifier: str, until: datetime, rule: str) -> None:
    """When the recording is to go from now on, and by which rule."""
    connection.execute(sa.update(recordings).where(recordings.c.id == identifier).values(expires_at=until, kept_rule=rule))
