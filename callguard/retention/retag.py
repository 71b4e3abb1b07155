"""A changed policy applied to what exists: planned, shown, and carried out record by record (design rules 5 and 10).

One record is one transaction: lock the row and judge again, write its new end and by which rule, enter it in the ledger, tag the file,
commit. The file is tagged before the commit: cut off in between, the row says the earlier end, and the next retag does both again. A
recording whose file cannot be tagged keeps the end that it has.

Before anything is changed all verdicts are looked at; one that would go below its floor stops the whole. Then it is entered who ordered it,
and each change refers to that.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import Fault, GuardRefusal
from callguard.evidence import retention_entries
from callguard.evidence.chain import Entry
from callguard.lines import line
from callguard.retention.dating import DATED
from callguard.retention.execution import LONGEST_REST_S
from callguard.retention.measure import retag_file
from callguard.retention.retagging import Retag, Step
from callguard.retention.ruleset import RuleSet
from callguard.retention.tag import Tag
from callguard.retention.tagged import judged, locked, page_of
from callguard.retention.terms import Expiry, Kind
from callguard.store.database import Database
from callguard.store.hold_rows import shut
from callguard.store.ledger_rows import append
from callguard.store.record_rows import count_dated, date_records
from callguard.store.register_rows import enter
from callguard.store.retag_rows import TaggedRecording, count_tagged, set_expiry
from callguard.store.retag_tables import retags
from callguard.store.types import to_millis

TOLD = 20
"""Refusals that are told one by one."""


@dataclass(frozen=True, slots=True)
class Retagging:
    """What the rules in force do to what is there, made anew from the rows whenever it is read."""

    database: Database
    root: Path
    rules: RuleSet
    order: int | None = None

    def ordered(self, by: str) -> Self:
        """The same, and entered by whom it was ordered. Raises :class:`UsageError` for what is no name and :class:`StoreError`."""
        row = {"by": line(by, "--by"), "at": utc_now()}
        with self.database.write() as connection:
            return replace(self, order=enter(connection, retags, row))

    def count(self) -> int:
        """How many verdicts there will be; for a progress bar."""
        with self.database.read() as connection:
            return count_tagged(connection) + sum(count_dated(connection, kind) for kind in DATED)

    def verdicts(self) -> Iterator[Retag]:
        """One for each record, those included whose end stays the same. Raises :class:`callguard.errors.StoreError`."""
        return chain.from_iterable(self._of(kind) for kind in (Kind.RECORDING, *DATED))

    def require_floors(self) -> None:
        """Raises :class:`GuardRefusal` when anything would go below its floor."""
        refused = [*islice((one for one in self.verdicts() if one.step is Step.REFUSE), TOLD)]
        if refused:
            remedy = "raise the period, or lower the floor below [retention]"
            raise GuardRefusal("shorter than the floor", faults=[Fault(one.reason, f"{one.kind} {one.record}", remedy) for one in refused])

    def carry_out(self, planned: Retag) -> Retag:
        """Judge again and do it; the verdict as it stood then.

        Raises :class:`callguard.errors.CallguardError`, and then the record is as it was.
        """
        begun = time.monotonic()
        try:
            with self.database.write() as connection:
                shut(connection)
                return self._do(connection, planned)
        finally:
            time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))

    def _do(self, connection: sa.Connection, planned: Retag) -> Retag:
        found = locked(connection, self.rules, planned.kind, planned.record)
        if not found:
            return Retag(planned.kind, planned.record, Step.KEEP, "it is gone", planned.earlier, planned.earlier, planned.rule)
        (done,) = judged(connection, found)
        if done.step is Step.CHANGE:
            _write(connection, done)
            append(connection, [_entry(self.order, done)])
            self._tag(found[0].recording, done)
        return done

    def _tag(self, recording: TaggedRecording | None, done: Retag) -> None:
        """One that was never measured has no tag."""
        if recording and recording.sha256 and done.later:
            retag_file(self.root, recording.path, Tag(recording.id, done.later, recording.sha256))

    def _of(self, kind: Kind) -> Iterator[Retag]:
        last: str | None = None
        while True:
            with self.database.read() as connection:
                found = page_of(connection, self.rules, kind, last)
                verdicts = judged(connection, found)
            if not found:
                return
            yield from verdicts
            last = found[-1].tagged.id


def _write(connection: sa.Connection, done: Retag) -> None:
    if done.kind is not Kind.RECORDING:
        date_records(connection, done.kind, {done.record: Expiry(done.later, done.rule)})
    elif done.later is not None:
        set_expiry(connection, done.record, done.later, done.rule)


def _entry(order: int | None, done: Retag) -> Entry:
    earlier, later = (None if end is None else to_millis(end) for end in (done.earlier, done.later))
    return retention_entries.retag(order, done.kind.value, done.record, done.rule, (earlier, later))
