"""What is said of one thing that was looked at."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from callguard.errors import CallguardError, Fault


class Outcome(StrEnum):
    """``NOT_CHECKED`` means that nobody knows; ``WARNING`` that it works, but not as it should or not for long."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at and where, how it was found, and what to do about it."""

    name: str
    place: str
    outcome: Outcome
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is being looked at; makes its lines."""

    name: str
    place: str

    def ok(self, message: str) -> Check:
        """It is as it must be."""
        return Check(self.name, self.place, Outcome.OK, message)

    def warning(self, message: str, remedy: str) -> Check:
        """It works, but."""
        return Check(self.name, self.place, Outcome.WARNING, message, remedy)

    def failed(self, message: str, remedy: str) -> Check:
        """It does not work."""
        return Check(self.name, self.place, Outcome.FAILED, message, remedy)

    def unchecked(self, why: str, remedy: str = "") -> Check:
        """It could not be found out."""
        return Check(self.name, self.place, Outcome.NOT_CHECKED, why, remedy)

    def told(self, fault: Fault) -> Check:
        """It failed as an error of ours says; where that names a place of its own, the message does."""
        message = f"{fault.place}: {fault.message}" if fault.place and fault.place != self.place else fault.message
        return self.failed(message, fault.remedy)

    def attempt(self, check: Callable[[], Iterable[Check]]) -> Iterator[Check]:
        """The lines of a check, and one for each fault of the error that ended it."""
        try:
            yield from check()
        except CallguardError as error:
            yield from map(self.told, error.faults)
