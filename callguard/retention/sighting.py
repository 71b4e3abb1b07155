"""What lies there: names and rows with all that is to be known of them before they can be judged.

Of the many that are in order as little is asked as can be: a name and what its folder tells, and the hash that its tag tells. Content is
read only of what cannot be judged without it, or of everything when all hashes are to be compared.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa

from callguard.errors import FileFault
from callguard.evidence.sealing import Meter, Sound
from callguard.evidence.vault import Vault
from callguard.retention.contents import claim, content
from callguard.retention.differences import Content, Lying, Row, Seen, Tombstone
from callguard.retention.files import inspect
from callguard.retention.naming import SEALED, Form, named, sealed
from callguard.retention.paths import Obstruction, Spot, parts, spot
from callguard.retention.rules import Finding
from callguard.retention.walking import Entry, identity
from callguard.store.reconcile_rows import rows_at, rows_of, tombstones

_THERE = frozenset({Finding.PRESENT, Finding.LINKED})


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where to look. ``keys`` is the key store's folder, ``None`` where there is none that could be asked."""

    root: Path
    keys: Path | None
    vault: Vault | None

    def of_names(self, connection: sa.Connection, entries: Sequence[Entry]) -> Iterator[Seen]:
        """Names with the rows that they lead to. Raises :class:`callguard.errors.StoreError`."""
        places = [place_of(entry.path) for entry in entries]
        rows = rows_at(connection, places)
        strangers = [entry for entry, place in zip(entries, places, strict=True) if place not in rows]
        claims = {entry.path: self._claims(entry) for entry in strangers}
        wanted = {claim for of_one in claims.values() for claim in of_one}
        others, gone = rows_of(connection, wanted), tombstones(connection, wanted)
        for entry, place in zip(entries, places, strict=True):
            row = rows.get(place)
            seen = _seen(entry, row)
            yield self._claimed(seen, claims[entry.path], others, gone) if row is None else self._with_company(seen)

    def of_rows(self, rows: Iterable[Row]) -> Iterator[Lying]:
        """What lies in the places of rows; a folder is entered once for all rows beside one another."""
        for folder, beside in groupby(rows, key=lambda row: row.path.rpartition("/")[0]):
            yield from self._in_folder(folder, list(beside))

    def read(self, seen: Seen) -> Seen:
        """The same with its content."""
        read = content(self.root, seen.path, seen.form)
        if seen.row is not None and seen.row.status in SEALED and seen.form in {Form.PLAIN, Form.SEALED}:
            read = replace(read, fits=self._fits(seen.row))
        return replace(seen, content=read)

    def read_place(self, lying: Lying) -> Lying:
        """The same with the content of what lies there."""
        is_sealed = lying.sealed in _THERE
        path = sealed(lying.row.path) if is_sealed else lying.row.path
        read = content(self.root, path, Form.SEALED if is_sealed else Form.PLAIN)
        return replace(lying, content=replace(read, fits=self._fits(lying.row) if is_sealed else None))

    def still(self, lying: Lying, read: Content | None) -> Content | None:
        """What was read before, while the file is the one that was read."""
        path = sealed(lying.row.path) if lying.sealed in _THERE else lying.row.path
        try:
            with spot(self.root, path) as at:
                found = identity(os.stat(at.name, dir_fd=at.folder, follow_symlinks=False))
        except (Obstruction, OSError):
            return None
        return read if read is not None and read.identity == found else None

    def _fits(self, row: Row) -> bool | None:
        """Whether the sealed form opens and holds the sound of its row."""
        if self.vault is None:
            return None
        meter = Meter()
        try:
            for block in self.vault.unsealed(row.path, row.id):
                meter.pass_on(block)
        except FileFault:
            return None
        return meter.sound == Sound(row.size or 0, row.sha256 or "")

    def _in_folder(self, folder: str, rows: Sequence[Row]) -> Iterator[Lying]:
        with ExitStack() as held:
            at = _entered(held, self.root, folder)
            keys = None if self.keys is None else _entered(held, self.keys, folder)
            for row in rows:
                yield _lying(row, at, keys)

    def _claims(self, entry: Entry) -> tuple[str, ...]:
        """The recordings that a name without a row may be of: as its tag or its first line tells, and as it is named after."""
        form, after = named(entry.path.rpartition("/")[2]).form, id_in(entry.path)
        told = claim(self.root, entry.path, form) if entry.finding in _THERE and form in {Form.PLAIN, Form.SEALED} else None
        return (after,) if told is None else (told, after)

    def _claimed(self, seen: Seen, claims: Sequence[str], rows: Mapping[str, Row], gone: Mapping[str, Tombstone]) -> Seen:
        seen = self._with_company(seen)
        known = next((one for one in claims if one in gone or one in rows), None)
        if known is None or known in gone:
            return replace(seen, tombstone=gone.get(known or ""))
        return replace(seen, elsewhere=rows[known], in_place=inspect(self.root, rows[known].path) in _THERE)

    def _with_company(self, seen: Seen) -> Seen:
        return replace(seen, beside=True) if self._has_company(seen) else seen

    def _has_company(self, seen: Seen) -> bool:
        """Looked for only where it matters."""
        folder, slash, name = seen.path.rpartition("/")
        if seen.form in {Form.TAG, Form.DRAFT}:
            return self._there(f"{folder}{slash}{named(name).file}")
        if seen.form is Form.PART:
            return any(map(self._there, (place_of(seen.path), sealed(place_of(seen.path)))))
        sealed_row = seen.form is Form.PLAIN and seen.row is not None and seen.row.status in SEALED
        return sealed_row and self._there(sealed(seen.path))

    def _there(self, path: str) -> bool:
        try:
            with spot(self.root, path) as at:
                return _finding(at) in _THERE
        except Obstruction:
            return False


