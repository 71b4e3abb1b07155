"""Legal hold: what is under investigation stays, whatever its term says (C6c).

A hold names what it catches by one or more criteria, and catches what meets all of them: a recording, a call with all that belongs to it, a
number, a stretch of time, a queue. It is asked anew whenever something is about to be deleted or shortened, so that it catches later calls
as well as those that were there when it was placed. Nothing beats it: sweep, retag, erasure, reconciliation, a full disk.

It is placed by a named person with a reason and a reference, and released by another one: who wants evidence gone must not be able to do it
alone. In doubt it catches: a number is also looked for among those that redirected the call, however they are written, and a call is within
a stretch of time when any of it is.

Pure: no clock, no database; standard library only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from callguard.call.state import Number

_LEAST_DIGITS = 7
"""Fewer are an extension or a short code, the same in every company, and are compared as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a hold catches; ``None`` for what it does not ask. ``since`` and ``until`` are aware, the latter no longer within."""

    recording: str | None = None
    call: str | None = None
    number: Number | None = None
    since: datetime | None = None
    until: datetime | None = None
    queue: str | None = None

    @property
    def words(self) -> str:
        """As people are told of it; with the number, which whoever may see holds may see."""
        told = {
            "recording": self.recording,
            "call": self.call,
            "number": self.number and (self.number.e164 or self.number.raw),
            "since": self.since and f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "until": self.until and f"{self.until:%Y-%m-%dT%H:%M:%SZ}",
            "queue": self.queue,
        }
        return ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold that is in force."""

    id: int
    scope: Scope
    reason: str
    reference: str
    placed_by: str
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a record is about: its call and that call's recordings, all numbers as written and in E.164, from when to when, its queue."""

    recordings: frozenset[str] = frozenset()
    call: str | None = None
    numbers: frozenset[str] = frozenset()
    since: datetime
    until: datetime
    queue: str | None = None


def holding(holds: Iterable[Hold], matter: Matter) -> tuple[Hold, ...]:
    """The holds that catch it."""
    return tuple(hold for hold in holds if catches(hold.scope, matter))


def catches(scope: Scope, matter: Matter) -> bool:
    """Whether all that the scope asks is met; one that asks nothing catches nothing."""
    met = [
        scope.recording is None or scope.recording in matter.recordings,
        scope.call is None or scope.call == matter.call,
        scope.number is None or _names(scope.number, matter.numbers),
        scope.since is None or matter.until >= scope.since,
        scope.until is None or matter.since < scope.until,
        scope.queue is None or scope.queue == matter.queue,
    ]
    return all(met) and scope != Scope()


def reason(hold: Hold) -> str:
    """As a verdict tells it; without number and name."""
    return f"under legal hold {hold.id}, reference {hold.reference}"


def _names(number: Number, written: Iterable[str]) -> bool:
    return any(one in {number.e164, number.raw} or _ends_alike(one, number.e164) for one in written)


def _ends_alike(written: str, e164: str | None) -> bool:
    """0722…, 0040722… and +40722… end alike: what stands before the national number is left out of the comparison."""
    digits = re.sub(r"[^0-9]", "", written).lstrip("0")
    return e164 is not None and len(digits) >= _LEAST_DIGITS and e164.endswith(digits)
