"""How a reconciliation is shown: a line for each difference, or all of it as one document; what is in order is counted and not told.

A path may hold a number, as a PBX makes names of them. It is shown on stdout, to whoever asked, and masked in complaints, which end up in
logs.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from callguard.cli.complaints import Complaints
from callguard.cli.progress import bar
from callguard.cli.report import Report
from callguard.errors import CallguardError, GuardRefusal
from callguard.redaction import redact_text
from callguard.retention.differences import Difference, Side, Step
from callguard.retention.reconcile import DOING, Reconciliation
from callguard.retention.reconciling import Count

_NOT_ALL = "not all agrees"


class Telling:
    """One reconciliation and what is said of it; ``stopped`` is asked before each difference."""

    def __init__(self, plan: Reconciliation, report: Report, stopped: Callable[[], bool]) -> None:
        self.plan = plan
        self.report = report
        self.stopped = stopped
        self.count = Count()
        self.steps: Counter[Step] = Counter()
        self.complaints = Complaints()

    def preview(self) -> None:
        """Say what would be done; nothing is changed.

        Raises :class:`GuardRefusal` when a guard would object, :class:`PartialFailure` when something is for a person to see to.
        """
        self.plan.require_root()
        with bar("reconcile", self.plan.expected) as advance:
            for planned in self._differences(advance):
                self._note(planned)
        self._conclude(dry_run=True)
        objections = [*self.count.objections(self.plan.largest_share)]
        if objections:
            raise GuardRefusal("the guards would object", faults=objections)
        self.complaints.speak(_NOT_ALL)

    def execute(self, *, heedless: bool) -> None:
        """Do it until told to stop. Raises what :meth:`preview` raises, the objections before anything is changed."""
        self.plan.require_root()
        objections = [*self.plan.count().objections(self.plan.largest_share)]
        if objections and not heedless:
            raise GuardRefusal("the guards object", faults=objections)
        self.plan.override(objections)
        with bar("reconcile", self.plan.expected) as advance:
            for planned in self._differences(advance):
                self._carry_out(planned)
        self._conclude(dry_run=False)
        self.complaints.speak(_NOT_ALL)

    def _differences(self, advance: Callable[[int], None]) -> Iterator[Difference]:
        def looked(side: Side, many: int) -> None:
            self.count.look(side, many)
            advance(many)

        for one in self.plan.comparison.differences(looked):
            if self.stopped():
                self.complaints.stop()
                return
            yield one

    def _carry_out(self, planned: Difference) -> None:
        try:
            self._note(self.plan.carry_out(planned) if planned.judgment.step in DOING else planned)
        except CallguardError as failure:
            self._tell(planned)
            self.complaints.add(failure.message, _masked(planned))

    def _note(self, one: Difference) -> None:
        self.count.add(one)
        self.steps[one.judgment.step] += 1
        self._tell(one)
        if one.for_a_person:
            linked = "; another name of the file remains outside callguard's reach" if one.linked and one.judgment.step in DOING else ""
            self.complaints.add(f"{one.judgment.reason}{linked}", _masked(one))

    def _tell(self, one: Difference) -> None:
        step, ground, reason, _ = one.judgment
        entry = {"side": one.side, "place": one.place, "recording": one.recording}
        self.report.add(f"{step:<10}  {one.side:<10}  {one.place}  {reason}", {**entry, "step": step, "ground": ground, "reason": reason})

    def _conclude(self, *, dry_run: bool) -> None:
        looked_at = {f"{side}s": self.count.looked_at[side] for side in (Side.ROW, Side.FILE, Side.KEY)}
        totals = looked_at | {word: self.steps[step] for step, word in _WORDS.items()} | {"for_a_person": self.complaints.count}
        figures = ", ".join(f"{many} {word.replace('_', ' ')}" for word, many in totals.items())
        line = f"{figures}{'; nothing was changed: dry run, --fix does it' if dry_run else ''}"
        self.report.end(line, {"dry_run": dry_run, "hashes": self.plan.comparison.thorough}, totals)


_WORDS = {
    Step.KEEP: "kept",
    Step.LEAVE: "left",
    Step.MARK: "marked",
    Step.REMOVE: "removed",
    Step.DESTROY: "destroyed",
    Step.QUARANTINE: "quarantined",
}


def _masked(one: Difference) -> str:
    """As a complaint may name it."""
    return f"{one.side} {redact_text(one.place)}"
