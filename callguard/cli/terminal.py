"""Where the lines go of a command that draws a progress bar below them, which rich moves out of their way."""

from rich.console import Console

_NO_TERMINAL = 500
"""Columns; a file or a pipe has no edge to fold a line at."""


def console() -> Console:
    """Where text goes; colours only on a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NO_TERMINAL)
