"""A list of wishes as somebody else's program wrote it: read whole or refused whole (S4).

    number,way,date,reference
    0722 000 111,post,2026-11-20,R-2026/118

The day is that on which the wish came, the way one of :class:`~callguard.rights.wishes.Way`. Whose numbers are known already is for the
register to say; a number that stands in the list twice is a fault, since only one of its lines can be right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from callguard.errors import Fault, UsageError
from callguard.lines import line
from callguard.retention.csv_lists import content_of, refuse, rows_of
from callguard.rights.person import the_person
from callguard.rights.wishes import Way, Wish, require_day

HEADER = ["number", "way", "date", "reference"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LINE = 'write a number, a way, a day and a reference, as in "0722000111,post,2026-11-20,R-118"'


@dataclass(frozen=True, slots=True)
class OptoutList:
    """What the file says, by number, and what `sha256sum` says of the file."""

    wishes: Mapping[str, Wish]
    sha256: str


def read_optouts(file: Path, region: str, now: datetime) -> OptoutList:
    """Read the list. Raises :class:`UsageError` with a fault for each faulty line; then nothing of it may be used."""
    content = content_of(file)
    rows = list(rows_of(file, content, _LINE))
    if not rows or rows[0][1] != HEADER:
        raise UsageError(f"has other columns than {', '.join(HEADER)}", place=f"{file}:1", remedy=f"write first: {','.join(HEADER)}")
    wishes: dict[str, Wish] = {}
    lines: dict[str, int] = {}
    faults: list[Fault] = []
    for place, row in rows[1:]:
        try:
            wish = _wish(row, region, now)
            number = _once(wish, lines)
        except UsageError as wrong:
            faults.append(Fault(wrong.message if not wrong.place else f"{wrong.place} {wrong.message}", f"{file}:{place}", _LINE))
        else:
            lines[number], wishes[number] = place, wish
    refuse(file, faults)
    return OptoutList(wishes, sha256(content).hexdigest())


def the_day(written: str) -> date:
    """A day as in 2026-11-20. Raises :class:`UsageError` for anything else."""
    try:
        if _DAY.fullmatch(written):
            return date.fromisoformat(written)
    except ValueError:
        pass
    raise UsageError("is no day of the calendar", place="the day of the wish", remedy="write it as in 2026-11-20")


def _wish(row: Sequence[str], region: str, now: datetime) -> Wish:
    if len(row) != len(HEADER):
        raise UsageError(f"has {len(row)} columns and not {len(HEADER)}")
    number, way, day, reference = (column.strip() for column in row)
    wished_on = the_day(day)
    require_day(wished_on, now, "the day of the wish")
    return Wish(number=the_person(number, region).number, way=_way(way), wished_on=wished_on, reference=line(reference, "the reference"))


def _way(written: str) -> Way:
    if written not in list(Way):
        raise UsageError(f"is none of {', '.join(Way)}", place="the way")
    return Way(written)


def _once(wish: Wish, earlier: Mapping[str, int]) -> str:
    number = wish.number.e164 or wish.number.raw
    if number in earlier:
        raise UsageError(f"has the number of line {earlier[number]} again")
    return number
