"""A file taken into the recordings root, and its call into the database: cut off anywhere, nothing is lost and nothing is there twice.

In this order, each step durable before the next one begins:

1. the day's folder is made, and the file copied into it under a name of our own as ``.part``, tagged, and read back from the disk: it must
   be the sound that was found;
2. it takes its name in one step;
3. where recordings are sealed, it is sealed (:mod:`callguard.evidence.vault`);
4. call, recording, adoption and the ledger's entry are committed, judged once more in the same transaction;
5. only where that was asked for, the original is removed.

The name follows from the sound (:mod:`callguard.adoption.judging`), so that one that was cut off before 4 is done again in its place, and
one that was cut off after it is known as adopted, and its original removed by the next run that is asked to. In between, its tag says what
it is and until when it may stay, for `callguard reconcile`.

The original stays unless told otherwise: a PBX's own pages play it. But then it lies where no deletion reaches it, so the listing counts it
each time until somebody has it removed. Nothing is removed whose copy is not in the root, or was deleted from there when its time had come;
of these last ones nothing that a hold asks for by now. What does not say by itself that it is over may be a recording that only rests: its
name is not taken from it before nobody has written to it for :data:`RESTS_AT_MOST`, since the rest would be written to nowhere.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from callguard.adoption.finding import Found, Intake
from callguard.adoption.judging import Judged, Verdict, judge
from callguard.call.commands import FileRecording
from callguard.call.evolve import evolve
from callguard.call.recording import with_recording
from callguard.call.state import Call, Recording, RecordingStatus
from callguard.clock import utc_now
from callguard.errors import CallguardError, FileFault, GuardRefusal, UsageError
from callguard.evidence.sealing import Meter, Sound
from callguard.evidence.vault import Vault
from callguard.retention.files import delete, discard, inspect
from callguard.retention.folders import prepare_folder, require_space
from callguard.retention.guards import RootState
from callguard.retention.marker import mark_root
from callguard.retention.measure import BLOCK_BYTES, open_regular
from callguard.retention.naming import part
from callguard.retention.paths import FOLDER, Spot, spot
from callguard.retention.rules import Finding
from callguard.retention.staying import stays
from callguard.retention.tag import Tag, attach
from callguard.store.adoption_rows import Adopted, adopted_before, save_adoption
from callguard.store.database import Database
from callguard.store.reconcile_rows import rows_of

RESTS_AT_MOST = timedelta(days=1)

_DRAFT = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_SHARED = 0o640
"""As the PBX's own: whoever is in the folder's group may read."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where recordings go: ``vault`` is ``None`` where they are kept plain, ``least`` are the bytes that must stay free."""

    database: Database
    root: Path
    vault: Vault | None
    least: int

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Nobody else adopts meanwhile.

        Raises :class:`UsageError`, :class:`GuardRefusal` for a root that is not ours, and :class:`FileFault`.
        """
        if mark_root(self.database, self.root) is not RootState.MARKED:
            raise GuardRefusal("is not the folder that callguard marked", place=str(self.root), remedy="mount the disk that holds it")
        if self.vault is not None:
            self.vault.keys.require()
        root = os.open(self.root, FOLDER)
        try:
            _lock(root, self.root)
            yield
        finally:
            os.close(root)

    def adopt(self, found: Found, intake: Intake) -> Verdict:
        """Judge again and do it; the verdict as it stood then. Raises :class:`CallguardError`, and then no row was written."""
        with self.database.read() as connection:
            judged = judge(connection, found, intake)
        recording = judged.recording
        if judged.after is None or recording is None:
            return judged.verdict
        require_space(self.root, self.least + found.status.st_size)
        prepare_folder(self.root, recording.path)
        self._take_in(found, judged.after, recording)
        with self.database.write() as connection:
            again = judge(connection, found, intake)
            if _differs(recording, again):
                raise FileFault("its call changed while it was copied", place=found.entry.shown, remedy="import it again")
            save_adoption(connection, again.before, self._kept(again.after or judged.after), found.beginning.source, utc_now())
        return judged.verdict

    def remove_original(self, found: Found) -> None:
        """Remove the file whose sound is adopted. Raises :class:`FileFault`, also when it had another name, which stays."""
        place = found.entry.shown
        if not found.sound.over and utc_now() - found.written_at < RESTS_AT_MOST:
            raise FileFault("the original stays: it was written to within the last day, and may not be over", place=place)
        with self.database.read() as connection:
            adopted = adopted_before(connection, found.sha256)
            asked_for = None if adopted is None else _asked_for(connection, adopted)
        if adopted is None or (adopted.deleted_at is None and inspect(self.root, adopted.path) not in {Finding.PRESENT, Finding.LINKED}):
            raise FileFault("the original stays: its copy is not in the recordings root", place=place, remedy="see callguard reconcile")
        if asked_for is not None:
            raise FileFault(f"the original stays: its copy was deleted, and it is {asked_for}", place=place)
        try:
            if _identity(os.stat(found.entry.at.name, dir_fd=found.entry.at.folder, follow_symlinks=False)) != _identity(found.status):
                raise FileFault("the original stays: it changed since it was read", place=place)
            discard(found.entry.at)
            os.fsync(found.entry.at.folder)
        except OSError as failure:
            raise FileFault(f"the original could not be removed: {failure.strerror}", place=place) from failure
        if found.status.st_nlink > 1:
            raise FileFault("the original is removed, and has another name somewhere, by which it can still be heard", place=place)

    def _take_in(self, found: Found, call: Call, recording: Recording) -> None:
        try:
            _copy(self.root, found, recording)
            if self.vault is not None:
                self.vault.seal(_order(call, recording), Sound(found.status.st_size, found.sha256), lambda: None)
        except (OSError, FileFault) as failure:
            with suppress(CallguardError):
                self._withdraw(recording.path)
            if isinstance(failure, FileFault):
                raise
            raise FileFault(f"could not be copied: {failure.strerror or failure}", place=found.entry.shown) from failure

    def _withdraw(self, path: str) -> None:
        """No row knows of it: nothing but the copy goes."""
        delete(self.root, path)
        if self.vault is not None:
            self.vault.keys.destroy(path)

    def _kept(self, after: Call) -> Call:
        recording = after.recordings[-1]
        status = RecordingStatus.SEALED if self.vault is not None else RecordingStatus.STOPPED
        return with_recording(after, evolve(recording, status=status))


def _asked_for(connection: sa.Connection, adopted: Adopted) -> str | None:
    """What keeps the last that is left of a recording that was deleted."""
    if adopted.deleted_at is None:
        return None
    return stays(connection, rows_of(connection, [adopted.recording]).get(adopted.recording), adopted.recording)


def _lock(root: int, place: Path) -> None:
    try:
        fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError("another import is under way", place=str(place), remedy="wait for its end") from None


def _differs(recording: Recording, again: Judged) -> bool:
    """Its path and its end are on the file already."""
    return again.recording is None or replace(again.recording, leg="") != replace(recording, leg="")


def _order(call: Call, recording: Recording) -> FileRecording:
    named = {"pbx": call.pbx, "linkedid": call.linkedid, "leg": recording.leg}
    return FileRecording(**named, recording=recording.id, path=recording.path, expires_at=recording.expires_at)


def _copy(root: Path, found: Found, recording: Recording) -> None:
    with spot(root, recording.path) as at:
        draft = Spot(at.folder, part(at.name))
        try:
            with (
                os.fdopen(os.open(draft.name, _DRAFT, mode=_SHARED, dir_fd=draft.folder), "w+b") as copy,
                open_regular(found.entry.at) as file,
            ):
                while block := file.read(BLOCK_BYTES):
                    copy.write(block)
                copy.flush()
                attach(Tag(recording.id, recording.expires_at, found.sha256), copy.fileno(), at)
                os.fsync(copy.fileno())
                _require_same(copy.fileno(), found)
            os.rename(draft.name, at.name, src_dir_fd=draft.folder, dst_dir_fd=at.folder)
            os.fsync(at.folder)
        finally:
            discard(draft)


def _require_same(copy: int, found: Found) -> None:
    """What the disk has of the copy, and not what is still in memory of what was written."""
    os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_DONTNEED)
    meter, at = Meter(), 0
    while block := os.pread(copy, BLOCK_BYTES, at):
        at += len(meter.pass_on(block))
    if meter.sound != Sound(found.status.st_size, found.sha256):
        raise FileFault("changed while it was copied, or the disk did not keep the copy", place=found.entry.shown)


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
