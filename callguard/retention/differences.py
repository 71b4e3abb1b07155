"""What a reconciliation of rows and folders sees, and the words for what becomes of it; the judgments are in
:mod:`callguard.retention.reconciling`.

Pure: no clock, no file, no database; standard library only.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from callguard.call.state import RecordingStatus
from callguard.retention.naming import Form
from callguard.retention.rules import Finding


class Step(StrEnum):
    """What is done. ``SAME`` is what need not be told; ``LEAVE`` is for a person; ``READ`` cannot be told before the content was read."""

    SAME = "same"
    KEEP = "keep"
    LEAVE = "leave"
    READ = "read"
    MARK = "mark"
    REMOVE = "remove"
    DESTROY = "destroy"
    QUARANTINE = "quarantine"


TAKING = frozenset({Step.REMOVE, Step.DESTROY})
"""After these something is gone: a hold or a restriction comes before them."""


class Side(StrEnum):
    """Where a difference was found: at a row, at a name below the root, in the key store, or in quarantine."""

    ROW = "row"
    FILE = "file"
    KEY = "key"
    QUARANTINE = "quarantine"


class Judgment(NamedTuple):
    """Step, ground as one word to count by, the reason in words, and for ``MARK`` the status that the row gets."""

    step: Step
    ground: str = ""
    reason: str = ""
    status: RecordingStatus | None = None


SAME = Judgment(Step.SAME)
READ = Judgment(Step.READ)


@dataclass(frozen=True, slots=True)
class Row:
    """A recording's row, and when its call ended. ``size`` and ``sha256`` are of the sound, ``sealed_size`` of its sealed form."""

    id: str
    call_id: str
    path: str
    status: RecordingStatus
    size: int | None
    sealed_size: int | None
    sha256: str | None
    held: bool
    restricted: bool
    stopped_at: datetime | None
    deleted_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The proof that a recording was deleted, and what is proven to be gone; ``sha256`` is ``None`` for one that was never measured."""

    recording: str
    sha256: str | None
    size: int | None
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What was read: SHA-256 of the bytes, ``None`` when they could not be had, and what a sealed form or a tag says it is of.

    By ``identity`` it is known that the file was not written to since. ``ours`` for what callguard writes. ``fits`` says whether the sealed
    form, which a plain file may lie beside, was opened and holds the sound of its row; ``None`` when it could not be opened here.
    """

    sha256: str | None
    identity: tuple[int, ...] = ()
    recording: str | None = None
    ours: bool = False
    fits: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A name that lies there.

    ``told`` is the hash that its tag tells. ``row`` is that of its place; without one, ``elsewhere`` is the row of the recording that it
    says or is named to be, ``in_place`` whether that one has its file, and ``tombstone`` that of a deleted one. ``beside``: the sealed form
    of a plain file, the file of a tag, or either of a draft, lies there as well.
    """

    path: str
    form: Form
    finding: Finding
    size: int
    written_at: datetime
    told: str | None = None
    row: Row | None = None
    elsewhere: Row | None = None
    in_place: bool = False
    tombstone: Tombstone | None = None
    beside: bool = False
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in the place of a row, and whether its key is there, ``None`` where that cannot be told."""

    row: Row
    plain: Finding
    sealed: Finding
    key: bool | None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference, and what becomes of it.

    ``place`` is a path below the root or the key store, ``recording`` the one that it is of, where that is known, and ``row`` the row of
    its place. ``linked``: the file has another name, out of callguard's reach.
    """

    side: Side
    place: str
    recording: str | None
    judgment: Judgment
    row: Row | None = None
    size: int | None = None
    linked: bool = False
    content: Content | None = None

    @property
    def for_a_person(self) -> bool:
        """Whether it is not over when the step is done."""
        return self.judgment.step is Step.LEAVE or (self.linked and self.judgment.step in TAKING)


def withheld(judgment: Judgment, why: str | None) -> Judgment:
    """The same, or that it stays for that reason, if anything would be gone by it."""
    return judgment if why is None or judgment.step not in TAKING else Judgment(Step.KEEP, "held", why)
