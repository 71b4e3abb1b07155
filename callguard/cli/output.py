"""What a command prints on stdout: one JSON document, or text for people.

JSON is UTF-8 whatever the locale; a time is ISO 8601 in UTC with `Z` and milliseconds, unknown is `null`. Text is aligned in plain lines,
one for each row, on a terminal as in a pipe. A terminal that is too narrow breaks them where it likes and gives them back whole when they
are copied; folded to its width by us they would lose the ends of numbers and ids. What callers chose, such as names and user agents, is
shown without control characters.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeAlias

import typer

from callguard.cli.failing import printable
from callguard.retention.rules import stamp

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]

UNKNOWN = "-"
Cell: TypeAlias = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The same said twice: as a document for scripts, and as rows below headings for people. `none` is said when there are no rows."""

    document: object
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    none: str

    def put(self, *, as_json: bool) -> None:
        """Print one of the two."""
        if as_json:
            print_json(self.document)
        else:
            print_table(self.columns, self.rows, self.none)


def print_json(document: object) -> None:
    """The one document of a `--json` run."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain).encode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], none: str) -> None:
    """The rows below their headings; `none` is said when there are no rows."""
    shown = [tuple(map(plain, row)) for row in rows]
    if not shown:
        typer.echo(none)
        return
    head, *rest = _aligned([tuple(columns), *shown])
    typer.secho(head, bold=True)
    for line in rest:
        typer.echo(line)


def print_fields(rows: Iterable[tuple[str, Cell]]) -> None:
    """A name and a value on each line."""
    for line in _aligned([(name, plain(value)) for name, value in rows]):
        typer.echo(line)


def heading(words: str) -> None:
    """Before a part of a longer listing."""
    typer.secho(f"\n{plain(words)}", bold=True)


def _aligned(lines: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()


def plain(cell: Cell) -> str:
    """A value as people read it: on one line, without control characters."""
    if cell is None or cell == "":
        return UNKNOWN
    return moment(cell) if isinstance(cell, datetime) else printable(str(cell))


def moment(at: datetime) -> str:
    """`2026-11-21 20:37:05Z`: to the second, in UTC, as all times here."""
    return f"{at:%Y-%m-%d %H:%M:%SZ}"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
