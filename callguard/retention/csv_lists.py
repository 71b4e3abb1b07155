"""A list that somebody else's program wrote as CSV: read whole, or refused whole with the lines that are wrong.

CSV as in RFC 4180, in UTF-8, of at most :data:`LARGEST_BYTES`. Faults are told by line and without the numbers that the lines hold.
"""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from callguard.errors import Fault, UsageError

TOLD = 50
"""Faults that are told one by one."""

LARGEST_BYTES = 2**28


def refuse(file: Path, faults: Sequence[Fault]) -> None:
    """Raises :class:`UsageError` when there are any."""
    if faults:
        more = [Fault(f"{len(faults) - TOLD} more lines are faulty", str(file))] if len(faults) > TOLD else []
        raise UsageError("nothing was imported", faults=[*faults[:TOLD], *more])


def content_of(file: Path) -> bytes:
    """The file's bytes. Raises :class:`UsageError` when it cannot be read or is too large."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as failed:
        raise UsageError(f"cannot be read: {failed.strerror}", place=str(file), remedy="name a file that this user may read") from failed
    if len(content) > LARGEST_BYTES:
        raise UsageError(f"has more than {LARGEST_BYTES} bytes", place=str(file), remedy="import it in parts")
    return content


def rows_of(file: Path, content: bytes, line: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it ends on; empty lines are none. ``line`` says how one is written. Raises :class:`UsageError`."""
    reader = csv.reader(StringIO(_text(file, content), newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as wrong:
        raise UsageError(f"is no CSV: {wrong}", place=f"{file}:{reader.line_num}", remedy=line) from wrong


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        line = failed.object.count(b"\n", 0, failed.start) + 1
        raise UsageError("is not UTF-8 text", place=f"{file}:{line}", remedy="save the file as CSV in UTF-8") from failed
