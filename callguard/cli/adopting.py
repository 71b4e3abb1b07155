"""How an import of recordings is shown: a line for each file, or all of it as one document; and what still lies outside at the end.

The names of the files hold telephone numbers, so they are on stdout alone: what goes to stderr ends up in logs.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

import typer
from rich.text import Text

from callguard.adoption.importing import Import, Outcome
from callguard.adoption.judging import Action
from callguard.adoption.walking import count
from callguard.cli.output import plain, print_json
from callguard.cli.progress import bar
from callguard.cli.terminal import console
from callguard.errors import Fault, PartialFailure

_WORDS = {Action.ADOPT: "adopted", Action.ALREADY: "adopted before", Action.LEAVE: "left"}


class Telling(ABC):
    """One import and what is said of it."""

    def __init__(self, plan: Import) -> None:
        self.plan = plan
        self.console = console()
        self.counts: Counter[Action] = Counter()
        self.originals = 0
        self.removed = 0
        self.unmoved = 0

    def preview(self) -> None:
        """Say what an import would do; nothing is adopted, and nothing has failed."""
        with bar("import", partial(count, self.plan.folder)) as advance:
            for outcome in self.plan.preview():
                self._note(outcome)
                advance()
        self.conclude(dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Import until told to stop. Raises :class:`PartialFailure` when something was left, or it was stopped."""
        cut_off = False
        with bar("import", partial(count, self.plan.folder)) as advance:
            for outcome in self.plan.outcomes():
                self._note(outcome)
                advance()
                if cut_off := stopped():
                    break
        self.plan.conclude(self.counts, self.removed)
        self.conclude(dry_run=False)
        if faults := [*self._faults(cut_off=cut_off)]:
            raise PartialFailure("done in part", faults=faults)

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """One file."""

    @abstractmethod
    def conclude(self, *, dry_run: bool) -> None:
        """The end."""

    def _note(self, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self.counts[verdict.action] += 1
        self.removed += not outcome.original
        self.originals += outcome.original and verdict.action is not Action.LEAVE
        self.unmoved += bool(outcome.fault)
        self.tell(outcome)

    def _faults(self, *, cut_off: bool) -> Iterator[Fault]:
        place = str(self.plan.folder)
        if left := self.counts[Action.LEAVE]:
            yield Fault(f"{left} files were left; stdout tells which and why", place, "look into them, and import again")
        if self.unmoved:
            yield Fault(f"{self.unmoved} originals were to be removed and are not; stdout tells which and why", place)
        if cut_off:
            yield Fault("stopped before the end", place, "import again: what is done is done")


class TextImport(Telling):
    """A line for each file and one for all."""

    def tell(self, outcome: Outcome) -> None:
        """The verdict, the file and the reason."""
        verdict = outcome.verdict
        words = f"{verdict.action:<7}  {verdict.path}  {verdict.reason}{outcome.fault and f'; {outcome.fault}'}"
        self.console.print(Text(plain(words)), soft_wrap=True)

    def conclude(self, *, dry_run: bool) -> None:
        """The figures, and where sound still lies that no deletion reaches."""
        figures = ", ".join(f"{self.counts[action]} {word}" for action, word in _WORDS.items())
        typer.echo(f"{figures}{'; nothing was changed: dry run' if dry_run else ''}")
        if self.originals and not dry_run:
            typer.echo(
                f"{self.originals} originals still lie in {plain(str(self.plan.folder))}: no sweep deletes those; --move removes them"
            )


class JsonImport(Telling):
    """One document at the end."""

    def __init__(self, plan: Import) -> None:
        super().__init__(plan)
        self._verdicts: list[dict[str, object]] = []

    def tell(self, outcome: Outcome) -> None:
        """Keep it for the document."""
        told = asdict(outcome.verdict)
        verdict = {"path": told.pop("path"), "verdict": told.pop("action")}
        self._verdicts.append({**verdict, **told, "original": outcome.original, "fault": outcome.fault or None})

    def conclude(self, *, dry_run: bool) -> None:
        """Print the document, also when it was stopped."""
        adopted, already, left = (self.counts[action] for action in Action)
        figures = {"adopted": adopted, "already": already, "left": left, "originals": self.originals}
        print_json({"dry_run": dry_run, "folder": str(self.plan.folder), "verdicts": self._verdicts, **figures})
