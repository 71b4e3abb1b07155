"""How a plan is carried out: group by group, verdict by verdict, with what came of each, and a row for the whole.

A plan deals in units: verdicts that are carried out together or not at all, mostly one. What makes a deletion slow is not to delete but to
make it durable, so units go in groups, which are made durable together. That is no more than a way to save work: each unit has a result of
its own, and a group that cannot be dealt with as a whole is dealt with one by one, so that one failure never stops the rest. What failed
is due again at the next sweep (design rule 10).

A group is small enough that its transactions are short, since SQLite has one writer at a time, and the daemon's own commits wait for that
long. Between two groups ``stopped`` is asked; the daemon's schedule, which is in no hurry, rests there (tests/bench/sweep_speed.py tells
how long the engine's commits take beside a sweep).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from callguard.clock import utc_now
from callguard.errors import CallguardError, StoreLocked, StoreReadOnly, StoreUnreachable
from callguard.evidence.heads import note_head
from callguard.retention.rules import Action, Ground, Verdict, stamp
from callguard.store.database import Database
from callguard.store.mail_rows import forget_mails
from callguard.store.retention_rows import SweepRow, record_sweep

_TO_ALL = (StoreLocked, StoreReadOnly, StoreUnreachable)
"""What would be the same for one alone, after as long a wait."""

LONGEST_REST_S = 0.1
"""How long whoever writes many rows, one after the other, rests at most between two of them."""

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


@dataclass(frozen=True, slots=True)
class Opening:
    """What a plan begins with: where the rows are, the moment that the verdicts are for, and when it was made."""

    database: Database
    as_of: datetime
    planned_at: datetime

    @property
    def ahead(self) -> bool:
        """Whether the plan is for the future: it deletes what would otherwise have stayed until then."""
        return self.as_of > self.planned_at


class Group(Protocol):
    """Some units of a plan, as they were when they were read."""

    def delete(self) -> Sequence[Outcome]:
        """Judge, and do it for all. Raises :class:`callguard.errors.CallguardError` when they cannot be dealt with together."""

    def units(self) -> Iterable[Unit]:
        """The same, as they are now, to be dealt with one by one. Raises :class:`callguard.errors.StoreError`."""


class Deleting(Protocol):
    """What carries out a unit."""

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """Judge again, and do it. Raises :class:`callguard.errors.CallguardError` when it could not be done, and then nothing was."""


class Plan(Deleting, Protocol):
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

    def groups(self) -> Iterator[Group]:
        """The same, in groups. Raises :class:`callguard.errors.StoreError`."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A group of one unit."""

    plan: Deleting
    unit: Unit

    def delete(self) -> Sequence[Outcome]:
        """As its plan does. Raises :class:`callguard.errors.CallguardError`."""
        return carry_out(self.plan, self.unit)

    def units(self) -> Iterable[Unit]:
        """The one."""
        return [self.unit]


def verdicts(plan: Plan) -> Iterator[Verdict]:
    """All verdicts of the plan, one by one."""
    return (verdict for unit in plan.units() for verdict in unit)


def execute(plan: Plan, report: Callable[[Outcome], None] = lambda _: None, stopped: Callable[[], bool] = lambda: False) -> SweepTotals:
    """Carry the plan out; ``report`` is told of each verdict, and ``stopped`` is asked before each group.

    At its end the mails of a month ago are forgotten. Raises :class:`callguard.errors.StoreError` when the database cannot be read; what
    was done until then stays done and proven.
    """
    counts = dict.fromkeys(Result, 0)
    for group in plan.groups():
        if stopped():
            return _totals(plan, counts, finished=False)
        for outcome in _carry_out(plan, group):
            counts[outcome.result] += 1
            report(outcome)
    totals = _totals(plan, counts, finished=True)
    _record(plan, totals)
    return totals


def kept(verdict: Verdict) -> Outcome:
    """The outcome of a verdict that says so."""
    return Outcome(verdict, Result.FAILED if verdict.ground is Ground.OBSTRUCTED else Result.KEPT)


def carry_out(plan: Deleting, unit: Unit) -> Sequence[Outcome]:
    """What came of one unit. A rest follows, as long as it took: one by one is slow, and others want to write as well."""
    if all(verdict.action is Action.KEEP for verdict in unit):
        return [kept(verdict) for verdict in unit]
    begun = time.monotonic()
    try:
        return plan.delete(unit)
    except CallguardError as failure:
        return [kept(obstructed(verdict, failure)) for verdict in unit]
    finally:
        time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))


def _carry_out(plan: Plan, group: Group) -> Iterable[Outcome]:
    try:
        return group.delete()
    except _TO_ALL as failure:
        return [kept(obstructed(verdict, failure)) for unit in group.units() for verdict in unit]
    except CallguardError:
        return (outcome for unit in group.units() for outcome in carry_out(plan, unit))


def obstructed(verdict: Verdict, failure: CallguardError) -> Verdict:
    """The verdict on what could not be deleted, or was begun and not proven: it stays due."""
    expired = f"expired on {stamp(verdict.expires_at)}" if verdict.expires_at else "expired"
    return replace(verdict, action=Action.KEEP, ground=Ground.OBSTRUCTED, reason=f"{expired}, but {failure.message}")


def _totals(plan: Plan, counts: dict[Result, int], *, finished: bool) -> SweepTotals:
    return SweepTotals(plan.as_of, sum(counts.values()), counts[Result.DELETED], counts[Result.FAILED], finished)


def _record(plan: Plan, totals: SweepTotals) -> None:
    row = SweepRow(as_of=totals.as_of, finished_at=utc_now(), considered=totals.considered, deleted=totals.deleted, failed=totals.failed)
    with plan.database.write() as connection:
        record_sweep(connection, row)
        forget_mails(connection, row.finished_at)
    note_head(plan.database)
