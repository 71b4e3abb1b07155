"""Something that a command does to many recordings: planned with a reason for each, shown, carried out one by one, taken up again anywhere.

What a dry run shows are the verdicts of the very plan that is carried out; each is judged again when its turn comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """What becomes of one recording. ``SAME`` is what need not be told; ``FAIL`` is what a person has to see to."""

    DO = "do"
    SAME = "same"
    KEEP = "keep"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one recording, and why; ``path`` is relative to the root."""

    recording: str
    path: str
    step: Step
    reason: str


class Undertaking(Protocol):
    """All of it. ``verb`` is what is done to a recording, as in ``seal``, and ``past`` what then has been done."""

    @property
    def verb(self) -> str:
        """The word of a verdict."""

    @property
    def past(self) -> str:
        """The word of a figure."""

    def count(self) -> int:
        """How many verdicts there will be, about; for a progress bar."""

    def verdicts(self) -> Iterator[Judged]:
        """One for each recording that is looked at. Raises :class:`callguard.errors.CallguardError`."""

    def begin(self) -> None:
        """What must be true before the first is done. Raises :class:`callguard.errors.CallguardError`."""

    def carry_out(self, planned: Judged) -> Judged:
        """Judge again and do it. Raises :class:`callguard.errors.CallguardError`, and then it was not done."""

    def end(self, done: int, *, whole: bool) -> None:
        """How many were done; ``whole`` when all were looked at and none failed."""
