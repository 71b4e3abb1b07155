"""How a retag is shown: a line for each record whose end changes, or would if nothing stood against it; or all of it as one document.

Records whose end stays the same are counted and not told: that is most of them.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable

import typer

from callguard.cli.complaints import Complaints
from callguard.cli.output import plain, print_json
from callguard.cli.progress import bar
from callguard.errors import CallguardError
from callguard.retention.retag import Retagging
from callguard.retention.retagging import Retag, Step


class Telling(ABC):
    """One retag and what is said of it."""

    def __init__(self, plan: Retagging) -> None:
        self.plan = plan
        self.counts: Counter[Step] = Counter()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what would be done; nothing is changed."""
        with bar("retag", self.plan.count) as advance:
            for planned in self.plan.verdicts():
                self._note(planned)
                advance()
        self.conclude(dry_run=True)

    def execute(self, by: str, stopped: Callable[[], bool]) -> None:
        """Do it, as ordered by that person, until told to stop.

        Raises :class:`callguard.errors.GuardRefusal` when anything would go below its floor, and nothing is changed then; and
        :class:`PartialFailure` when something could not be changed, or it was stopped.
        """
        self.plan.require_floors()
        self.plan = self.plan.ordered(by)
        with bar("retag", self.plan.count) as advance:
            for planned in self.plan.verdicts():
                if stopped():
                    self.complaints.stop()
                    break
                self._carry_out(planned)
                advance()
        self.conclude(dry_run=False)
        self.complaints.speak("done in part")

    @abstractmethod
    def tell(self, done: Retag) -> None:
        """One record."""

    @abstractmethod
    def conclude(self, *, dry_run: bool) -> None:
        """The end."""

    def _carry_out(self, planned: Retag) -> None:
        try:
            self._note(self.plan.carry_out(planned) if planned.step is Step.CHANGE else planned)
        except CallguardError as failure:
            self.complaints.add(failure.message, f"{planned.kind} {planned.record}")

    def _note(self, done: Retag) -> None:
        self.counts[done.step] += 1
        if done.step is not Step.SAME:
            self.tell(done)


class TextRetag(Telling):
    """A line for each record and one for all."""

    def tell(self, done: Retag) -> None:
        """The verdict, the record and the reason."""
        typer.echo(plain(f"{done.step:<6}  {done.kind:<9}  {done.record}  {done.reason}"))

    def conclude(self, *, dry_run: bool) -> None:
        """The figures."""
        figures = ", ".join(f"{self.counts[step]} {word}" for step, word in _WORDS.items())
        typer.echo(f"{figures}; {'nothing was changed: dry run' if dry_run else f'{self.complaints.count} failed'}")


class JsonRetag(Telling):
    """One document at the end."""

    def __init__(self, plan: Retagging) -> None:
        super().__init__(plan)
        self._verdicts: list[dict[str, object]] = []

    def tell(self, done: Retag) -> None:
        """Keep it for the document."""
        told = {"kind": done.kind, "record": done.record, "verdict": done.step, "reason": done.reason}
        self._verdicts.append({**told, "from": done.earlier, "to": done.later})

    def conclude(self, *, dry_run: bool) -> None:
        """Print the document, also when it was stopped."""
        counts = {word: self.counts[step] for step, word in _WORDS.items()}
        print_json({"dry_run": dry_run, "verdicts": self._verdicts, **counts, "failed": self.complaints.count})


_WORDS = {Step.CHANGE: "changed", Step.KEEP: "kept", Step.REFUSE: "refused", Step.SAME: "same"}
