"""Copies that left the house, and what the parties of a call said to the release of its recording (S11, C11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.store.register_tables import copies, release_consents
from callguard.store.search import sides_of
from callguard.store.tables import calls, parties, recordings

GIVEN, WITHDRAWN = "given", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy: of a recording, or of a call's record where ``recording_id`` is ``None``. ``sha256`` is that of the file given."""

    id: int
    way: str
    recording_id: str | None
    call_id: str
    mark: str
    sha256: str
    recipient: str
    ground: str
    reference: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartySaid:
    """A party of the call, and whether they consent to the release of this recording; ``None`` while nothing is known of it."""

    leg: str
    role: str
    number: str
    number_e164: str | None
    consents: bool | None


def find_copy(connection: sa.Connection, identifier: int) -> Copy:
    """The copy of that number, which must be there."""
    row = connection.execute(sa.select(*_COLUMNS).where(copies.c.id == identifier)).mappings().one()
    return Copy(**row)


def list_copies(connection: sa.Connection, way: str | None = None, of_calls: Sequence[str] | None = None) -> Sequence[Copy]:
    """The copies, the latest first; of one way, or of these calls, if it is asked for."""
    wanted = sa.select(*_COLUMNS).order_by(copies.c.id.desc())
    if way is not None:
        wanted = wanted.where(copies.c.way == way)
    if of_calls is not None:
        wanted = wanted.where(copies.c.call_id.in_(of_calls))
    return [Copy(**row) for row in connection.execute(wanted).mappings()]


def copied_calls_of(connection: sa.Connection, number: Number) -> Sequence[str]:
    """The calls of that number of which something was given out; few, whatever the number of calls."""
    copied = sa.select(calls.c.id).where(calls.c.id.in_(sa.select(copies.c.call_id)))
    return connection.scalars(sa.union(*sides_of(copied, number))).all()


def parties_said(connection: sa.Connection, recording: str) -> Sequence[PartySaid]:
    """Everybody who was on the call of this recording, by leg, with the last that each said to its release."""
    said = sa.select(release_consents.c.leg, release_consents.c.step).where(release_consents.c.recording_id == recording)
    latest = {row.leg: row.step for row in connection.execute(said.order_by(release_consents.c.id))}
    columns = (parties.c[name] for name in ("leg", "role", "number", "number_e164"))
    theirs = sa.select(*columns).join(recordings, recordings.c.call_id == parties.c.call_id).where(recordings.c.id == recording)
    rows = connection.execute(theirs.order_by(parties.c.position)).mappings()
    return [PartySaid(**row, consents=None if row["leg"] not in latest else latest[row["leg"]] == GIVEN) for row in rows]


def call_of(connection: sa.Connection, recording: str) -> str | None:
    """The call that the recording is of; ``None`` for a recording that there is not."""
    return connection.scalar(sa.select(recordings.c.call_id).where(recordings.c.id == recording))


_COLUMNS = tuple(copies.c[name] for name in Copy.__slots__)
