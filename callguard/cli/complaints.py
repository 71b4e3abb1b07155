"""What could not be done to some of many: the first are named on stderr one by one, the rest counted, and no more of it is held.

Stdout names them all, as they come; of a million that failed alike no list is wanted.
"""

from dataclasses import dataclass, field

from callguard.errors import Fault, PartialFailure

TOLD = 20
"""How many are named."""


@dataclass(slots=True)
class Complaints:
    """``count`` is that of all, ``cut_off`` why there may be more to do: what was told to stop before its end."""

    first: list[Fault] = field(default_factory=list)
    count: int = 0
    cut_off: Fault | None = None

    def add(self, message: str, place: str) -> None:
        """One more."""
        self.count += 1
        if self.count <= TOLD:
            self.first.append(Fault(message, place))

    def stop(self, remedy: str = "run it again: what is done is done") -> None:
        """It was told to stop."""
        self.cut_off = Fault("stopped before the end", remedy=remedy)

    def __bool__(self) -> bool:
        return self.count > 0 or self.cut_off is not None

    def speak(self, message: str) -> None:
        """Raises :class:`PartialFailure` when there is anything to complain of."""
        if self:
            rest = self.count - len(self.first)
            more = [Fault(f"{rest} more", remedy="the listing on stdout names them")] if rest else []
            raise PartialFailure(message, faults=[*self.first, *more, *filter(None, [self.cut_off])])
