"""Quarantine: where files go that no row knows, until their last day, or until a person has them given back.

A folder below the root, ``.quarantine``, for callguard's user alone: to move a file there is one step on one disk, and it goes along when
the root is moved. There it has a random name and mode 0600; where it came from stands in its row. It is entered first and moved then, as
with recordings: cut off in between, the file lies where it was, the next reconciliation finds the entry and moves it. The entry is in the
ledger, without the path. Each file has an entry and a name of its own, also one that appears where another was taken from; and as long as
it lies here, its entry stays open.

It expires after its own term and is deleted by the sweep with a proof like a recording's, or before that when a person whose it is asks for
erasure (:mod:`callguard.rights.remains`). While a hold may ask for it, it stays
(:mod:`callguard.retention.staying`). To be given back means to lie again where it was, for `callguard import` or for whoever misses it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, FileFault, UsageError
from callguard.lines import line
from callguard.retention.execution import Outcome, Result, Unit, kept
from callguard.retention.files import delete, inspect
from callguard.retention.folders import enter_or_make, prepare_folder
from callguard.retention.paths import Obstruction, Spot, open_root, spot
from callguard.retention.rules import Action, Finding, Ground, Verdict, stamp
from callguard.retention.staying import stays
from callguard.retention.terms import Kind
from callguard.store import quarantine_rows
from callguard.store.database import Database
from callguard.store.hold_rows import shut
from callguard.store.quarantine_rows import NewQuarantined, Quarantined, lock_quarantined, prove_gone, quarantined_page
from callguard.store.reconcile_rows import rows_of

FOLDER = ".quarantine"

_NOBODY_ELSE = 0o600
_OBSTACLES = frozenset(Finding) - {Finding.PRESENT, Finding.LINKED, Finding.MISSING}


def take_in(database: Database, root: Path, new: NewQuarantined, still: Callable[[sa.Connection], bool]) -> bool:
    """Enter the file and move it; whether it was, which it is not unless ``still`` says so, asked again in the transaction of either.

    Raises :class:`FileFault` when it cannot be moved, and then it lies where it was; :class:`callguard.errors.StoreError`.
    """
    with database.write() as connection:
        if not still(connection):
            return False
        entered = _entered(connection, root, new)
    with database.write() as connection:
        fault = FileFault("it changed while it was being moved")
        try:
            if still(connection):
                _move(root, new.path, entered.name)
                return True
        except (OSError, Obstruction) as failure:
            fault = FileFault(f"could not be moved: {_why(failure)}")
        if not _lies_here(root, entered):  # moved it may be all the same: by another process, or not durably
            quarantine_rows.give_up(connection, entered, utc_now())
    raise fault


def _entered(connection: sa.Connection, root: Path, new: NewQuarantined) -> Quarantined:
    """An entry for this file: that of its own move which was cut off, else a new one. Where another file never came here, that is over."""
    for earlier in quarantine_rows.entered_from(connection, new.path):
        if _lies_here(root, earlier):
            continue
        if earlier.sha256 == new.sha256:
            return earlier
        quarantine_rows.give_up(connection, earlier, utc_now())
    return quarantine_rows.enter(connection, new)


def _lies_here(root: Path, one: Quarantined) -> bool:
    """Or may, where it cannot be looked at."""
    return inspect(root, _in_quarantine(one.name)) in {Finding.PRESENT, Finding.LINKED, Finding.UNREADABLE}


def give_back(database: Database, root: Path, identifier: int, *, by: str, reason: str) -> str:
    """Put the file back to where it was; the path. Raises :class:`CallguardError` when it is not there any more, or its place is taken."""
    person, why = line(by, "--by"), line(reason, "--reason")
    place = f"quarantine {identifier}"
    with database.write() as connection:
        found = lock_quarantined(connection, identifier)
        if found is None:
            raise UsageError(
                "there is no such file in quarantine, or no longer", place=place, remedy="callguard quarantine list tells them"
            )
        quarantine_rows.release(connection, found, person, why, utc_now())
        try:
            _move_back(root, found.name, found.path, place)
        except (OSError, FileFault) as failure:
            raise FileFault(f"could not be put back: {_why(failure)}", place=place) from failure
    return found.path


@dataclass(frozen=True, slots=True)
class QuarantinePlan:
    """What a sweep as of a moment does to what is in quarantine, made anew whenever it is read."""

    database: Database
    root: Path
    as_of: datetime

    def count(self) -> int:
        """How many are due."""
        with self.database.read() as connection:
            return quarantine_rows.count_due_quarantined(connection, self.as_of)

    def units(self) -> Iterator[Unit]:
        """One verdict for each that is due. Raises :class:`callguard.errors.StoreError`."""
        last: Quarantined | None = None
        while page := self._page(last):
            for one in page:
                with self.database.read() as connection:
                    verdict = self._judge(connection, one)
                yield (verdict,)
            last = page[-1]

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """Judge again, prove, remove, commit, as with a recording. Raises :class:`CallguardError`."""
        (asked,) = unit
        with self.database.write() as connection:
            shut(connection)
            found = lock_quarantined(connection, int(asked.record))
            if found is None:
                return [kept(Verdict(asked.record, Action.KEEP, Ground.DELETED, "it is over", asked.expires_at, Kind.QUARANTINE))]
            return [_remove(connection, self.root, found, self._judge(connection, found))]

    def _page(self, after: Quarantined | None) -> Sequence[Quarantined]:
        with self.database.read() as connection:
            return quarantined_page(connection, self.as_of, after)

    def _judge(self, connection: sa.Connection, one: Quarantined) -> Verdict:
        return judge_quarantined(connection, self.root, one, f"expired on {stamp(one.expires_at)}", f": {one.rule}")


def judge_quarantined(connection: sa.Connection, root: Path, one: Quarantined, why: str, rule: str = "") -> Verdict:
    """Whether it may go for that reason, by that rule: no hold and no restriction may ask for it, and it can be reached."""
    row = rows_of(connection, [one.recording_id]).get(one.recording_id) if one.recording_id else None
    ground, told = Ground.EXPIRED, f"{why}{rule}"
    lies = inspect(root, _in_quarantine(one.name))
    if held := stays(connection, row, one.recording_id):
        ground, told = Ground.HELD, held
    elif lies in _OBSTACLES:
        ground, told = Ground.OBSTRUCTED, f"{why}, but {lies.value}"
    elif lies is not Finding.PRESENT:
        told += "; the file was missing" if lies is Finding.MISSING else "; another name of the file remains outside callguard's reach"
    action = Action.DELETE if ground is Ground.EXPIRED else Action.KEEP
    return Verdict(str(one.id), action, ground, told, one.expires_at, Kind.QUARANTINE)


def erase_quarantined(database: Database, root: Path, identifier: int, why: str, rule: str) -> Outcome | None:
    """Delete it before its last day, as a sweep would then; ``None`` when it is over. Raises :class:`CallguardError`."""
    with database.write() as connection:
        shut(connection)
        found = lock_quarantined(connection, identifier)
        if found is None:
            return None
        return _remove(connection, root, replace(found, rule=rule), judge_quarantined(connection, root, found, why))


def _remove(connection: sa.Connection, root: Path, one: Quarantined, verdict: Verdict) -> Outcome:
    """Proven first and removed then, so that a database that cannot keep the proof keeps the file."""
    if verdict.action is Action.KEEP:
        return kept(verdict)
    lies = inspect(root, _in_quarantine(one.name))
    prove_gone(connection, one, verdict.reason, lies.value, utc_now())
    delete(root, _in_quarantine(one.name))
    return Outcome(verdict, Result.FAILED if lies is Finding.LINKED else Result.DELETED)


def _in_quarantine(name: str) -> str:
    return f"{FOLDER}/{name}"


def _move(root: Path, path: str, name: str) -> None:
    """In one step on one disk, then durable on both sides. What belongs to the PBX, or has another name, keeps its mode: it may be a
    recording's there. The folder lets nobody else in.
    """
    with spot(root, path) as at, _made(root) as folder:
        os.rename(at.name, name, src_dir_fd=at.folder, dst_dir_fd=folder)
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_nlink == 1:
            with suppress(PermissionError):
                os.chmod(name, _NOBODY_ELSE, dir_fd=folder)
        os.fsync(folder)
        os.fsync(at.folder)


@contextmanager
def _made(root: Path) -> Iterator[int]:
    """The quarantine's folder, made where it was not there."""
    with ExitStack() as held:
        here = open_root(root)
        held.callback(os.close, here)
        folder = enter_or_make(here, FOLDER, FOLDER)
        held.callback(os.close, folder)
        yield folder


def _move_back(root: Path, name: str, path: str, place: str) -> None:
    """Cut off behind the move, it lies in its place and its row is open: then there is nothing left to move."""
    prepare_folder(root, path)
    with spot(root, path) as to, spot(root, _in_quarantine(name)) as at:
        taken, there = _is_there(to), _is_there(at)
        if taken and there:
            raise CallguardError("its place is taken", place=place, remedy="move what lies there aside")
        if not (taken or there):
            raise CallguardError("its file is not there", place=place)
        if there:
            os.rename(at.name, to.name, src_dir_fd=at.folder, dst_dir_fd=to.folder)
            os.fsync(to.folder)
            os.fsync(at.folder)


def _why(failure: OSError | FileFault) -> str:
    """Without the place, which may hold a number: complaints end up in logs."""
    return failure.message if isinstance(failure, FileFault) else failure.strerror or type(failure).__name__


def _is_there(at: Spot) -> bool:
    try:
        os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
