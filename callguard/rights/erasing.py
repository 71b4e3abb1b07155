"""What goes, what is cut, and what stays of a person who asks for erasure, and on which ground (S15, C9; GDPR art. 17).

A *recording* goes, whatever its expiry, unless a hold keeps it or the person themselves had it restricted: it was made by their consent or
for a purpose they may object to, and nothing says that it must be kept.

The *record of a call or a message* stays only while the law has it kept: until some years after the end of the contract (C6a), or of the
financial year (C6b); art. 17 (3) b. A term that runs from the call itself is our own choice and no ground. What stays of a call is *cut* to
what that ground needs: who called whom, when and for how long; the address and kind of the equipment and the numbers that redirected the
call go. The evidence of a decision is kept as long as the call's record (art. 7 (1)), and goes with it.

What is held stays whole, cut nowhere: it is evidence, and a call whose recording is held is part of it (C6c).

Pure: no clock, no database; standard library only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callguard.call.state import RUNNING, RecordingStatus
from callguard.retention.holds import Hold, Matter, holding, reason
from callguard.retention.rules import Ground, stamp
from callguard.retention.terms import Anchor, Kind, owed

ART_17 = "erased at the person's request (GDPR art. 17)"
RULE = "GDPR art. 17"
"""As a proof tells the rule."""

REQUEST, OBSTRUCTED = "request", "obstructed"
"""Grounds beside those of the law: of what goes, and of what could not go though it should have."""


class Fate(StrEnum):
    """What becomes of a record."""

    ERASE = "erase"
    CUT = "cut"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Judged:
    """One record of the person's: what becomes of it, on which ground and why, and until when it is kept where that is known."""

    kind: Kind
    record: str
    fate: Fate
    ground: str
    reason: str
    until: datetime | None = None


_GROUNDS = {Anchor.CONTRACT_END: "contract term", Anchor.FINANCIAL_YEAR_END: "financial year"}


def judge_sound(recording: str, status: RecordingStatus, matter: Matter, holds: Collection[Hold], *, restricted: bool) -> Judged:
    """The verdict on a recording that is not deleted."""
    if status in RUNNING:
        return Judged(Kind.RECORDING, recording, Fate.KEEP, Ground.RUNNING, "still recording")
    stays = _stays(matter, holds, restricted=restricted)
    return Judged(Kind.RECORDING, recording, Fate.KEEP, *stays) if stays else Judged(Kind.RECORDING, recording, Fate.ERASE, REQUEST, ART_17)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The record of a call or a message: until when it is kept by which rule, what a hold may catch it by, and a recording that stays."""

    kind: Kind
    id: str
    until: datetime | None
    rule: str
    matter: Matter
    restricted: bool
    recording: str | None


def judge_written(record: Written, now: datetime, holds: Collection[Hold]) -> Judged:
    """The verdict on a record at the moment ``now`` (aware, UTC)."""
    stays = _stays(record.matter, holds, restricted=record.restricted)
    if stays is not None:
        return Judged(record.kind, record.id, Fate.KEEP, *stays, record.until)
    if record.recording is not None:
        return Judged(record.kind, record.id, Fate.KEEP, Ground.NEEDED, f"its recording {record.recording} is still there", record.until)
    anchors = owed(record.rule)
    if not anchors or (record.until is not None and record.until <= now):
        return Judged(record.kind, record.id, Fate.ERASE, REQUEST, ART_17)
    ground = " and ".join(_GROUNDS[anchor] for anchor in anchors)
    until = f", until {stamp(record.until)}" if record.until else ""
    fate = Fate.CUT if record.kind is Kind.CDR else Fate.KEEP
    return Judged(record.kind, record.id, fate, ground, f"kept for {record.rule}{until}", record.until)


def _stays(matter: Matter, holds: Collection[Hold], *, restricted: bool) -> tuple[str, str] | None:
    if caught := holding(holds, matter):
        return Ground.HELD, reason(caught[0])
    return (Ground.RESTRICTED, "restricted at the person's request (GDPR art. 18): lift that first") if restricted else None
