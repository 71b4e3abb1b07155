"""Facts for transcripts: the events of the core, told of the cast at so many seconds after the start of the call."""

from datetime import datetime
from typing import TypedDict

from callguard.call import events as ev
from callguard.call.state import Direction
from tests.unit.call_cast import AGENT, CALL_ID, CUSTOMER, HERE, LINKEDID, OUTSIDE, PBX, START, TOLD_AFTER, after, channel, number


class Where(TypedDict):
    """What every event says."""

    pbx: str
    linkedid: str
    leg: str
    at: datetime
    received_at: datetime


def _where(leg: str, seconds: float) -> Where:
    at = after(seconds)
    return {"pbx": PBX, "linkedid": LINKEDID, "leg": leg, "at": at, "received_at": at + TOLD_AFTER}


def started(direction: Direction) -> ev.CallStarted:
    inbound = direction is Direction.INBOUND
    leg, other = (CUSTOMER, AGENT) if inbound else (AGENT, CUSTOMER)
    return ev.CallStarted(
        **_where(leg, 0.1),
        channel=channel(leg),
        direction=direction,
        started_at=START,
        caller=number(leg),
        callee=number(other),
        dialled=number(other).raw,
    )


def handed_over(leg: str = CUSTOMER, at: float = 1, *, listed: bool = False) -> ev.HandedOver:
    equipment = {"equipment_ip": "192.0.2.7", "user_agent": "Phone 1.0"}
    return ev.HandedOver(**_where(leg, at), channel=channel(leg), number=number(leg), listed=listed, **equipment)


def entered(leg: str = CUSTOMER, at: float = 30) -> ev.PartyListed:
    """The person is in the do-not-record register."""
    return ev.PartyListed(**_where(leg, at))


def taken_up(leg: str = CUSTOMER, at: float = 1) -> ev.TakenUp:
    return ev.TakenUp(**_where(leg, at))


def handed_back(leg: str = CUSTOMER, at: float = 1) -> ev.HandedBack:
    return ev.HandedBack(**_where(leg, at))


def said(step: int, leg: str = CUSTOMER, at: float = 5, heard_ms: int = 4000) -> ev.AnnouncementEnded:
    """The prompt of that step was heard whole."""
    return ev.AnnouncementEnded(**_where(leg, at), step=step, heard_ms=heard_ms, complete=True)


def cut(step: int, key: str | None = None, leg: str = CUSTOMER, at: float = 3, heard_ms: int = 2000) -> ev.AnnouncementEnded:
    """The prompt of that step broke off: by a key, or by something else."""
    return ev.AnnouncementEnded(**_where(leg, at), step=step, heard_ms=heard_ms, complete=False, key=key)


def collected(step: int, key: str | None, leg: str = CUSTOMER, at: float = 8) -> ev.DigitCollected:
    return ev.DigitCollected(**_where(leg, at), step=step, key=key)


def failed(step: int, leg: str = CUSTOMER, at: float = 4) -> ev.StepFailed:
    return ev.StepFailed(**_where(leg, at), step=step, reason="refused by the PBX")


def fired(step: int, leg: str = CUSTOMER, at: float = 10) -> ev.TimerFired:
    return ev.TimerFired(**_where(leg, at), step=step)


def pressed(key: str, leg: str = CUSTOMER, at: float = 30) -> ev.DigitPressed:
    return ev.DigitPressed(**_where(leg, at), key=key)


def answered(leg: str = CUSTOMER, at: float = 1.2) -> ev.LegAnswered:
    return ev.LegAnswered(**_where(leg, at))


def joined(leg: str, bridge: str = HERE, at: float = 20, *, listed: bool = False, answered: bool = True) -> ev.LegJoined:
    told = {"listed": listed, "answered": answered}
    return ev.LegJoined(**_where(leg, at), channel=channel(leg), bridge=bridge, number=number(leg), outside=leg in OUTSIDE, **told)


def left(leg: str, bridge: str = HERE, at: float = 40) -> ev.LegLeft:
    return ev.LegLeft(**_where(leg, at), bridge=bridge)


def gone(leg: str = CUSTOMER, cause: str | None = "NORMAL_CLEARING", at: float = 60) -> ev.LegGone:
    return ev.LegGone(**_where(leg, at), cause=cause)


def dialled(status: str, leg: str = AGENT, at: float = 15) -> ev.DialEnded:
    return ev.DialEnded(**_where(leg, at), status=status)


def recording_id(count: int = 1) -> str:
    return f"{CALL_ID}-{count}"


def path(count: int = 1) -> str:
    return f"2026/08/31/{recording_id(count)}.wav"


def recording_started(count: int = 1, leg: str = CUSTOMER, at: float = 20.1) -> ev.RecordingStarted:
    return ev.RecordingStarted(**_where(leg, at), recording=recording_id(count))


def recording_refused(count: int = 1, leg: str = CUSTOMER, at: float = 20.1) -> ev.RecordingRefused:
    return ev.RecordingRefused(**_where(leg, at), recording=recording_id(count), reason="refused by the PBX")


def not_running(count: int = 1, leg: str = CUSTOMER, at: float = 25) -> ev.RecordingNotRunning:
    return ev.RecordingNotRunning(**_where(leg, at), recording=recording_id(count))


def stopped(count: int = 1, leg: str = CUSTOMER, at: float = 31, *, whole: bool = True) -> ev.RecordingStopped:
    return ev.RecordingStopped(**_where(leg, at), recording=recording_id(count), whole=whole)


def stop_unconfirmed(count: int = 1, leg: str = CUSTOMER, at: float = 35) -> ev.StopUnconfirmed:
    return ev.StopUnconfirmed(**_where(leg, at), recording=recording_id(count))


def filed(count: int = 1, fault: str | None = None, size: int | None = 16044, at: float = 61) -> ev.RecordingFiled:
    sha256 = None if size is None else f"sha256 of {size} bytes"
    return ev.RecordingFiled(**_where(CUSTOMER, at), recording=recording_id(count), size=size, sha256=sha256, fault=fault)


def sighting(leg: str, bridge: str | None = None, *, in_hand: bool = False, writes: str | None = None) -> ev.Sighting:
    """A leg as the PBX shows it; ``writes`` is the path below the recordings root, which the PBX tells by its own absolute name."""
    handed = handed_over(leg) if in_hand else None
    told = None if writes is None else f"/var/spool/recordings/{writes}"
    return ev.Sighting(
        leg=leg, linkedid=LINKEDID, channel=channel(leg), in_hand=in_hand, bridge=bridge, recording_path=told, handed_over=handed
    )


def snapshot(*sightings: ev.Sighting, at: float = 50) -> ev.SnapshotTaken:
    return ev.SnapshotTaken(pbx=PBX, at=after(at), received_at=after(at), sightings=sightings)
