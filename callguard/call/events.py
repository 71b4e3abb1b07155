"""What has happened on a PBX, as past facts. The mappers in ``pbx/*_events.py`` make them; nothing downstream sees a raw message.

``at`` is the PBX's time where it tells one and else the time of receipt; ``received_at`` is the daemon's own. Both aware, UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from callguard.call.state import Direction, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one leg of one call of one PBX."""

    pbx: str
    linkedid: str
    leg: str
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """A call passed the dialplan's callguard line; ``leg`` is the caller's. Its metadata (C1, C2, C3) are all here."""

    channel: str
    direction: Direction
    started_at: datetime
    caller: Number
    callee: Number
    dialled: str
    redirecting: tuple[str, ...] = ()
    equipment_ip: str | None = None
    user_agent: str | None = None
    trunk: str | None = None
    queue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(Event):
    """The PBX put the leg of an outside person into the daemon's hands; ``listed``: of one who is in the do-not-record register (S4)."""

    channel: str
    number: Number
    listed: bool = False
    equipment_ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp(Event):
    """After a restart or a lost link the leg was found still being asked, in the daemon's hands or in a conversation.

    What it heard meanwhile is not known.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack(Event):
    """The leg is in the dialplan again: released by us, or taken back by the safety net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementEnded(Event):
    """A prompt is over: heard whole, cut by ``key``, or cut by something else (hang-up, missing file)."""

    step: int
    heard_ms: int
    complete: bool
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitCollected(Event):
    """The wait for a key is over; ``key`` is ``None`` when none came in time."""

    step: int
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """The PBX could not or did not do what the step asked."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    """The bound of a step has passed without an answer of the PBX."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed(Event):
    """A key pressed by the person on this leg during a conversation."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyListed(Event):
    """The person on this leg, who is in the call already, is in the do-not-record register (S4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(Event):
    """The leg was answered; for an inbound caller that is when the PBX picked up for the announcement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegJoined(Event):
    """The leg entered a bridge in which people talk; ``listed`` as in :class:`HandedOver`.

    ``answered``: else nobody is on it yet, and its :class:`LegAnswered` is to come.
    """

    channel: str
    bridge: str
    number: Number
    outside: bool
    listed: bool = False
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(Event):
    """The leg left that bridge."""

    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegGone(Event):
    """The leg hung up; ``cause`` is the Q.850 name, ``None`` where nobody saw it."""

    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialEnded(Event):
    """The attempt to reach the callee is over; ``leg`` is the caller's, ``status`` the PBX's DIALSTATUS."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Event):
    """The PBX writes the file."""

    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRefused(Event):
    """The PBX did not start the recording."""

    recording: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingNotRunning(Event):
    """After a restart or a lost link: the PBX is not writing this recording (``recording`` was requested or running)."""

    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStopped(Event):
    """The PBX answered our command to stop, or tells that it did: the file is closed or about to be.

    ``whole``: as far as the PBX tells; a full disk takes the end of what it had to write.
    """

    recording: str
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StopUnconfirmed(Event):
    """After a restart or a lost link: the leg of a stopped recording is still there, and whether the PBX heard our order is not known."""

    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFiled(Event):
    """The finished file was measured and tagged; ``fault`` says what is wrong with it (``missing``, ``empty``, ``repaired`` …).

    ``sealed``: it lies encrypted since; size and hash are those of the sound.
    """

    recording: str
    size: int | None
    sha256: str | None
    fault: str | None
    sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSeen:
    """An SMS or SIP MESSAGE passed: to whom and when, and by design nothing of what it says (C1)."""

    pbx: str
    at: datetime
    received_at: datetime
    direction: Direction
    sender: Number
    recipient: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxCounted:
    """So many voicemails in a mailbox were not heard yet (C4): a number, and nothing of any of them."""

    pbx: str
    at: datetime
    received_at: datetime
    mailbox: str
    unheard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentSeen:
    """A phone is registered for an account, from that address (C2, C3, C4)."""

    pbx: str
    at: datetime
    received_at: datetime
    account: str
    address: str
    user_agent: str | None = None


News: TypeAlias = MailboxCounted | EquipmentSeen
"""What belongs to no call, and somebody may want to be told of by mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterChanged:
    """The do-not-record register is another one than before: whoever is in a call may have been entered (S4)."""

    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One leg as a snapshot of the PBX shows it.

    ``in_hand``: it waits for our commands; ``started`` and ``handed_over`` are then the facts its start would have brought.
    ``joined``: the fact that its entering ``bridge`` would have brought, whoever it is.
    ``recording_path``: the file that the PBX last began to record on it, as far as it tells.
    """

    leg: str
    linkedid: str
    channel: str
    in_hand: bool
    wideband: bool = False
    bridge: str | None = None
    recording_path: str | None = None
    started: CallStarted | None = None
    handed_over: HandedOver | None = None
    joined: LegJoined | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken:
    """All legs of one PBX after its link came up; what is not in it is over."""

    pbx: str
    at: datetime
    received_at: datetime
    sightings: tuple[Sighting, ...]
