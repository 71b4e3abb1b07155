"""A sweep of everything: recordings, then the records of calls, messages and decisions, then what is in quarantine; dated first, guarded,
and then carried out.

Recordings come first, since a call's record waits for the last of its recordings. The guards (:mod:`callguard.retention.guards`) are asked
once, when all that is due is dated and before anything is deleted; a PBX is asked for its time only when something is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from callguard.errors import Fault, GuardRefusal
from callguard.evidence.keys import KeyStore
from callguard.evidence.retention_entries import guards_overridden
from callguard.retention.dating import date_all
from callguard.retention.execution import Alone, Group, Outcome, Unit
from callguard.retention.guards import SPARED, Limits, Load, Situation, objections
from callguard.retention.marker import look
from callguard.retention.quarantine import QuarantinePlan
from callguard.retention.record_sweep import RecordPlan, plan_records
from callguard.retention.rules import Action
from callguard.retention.ruleset import RuleSet
from callguard.retention.sweep import SweepPlan, plan_sweep
from callguard.retention.terms import Kind
from callguard.store.database import Database
from callguard.store.ledger_rows import append
from callguard.store.root_rows import count_kept, database_clock, last_swept_at
from callguard.store.types import to_millis

Clocks = Callable[[], Mapping[str, timedelta]]
"""How far each PBX that tells its time is behind our clock."""


@dataclass(frozen=True, slots=True)
class WholePlan:
    """All plans as one; ``nothing_due`` once that has been seen, so that it need not be looked for again."""

    recordings: SweepPlan
    records: RecordPlan
    quarantine: QuarantinePlan
    nothing_due: bool = False

    @property
    def database(self) -> Database:
        """Where the rows are."""
        return self.recordings.database

    @property
    def as_of(self) -> datetime:
        """The moment that the verdicts are for."""
        return self.recordings.as_of

    @property
    def ahead(self) -> bool:
        """Whether that is in the future."""
        return self.recordings.ahead

    def once_dated(self) -> "WholePlan":
        """The same, when it is known that nothing is left to be dated."""
        return replace(self, records=replace(self.records, rules=None))

    def count(self) -> int:
        """How many units there will be, as far as is known before."""
        return self.recordings.count() + self.records.count() + self.quarantine.count()

    def units(self) -> Iterator[Unit]:
        """All that is due. Raises :class:`callguard.errors.StoreError`."""
        return iter(()) if self.nothing_due else chain(self.recordings.units(), self.records.units(), self.quarantine.units())

    def groups(self) -> Iterator[Group]:
        """The same, as each plan puts them together. Raises :class:`callguard.errors.StoreError`."""
        if self.nothing_due:
            return iter(())
        alone = (Alone(self.quarantine, unit) for unit in self.quarantine.units())
        return chain(self.recordings.groups(), self.records.groups(), alone)

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """By the plan that it is of. Raises :class:`callguard.errors.CallguardError`."""
        if unit[0].kind is Kind.QUARANTINE:
            return self.quarantine.delete(unit)
        return (self.recordings if unit[0].kind is Kind.RECORDING else self.records).delete(unit)


@dataclass(frozen=True, slots=True)
class Premises:
    """What a sweep goes by: where things are, the rules, and what guards it."""

    database: Database
    root: Path
    keys: KeyStore
    rules: RuleSet
    limits: Limits
    clocks: Clocks


def plan_whole(premises: Premises, as_of: datetime) -> WholePlan:
    """The plan of a sweep as of an aware moment."""
    recordings = plan_sweep(premises.database, premises.root, as_of, premises.keys)
    records = plan_records(premises.database, premises.rules, as_of)
    return WholePlan(recordings, records, QuarantinePlan(premises.database, premises.root, as_of))


def guarded(premises: Premises, as_of: datetime, stopped: Callable[[], bool]) -> WholePlan:
    """The plan, once everything is dated and unless the guards object.

    Raises :class:`GuardRefusal` with their objections, and :class:`callguard.errors.StoreError`.
    """
    date_all(premises.database, premises.rules, stopped)
    plan = plan_whole(premises, as_of).once_dated()
    due = what_is_due(plan)
    if found := objections_to(premises, plan, due):
        raise GuardRefusal("the guards object to this sweep", faults=found)
    return plan if due else replace(plan, nothing_due=True)


def unguarded(premises: Premises, as_of: datetime, stopped: Callable[[], bool]) -> WholePlan:
    """The plan, whatever the guards say; what they said is entered in the ledger. Raises :class:`callguard.errors.StoreError`."""
    date_all(premises.database, premises.rules, stopped)
    plan = plan_whole(premises, as_of).once_dated()
    if found := objections_to(premises, plan, what_is_due(plan)):
        with premises.database.write() as connection:
            append(connection, [guards_overridden([f"{fault.place}: {fault.message}" for fault in found], to_millis(as_of))])
    return plan


def objections_to(premises: Premises, plan: WholePlan, due: Mapping[Kind, int]) -> list[Fault]:
    """What the guards say against the plan, as things are now. Raises :class:`callguard.errors.StoreError`."""
    with premises.database.read() as connection:
        root, mark = look(connection, premises.root)
        last_sweep, clock = last_swept_at(connection), database_clock(connection)
    situation = Situation(
        now=plan.recordings.planned_at,
        last_sweep=last_sweep,
        database_clock=clock,
        pbx_behind=premises.clocks() if any(due.values()) else {},
        root=root,
        mark=mark,
        missing_rules=premises.rules.missing,
        loads=[_load(plan.database, kind, count) for kind, count in due.items() if count > SPARED and kind in _SHARED],
    )
    return objections(situation, premises.limits)


_SHARED = frozenset(Kind) - {Kind.QUARANTINE}
"""Of these no more than a share may go at once. What came into quarantine together leaves it together."""


def what_is_due(plan: WholePlan) -> Mapping[Kind, int]:
    """How many will go of each kind of which anything is due, counted without looking at any file."""
    counts: Counter[Kind] = Counter()
    for unit in chain(plan.recordings.expected(), plan.records.units(), plan.quarantine.units()):
        counts[unit[0].kind] += unit[0].action is Action.DELETE
    return counts


def _load(database: Database, kind: Kind, deleting: int) -> Load:
    """Asked for only when it matters, since to count all there are takes a while."""
    with database.read() as connection:
        return Load(kind, deleting, count_kept(connection, kind))
