"""Which recordings go, which stay, and why: every candidate gets a verdict with a reason in words (design rule 10).

A recording goes at the first sweep whose moment is not before its expiry, never a millisecond earlier (S8), and only when nothing stands
against it. What stands against it is asked in this order, so that the reason given is the one that matters most:

    already deleted → still recording → not due → legal hold → restriction → an obstacle on the way to the file

An obstacle keeps the recording and needs a person; it is neither a ground to keep nor a ground to forget it, so it comes back at each
sweep.

No file where one was recorded means two things. With its day's folder in place the file alone is gone, by another hand or by a sweep that
was cut off between file and row: nothing is left to delete, and the row is closed as deleted with the words "the file was missing". With
the folder gone as well it is more likely that a disk is not mounted: closing the rows would forget files that still exist, so the
recording is kept until somebody mounts the disk or makes the folder again (callguard itself never removes a day's folder). A recording of
which no file was ever seen needs no folder.

Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callguard.call.state import BEGUN, RUNNING, RecordingStatus
from callguard.retention.holds import Hold, Matter, holding, reason
from callguard.retention.terms import Kind

_NEVER_SEEN = frozenset({RecordingStatus.MISSING, RecordingStatus.FAILED, RecordingStatus.BLOCKED})
"""Statuses under which a recording without a size never had a file."""


class Finding(StrEnum):
    """What lies at a recording's path; all but the first three are obstacles."""

    PRESENT = "present"
    LINKED = "linked"
    MISSING = "missing"
    FOLDER_MISSING = "folder missing"
    ROOT_MISSING = "root missing"
    SYMLINK = "symbolic link"
    ASTRAY = "astray"
    NOT_REGULAR = "not a regular file"
    OTHER_ROOT = "another recordings root"
    UNREADABLE = "unreadable"


class Action(StrEnum):
    """What the sweep does with a record."""

    DELETE = "delete"
    KEEP = "keep"


class Ground(StrEnum):
    """Why, as one word to count by; the reason says it in full."""

    EXPIRED = "expired"
    NOT_DUE = "not due"
    HELD = "held"
    RESTRICTED = "restricted"
    RUNNING = "running"
    DELETED = "deleted"
    OBSTRUCTED = "obstructed"
    NO_END = "no known end"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording as the rules see it: its row, what was found at its path, and what a hold may catch it by.

    ``size`` is ``None`` while no file was ever measured. ``held`` is the row's own flag, which keeps it as a hold does.
    """

    recording: str
    expires_at: datetime
    status: RecordingStatus
    held: bool
    restricted: bool
    size: int | None
    deleted_at: datetime | None
    finding: Finding
    matter: Matter


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one record, on which ground, and the reason as it is shown and stored. ``expires_at``: ``None`` while not known."""

    record: str
    action: Action
    ground: Ground
    reason: str
    expires_at: datetime | None
    kind: Kind = Kind.RECORDING


_OBSTACLE = {
    Finding.FOLDER_MISSING: "its folder is not there: mount the disk that holds it, or make the folder again",
    Finding.ROOT_MISSING: "the recordings root is not there, or is no folder but a file or a link",
    Finding.SYMLINK: "its path leads through a symbolic link",
    Finding.ASTRAY: "its path leads outside the recordings root",
    Finding.NOT_REGULAR: "what lies at its path is not a regular file",
    Finding.OTHER_ROOT: "its path leads into another recordings root",
    Finding.UNREADABLE: "its path cannot be reached: no permission, or a fault of the disk",
}

_EXPIRED = {
    Finding.PRESENT: "",
    Finding.LINKED: "; another name of the file remains outside callguard's reach",
    Finding.MISSING: "; the file was missing",
    Finding.FOLDER_MISSING: "; there never was a file",
}


_CUT_OFF = "; the deletion was begun before, and cut off"
"""Then callguard itself has removed what is not there any more."""


def plan(candidates: Iterable[Candidate], now: datetime, holds: Collection[Hold] = ()) -> list[Verdict]:
    """One verdict for each candidate, in the same order."""
    return [judge(candidate, now, holds) for candidate in candidates]


def judge(candidate: Candidate, now: datetime, holds: Collection[Hold] = ()) -> Verdict:
    """The verdict on one recording at the moment ``now`` (aware, UTC), under the holds that are in force."""
    ground, why = _kept(candidate, now) or _stayed(candidate, holds) or _obstructed(candidate) or _expired(candidate)
    action = Action.DELETE if ground is Ground.EXPIRED else Action.KEEP
    return Verdict(candidate.recording, action, ground, why, candidate.expires_at)


def _kept(candidate: Candidate, now: datetime) -> tuple[Ground, str] | None:
    if candidate.deleted_at is not None:
        return Ground.DELETED, f"already deleted on {stamp(candidate.deleted_at)}"
    if candidate.status in RUNNING:
        return Ground.RUNNING, "still recording"
    if now < candidate.expires_at:
        return Ground.NOT_DUE, f"not due until {stamp(candidate.expires_at)}"
    return None


def _stayed(candidate: Candidate, holds: Collection[Hold]) -> tuple[Ground, str] | None:
    if caught := holding(holds, candidate.matter):
        return Ground.HELD, reason(caught[0])
    if candidate.held:
        return Ground.HELD, "under legal hold"
    if candidate.restricted:
        return Ground.RESTRICTED, "restricted at the person's request (GDPR art. 18)"
    return None


def _obstructed(candidate: Candidate) -> tuple[Ground, str] | None:
    never_seen = candidate.size is None and candidate.status in _NEVER_SEEN
    if candidate.finding is Finding.FOLDER_MISSING and never_seen:
        return None
    obstacle = _OBSTACLE.get(candidate.finding)
    return None if obstacle is None else (Ground.OBSTRUCTED, f"expired on {stamp(candidate.expires_at)}, but {obstacle}")


def _expired(candidate: Candidate) -> tuple[Ground, str]:
    cut_off = candidate.status in BEGUN and candidate.finding is Finding.MISSING
    return Ground.EXPIRED, f"expired on {stamp(candidate.expires_at)}{_CUT_OFF if cut_off else _EXPIRED[candidate.finding]}"


def stamp(moment: datetime) -> str:
    """ISO 8601 to the millisecond with ``Z``, as in every listing and in the file tag."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
