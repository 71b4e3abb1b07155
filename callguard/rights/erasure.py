"""Erasing what is kept of a person: planned first, then done with proof by the same verdicts (S15, C9; GDPR art. 17).

What lies outside of calls goes first (:mod:`callguard.rights.remains`), as long as it is known by the calls whose it is. Then sound, by the
steps of the sweep (:mod:`callguard.retention.going`), a page of the person's calls at a time; then the records of these calls, each
transaction asking the holds anew. What went is proven without a number and without a name; the act itself is entered at
the end, with the counts. Cut off anywhere, the same command goes on: what is gone is no more, and the rest is judged as it is then.

The person's own letters stay: requests, and what was answered; so do the do-not-record register, which keeps them from being recorded, and
the register of copies, which tells who has one (art. 17 (3) b, e). Nobody is erased while they are in a call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import GuardRefusal, StoreOvertaken
from callguard.evidence.heads import note_head
from callguard.retention.dating import expiry
from callguard.retention.going import Site, finish, going, mark
from callguard.retention.guards import of_root
from callguard.retention.holds import Hold, Matter
from callguard.retention.looking import look
from callguard.retention.marker import look as look_at_root
from callguard.retention.naming import SEALED
from callguard.retention.rules import Finding
from callguard.retention.terms import Expiry, Kind
from callguard.retention.whole import Premises
from callguard.rights.acts import Ask, enter_act
from callguard.rights.erasing import ART_17, OBSTRUCTED, RULE, Fate, Judged, Written, judge_sound, judge_written
from callguard.rights.person import Person
from callguard.rights.remains import erase_remains, judge_remains
from callguard.store.database import Database
from callguard.store.erasure_rows import cut_call, erase_record
from callguard.store.hold_rows import holds_in_force, matters, shut
from callguard.store.person_rows import Place, call_page, message_page, open_call_of, recordings_of
from callguard.store.record_parts import parts_of
from callguard.store.record_rows import StoredRecord, known_contracts, lock_record, read_records
from callguard.store.retention_rows import StoredRecording, read_recordings

ERASE = "erase"
PAGE = 100
"""Calls at a time: their recordings go together, and their records are one transaction."""

_LINKED = "another name of its file remains outside callguard's reach"
_OPEN = frozenset({Finding.PRESENT, Finding.LINKED, Finding.MISSING})
"""What lies at the place of a recording that can go: with its folder gone as well, a disk may not be mounted."""

Report: TypeAlias = Callable[[Judged], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many records went, were cut, stay, and could not be erased though they should have been."""

    erased: int = 0
    cut: int = 0
    kept: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure goes by, and the person; read anew from the rows whenever it is asked."""

    premises: Premises
    person: Person

    @property
    def database(self) -> Database:
        """Where the rows are."""
        return self.premises.database

    def planned(self, now: datetime) -> Iterator[Judged]:
        """What would become of each record at that moment. Raises :class:`GuardRefusal` while the person is in a call."""
        self._require_no_call()
        yield from judge_remains(self.premises, self.person)
        for page in self._pages(call_page):
            with self.database.read() as connection:
                holds = holds_in_force(connection)
                sound = list(self._sound(connection, page, holds))
                staying = {one.call_id: one.id for one, judged in sound if judged.fate is Fate.KEEP}
                stored = read_records(connection, Kind.CDR, [str(one.id) for one in page])
                written = list(self._written(connection, stored, holds, now, staying))
            yield from (*(judged for _, judged in sound), *written)
        for page in self._pages(message_page):
            with self.database.read() as connection:
                stored = read_records(connection, Kind.SMS, [str(one.id) for one in page])
                written = list(self._written(connection, stored, holds_in_force(connection), now, {}))
            yield from written

    def carry_out(self, ask: Ask, report: Report = lambda _: None) -> Erased:
        """Do it, and tell of each record what became of it.

        Raises :class:`GuardRefusal` while the person is in a call, :class:`callguard.errors.UsageError` and :class:`StoreError`; what was
        done by then stays done and proven.
        """
        meant, counts = ask.checked(), dict.fromkeys(("erased", "cut", "kept", "failed"), 0)
        self._require_no_call()
        self._require_root()
        for judged in self._done():
            counts[_COUNTED[judged.fate] if judged.ground != OBSTRUCTED else "failed"] += 1
            report(judged)
        with self.database.write() as connection:
            enter_act(connection, ERASE, self.person, meant, counts)
        note_head(self.database)
        return Erased(**counts)

    def _done(self) -> Iterator[Judged]:
        yield from erase_remains(self.premises, self.person)
        for page in self._pages(call_page):
            yield from self._erase_sound(page)
            yield from self._erase_written(Kind.CDR, page)
        for page in self._pages(message_page):
            yield from self._erase_written(Kind.SMS, page)

    def _erase_sound(self, page: Sequence[Place]) -> Iterator[Judged]:
        try:
            yield from self._erase_sound_as_it_is(page)
        except StoreOvertaken:
            yield from self._erase_sound_as_it_is(page)

    def _erase_sound_as_it_is(self, page: Sequence[Place]) -> Sequence[Judged]:
        with self.database.read() as connection:
            holds = holds_in_force(connection)
            sound = list(self._sound(connection, page, holds))
        due = [one for one, judged in sound if judged.fate is Fate.ERASE]
        faults = self._delete(due, holds) if due else {}
        return [_obstructed(judged, faults[one.id]) if one.id in faults else judged for one, judged in sound]

    def _delete(self, due: Sequence[StoredRecording], holds: Sequence[Hold]) -> Mapping[str, str]:
        """What kept any of these from being erased, by recording. Raises :class:`StoreOvertaken`."""
        site = Site(self.database, self.premises.root, self.premises.keys, holds)
        if any(one.status in SEALED for one in due):
            self.premises.keys.require()
        found = look(site.root, (one.path for one in due))
        barred = {one.id: _barred(found[one.path].finding) for one in due if not _open(one, found[one.path].finding)}
        group = [going(one, found[one.path], ART_17, RULE) for one in due if one.id not in barred]
        mark(site, group)
        faults = finish(site, group)
        linked = {one.id: _LINKED for one in due if found[one.path].finding is Finding.LINKED and one.status not in SEALED}
        return linked | barred | {one.id: faults[one.path].message for one in due if one.path in faults}

    def _erase_written(self, kind: Kind, page: Sequence[Place]) -> Sequence[Judged]:
        now = utc_now()
        with self.database.write() as connection:
            shut(connection)
            holds = holds_in_force(connection)
            stored = [one for one in (lock_record(connection, kind, str(place.id)) for place in page) if one is not None]
            left = parts_of(connection, [one.id for one in stored]) if kind is Kind.CDR else {}
            staying = {call: recording for call, (recording, _) in left.items() if recording is not None}
            judged = list(self._written(connection, stored, holds, now, staying))
            for one in judged:
                _carry_out(connection, one, now)
        return judged

    def _sound(self, connection: sa.Connection, page: Sequence[Place], holds: Sequence[Hold]) -> Iterator[tuple[StoredRecording, Judged]]:
        found = read_recordings(connection, recordings_of(connection, [one.id for one in page]))
        about = matters(connection, {one.call_id for one in found}) if holds else {}
        for one in found:
            if one.deleted_at is None:
                matter = replace(about[one.call_id], recordings=frozenset({one.id})) if holds else _NOTHING
                yield one, judge_sound(one.id, one.status, matter, holds, restricted=one.restricted)

    def _written(
        self, connection: sa.Connection, stored: Sequence[StoredRecord], holds: Sequence[Hold], now: datetime, staying: Mapping[str, str]
    ) -> Iterator[Judged]:
        """The verdicts on these records; ``staying`` names a recording that stays, by its call."""
        known = known_contracts(connection, stored)
        about = matters(connection, [one.id for one in stored if one.kind is Kind.CDR]) if holds else {}
        for one in stored:
            end = expiry(self.premises.rules, one, known) if one.kept_rule is None else Expiry(one.kept_until, one.kept_rule)
            plain = Matter(numbers=one.numbers | one.written, since=one.started_at, until=one.ended_at or one.started_at)
            record = Written(
                kind=one.kind,
                id=one.id,
                until=end.until,
                rule=end.rule,
                matter=about.get(one.id, plain) if one.kind is Kind.CDR else plain,
                restricted=one.restricted,
                recording=staying.get(one.id),
            )
            yield judge_written(record, now, holds)

    def _pages(self, read: "_Page") -> Iterator[Sequence[Place]]:
        last: Place | None = None
        while True:
            with self.database.read() as connection:
                page = read(connection, self.person, last, PAGE)
            if not page:
                return
            yield page
            last = page[-1]

    def _require_root(self) -> None:
        """A file that is missing counts as gone, so the root must be the one that was marked."""
        with self.database.read() as connection:
            faults = [*of_root(*look_at_root(connection, self.premises.root))]
        if faults:
            raise GuardRefusal("the root is not to be believed", faults=faults)

    def _require_no_call(self) -> None:
        with self.database.read() as connection:
            goes_on = open_call_of(connection, self.person)
        if goes_on is not None:
            remedy = "callguard person withdraw stops its recording; erase when the call is over"
            raise GuardRefusal("the person is in a call that goes on", place=f"call {goes_on}", remedy=remedy)


_Page: TypeAlias = Callable[[sa.Connection, Person, Place | None, int], Sequence[Place]]
_COUNTED = {Fate.ERASE: "erased", Fate.CUT: "cut", Fate.KEEP: "kept"}
_NOTHING = Matter(since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC))
"""What a recording is about while there is no hold that could ask."""


def _open(one: StoredRecording, finding: Finding) -> bool:
    """Of a recording without a size there never was a file."""
    return finding in _OPEN or (finding is Finding.FOLDER_MISSING and one.size is None)


def _barred(finding: Finding) -> str:
    return f"its file cannot be reached: {finding}"


def _carry_out(connection: sa.Connection, judged: Judged, now: datetime) -> None:
    if judged.fate is Fate.ERASE:
        erase_record(connection, judged.kind, judged.record, ART_17, RULE, now)
    elif judged.fate is Fate.CUT:
        cut_call(connection, judged.record)


def _obstructed(judged: Judged, fault: str) -> Judged:
    return replace(judged, fate=Fate.KEEP, ground=OBSTRUCTED, reason=f"{ART_17} asked for, but {fault}")
