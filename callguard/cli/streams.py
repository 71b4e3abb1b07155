"""What a command is handed by whoever starts it: arguments, and three streams that may be closed.

A descriptor that is closed at the start is the next one that is given out: the database would become stdout, and what is printed would be
written into it. The null device takes such a place. Arguments that are no UTF-8 are refused as a whole, since nothing that keeps or tells
them takes bytes: rows, ledger, JSON.
"""

import os
import sys
from collections.abc import Sequence

from callguard.errors import UsageError


def open_streams() -> None:
    """The null device in the place of each standard stream that is closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def require_text(arguments: Sequence[str]) -> None:
    """Raises :class:`UsageError` for an argument that is no UTF-8."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError("is not UTF-8 text", place=f"argument {number}", remedy="write it in UTF-8") from None
