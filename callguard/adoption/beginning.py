"""When the call of an adopted recording began, and by what that is known (S8).

A recording's end is counted from there, so it is asked for in this order, and the first that knows it is believed:

1. the id of an Asterisk channel in the name, which holds the second in UTC;
2. the CDR;
3. the local time in the name, in the zone that the PBX's clock had;
4. the date and time in the header of the file;
5. the time of the file, and only where that was asked for: it says when somebody last wrote to it, by a copy for instance.

What else is known must agree to within :data:`AGREEMENT`. That is less than any two zones are apart, so that a wrong zone is found out,
and more than a person waits before a recording begins, mostly; what does not agree is left for a person to look into, who may give a CDR.

In the night in which an hour comes twice, a local time means either. The later one is taken: nothing may be deleted a second early, and
an hour more is the price. A local time that the clocks skipped never was, so the zone is wrong.

Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from callguard.adoption.names import Named, UnfitError

AGREEMENT = timedelta(minutes=25)


class StartFrom(StrEnum):
    """By what the start of a call is known."""

    NAME = "name"
    CDR = "cdr"
    HEADER = "header"
    MTIME = "mtime"


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known: by the name, by the CDR (aware), by the header (naive), and the time of the file where it may be believed."""

    named: Named
    listed: datetime | None
    header: datetime | None
    mtime: datetime | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """The moment, in UTC, and by what it is known."""

    at: datetime
    source: StartFrom


@dataclass(frozen=True, slots=True)
class _Told:
    """One source and what it means: one moment, two in the hour that comes twice, none in the one that is skipped."""

    source: StartFrom
    words: str
    moments: tuple[datetime, ...]


def begin(clues: Clues, zone: tzinfo, now: datetime) -> Beginning:
    """When the call began. Raises :class:`UnfitError`."""
    told = [*_told(clues, zone)]
    if not told:
        raise UnfitError(_nothing(clues))
    for one in told:
        if not one.moments:
            raise UnfitError(f"the clocks of {zone} skipped the time {one.words}: look whether that is the zone")
    first = told[0]
    for other in told[1:]:
        if min(abs(one - another) for one in first.moments for another in other.moments) > AGREEMENT:
            raise UnfitError(f"the time {first.words} and that {other.words} do not agree: look whether {zone} is the zone")
    at = max(first.moments)
    _require_possible(at, clues, zone, now)
    return Beginning(at, first.source)


def moments(local: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """What a naive time on the clocks of a zone means, in UTC and in order of time; nothing, where the calendar has no such day in UTC."""
    try:
        meant = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        return tuple(sorted(one for one in meant if one.astimezone(zone).replace(tzinfo=None, fold=0) == local))
    except OverflowError:
        return ()


def _told(clues: Clues, zone: tzinfo) -> Iterator[_Told]:
    named = clues.named
    if named.made is not None:
        yield _Told(StartFrom.NAME, "in the id in its name", (named.made,))
    if clues.listed is not None:
        yield _Told(StartFrom.CDR, "in the CDR", (clues.listed,))
    if named.local is not None:
        yield _Told(StartFrom.NAME, "in its name", moments(named.local, zone))
    if clues.header is not None:
        yield _Told(StartFrom.HEADER, "in its header", moments(clues.header, zone))
    if clues.mtime is not None and not (named.made or clues.listed or named.local or clues.header):
        yield _Told(StartFrom.MTIME, "of the file", (clues.mtime,))


def _nothing(clues: Clues) -> str:
    if clues.named.day is not None:
        return "only the day of its call is known, by its folder: give the CDR with --cdr"
    if clues.named.unique is not None:
        return "its name holds the id of a call and no time: give the CDR with --cdr"
    return "nothing says when its call began: give the CDR with --cdr, or --by-mtime to believe the time of the file"


def _require_possible(at: datetime, clues: Clues, zone: tzinfo, now: datetime) -> None:
    if at > now:
        raise UnfitError("its call would begin in the future")
    day = clues.named.day
    if day is not None and abs(at.astimezone(zone).date() - day) > timedelta(days=1):
        raise UnfitError("it lies in the folder of another day than that of its call")
