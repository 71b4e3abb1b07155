"""Rows and folders compared, in both directions: four walks, each with no more than a page or a block in memory however many there are.

The rows by what lies in their places, the names below the root by the rows that they lead to, the key store, the quarantine. What is in
order is not told. Nothing is changed, and no transaction is open while content is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.errors import FileFault
from callguard.evidence.keys import NO_KEYS, KeyStore
from callguard.evidence.vault import Vault
from callguard.retention import marker
from callguard.retention.differences import SAME, TAKING, Difference, Judgment, Lying, Row, Seen, Side, Step, Tombstone, withheld
from callguard.retention.files import inspect
from callguard.retention.paths import Obstruction, spot
from callguard.retention.quarantine import FOLDER
from callguard.retention.reconciling import judge_key, judge_name, judge_row
from callguard.retention.rules import Finding
from callguard.retention.sighting import Sighting, id_in
from callguard.retention.staying import stays
from callguard.retention.walking import Entry, look, walk
from callguard.store.database import Database
from callguard.store.quarantine_rows import Quarantined, known_names, quarantined_page
from callguard.store.reconcile_rows import Place, kept_page, lock_row, rows_at, rows_of, tombstones

PASSED_OVER = frozenset({marker.NAME, FOLDER, "lost+found"})
"""Names directly in the root that are no recordings."""

_BUSY = Judgment(Step.LEAVE, "busy", "it was written to meanwhile: run it again")

Advance = Callable[[Side, int], object]
"""Told of so many more that were looked at."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of a moment; ``thorough`` when all hashes are compared."""

    database: Database
    root: Path
    keys: KeyStore
    sighting: Sighting
    now: datetime
    thorough: bool

    def differences(self, advance: Advance = lambda *_: None) -> Iterator[Difference]:
        """All there are, each with what becomes of it. Raises :class:`callguard.errors.StoreError`."""
        for one in chain(self._of_rows(advance), self._of_names(advance), self._of_keys(advance), self._of_quarantine(advance)):
            if one.judgment.step is not Step.SAME:
                yield self._kept_or_not(one)

    def again(self, connection: sa.Connection, planned: Difference) -> Difference | None:
        """The same looked at again; ``None`` when it is gone. Content counts while its file is still the one that was read."""
        found = self._once_more[planned.side](connection, planned)
        return None if found is None else _withheld(connection, found)

    @property
    def _once_more(self) -> dict[Side, Callable[[sa.Connection, Difference], Difference | None]]:
        return {Side.ROW: self._row_again, Side.FILE: self._name_again, Side.KEY: self._key_again}

    def _kept_or_not(self, one: Difference) -> Difference:
        if one.judgment.step not in TAKING:
            return one
        with self.database.read() as connection:
            return _withheld(connection, one)

    def _of_rows(self, advance: Advance) -> Iterator[Difference]:
        last: Place | None = None
        locked_up = False
        while True:
            with self.database.read() as connection:
                page, last = kept_page(connection, last)
            if not page:
                break
            locked_up = locked_up or any(row.status is RecordingStatus.SEALED for row in page)
            yield from map(self._row, self.sighting.of_rows(page))
            advance(Side.ROW, len(page))
        if locked_up and self.sighting.keys is None:
            told = "it is no key store: mount the disk that holds it, or correct recordings.keys"
            yield Difference(Side.KEY, str(self.keys.folder), None, Judgment(Step.LEAVE, "store", told))

    def _row(self, lying: Lying) -> Difference:
        """Of a page that was read a while ago: what does not agree is told only if its row is still the same."""
        judgment = judge_row(lying, self.now)
        if judgment.step is not Step.SAME:
            lying = self._refreshed(lying)
            judgment = judge_row(lying, self.now)
        if judgment.step is Step.READ:
            lying = self.sighting.read_place(lying)
            judgment = judge_row(lying, self.now)
        return _of_row(lying, judgment)

    def _refreshed(self, lying: Lying) -> Lying:
        with self.database.read() as connection:
            row = rows_of(connection, [lying.row.id]).get(lying.row.id)
        if row is None or row == lying.row:
            return lying
        (found,) = self.sighting.of_rows([row])
        return found

    def _row_again(self, connection: sa.Connection, planned: Difference) -> Difference | None:
        row = lock_row(connection, planned.recording or "")
        if row is None:
            return None
        (lying,) = self.sighting.of_rows([row])
        lying = replace(lying, content=self.sighting.still(lying, planned.content))
        judgment = judge_row(lying, self.now)
        return _of_row(lying, _BUSY if judgment.step is Step.READ else judgment)

    def _of_names(self, advance: Advance) -> Iterator[Difference]:
        for block in walk(self.root, PASSED_OVER):
            with self.database.read() as connection:
                seen = list(self.sighting.of_names(connection, block))
            yield from map(self._name, seen)
            advance(Side.FILE, len(block))

    def _name(self, seen: Seen) -> Difference:
        if self.thorough and seen.content is None and seen.row is not None and seen.row.sha256 is not None and seen.tombstone is None:
            seen = self.sighting.read(seen)
        judgment = judge_name(seen, self.now)
        if judgment.step is Step.READ:
            seen = self.sighting.read(seen)
            judgment = judge_name(seen, self.now)
        if seen.content is not None and seen.content.sha256 is None and self._entry(seen.path) is None:
            judgment = SAME  # it was sealed or deleted meanwhile, or taken away
        return _of_name(seen, judgment)

    def _name_again(self, connection: sa.Connection, planned: Difference) -> Difference | None:
        """Whatever became of a row since is seen: it is locked, and then looked up anew."""
        entry = self._entry(planned.place)
        if entry is None:
            return None
        if planned.row is not None:
            lock_row(connection, planned.row.id)
        (seen,) = self.sighting.of_names(connection, [entry])
        unchanged = planned.content is not None and planned.content.identity in {entry.identity, ()}
        seen = replace(seen, content=planned.content if unchanged else None)
        judgment = judge_name(seen, self.now)
        if judgment.step is Step.READ or (judgment.step is Step.QUARANTINE and not unchanged):
            judgment = _BUSY
        return _of_name(seen, judgment)

    def _entry(self, path: str) -> Entry | None:
        try:
            with spot(self.root, path) as at:
                return look(at.folder, at.name, path)
        except Obstruction:
            return None

    def _of_keys(self, advance: Advance) -> Iterator[Difference]:
        if self.sighting.keys is None:
            return
        for block in walk(self.keys.folder, NO_KEYS):
            with self.database.read() as connection:
                found = list(_of_keys(connection, block))
            yield from found
            advance(Side.KEY, len(block))

    def _key_again(self, connection: sa.Connection, planned: Difference) -> Difference | None:
        if not self.keys.holds(planned.place):
            return None
        return next(_of_keys(connection, [Entry(planned.place, Finding.PRESENT)]))

    def _of_quarantine(self, advance: Advance) -> Iterator[Difference]:
        last: Quarantined | None = None
        while page := self._quarantined(last):
            yield from (lost for one in page if (lost := self._lost(one)) is not None)
            last = page[-1]
            advance(Side.QUARANTINE, len(page))
        if (self.root / FOLDER).is_dir():
            for block in walk(self.root / FOLDER, ()):
                yield from self._unentered(block)

    def _quarantined(self, after: Quarantined | None) -> Sequence[Quarantined]:
        with self.database.read() as connection:
            return quarantined_page(connection, None, after)

    def _lost(self, one: Quarantined) -> Difference | None:
        if inspect(self.root, f"{FOLDER}/{one.name}") is not Finding.MISSING and (self.root / FOLDER).is_dir():
            return None
        if self._entry(one.path) is not None:
            judgment = Judgment(Step.KEEP, "cut-off", "its move into quarantine was cut off, and is done with the file")
        else:
            judgment = Judgment(Step.LEAVE, "lost", "it is not in quarantine, and not where it came from")
        return Difference(Side.QUARANTINE, str(one.id), one.recording_id, judgment)

    def _unentered(self, block: Iterable[Entry]) -> Iterator[Difference]:
        names = [entry.path for entry in block]
        with self.database.read() as connection:
            known = known_names(connection, names)
        told = Judgment(Step.LEAVE, "unknown", "another hand put it into the quarantine's folder: take it out")
        return (Difference(Side.QUARANTINE, name, None, told) for name in names if name not in known)


