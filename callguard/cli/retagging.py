"""How a retag is shown: a line for each record whose end changes, or would if nothing stood against it; or all of it as one document.

Records whose end stays the same are counted and not told: that is most of them.
"""

from collections import Counter
from collections.abc import Callable

from callguard.cli.complaints import Complaints
from callguard.cli.progress import bar
from callguard.cli.report import Report
from callguard.errors import CallguardError
from callguard.retention.retag import Retagging
from callguard.retention.retagging import Retag, Step


class Telling:
    """One retag and what is said of it."""

    def __init__(self, plan: Retagging, report: Report) -> None:
        self.plan = plan
        self.report = report
        self.counts: Counter[Step] = Counter()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what would be done; nothing is changed."""
        with bar("retag", self.plan.count) as advance:
            for planned in self.plan.verdicts():
                self._note(planned)
                advance(1)
        self._conclude(dry_run=True)

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
                advance(1)
        self._conclude(dry_run=False)
        self.complaints.speak("done in part")

    def _carry_out(self, planned: Retag) -> None:
        try:
            self._note(self.plan.carry_out(planned) if planned.step is Step.CHANGE else planned)
        except CallguardError as failure:
            self.complaints.add(failure.message, f"{planned.kind} {planned.record}")

    def _note(self, done: Retag) -> None:
        self.counts[done.step] += 1
        if done.step is not Step.SAME:
            self._tell(done)

    def _tell(self, done: Retag) -> None:
        line = f"{done.step:<6}  {done.kind:<9}  {done.record}  {done.reason}"
        entry = {"kind": done.kind, "record": done.record, "verdict": done.step, "reason": done.reason}
        self.report.add(line, {**entry, "from": done.earlier, "to": done.later})

    def _conclude(self, *, dry_run: bool) -> None:
        counts = {word: self.counts[step] for step, word in _WORDS.items()}
        figures = ", ".join(f"{count} {word}" for word, count in counts.items())
        line = f"{figures}; {'nothing was changed: dry run' if dry_run else f'{self.complaints.count} failed'}"
        self.report.end(line, {"dry_run": dry_run}, {**counts, "failed": self.complaints.count})


_WORDS = {Step.CHANGE: "changed", Step.KEEP: "kept", Step.REFUSE: "refused", Step.SAME: "same"}
