"""What a command prints on stdout: one JSON document, or text for people.

JSON is UTF-8 whatever the locale; a time is ISO 8601 in UTC with `Z` and milliseconds, unknown is `null`. Text is a table as wide as it
needs to be, unless a terminal is narrower. What callers chose, such as names and user agents, is shown without control characters and
never read as markup.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callguard.cli.failing import printable
from callguard.retention.rules import stamp

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]

UNKNOWN = "-"
_NO_TERMINAL = 500
"""Columns; a file or a pipe has no edge to fold a table at."""

Cell: TypeAlias = str | int | float | datetime | None


def console() -> Console:
    """Where text goes; colours only on a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NO_TERMINAL)


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
    """The rows below their headings; `none` is said when there are no rows.

    A terminal gets a table that is folded to its width; a file or a pipe gets plain lines, as rich takes seconds to lay ten thousand out.
    """
    shown = [tuple(map(plain, row)) for row in rows]
    if not shown:
        typer.echo(none)
    elif console().is_terminal:
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for line in shown:
            table.add_row(*map(Text, line))
        console().print(table)
    else:
        widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
        for line in (tuple(columns), *shown):
            typer.echo("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())


def heading(words: str) -> None:
    """Before a part of a longer listing."""
    console().print(Text(f"\n{plain(words)}", style="bold"))


def print_fields(rows: Iterable[tuple[str, Cell]]) -> None:
    """A name and a value on each line."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows:
        table.add_row(Text(name, style="bold"), text(value))
    console().print(table)


def text(cell: Cell) -> Text:
    """A value for rich, which would look for markup in a plain string."""
    return Text(plain(cell))


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
