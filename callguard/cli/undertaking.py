"""How something that is done to many recordings is shown: a line for each that is done, kept or failed, or all of it as one document.

What was as it should be already is counted and not told.
"""

from collections import Counter
from collections.abc import Callable

from callguard.cli.complaints import Complaints
from callguard.cli.progress import bar
from callguard.cli.report import Report
from callguard.errors import CallguardError
from callguard.evidence.undertaking import Judged, Step, Undertaking


class Telling:
    """One undertaking and what is said of it."""

    def __init__(self, plan: Undertaking, report: Report) -> None:
        self.plan = plan
        self.report = report
        self.counts: Counter[Step] = Counter()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what would be done; nothing is changed, and nothing has failed."""
        with bar(self.plan.verb, self.plan.count) as advance:
            for planned in self.plan.verdicts():
                self._note(planned)
                advance(1)
        self._conclude(dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Do it until told to stop. Raises :class:`PartialFailure` when something failed, or it was stopped."""
        self.plan.begin()
        with bar(self.plan.verb, self.plan.count) as advance:
            for planned in self.plan.verdicts():
                if stopped():
                    self.complaints.stop()
                    break
                self._carry_out(planned)
                advance(1)
        self.plan.end(self.counts[Step.DO], whole=not self.complaints)
        self._conclude(dry_run=False)
        self.complaints.speak("done in part")

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
            self._tell(done)

    def _tell(self, done: Judged) -> None:
        verdict = self.plan.verb if done.step is Step.DO else done.step.value
        line = f"{verdict:<5}  {done.recording}  {done.path}  {done.reason}"
        self.report.add(line, {"recording": done.recording, "path": done.path, "verdict": verdict, "reason": done.reason})

    def _conclude(self, *, dry_run: bool) -> None:
        words = {Step.DO: self.plan.past, Step.SAME: "same", Step.KEEP: "kept", Step.FAIL: "failed"}
        counts = {word: self.counts[step] for step, word in words.items()}
        figures = ", ".join(f"{count} {word}" for word, count in counts.items())
        self.report.end(f"{figures}{'; nothing was changed: dry run' if dry_run else ''}", {"dry_run": dry_run}, counts)
