"""A list of contract ends as somebody else's program wrote it: read whole or refused whole (C6a).

    number,end
    0722 000 111,2026-01-31
    +40213334444,running

CSV as in RFC 4180, in UTF-8, with that first line. A number may be written in any way that is a telephone number here; ``end`` is the last
day of the contract, or ``running`` for one that goes on, whose records stay. An empty end would be the same as a line that was cut off, so
it is refused. Faults are told by line, all of them, and without the numbers that the lines hold.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path

from callguard.call.state import Number
from callguard.errors import Fault, UsageError

HEADER = ["number", "end"]
GOES_ON = "running"
TOLD = 50
"""Faults that are told one by one."""

LARGEST_BYTES = 2**28
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
    content = _content(file)
    rows = list(_rows(file, _text(file, content)))
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
    _refuse(file, faults)
    return ContractList(ends, sha256(content).hexdigest())


def _refuse(file: Path, faults: Sequence[Fault]) -> None:
    if faults:
        more = [Fault(f"{len(faults) - TOLD} more lines are faulty", str(file))] if len(faults) > TOLD else []
        raise UsageError("nothing was imported", faults=[*faults[:TOLD], *more])


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as failed:
        raise UsageError(f"cannot be read: {failed.strerror}", place=str(file)) from failed
    if len(content) > LARGEST_BYTES:
        raise UsageError(f"has more than {LARGEST_BYTES} bytes", place=str(file), remedy="import it in parts")
    return content


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        line = failed.object.count(b"\n", 0, failed.start) + 1
        raise UsageError("is not UTF-8 text", place=f"{file}:{line}", remedy="save the file as CSV in UTF-8") from failed


def _rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it ends on; empty lines are none."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as wrong:
        raise UsageError(f"is no CSV: {wrong}", place=f"{file}:{reader.line_num}", remedy=_LINE) from wrong


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
