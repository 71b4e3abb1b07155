"""What people write on a command line and callguard keeps: names, reasons, references, each one line of visible text."""

from callguard.errors import UsageError

LONGEST = 200
"""Characters."""


def line(text: str, place: str) -> str:
    """The words with single blanks between them. Raises :class:`UsageError` that names ``place`` for none, too many, and controls."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST or not words.isprintable():
        raise UsageError("is no line of text", place=place, remedy=f"write 1 to {LONGEST} characters")
    return words
