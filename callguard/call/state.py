"""What is known of a call: frozen values, replaced whole at every step.

A *call* is everything that shares one linkedid (Asterisk) or call uuid (FreeSWITCH). A *party* is one person on one leg of it; outside
people are the data subjects whose consent counts, inside people are the operator's own. Consent belongs to a party, a recording to the
call (design rule 3). The stored rows mirror these values one to one, so that a restarted daemon goes on from the last commit.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callguard.call.policy import Policy


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number: as dialled or shown, and in E.164 where it is one (else ``None``)."""

    raw: str
    e164: str | None


NOBODY = Number("", None)
"""A withheld or absent number: it identifies no one."""


class Direction(StrEnum):
    """Which side of the PBX the call came from."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Role(StrEnum):
    """What a party is to the call."""

    CALLER = "caller"
    CALLEE = "callee"
    JOINED = "joined"


class Decision(StrEnum):
    """What an outside person decided; ``NOT_REQUIRED`` for the operator's own people and for calls that are never recorded."""

    GRANTED = "granted"
    STAYED = "stayed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"
    NOT_REQUIRED = "not_required"


class How(StrEnum):
    """By what the decision was expressed. Staying on the line is never stored as a key press (S1)."""

    KEY = "key"
    STAYED = "stayed"
    NONE = "none"
    REGISTER = "register"


class Stage(StrEnum):
    """Where a party stands in the consent dialogue; the transitions are the table in :mod:`callguard.call.consent`.

    ``EARLY``: let in before having answered. ``INFORMING``, ``CHOOSING``: as ``ANNOUNCING`` and ``ASKING``, but in a conversation.
    """

    EARLY = "early"
    PRESENT = "present"
    INFORMING = "informing"
    CHOOSING = "choosing"
    ANNOUNCING = "announcing"
    ASKING = "asking"
    ACKNOWLEDGING = "acknowledging"
    RELEASED = "released"
    GONE = "gone"


ASKED = frozenset({Stage.ANNOUNCING, Stage.ASKING, Stage.ACKNOWLEDGING})
"""The person is in the consent dialogue, and in our hands."""

ASKED_IN_CALL = frozenset({Stage.INFORMING, Stage.CHOOSING})
"""The person is in the consent dialogue, and in a conversation meanwhile."""

UNASKED = frozenset({Stage.EARLY, Stage.PRESENT})
"""Nothing was said to the person yet, or not to the end before he left the conversation."""


class RecordingStatus(StrEnum):
    """The life of a recording; from ``STOPPED`` on it belongs to retention.

    ``DELETING``, ``REMOVING``: its key, or its plain file, may be gone by now, and that it is all gone is not proven yet.
    """

    REQUESTED = "requested"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPED = "stopped"
    SEALED = "sealed"
    DELETING = "deleting"
    REMOVING = "removing"
    DELETED = "deleted"
    MISSING = "missing"
    BLOCKED = "blocked"
    FAILED = "failed"


RUNNING = frozenset({RecordingStatus.REQUESTED, RecordingStatus.RECORDING, RecordingStatus.PAUSED})
"""The PBX holds, or may hold, the file open."""

BEGUN = frozenset({RecordingStatus.DELETING, RecordingStatus.REMOVING})
"""Its deletion was begun, and is not proven yet."""

COVERED = frozenset({Decision.GRANTED, Decision.STAYED})
"""Decisions under which a person's voice may be recorded."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One decision and its evidence (GDPR art. 7(1)); a later withdrawal is a second one, the first stays.

    ``heard_ms`` and ``complete`` speak of the announcement whose end was last seen on this leg; ``announced_at`` and ``decided_at`` are the
    PBX's times, ``received_at`` is when the daemon learned of the decision.
    """

    decision: Decision
    how: How
    key: str | None
    announcement: str | None
    language: str | None
    heard_ms: int
    complete: bool
    announced_at: datetime | None
    decided_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """One person on one leg.

    ``step`` numbers the questions put to the PBX for this leg: an answer to an older one is late and means nothing.
    ``bridge`` is where the leg is talking at present, ``None`` while it talks to no one.
    """

    leg: str
    channel: str
    role: Role
    number: Number
    outside: bool
    stage: Stage = Stage.PRESENT
    step: int = 0
    attempt: int = 0
    bridge: str | None = None
    heard_ms: int = 0
    complete: bool = False
    announced_at: datetime | None = None
    consents: tuple[Consent, ...] = ()

    @property
    def decision(self) -> Decision | None:
        """The decision in force: the last one taken. The operator's own people are not asked."""
        if self.consents:
            return self.consents[-1].decision
        return None if self.outside else Decision.NOT_REQUIRED

    @property
    def covered(self) -> bool:
        """Whether this person's voice may be recorded now."""
        return not self.outside or self.decision in COVERED


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that the PBX was, is, or is about to be told to write.

    ``path`` is relative to the recordings root and holds nothing that a caller controls. ``expires_at`` is
    computed once, when the recording is asked for, from the call's start (S8).
    """

    id: str
    leg: str
    channel: str
    path: str
    status: RecordingStatus
    requested_at: datetime
    expires_at: datetime
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    size: int | None = None
    sha256: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call as far as it is known. All times are aware and in UTC; ``started_at`` is the PBX's."""

    id: str
    pbx: str
    linkedid: str
    direction: Direction
    policy: Policy
    caller: Number
    callee: Number
    dialled: str
    started_at: datetime
    received_at: datetime
    redirecting: tuple[str, ...] = ()
    queue: str | None = None
    equipment_ip: str | None = None
    user_agent: str | None = None
    answered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    dial_status: str | None = None
    hangup_cause: str | None = None
    parties: tuple[Party, ...] = ()
    recordings: tuple[Recording, ...] = ()
    withdrawal: "Withdrawal | None" = None

    def party(self, leg: str) -> Party | None:
        """The party on that leg, if it is one of ours."""
        for party in self.parties:
            if party.leg == leg:
                return party
        return None

    @property
    def running(self) -> Recording | None:
        """The recording that the PBX is writing or about to write; at most one a call."""
        for one in self.recordings:
            if one.status in RUNNING:
                return one
        return None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How far an outside person has come in the withdrawal keys (``*9``). Never stored: keys pressed in a conversation are not ours."""

    leg: str
    matched: int
    at: datetime
