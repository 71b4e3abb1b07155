"""Text laid out by rich, for a terminal: folded to its width.

Everything is handed to rich as :class:`rich.text.Text`: in a plain string it would look for markup, and what callers chose may hold some.
"""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_NO_TERMINAL = 500
"""Columns; a file or a pipe has no edge to fold a line at."""


def console() -> Console:
    """Where text goes; colours only on a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NO_TERMINAL)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows below headings."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    console().print(table)


def show_fields(rows: Iterable[tuple[str, str]]) -> None:
    """A name and a value on each line."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(value))
    console().print(table)
