"""Facts that come while a snapshot is being taken, for either switch: a call that began meanwhile is not in it and yet not over.

They are told after it; and what they ended is not taken up again from it.
"""

from callguard.call.events import Event, HandedBack, LegGone
from callguard.pbx.switch import Deliver, Fact


class Gate:
    """Open, it passes every fact on at once; shut, it keeps the events until it is opened. Lives in the link's thread."""

    def __init__(self, tell: Deliver) -> None:
        self._tell = tell
        self._shut = False
        self._kept: list[Event] = []

    def deliver(self, fact: Fact) -> None:
        """Pass on, or keep."""
        if self._shut and isinstance(fact, Event):
            self._kept.append(fact)
        else:
            self._tell(fact)

    def shut(self) -> None:
        """A snapshot is being taken from now on."""
        self._shut = True

    def open(self) -> None:
        """The snapshot is told, or will not come: what was kept is told, in its order."""
        self._shut = False
        kept, self._kept = self._kept, []
        for event in kept:
            self._tell(event)

    @property
    def gone(self) -> set[str]:
        """Legs that have ended since it was shut."""
        return {event.leg for event in self._kept if isinstance(event, LegGone)}

    @property
    def back(self) -> set[str]:
        """Legs that have left our hands since it was shut."""
        return {event.leg for event in self._kept if isinstance(event, HandedBack | LegGone)}
