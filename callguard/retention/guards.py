"""When a sweep must not be believed: what would make it delete what nobody meant to delete.

Retention deletes by a clock, by rules and by what it finds in a folder, and each of them can be wrong: a clock without a battery, a
configuration that was lost, a disk that is not mounted. Then a sweep stops before it begins and says why; a person looks into it, and may
order it all the same by the option of the frightening name (``callguard sweep --delete-even-though-guards-object``).

The share is counted by what would be deleted, held ones left out, and only from more than :data:`SPARED` on: a small company deletes all of
its few recordings on one day. A clock that is behind deletes nothing too early; it is objected to because the sweeps since were wrong then.

Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from callguard.call.period import Period
from callguard.errors import Fault
from callguard.retention.terms import Kind

TOLERANCE = timedelta(hours=1)
"""How far two clocks may be apart before one of them decides nothing; far less than the shortest period, far more than NTP leaves."""

SPARED = 25
"""Up to so many may always be deleted at once."""

OVERRIDE = "--delete-even-though-guards-object"

_NTP = f"set the clock right: timedatectl set-ntp true; if it is right, callguard sweep {OVERRIDE}"


class RootState(StrEnum):
    """How the recordings root was found. ``UNMARKED`` is one that callguard never put its mark in and that is not empty all the same."""

    MARKED = "marked"
    UNMARKED = "unmarked"
    MISSING = "missing"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Load:
    """How many of a kind a sweep would delete, and how many there are."""

    kind: Kind
    deleting: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a sweep finds at its beginning.

    ``pbx_behind`` says of each PBX that told its time how far it is behind our clock. ``database_clock`` is ``None`` for a database that
    has no clock but ours. ``mark`` is what must stand in the root's marker file.
    """

    now: datetime
    last_sweep: datetime | None
    database_clock: datetime | None
    pbx_behind: Mapping[str, timedelta]
    root: RootState
    mark: str
    missing_rules: Sequence[Kind]
    loads: Sequence[Load]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest share in percent, and the longest time since the last sweep that is believed."""

    largest_share: int
    longest_pause: Period


def objections(situation: Situation, limits: Limits) -> list[Fault]:
    """All that speaks against the sweep; nothing does as a rule."""
    return [*_of_rules(situation), *of_root(situation.root, situation.mark), *_of_clocks(situation, limits), *_of_shares(situation, limits)]


def _of_rules(situation: Situation) -> Iterator[Fault]:
    if situation.missing_rules:
        kinds = ", ".join(situation.missing_rules)
        yield Fault(f"there is no rule for {kinds}", "rules", "look whether the configuration is the right one")


_ROOT = {
    RootState.MISSING: ("is not there, or cannot be entered", "mount the disk that holds it"),
    RootState.EMPTY: ("is empty, and there are recordings that should be in it", "mount the disk that holds it"),
    RootState.OTHER: (
        "is not the folder that callguard marked",
        "mount the disk that holds it; if it was moved here, write {mark} into .callguard-root in it",
    ),
}


def of_root(root: RootState, mark: str) -> Iterator[Fault]:
    """What the root says against whoever believes what is in it, or is not."""
    if root in _ROOT:
        message, remedy = _ROOT[root]
        yield Fault(message, "recordings root", remedy.format(mark=mark))


def _of_clocks(situation: Situation, limits: Limits) -> Iterator[Fault]:
    now, last = situation.now, situation.last_sweep
    if last is not None and now + TOLERANCE < last:
        yield Fault(f"is {_told(last - now)} behind the last sweep", "clock", _NTP)
    if last is not None and now > limits.longest_pause.after(last):
        yield Fault(f"is {_told(now - last)} ahead of the last sweep, more than {limits.longest_pause}", "clock", _NTP)
    others = {f"PBX {name}": behind for name, behind in situation.pbx_behind.items()}
    if situation.database_clock is not None:
        others["database"] = now - situation.database_clock
    for name, behind in others.items():
        if behind > TOLERANCE:
            yield Fault(f"is {_told(behind)} ahead of that of the {name}", "clock", _NTP)


def _of_shares(situation: Situation, limits: Limits) -> Iterator[Fault]:
    for load in situation.loads:
        if load.deleting > SPARED and load.deleting * 100 > load.total * limits.largest_share:
            share = f"{load.deleting} of {load.total} at once, more than {limits.largest_share} in a hundred"
            yield Fault(f"would delete {share}", load.kind.value, f"see callguard sweep --dry-run; then callguard sweep {OVERRIDE}")


def _told(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
