"""How a sweep is shown: a line for each recording that is due while it is dealt with, or all of it as one document.

Ctrl-C and SIGTERM end a sweep between two groups: what was deleted is proven, and the rest is due again at the next one. A sweep as
of a moment in the future deletes what would have stayed until then, so whoever types that at a terminal is asked once more.
"""

import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from callguard.cli.complaints import Complaints
from callguard.cli.output import moment, plain, print_json
from callguard.cli.terminal import console
from callguard.retention.execution import Outcome, Plan, Result, SweepTotals, execute, verdicts
from callguard.retention.rules import Verdict
from callguard.retention.terms import Kind


class Telling(ABC):
    """One sweep and what is said of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.console = console()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what a sweep would do; nothing is deleted, and nothing has failed."""
        considered = 0
        with self._progress() as advance:
            for verdict in verdicts(self.plan):
                considered += 1
                self.tell(verdict)
                advance()
        self.conclude(SweepTotals(self.plan.as_of, considered, deleted=0, failed=0, finished=True), dry_run=True)

    def execute(self, stopped: Callable[[], bool]) -> None:
        """Sweep until told to stop. Raises :class:`PartialFailure` when something could not be deleted, or the sweep was stopped."""
        if self.plan.ahead and sys.stdin.isatty():
            typer.confirm(f"This deletes what expires by {moment(self.plan.as_of)}, before its time. Go on?", abort=True, err=True)
        with self._progress() as advance:
            totals = execute(self.plan, partial(self._report, advance), stopped)
        self.conclude(totals, dry_run=False)
        if not totals.finished:
            self.complaints.stop("what is left is due again at the next sweep")
        self.complaints.speak("done in part")

    @abstractmethod
    def tell(self, verdict: Verdict) -> None:
        """One recording."""

    @abstractmethod
    def conclude(self, totals: SweepTotals, *, dry_run: bool) -> None:
        """The end."""

    def _report(self, advance: Callable[[], None], outcome: Outcome) -> None:
        if outcome.result is Result.FAILED:
            self.complaints.add(outcome.verdict.reason, f"{outcome.verdict.kind} {outcome.verdict.record}")
        self.tell(outcome.verdict)
        advance()

    @contextmanager
    def _progress(self) -> Iterator[Callable[[], None]]:
        """A bar below the lines on a terminal, or alone on stderr where only that is one; elsewhere nothing."""
        bar_on = self.console if self.console.is_terminal else Console(stderr=True)
        if not bar_on.is_terminal:
            yield lambda: None
            return
        with Progress(console=bar_on, transient=True) as progress:
            task = progress.add_task("sweep", total=self.plan.count())
            yield lambda: progress.advance(task)


class TextSweep(Telling):
    """A line for each recording and one for all."""

    def tell(self, verdict: Verdict) -> None:
        """The verdict, the recording and the reason."""
        self.console.print(Text(plain(f"{verdict.action:<6}  {verdict.kind:<9}  {verdict.record}  {verdict.reason}")), soft_wrap=True)

    def conclude(self, totals: SweepTotals, *, dry_run: bool) -> None:
        """The figures."""
        figures = "nothing was deleted: dry run" if dry_run else f"{totals.deleted} deleted, {totals.failed} failed"
        self.console.print(f"as of {moment(totals.as_of)}: {totals.considered} due, {figures}")


class JsonSweep(Telling):
    """One document at the end."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._verdicts: list[dict[str, object]] = []

    def tell(self, verdict: Verdict) -> None:
        """Keep it for the document."""
        told = {"kind": verdict.kind, "record": verdict.record, "recording": verdict.record if verdict.kind is Kind.RECORDING else None}
        self._verdicts.append({**told, "verdict": verdict.action, "reason": verdict.reason, "expires_at": verdict.expires_at})

    def conclude(self, totals: SweepTotals, *, dry_run: bool) -> None:
        """Print the document, also when the sweep was stopped."""
        print_json(
            {
                "as_of": totals.as_of,
                "dry_run": dry_run,
                "considered": totals.considered,
                "verdicts": self._verdicts,
                "deleted": totals.deleted,
                "failed": totals.failed,
            }
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
