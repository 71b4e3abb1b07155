"""What the command line lists, in the shape and under the names that scripts rely on (`calls --json`).

Calls are loaded whole and shaped here, so that a listing says what the call core would say. A number stands in E.164 where it has such a
form, and as it was shown where not; unknown is ``None``. What a person pressed or heard is that of the last decision.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.cdr import summary
from callguard.call.state import Call, Number, Party, RecordingStatus
from callguard.retention import naming
from callguard.store.adoption_rows import BACKFILL
from callguard.store.hold_rows import held_recordings
from callguard.store.loading import in_chunks, load_calls
from callguard.store.search import call_ids, message_rows
from callguard.store.tables import calls, messages, recordings

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ListedParty:
    """A person on a call; ``number`` and decision of the outside people are what consent is about."""

    role: str
    number: str | None
    leg: str
    decision: str | None
    how: str | None
    key: str | None
    announcement: str | None
    heard_ms: int
    complete: bool
    announced_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedRecording:
    """A recording; ``path`` is where it lies, relative to the root, ``size`` in bytes; sealed or not, size and hash are of the sound.

    ``fault`` is what is wrong with its file (:class:`~callguard.retention.wav.Blemish`), or why the PBX did not record.
    """

    id: str
    path: str
    status: str
    started_at: datetime | None
    stopped_at: datetime | None
    expires_at: datetime
    sha256: str | None
    size: int | None
    fault: str | None
    held: bool
    restricted: bool


_RECORDING = tuple(recordings.c[name] for name in ListedRecording.__slots__)


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call with its people and recordings; ``duration_s`` and ``billable_s`` in seconds."""

    id: str
    pbx: str
    linkedid: str
    direction: str
    caller: str | None
    callee: str | None
    dialled: str
    redirecting: tuple[str, ...]
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    billable_s: float | None
    disposition: str | None
    hangup_cause: str | None
    equipment_ip: str | None
    user_agent: str | None
    policy: str
    source: str
    parties: tuple[ListedParty, ...]
    recordings: tuple[ListedRecording, ...]


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """An SMS or SIP MESSAGE: who, to whom and when (C1)."""

    pbx: str
    direction: str
    sender: str
    recipient: str
    at: datetime


def list_calls(connection: sa.Connection, *, since: datetime | None = None, number: Number | None = None, limit: int) -> list[ListedCall]:
    """The latest calls, latest first: those that began at ``since`` or after, with that number on any side."""
    return shape_calls(connection, call_ids(connection, since, number, limit))


def list_messages(
    connection: sa.Connection, *, since: datetime | None = None, number: Number | None = None, limit: int
) -> list[ListedMessage]:
    """The latest messages, latest first: those seen at ``since`` or after, from or to that number."""
    return [_message(row) for row in connection.execute(message_rows(since, number, limit)).mappings()]


def load_messages(connection: sa.Connection, ids: Sequence[int]) -> list[ListedMessage]:
    """The messages with these ids, in order of time."""
    wanted = sa.select(messages).where(messages.c.id.in_(ids)).order_by(messages.c.at, messages.c.id)
    return [_message(row) for row in connection.execute(wanted).mappings()]


def list_recordings(
    connection: sa.Connection, *, expiring_by: datetime | None = None, status: str | None = None
) -> Iterator[ListedRecording]:
    """Recordings in order of expiry, read as they are asked for.

    ``expiring_by``: those not deleted yet that expire then or before. ``status``: those with that status.
    """
    wanted = sa.select(recordings.c.call_id, *_RECORDING).order_by(recordings.c.expires_at, recordings.c.id)
    if expiring_by is not None:
        wanted = wanted.where(recordings.c.deleted_at.is_(None), recordings.c.expires_at <= expiring_by)
    if status is not None:
        wanted = wanted.where(recordings.c.status == status)
    found = connection.execute(wanted, execution_options={"yield_per": _PAGE}).mappings().partitions()
    return (one for page in found for one in _recordings(connection, page))


def shape_calls(connection: sa.Connection, ids: Sequence[str]) -> list[ListedCall]:
    """The calls with these ids, in that order; an id that no call has is passed over."""
    sources: dict[str, str] = {}
    files: dict[str, list[ListedRecording]] = defaultdict(list)
    for some in in_chunks(ids):
        sources |= {row.id: row.source for row in connection.execute(sa.select(calls.c.id, calls.c.source).where(calls.c.id.in_(some)))}
        kept = sa.select(recordings.c.call_id, *_RECORDING).where(recordings.c.call_id.in_(some)).order_by(recordings.c.position)
        rows = connection.execute(kept).mappings().all()
        for row, one in zip(rows, _recordings(connection, rows), strict=True):
            files[row["call_id"]].append(one)
    return [_listed(call, sources[call.id], files[call.id]) for call in load_calls(connection, ids)]


def _recordings(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> Iterator[ListedRecording]:
    """Held is what a hold in force catches, or what its own row says is."""
    held = held_recordings(connection, {row["id"]: row["call_id"] for row in rows})
    for row in rows:
        told = {name: row[name] for name in ListedRecording.__slots__}
        lies = naming.shown(row["path"], RecordingStatus(row["status"]))
        yield ListedRecording(**{**told, "path": lies, "held": row["held"] or row["id"] in held})


def _message(row: sa.RowMapping) -> ListedMessage:
    sender, recipient = row["sender_e164"] or row["sender"], row["recipient_e164"] or row["recipient"]
    return ListedMessage(row["pbx"], row["direction"], sender, recipient, row["at"])


def shown(number: Number) -> str | None:
    """In E.164, or as it was shown where it has no such form; ``None`` where it was withheld."""
    return number.e164 or number.raw or None


def _listed(call: Call, source: str, files: Sequence[ListedRecording]) -> ListedCall:
    """Whether a call that was taken over was answered is not known unless a CDR told it."""
    figures, unknown = summary(call), source == BACKFILL and call.answered_at is None
    return ListedCall(
        id=call.id,
        pbx=call.pbx,
        linkedid=call.linkedid,
        direction=call.direction.value,
        caller=shown(call.caller),
        callee=shown(call.callee),
        dialled=call.dialled,
        redirecting=call.redirecting,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_s=figures.duration_s,
        billable_s=None if unknown else figures.billable_s,
        disposition=None if unknown else figures.disposition,
        hangup_cause=call.hangup_cause,
        equipment_ip=call.equipment_ip,
        user_agent=call.user_agent,
        policy=call.policy.name,
        source=source,
        parties=tuple(map(_party, call.parties)),
        recordings=tuple(files),
    )


def _party(party: Party) -> ListedParty:
    last = party.consents[-1] if party.consents else None
    heard = last or party
    return ListedParty(
        role=party.role.value,
        number=shown(party.number),
        leg=party.leg,
        decision=party.decision.value if party.decision else None,
        how=last.how.value if last else None,
        key=last.key if last else None,
        announcement=last.announcement if last else None,
        heard_ms=heard.heard_ms,
        complete=heard.complete,
        announced_at=heard.announced_at,
        decided_at=last.decided_at if last else None,
    )
