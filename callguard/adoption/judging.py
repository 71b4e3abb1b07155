"""Whether a file is adopted, was adopted already or is left, and why; and the call that it becomes.

A sound is adopted once, whatever it is called and wherever it lies: it is known again by its SHA-256. Recordings with the same id in their
name are of one call, as are two of which one was made of the other in another format: both are adopted, for each has to go on its day.

A call that callguard itself was in is not touched: it has its own recording of it, or somebody refused. What another part of the PBX has
recorded beside it is for a person to look at.

A recording that had expired before it was found is adopted all the same, with that expiry: the next sweep deletes it, with proof.

The id of what is adopted follows from its sound and its call's start, so that one that was cut off is found in its place by the next try.
The end of a call is that of the CDR, else the least that the sound tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import sqlalchemy as sa

from callguard.adoption.beginning import AGREEMENT, StartFrom
from callguard.adoption.finding import Found, Intake
from callguard.call.evolve import evolve
from callguard.call.policy import Policy
from callguard.call.state import Call, Direction, Party, Recording, RecordingStatus, Role, Stage
from callguard.retention.rules import stamp
from callguard.store.adoption_rows import BACKFILL, Adopted, adopted_before, deleted_before, known_call
from callguard.store.types import to_millis


class Action(StrEnum):
    """What becomes of a file. ``ALREADY`` is one whose sound was adopted before."""

    ADOPT = "adopt"
    ALREADY = "already"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """On one file: its path as it is shown, and as far as they are known the recording that it is, by what its start is known, its end."""

    path: str
    action: Action
    reason: str
    recording: str | None = None
    started_at: datetime | None = None
    start_from: StartFrom | None = None
    policy: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and of one to adopt the call before, if it is known, and after."""

    verdict: Verdict
    before: Call | None = None
    after: Call | None = None

    @property
    def recording(self) -> Recording | None:
        """The one that is to be."""
        return self.after.recordings[-1] if self.after else None


def judge(connection: sa.Connection, found: Found, intake: Intake) -> Judged:
    """The verdict as the database is now."""
    earlier = adopted_before(connection, found.sha256)
    if earlier is not None:
        return Judged(_adopted(found, earlier))
    deleted = deleted_before(connection, found.sha256)
    if deleted is not None:
        reason = f"it is the sound of recording {deleted[0]}, which was deleted on {stamp(deleted[1])}: destroy this copy"
        return Judged(left(found.entry.shown, reason))
    before, source = known_call(connection, intake.pbx, linkedid(found))
    if before is not None and source != BACKFILL:
        reason = "callguard itself was in its call; who recorded it beside that is to be looked into"
        return Judged(left(found.entry.shown, reason))
    if before is not None and abs(before.started_at - found.beginning.at) > AGREEMENT:
        return Judged(left(found.entry.shown, f"its call is known, with another start: {stamp(before.started_at)}"))
    after = _with(before, found) if before else _call(found, intake)
    return Judged(_to_adopt(found, after), before, after)


def left(shown: str, reason: str) -> Verdict:
    """The verdict on a file that stays where it is."""
    return Verdict(path=shown, action=Action.LEAVE, reason=reason)


def already(found: Found, recording: str, deleted_at: datetime | None = None) -> Verdict:
    """The verdict on a file whose sound is adopted."""
    since = f", which was deleted on {stamp(deleted_at)}" if deleted_at else ""
    return Verdict(
        path=found.entry.shown,
        action=Action.ALREADY,
        reason=f"adopted already as recording {recording}{since}",
        recording=recording,
        started_at=found.beginning.at,
        start_from=found.beginning.source,
    )


def identifier(found: Found) -> str:
    """That of its call, unless the call is known already."""
    return sha256(f"{found.sha256} {to_millis(found.beginning.at)}".encode()).hexdigest()[:32]


def linkedid(found: Found) -> str:
    """The PBX's name for the call, or one that no PBX gives."""
    return found.named.unique or (found.listed.id if found.listed else f"adopted-{identifier(found)}")


def _adopted(found: Found, earlier: Adopted) -> Verdict:
    if abs(earlier.started_at - found.beginning.at) > AGREEMENT:
        return left(found.entry.shown, f"the same sound is recording {earlier.recording}, of a call at {stamp(earlier.started_at)}")
    return already(found, earlier.recording, earlier.deleted_at)


_BY: Mapping[StartFrom, str] = {
    StartFrom.NAME: "by its name",
    StartFrom.CDR: "by the CDR",
    StartFrom.HEADER: "by its header",
    StartFrom.MTIME: "by the time of the file, which may be that of a copy",
}


def _to_adopt(found: Found, after: Call) -> Verdict:
    recording, source = after.recordings[-1], found.beginning.source
    return Verdict(
        path=found.entry.shown,
        action=Action.ADOPT,
        reason=f"of a call at {stamp(after.started_at)} {_BY[source]}, until {stamp(recording.expires_at)} by policy {after.policy.name}",
        recording=recording.id,
        started_at=after.started_at,
        start_from=source,
        policy=after.policy.name,
        expires_at=recording.expires_at,
    )


def _call(found: Found, intake: Intake) -> Call:
    start, name, listed = found.beginning.at, linkedid(found), found.listed
    inbound = found.direction is Direction.INBOUND
    caller = Party(leg=name, channel="", role=Role.CALLER, number=found.caller, outside=inbound, stage=Stage.GONE)
    callee = Party(leg=f"{name}/2", channel="", role=Role.CALLEE, number=found.callee, outside=not inbound, stage=Stage.GONE)
    return Call(
        id=identifier(found),
        pbx=intake.pbx,
        linkedid=name,
        direction=found.direction,
        policy=found.policy,
        caller=found.caller,
        callee=found.callee,
        dialled=found.named.called or found.callee.raw,
        started_at=start,
        received_at=intake.now,
        queue=found.named.queue,
        answered_at=listed.answered_at if listed else None,
        ended_at=_end(found),
        dial_status="ANSWER" if listed and listed.answered_at else None,
        parties=(caller, callee),
        recordings=(_recording(found, start, found.policy, (caller if inbound else callee).leg),),
    )


def _with(before: Call, found: Found) -> Call:
    """One more recording of a known call, which keeps its start and its policy."""
    recording = _recording(found, before.started_at, before.policy, before.recordings[-1].leg if before.recordings else before.linkedid)
    return evolve(before, recordings=(*before.recordings, recording), ended_at=max(before.ended_at or before.started_at, _end(found)))


def _end(found: Found) -> datetime:
    least = found.beginning.at + timedelta(milliseconds=round(found.sound.seconds * 1000))
    return max(least, found.listed.ended_at) if found.listed else least


def _recording(found: Found, start: datetime, policy: Policy, leg: str) -> Recording:
    """Kept under its own suffix; the rest of its path is ours."""
    name = f"{identifier(found)}-1"
    return Recording(
        id=name,
        leg=leg,
        channel="",
        path=f"{start:%Y/%m/%d}/{name}{found.entry.path.suffix}",
        status=RecordingStatus.STOPPED,
        requested_at=start,
        expires_at=policy.retention.after(start),
        size=found.status.st_size,
        sha256=found.sha256,
        fault=found.sound.fault,
    )
