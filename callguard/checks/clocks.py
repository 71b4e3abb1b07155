"""How the clock of a PBX stands against ours: how it is asked for, how well it is known by that, and what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from callguard.checks.report import Check, Subject
from callguard.clock import utc_now

FURTHEST = timedelta(seconds=2)
"""Between the two clocks; the heartbeat is believed for six seconds, and evidence is dated by the PBX."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How far the PBX's clock is ahead of ours, known to within the time that the question took."""

    ahead: timedelta
    within: timedelta


def compared(ask: Callable[[], datetime | None]) -> Clock | None:
    """Ask for an aware time; ``None`` from a PBX that does not tell its own."""
    before = utc_now()
    told = ask()
    took = utc_now() - before
    return None if told is None else Clock(told - (before + took / 2), took / 2)


def judged(subject: Subject, clock: Clock | None, remedy: str) -> Check:
    """The line of a check; the remedy is for clocks that are too far apart."""
    if clock is None:
        return subject.unchecked("the PBX does not tell its time")
    seconds = clock.ahead.total_seconds()
    message = f"the PBX is {abs(seconds):.3f} s {'ahead' if seconds > 0 else 'behind'}, give or take {clock.within.total_seconds():.3f}"
    return subject.failed(message, remedy) if abs(clock.ahead) > FURTHEST else subject.ok(message)
