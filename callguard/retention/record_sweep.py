"""The sweep of call records, messages and the evidence of decisions, by the same steps as that of recordings.

Some records are one transaction: of each, lock the row and judge again, so that a hold placed since the plan counts; write the proofs,
delete the rows, enter it in the ledger; commit. Those that cannot be dealt with together are dealt with one by one. The rows of a call go
together: its people, its decisions, and those of its recordings, all of which are deleted by then and proven by rows of their own.

What was never dated (see :mod:`callguard.retention.dating`) is judged by the end that it would get, so that a dry run, which writes
nothing, shows what a sweep would do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.evidence import entries, retention_entries
from callguard.evidence.chain import Entry
from callguard.retention.dating import DATED, undated
from callguard.retention.execution import Group, Opening, Outcome, Result, Unit, kept
from callguard.retention.holds import Hold, Matter
from callguard.retention.records import Record, judge_record
from callguard.retention.rules import Action, Ground, Verdict
from callguard.retention.ruleset import RuleSet
from callguard.retention.terms import Kind
from callguard.store.database import Database
from callguard.store.hold_rows import holds_in_force, matters, shut
from callguard.store.ledger_rows import append
from callguard.store.record_parts import parts_of, prove_deletion, remove_call, remove_message
from callguard.store.record_rows import StoredRecord, count_due_records, due_record_page, lock_record
from callguard.store.types import to_millis

TOGETHER = 20
"""Records in a transaction; each takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class RecordPlan(Opening):
    """What a sweep of the records as of a moment will do, made anew from the rows whenever it is read.

    ``rules`` are for what is not dated yet; ``None`` once everything is.
    """

    rules: RuleSet | None

    def count(self) -> int:
        """How many records are due, those left out that were never dated."""
        with self.database.read() as connection:
            return sum(count_due_records(connection, kind, self.as_of) for kind in DATED)

    def units(self) -> Iterator[Unit]:
        """A call or a message that is due, with its decisions. Raises :class:`callguard.errors.StoreError`."""
        for kind in DATED:
            last: StoredRecord | None = None
            while page := self._due(kind, last):
                yield from self._judged(page)
                last = page[-1]
        for record, end in undated(self.database, self.rules) if self.rules else ():
            if end.until is not None and end.until <= self.as_of:
                yield from self._judged([replace(record, kept_until=end.until, kept_rule=end.rule)])

    def groups(self) -> Iterator[Group]:
        """:data:`TOGETHER` units each. Raises :class:`callguard.errors.StoreError`."""
        units = self.units()
        while group := list(islice(units, TOGETHER)):
            yield _Together(self, group)

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """See above. Raises :class:`callguard.errors.StoreError`."""
        return self.delete_all([unit])

    def delete_all(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """All in one transaction. Raises :class:`callguard.errors.StoreError`."""
        with self.database.write() as connection:
            shut(connection)
            holds = holds_in_force(connection)
            return [outcome for unit in units for outcome in self._delete(connection, unit, holds)]

    def _delete(self, connection: sa.Connection, unit: Unit, holds: Sequence[Hold]) -> Sequence[Outcome]:
        if unit[0].action is Action.KEEP:
            return [kept(one) for one in unit]
        stored = lock_record(connection, unit[0].kind, unit[0].record)
        if stored is None:
            return [kept(replace(one, action=Action.KEEP, ground=Ground.DELETED, reason="its row is gone")) for one in unit]
        (record,) = _records(connection, [stored], holds)
        verdicts = judge_record(record, self.as_of, holds)
        if verdicts[0].action is Action.KEEP:
            return [kept(one) for one in verdicts]
        _remove(connection, record, verdicts)
        return [Outcome(one, Result.DELETED) for one in verdicts]

    def _due(self, kind: Kind, after: StoredRecord | None) -> Sequence[StoredRecord]:
        with self.database.read() as connection:
            return due_record_page(connection, kind, self.as_of, after)

    def _judged(self, page: Sequence[StoredRecord]) -> Iterator[Unit]:
        with self.database.read() as connection:
            holds = holds_in_force(connection)
            records = _records(connection, page, holds)
        return (judge_record(record, self.as_of, holds) for record in records)


@dataclass(frozen=True, slots=True)
class _Together:
    """Records that go together, as they were judged when they were read."""

    plan: RecordPlan
    judged: Sequence[Unit]

    def delete(self) -> Sequence[Outcome]:
        return self.plan.delete_all(self.judged)

    def units(self) -> Sequence[Unit]:
        return self.judged


def plan_records(database: Database, rules: RuleSet, as_of: datetime) -> RecordPlan:
    """The plan of a sweep of the records as of an aware moment."""
    return RecordPlan(database, as_of, utc_now(), rules)


def _records(connection: sa.Connection, page: Sequence[StoredRecord], holds: Sequence[Hold]) -> list[Record]:
    calls = [stored.id for stored in page if stored.kind is Kind.CDR]
    parts = parts_of(connection, calls)
    about = matters(connection, calls) if holds else {}
    return [_record(stored, about, *parts.get(stored.id, (None, ()))) for stored in page]


def _record(stored: StoredRecord, about: Mapping[str, Matter], recording: str | None, consents: tuple[str, ...]) -> Record:
    return Record(
        kind=stored.kind,
        id=stored.id,
        until=stored.kept_until,
        rule=stored.kept_rule or "not dated yet",
        goes_on=stored.ended_at is None,
        matter=about.get(stored.id, stored.matter) if stored.kind is Kind.CDR else stored.matter,
        restricted=stored.restricted,
        recording=recording,
        consents=consents,
    )


def _remove(connection: sa.Connection, record: Record, verdicts: Sequence[Verdict]) -> None:
    until, now = record.until, utc_now()
    told = {"rule": record.rule, "kept_until": until, "deleted_at": now}
    prove_deletion(connection, [{"kind": one.kind.value, "record_id": one.record, "reason": one.reason, **told} for one in verdicts])
    if record.kind is Kind.CDR:
        remove_call(connection, record.id)
    else:
        remove_message(connection, record.id)
    append(connection, [*_entries(record, verdicts)])


def _entries(record: Record, verdicts: Sequence[Verdict]) -> Iterator[Entry]:
    if record.consents:
        yield entries.consents_removed(record.id, verdicts[0].reason)
    if record.until is not None:
        for one in verdicts:
            yield retention_entries.record_deletion(one.kind.value, one.record, record.rule, to_millis(record.until))
