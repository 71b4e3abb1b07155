"""How a plan is carried out: verdict by verdict, with what came of each, and a row for the whole.

A plan deals in units: verdicts that are carried out together or not at all, mostly one. One failure never stops the rest; what failed is
due again at the next sweep (design rule 10).

Between two deletions the sweep rests as long as the last one took. SQLite has one writer at a time, and one that waits only looks again
every now and then: without the rest the engine's commits waited two seconds and more beside a sweep, with it two milliseconds
(tests/bench/sweep_speed.py).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from callguard.clock import utc_now
from callguard.errors import CallguardError
from callguard.evidence.heads import note_head
from callguard.retention.rules import Action, Ground, Verdict, stamp
from callguard.store.database import Database
from callguard.store.retention_rows import SweepRow, record_sweep

LONGEST_REST_S = 0.1

Unit: TypeAlias = tuple[Verdict, ...]
"""What goes or stays together; never empty."""


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


class Plan(Protocol):
    """What a sweep as of a moment will do, made anew from rows and files whenever it is read."""

    @property
    def database(self) -> Database:
        """Where the rows are."""

    @property
    def as_of(self) -> datetime:
        """The moment that the verdicts are for."""

    @property
    def ahead(self) -> bool:
        """Whether that is in the future: it deletes what would otherwise have stayed until then."""

    def count(self) -> int:
        """How many units there will be at most; for a progress bar."""

    def units(self) -> Iterator[Unit]:
        """All that is due. Raises :class:`callguard.errors.StoreError`."""

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """Judge again, and do it. Raises :class:`callguard.errors.CallguardError` when it could not be done, and then nothing was."""


def verdicts(plan: Plan) -> Iterator[Verdict]:
    """All verdicts of the plan, one by one."""
    return (verdict for unit in plan.units() for verdict in unit)


def execute(plan: Plan, report: Callable[[Outcome], None] = lambda _: None, stopped: Callable[[], bool] = lambda: False) -> SweepTotals:
    """Carry the plan out, unit by unit; ``report`` is told of each verdict, and ``stopped`` is asked before each unit.

    Raises :class:`callguard.errors.StoreError` when the database cannot be read; what was done until then stays done and proven.
    """
    counts = dict.fromkeys(Result, 0)
    for unit in plan.units():
        if stopped():
            return _totals(plan, counts, finished=False)
        for outcome in _carry_out(plan, unit):
            counts[outcome.result] += 1
            report(outcome)
    totals = _totals(plan, counts, finished=True)
    _record(plan, totals)
    return totals


def kept(verdict: Verdict) -> Outcome:
    """The outcome of a verdict that says so."""
    return Outcome(verdict, Result.FAILED if verdict.ground is Ground.OBSTRUCTED else Result.KEPT)


def _carry_out(plan: Plan, unit: Unit) -> Sequence[Outcome]:
    if all(verdict.action is Action.KEEP for verdict in unit):
        return [kept(verdict) for verdict in unit]
    begun = time.monotonic()
    try:
        return plan.delete(unit)
    except CallguardError as failure:
        return [kept(_obstructed(verdict, failure)) for verdict in unit]
    finally:
        time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))


def _obstructed(verdict: Verdict, failure: CallguardError) -> Verdict:
    expired = f"expired on {stamp(verdict.expires_at)}" if verdict.expires_at else "expired"
    return replace(verdict, action=Action.KEEP, ground=Ground.OBSTRUCTED, reason=f"{expired}, but {failure.message}")


def _totals(plan: Plan, counts: dict[Result, int], *, finished: bool) -> SweepTotals:
    return SweepTotals(plan.as_of, sum(counts.values()), counts[Result.DELETED], counts[Result.FAILED], finished)


def _record(plan: Plan, totals: SweepTotals) -> None:
    row = SweepRow(as_of=totals.as_of, finished_at=utc_now(), considered=totals.considered, deleted=totals.deleted, failed=totals.failed)
    with plan.database.write() as connection:
        record_sweep(connection, row)
    note_head(plan.database)