def place_of(path: str) -> str:
    """The path that the row of that name would hold."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{named(name).plain}"


def id_in(path: str) -> str:
    """The recording that a name is made of: its own, without what stands behind the last dot."""
    plain = named(path.rpartition("/")[2]).plain
    return plain.rpartition(".")[0] or plain


def _seen(entry: Entry, row: Row | None) -> Seen:
    gone = Tombstone(row.id, row.sha256, row.size, row.deleted_at) if row is not None and row.deleted_at is not None else None
    return Seen(
        path=entry.path,
        form=named(entry.path.rpartition("/")[2]).form,
        finding=entry.finding,
        size=entry.size,
        written_at=entry.written_at,
        told=entry.told,
        row=row,
        tombstone=gone,
    )


def _entered(held: ExitStack, root: Path, folder: str) -> int | Finding:
    try:
        return held.enter_context(spot(root, f"{folder}/x" if folder else "x")).folder
    except Obstruction as obstruction:
        return obstruction.finding


def _lying(row: Row, folder: int | Finding, keys: int | Finding | None) -> Lying:
    """The second name is looked for only where the first one is not there."""
    try:
        name = parts(row.path)[-1]
    except Obstruction as obstruction:
        return Lying(row, obstruction.finding, obstruction.finding, None)
    if isinstance(folder, Finding):
        return Lying(row, folder, folder, None)
    plain, closed = Spot(folder, name), Spot(folder, sealed(name))
    if row.status in SEALED:
        found = _finding(closed)
        return Lying(row, _finding(plain) if found is Finding.MISSING else Finding.MISSING, found, _has_key(keys, name))
    found = _finding(plain)
    return Lying(row, found, _finding(closed) if found is Finding.MISSING else Finding.MISSING, None)


def _has_key(keys: int | Finding | None, name: str) -> bool | None:
    if keys is None:
        return None
    return isinstance(keys, int) and _finding(Spot(keys, name)) is Finding.PRESENT


def _finding(at: Spot) -> Finding:
    try:
        status = os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
    except FileNotFoundError:
        return Finding.MISSING
    except OSError:
        return Finding.UNREADABLE
    return Finding.PRESENT if stat.S_ISREG(status.st_mode) else Finding.NOT_REGULAR
