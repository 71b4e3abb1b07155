"""What a command that goes through many says of each, and of all at the end: lines for people, or one document for scripts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import typer

from callguard.cli.output import plain, print_json

Fields = Mapping[str, object]


class Report(ABC):
    """The same said twice, as with :class:`callguard.cli.output.Listing`, for what is too much to be held or is told as it comes."""

    @abstractmethod
    def add(self, line: str, entry: Fields) -> None:
        """One of many, for people and for scripts."""

    @abstractmethod
    def end(self, line: str, head: Fields, figures: Fields) -> None:
        """All of them: a line, or what stands before and behind the entries of the document."""


class Lines(Report):
    """A line for each and one for all; nothing is held."""

    def add(self, line: str, entry: Fields) -> None:
        """Ended by a newline, so that a progress bar makes way."""
        del entry
        typer.echo(plain(line))

    def end(self, line: str, head: Fields, figures: Fields) -> None:
        """The figures, on as many lines as there are."""
        del head, figures
        for one in line.splitlines():
            typer.echo(plain(one))


class Document(Report):
    """One document at the end, also of what was stopped; ``entries`` is its key for the many."""

    def __init__(self, entries: str = "verdicts") -> None:
        self._key = entries
        self._entries: list[Fields] = []

    def add(self, line: str, entry: Fields) -> None:
        """Keep it for the document."""
        del line
        self._entries.append(entry)

    def end(self, line: str, head: Fields, figures: Fields) -> None:
        """Print it."""
        del line
        print_json({**head, self._key: self._entries, **figures})


def report(entries: str = "verdicts", *, as_json: bool) -> Report:
    """That of a command with ``--json`` or without."""
    return Document(entries) if as_json else Lines()