def compare(database: Database, root: Path, keys: KeyStore, vault: Vault | None, now: datetime, *, thorough: bool) -> Comparison:
    """The comparison of an aware moment. A key store that cannot be recognised as one is not asked."""
    try:
        keys.require()
        asked: Path | None = keys.folder
    except FileFault:
        asked = None
    return Comparison(database, root, keys, Sighting(root, asked, vault), now, thorough)


def _of_row(lying: Lying, judgment: Judgment) -> Difference:
    return Difference(Side.ROW, lying.row.path, lying.row.id, judgment, row=lying.row, content=lying.content)


def _of_name(seen: Seen, judgment: Judgment) -> Difference:
    recording = seen.row or seen.elsewhere
    known = recording.id if recording is not None else _of(seen.tombstone)
    linked = seen.finding is Finding.LINKED
    return Difference(Side.FILE, seen.path, known, judgment, row=recording, size=seen.size, linked=linked, content=seen.content)


def _of_keys(connection: sa.Connection, block: Sequence[Entry]) -> Iterator[Difference]:
    rows = rows_at(connection, [entry.path for entry in block])
    after = {entry.path: id_in(entry.path) for entry in block if entry.path not in rows}
    gone = tombstones(connection, after.values())
    for entry in block:
        row = rows.get(entry.path)
        tombstone = _tombstone(row) if row is not None else gone.get(after[entry.path])
        if entry.finding not in {Finding.PRESENT, Finding.LINKED}:
            judgment = Judgment(Step.LEAVE, "obstacle", "it is no key: look what it is")
        else:
            judgment = judge_key(row, tombstone)
        yield Difference(Side.KEY, entry.path, row.id if row is not None else _of(tombstone), judgment, row=row)


def _of(tombstone: Tombstone | None) -> str | None:
    return None if tombstone is None else tombstone.recording


def _tombstone(row: Row) -> Tombstone | None:
    return None if row.deleted_at is None else Tombstone(row.id, row.sha256, row.size, row.deleted_at)


def _withheld(connection: sa.Connection, one: Difference) -> Difference:
    if one.judgment.step not in TAKING:
        return one
    return replace(one, judgment=withheld(one.judgment, stays(connection, one.row, one.recording)))
