"""How something that is done to many recordings is shown: a line for each that is done, kept or failed, or all of it as one document.

What was as it should be already is counted and not told.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable

import typer

from callguard.cli.complaints import Complaints
from callguard.cli.output import plain, print_json
from callguard.cli.progress import bar
from callguard.errors import CallguardError
from callguard.evidence.undertaking import Judged, Step, Undertaking


class Telling(ABC):
    """One undertaking and what is said of it."""

    def __init__(self, plan: Undertaking) -> None:
        self.plan = plan
        self.counts: Counter[Step] = Counter()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what would be done; nothing is changed, and nothing has failed."""
        with bar(self.plan.verb, self.plan.count) as advance:
            for planned in self.plan.verdicts():
                self._note(planned)
                advance()
        self.conclude(dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Do it until told to stop. Raises :class:`PartialFailure` when something failed, or it was stopped."""
        self.plan.begin()
        with bar(self.plan.verb, self.plan.count) as advance:
            for planned in self.plan.verdicts():
                if stopped():
                    self.complaints.stop()
                    break
                self._carry_out(planned)
                advance()
        self.plan.end(self.counts[Step.DO], whole=not self.complaints)
        self.conclude(dry_run=False)
        self.complaints.speak("done in part")

    @abstractmethod
    def tell(self, done: Judged) -> None:
        """One recording."""

    @abstractmethod
    def conclude(self, *, dry_run: bool) -> None:
        """The end."""

    @property
    def words(self) -> dict[Step, str]:
        """For the figures."""
        return {Step.DO: self.plan.past, Step.SAME: "same", Step.KEEP: "kept", Step.FAIL: "failed"}

    def word(self, done: Judged) -> str:
        """For a verdict."""
        return self.plan.verb if done.step is Step.DO else done.step.value

    def _carry_out(self, planned: Judged) -> None:
        try:
            done = self.plan.carry_out(planned) if planned.step is Step.DO else planned
        except CallguardError as failure:
            done = Judged(planned.recording, planned.path, Step.FAIL, failure.message)
        self._note(done)
        if done.step is Step.FAIL:
            self.complaints.add(done.reason, f"recording {done.recording}")

    def _note(self, done: Judged) -> None:
        self.counts[done.step] += 1
        if done.step is not Step.SAME:
            self.tell(done)


class Text(Telling):
    """A line for each recording and one for all."""

    def tell(self, done: Judged) -> None:
        """The verdict, the recording, where it lies and the reason."""
        typer.echo(plain(f"{self.word(done):<5}  {done.recording}  {done.path}  {done.reason}"))

    def conclude(self, *, dry_run: bool) -> None:
        """The figures."""
        figures = ", ".join(f"{self.counts[step]} {word}" for step, word in self.words.items())
        typer.echo(f"{figures}{'; nothing was changed: dry run' if dry_run else ''}")


class Document(Telling):
    """One document at the end."""

    def __init__(self, plan: Undertaking) -> None:
        super().__init__(plan)
        self._verdicts: list[dict[str, object]] = []

    def tell(self, done: Judged) -> None:
        """Keep it for the document."""
        self._verdicts.append({"recording": done.recording, "path": done.path, "verdict": self.word(done), "reason": done.reason})

    def conclude(self, *, dry_run: bool) -> None:
        """Print the document, also when it was stopped."""
        print_json({"dry_run": dry_run, "verdicts": self._verdicts, **{word: self.counts[step] for step, word in self.words.items()}})
