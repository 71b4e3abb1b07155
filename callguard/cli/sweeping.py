"""How a sweep is shown: a line for each recording that is due while it is dealt with, or all of it as one document.

Ctrl-C and SIGTERM end a sweep between two groups: what was deleted is proven, and the rest is due again at the next one. A sweep as
of a moment in the future deletes what would have stayed until then, so whoever types that at a terminal is asked once more.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import typer

from callguard.cli.complaints import Complaints
from callguard.cli.output import moment
from callguard.cli.progress import bar
from callguard.cli.report import Report
from callguard.retention.execution import Outcome, Plan, Result, SweepTotals, execute, verdicts
from callguard.retention.rules import Verdict
from callguard.retention.terms import Kind


class Telling:
    """One sweep and what is said of it."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan = plan
        self.report = report
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what a sweep would do; nothing is deleted, and nothing has failed."""
        considered = 0
        with bar("sweep", self.plan.count) as advance:
            for verdict in verdicts(self.plan):
                considered += 1
                self._tell(verdict)
                advance(1)
        self._conclude(SweepTotals(self.plan.as_of, considered, deleted=0, failed=0, finished=True), dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Sweep until told to stop. Raises :class:`PartialFailure` when something could not be deleted, or the sweep was stopped."""
        if self.plan.ahead and sys.stdin.isatty():
            typer.confirm(f"This deletes what expires by {moment(self.plan.as_of)}, before its time. Go on?", abort=True, err=True)
        with bar("sweep", self.plan.count) as advance:
            totals = execute(self.plan, partial(self._note, advance), stopped)
        self._conclude(totals, dry_run=False)
        if not totals.finished:
            self.complaints.stop("what is left is due again at the next sweep")
        self.complaints.speak("done in part")

    def _note(self, advance: Callable[[int], None], outcome: Outcome) -> None:
        if outcome.result is Result.FAILED:
            self.complaints.add(outcome.verdict.reason, f"{outcome.verdict.kind} {outcome.verdict.record}")
        self._tell(outcome.verdict)
        advance(1)

    def _tell(self, verdict: Verdict) -> None:
        line = f"{verdict.action:<6}  {verdict.kind:<9}  {verdict.record}  {verdict.reason}"
        entry = {"kind": verdict.kind, "record": verdict.record, "recording": verdict.record if verdict.kind is Kind.RECORDING else None}
        self.report.add(line, {**entry, "verdict": verdict.action, "reason": verdict.reason, "expires_at": verdict.expires_at})

    def _conclude(self, totals: SweepTotals, *, dry_run: bool) -> None:
        figures = "nothing was deleted: dry run" if dry_run else f"{totals.deleted} deleted, {totals.failed} failed"
        self.report.end(
            f"as of {moment(totals.as_of)}: {totals.considered} due, {figures}",
            {"as_of": totals.as_of, "dry_run": dry_run, "considered": totals.considered},
            {"deleted": totals.deleted, "failed": totals.failed},
        )


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came since; they have their usual meaning again afterwards."""
    asked = threading.Event()
    usual = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
