"""The sweep: deletes what has expired, proves each deletion, and says of everything else that was due why it stays.

:func:`plan_sweep` decides and :func:`execute` does; ``--dry-run`` prints the verdicts of the very plan that a real run executes. A plan
holds no list: its verdicts are read page by page as they are asked for, so that a hundred thousand recordings need no more memory than
one page.

*Considered* are the recordings that are due and not deleted, the held, restricted and obstructed ones among them. What is not due is not
looked at; that is what keeps an empty sweep as cheap as one look at an index.

One recording is one transaction (design rule 10), in this order:

1. lock the row, look at the file again and judge again: whatever happened since the plan (a hold above all) counts;
2. write the proof and close the row, not yet committed: a database that cannot keep the proof is found out while the file still exists;
3. remove the file and make that durable; commit.

So no row ever claims a deletion over a file that exists. When it is cut off between the two halves of 3, the file is gone and the row is
not closed; the next sweep finds the file missing and closes the row, with the words "the file was missing", since it cannot know who
removed it. One failure never stops the rest; what failed is due again at the next sweep.

Between two deletions the sweep rests as long as the last one took. SQLite has one writer at a time, and one that waits only looks again
every now and then: without the rest the engine's commits waited two seconds and more beside a sweep, with it two milliseconds
(tests/bench/sweep_speed.py).

A file that had another name is deleted under ours, its row is closed, and it counts as failed all the same: somebody has to look for the
other name, and no later sweep would speak of it again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from callguard.clock import utc_now
from callguard.errors import CallguardError, FileFault
from callguard.retention.files import delete, inspect
from callguard.retention.rules import Action, Candidate, Finding, Ground, Verdict, judge, stamp
from callguard.store.database import Database
from callguard.store.retention_rows import (
    Deletion,
    StoredRecording,
    SweepRow,
    count_due,
    due_page,
    lock_recording,
    record_deletion,
    record_sweep,
)

LONGEST_REST_S = 0.1


class Result(StrEnum):
    """What came of one verdict; ``FAILED`` is what a person has to see to."""

    DELETED = "deleted"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict as it stood at the moment of doing, and what came of it."""

    verdict: Verdict
    result: Result


@dataclass(frozen=True, slots=True)
class SweepTotals:
    """The count of a run, and whether it came to its end or was stopped before."""

    as_of: datetime
    considered: int
    deleted: int
    failed: int
    finished: bool


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What a sweep as of a moment will do, made anew from rows and files whenever it is read."""

    database: Database
    root: Path
    as_of: datetime
    planned_at: datetime

    @property
    def ahead(self) -> bool:
        """Whether the plan is for the future: it deletes what would otherwise have stayed until then."""
        return self.as_of > self.planned_at

    def count(self) -> int:
        """How many verdicts there will be; for a progress bar."""
        with self.database.read() as connection:
            return count_due(connection, self.as_of)

    def verdicts(self) -> Iterator[Verdict]:
        """One verdict for each recording that is due, in order of expiry. Raises :class:`callguard.errors.StoreError`."""
        last: StoredRecording | None = None
        while page := self._page(last):
            for recording in page:
                yield judge(_candidate(recording, inspect(self.root, recording.path)), self.as_of)
            last = page[-1]

    def _page(self, after: StoredRecording | None) -> list[StoredRecording]:
        with self.database.read() as connection:
            return list(due_page(connection, self.as_of, after))


def plan_sweep(database: Database, root: Path, as_of: datetime) -> SweepPlan:
    """The plan of a sweep of the recordings below ``root`` as of an aware moment."""
    return SweepPlan(database, root, as_of, planned_at=utc_now())


def execute(
    plan: SweepPlan, report: Callable[[Outcome], None] = lambda _: None, stopped: Callable[[], bool] = lambda: False
) -> SweepTotals:
    """Carry the plan out, recording by recording; ``report`` is told of each, and ``stopped`` is asked before each.

    Raises :class:`callguard.errors.StoreError` when the database cannot be read; what was done until then stays done and proven.
    """
    counts = dict.fromkeys(Result, 0)
    for verdict in plan.verdicts():
        if stopped():
            return _totals(plan, counts, finished=False)
        outcome = _carry_out(plan, verdict)
        counts[outcome.result] += 1
        report(outcome)
    totals = _totals(plan, counts, finished=True)
    _record(plan, totals)
    return totals


def _carry_out(plan: SweepPlan, verdict: Verdict) -> Outcome:
    if verdict.action is Action.KEEP:
        return _kept(verdict)
    begun = time.monotonic()
    try:
        return _delete(plan, verdict)
    except CallguardError as failure:
        reason = f"expired on {stamp(verdict.expires_at)}, but {failure.message}"
        return _kept(replace(verdict, action=Action.KEEP, ground=Ground.OBSTRUCTED, reason=reason))
    finally:
        time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))


def _kept(verdict: Verdict) -> Outcome:
    return Outcome(verdict, Result.FAILED if verdict.ground is Ground.OBSTRUCTED else Result.KEPT)


def _delete(plan: SweepPlan, verdict: Verdict) -> Outcome:
    with plan.database.write() as connection:
        recording = lock_recording(connection, verdict.recording)
        if recording is None:
            return _kept(replace(verdict, action=Action.KEEP, ground=Ground.DELETED, reason="its row is gone"))
        found = inspect(plan.root, recording.path)
        verdict = judge(_candidate(recording, found), plan.as_of)
        if verdict.action is Action.KEEP:
            return _kept(verdict)
        record_deletion(connection, Deletion(recording=recording, reason=verdict.reason, file=found.value, at=utc_now()))
        _remove(plan.root, recording.path, found)
    return Outcome(verdict, Result.FAILED if found is Finding.LINKED else Result.DELETED)


def _remove(root: Path, path: str, found: Finding) -> None:
    """Raises :class:`FileFault` when there was something else than the proof says; a folder that is not there is left alone."""
    if found is not Finding.FOLDER_MISSING and delete(root, path) is not found:
        raise FileFault("it changed while it was being deleted", place=path)


def _candidate(recording: StoredRecording, finding: Finding) -> Candidate:
    return Candidate(
        recording=recording.id,
        expires_at=recording.expires_at,
        status=recording.status,
        held=recording.held,
        restricted=recording.restricted,
        size=recording.size,
        deleted_at=recording.deleted_at,
        finding=finding,
    )


def _totals(plan: SweepPlan, counts: dict[Result, int], *, finished: bool) -> SweepTotals:
    return SweepTotals(plan.as_of, sum(counts.values()), counts[Result.DELETED], counts[Result.FAILED], finished)


def _record(plan: SweepPlan, totals: SweepTotals) -> None:
    row = SweepRow(as_of=totals.as_of, finished_at=utc_now(), considered=totals.considered, deleted=totals.deleted, failed=totals.failed)
    with plan.database.write() as connection:
        record_sweep(connection, row)
