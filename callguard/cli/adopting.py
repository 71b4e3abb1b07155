"""How an import of recordings is shown: a line for each file, or all of it as one document; and what still lies outside at the end.

The names of the files hold telephone numbers, so they are on stdout alone: what goes to stderr ends up in logs.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

from callguard.adoption.importing import Import, Outcome
from callguard.adoption.judging import Action
from callguard.adoption.walking import count
from callguard.cli.progress import bar
from callguard.cli.report import Report
from callguard.errors import Fault, PartialFailure

_WORDS = {Action.ADOPT: "adopted", Action.ALREADY: "adopted before", Action.LEAVE: "left"}


class Telling:
    """One import and what is said of it."""

    def __init__(self, plan: Import, report: Report) -> None:
        self.plan = plan
        self.report = report
        self.counts: Counter[Action] = Counter()
        self.originals = 0
        self.removed = 0
        self.unmoved = 0

    def preview(self) -> None:
        """Say what an import would do; nothing is adopted, and nothing has failed."""
        with bar("import", partial(count, self.plan.folder)) as advance:
            for outcome in self.plan.preview():
                self._note(outcome)
                advance(1)
        self._conclude(dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Import until told to stop. Raises :class:`PartialFailure` when something was left, or it was stopped."""
        cut_off = False
        with bar("import", partial(count, self.plan.folder)) as advance:
            for outcome in self.plan.outcomes():
                self._note(outcome)
                advance(1)
                if cut_off := stopped():
                    break
        self.plan.conclude(self.counts, self.removed)
        self._conclude(dry_run=False)
        if faults := [*self._faults(cut_off=cut_off)]:
            raise PartialFailure("done in part", faults=faults)

    def _note(self, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self.counts[verdict.action] += 1
        self.removed += not outcome.original
        self.originals += outcome.original and verdict.action is not Action.LEAVE
        self.unmoved += bool(outcome.fault)
        self._tell(outcome)

    def _faults(self, *, cut_off: bool) -> Iterator[Fault]:
        place = str(self.plan.folder)
        if left := self.counts[Action.LEAVE]:
            yield Fault(f"{left} files were left; stdout tells which and why", place, "look into them, and import again")
        if self.unmoved:
            yield Fault(f"{self.unmoved} originals were to be removed and are not; stdout tells which and why", place)
        if cut_off:
            yield Fault("stopped before the end", place, "import again: what is done is done")

    def _tell(self, outcome: Outcome) -> None:
        entry = asdict(outcome.verdict)
        path, action = entry.pop("path"), entry.pop("action")
        line = f"{action:<7}  {path}  {outcome.verdict.reason}{outcome.fault and f'; {outcome.fault}'}"
        self.report.add(line, {"path": path, "verdict": action, **entry, "original": outcome.original, "fault": outcome.fault or None})

    def _conclude(self, *, dry_run: bool) -> None:
        """The figures, and where sound still lies that no deletion reaches."""
        figures = ", ".join(f"{self.counts[action]} {word}" for action, word in _WORDS.items())
        left = f"\n{self.originals} originals still lie in {self.plan.folder}: no sweep deletes those; --move removes them"
        said = "; nothing was changed: dry run" if dry_run else left if self.originals else ""
        adopted, already, left_there = (self.counts[action] for action in Action)
        counts = {"adopted": adopted, "already": already, "left": left_there, "originals": self.originals}
        self.report.end(f"{figures}{said}", {"dry_run": dry_run, "folder": str(self.plan.folder)}, counts)
