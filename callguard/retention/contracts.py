"""A list of contract ends as somebody else's program wrote it: read whole or refused whole (C6a).

    number,end
    0722 000 111,2026-01-31
    +40213334444,running

CSV as in RFC 4180, in UTF-8, with that first line. A number may be written in any way that is a telephone number here; ``end`` is the last
day of the contract, or ``running`` for one that goes on, whose records stay. An empty end would be the same as a line that was cut off, so
it is refused. Faults are told by line, all of them, and without the numbers that the lines hold.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from callguard.call.state import Number
from callguard.errors import Fault, UsageError
from callguard.retention.csv_lists import content_of, refuse, rows_of

HEADER = ["number", "end"]
GOES_ON = "running"
EARLIEST, LATEST = date(1950, 1, 1), date(2199, 12, 31)
"""Days outside are slips of the pen."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LINE = 'write a number and the last day of its contract, as in "0722000111,2026-01-31", or "running" for one that goes on'

Parse = Callable[[str], Number]


@dataclass(frozen=True, slots=True)
class ContractList:
    """What the file says, by number in E.164: the last day, ``None`` for a contract that goes on; and what `sha256sum` says of the file."""

    ends: Mapping[str, date | None]
    sha256: str


def read_contracts(file: Path, parse: Parse) -> ContractList:
    """Read the list. Raises :class:`UsageError` with a fault for each faulty line; then nothing of it may be used."""
    content = content_of(file)
    rows = list(rows_of(file, content, _LINE))
    if not rows or rows[0][1] != HEADER:
        raise UsageError("has other columns than number and end", place=f"{file}:1", remedy=f"write as its first line: {','.join(HEADER)}")
    ends: dict[str, date | None] = {}
    lines: dict[str, int] = {}
    faults: list[Fault] = []
    for line, row in rows[1:]:
        try:
            number, end = _contract(row, parse, lines)
        except ValueError as wrong:
            faults.append(Fault(str(wrong), f"{file}:{line}", _LINE))
        else:
            lines[number], ends[number] = line, end
    refuse(file, faults)
    return ContractList(ends, sha256(content).hexdigest())


def _contract(row: Sequence[str], parse: Parse, earlier: Mapping[str, int]) -> tuple[str, date | None]:
    if len(row) != len(HEADER):
        raise ValueError(f"has {len(row)} columns and not {len(HEADER)}")
    number = parse(row[0]).e164
    if number is None:
        raise ValueError("does not begin with a telephone number")
    if number in earlier:
        raise ValueError(f"has the number of line {earlier[number]} again")
    return number, _end(row[1].strip())


def _end(written: str) -> date | None:
    if written == GOES_ON:
        return None
    try:
        day = date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise ValueError(f"has no day for the end: write it as in 2026-01-31, from {EARLIEST.year} to {LATEST.year}")
    return day
