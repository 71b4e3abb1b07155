"""The key store: one small file for each sealed recording, in a folder of its own, which is to be left out of backups (C7).

A recording can be heard as long as its key is there, so whoever destroys the key has deleted the recording wherever it was copied to. For
that a key must be in one place only. Hence files and no database: a database keeps what it deletes in free pages, in its log and in every
dump, and callguard's own belongs into backups. The folder says by a ``CACHEDIR.TAG`` (https://bford.info/cachedir/) that it does not, which
``tar --exclude-caches``, restic and borg heed with the option of that name. The price: who loses the folder loses all sealed recordings.

A key lies there wrapped by the master key (:mod:`callguard.evidence.wrapping`), always the same number of bytes, written in place: a new
key for a sealing that was cut off goes over the old one and leaves no copy. To destroy it is to write zeros over it where it lies, to have
them written out, and to remove the file after, durably. Many go together, and each of these steps is done for all before the next one is
begun for any. The master key is not needed for that: a sweep deletes where nobody can listen.

The zeros are no matter of the promise that a deleted recording cannot be read, which the durable removal keeps as far as files go. They
are for who reads the disk below the files, and has the master key, which lies on the same machine: that is a third of the time that it
takes to destroy a key, and the only part of it that such a reader would notice.

What that is worth depends on what is below. ext4 and XFS write over a file's own blocks and keep file content out of their journal, unless
ext4 is mounted with ``data=journal``: then a copy stays in the journal until it comes round. Btrfs, ZFS, snapshots (LVM, a virtual
machine's) and the inside of an SSD write elsewhere and leave the old block until it is used again. What is found there is still wrapped:
it is worth nothing without the master key, which is therefore kept on another device, and renewed when it may have been seen.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from callguard.errors import FileFault
from callguard.evidence.master import MasterKey
from callguard.evidence.mastery import NAME, require_mastery
from callguard.evidence.wrapping import opened, written
from callguard.retention.files import overwrite_and_remove
from callguard.retention.folders import enter_or_make, make_durable
from callguard.retention.looking import by_folder, name_of
from callguard.retention.paths import Obstruction, Spot, open_root, parts, spot
from callguard.retention.rules import Finding

BACKUP_TAG = "CACHEDIR.TAG"
NO_KEYS = frozenset({BACKUP_TAG, NAME})
"""What else lies in the folder."""

_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n# Keys of recordings: no backup may hold them, or nothing could be deleted.\n"
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_EDITING = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOBODY_ELSE = 0o600
_LONGEST = 200


class KeyGone(FileFault):
    """There is no key any more: what was sealed with it cannot be heard, here or anywhere."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The folder. A key goes by its recording's path below the root, so that no folder holds more than a day's."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder for its owner alone, and mark it for backups. Raises :class:`FileFault`."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            make_durable(self.folder.parent)
            with spot(self.folder, BACKUP_TAG) as at:
                _write(at, _SIGNATURE.encode())
        except OSError as failure:
            raise FileFault(f"cannot be prepared: {failure.strerror}", place=str(self.folder), remedy=_REMEDY) from failure

    def keep(self, path: str, recording: str, key: bytes, master: MasterKey) -> None:
        """Keep the key of a recording, durably, in place of any earlier one. With the store to oneself. Raises :class:`FileFault`."""
        require_mastery(self.folder, master)
        *folders, name = parts(path)
        try:
            with ExitStack() as held:
                here = open_root(self.folder)
                held.callback(os.close, here)
                for folder in folders:
                    here = enter_or_make(here, folder, path)
                    held.callback(os.close, here)
                _write(Spot(here, name), written(recording, key, master))
        except OSError as failure:
            raise FileFault(f"its key cannot be kept: {failure.strerror}", place=path, remedy=_REMEDY) from failure

    def read(self, path: str, recording: str, master: MasterKey) -> bytes:
        """The key of a recording. Raises :class:`KeyGone` when there is none, :class:`FileFault` when it cannot be had."""
        with self._reaching(path) as at:
            content = _read(at)
        return opened(content, recording, master)

    def holds(self, path: str) -> bool:
        """Whether there is a key. Raises :class:`FileFault` when that cannot be told."""
        try:
            with self._reaching(path) as at:
                os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
        except KeyGone:
            return False
        return True

    def destroy(self, path: str) -> bool:
        """Make the recording unreadable wherever it is; whether there was a key. Raises :class:`FileFault` when it may still be there."""
        there = self.holds(path)
        for fault in self.destroy_all([path]).values():
            raise fault
        return there

    def destroy_all(self, paths: Iterable[str]) -> Mapping[str, FileFault]:
        """Make all these recordings unreadable; by path, what keeps one from it, whose key may still be there."""
        faults: dict[str, FileFault] = {}
        for beside in by_folder(paths):
            try:
                faults |= self._destroy_in_folder(beside)
            except KeyGone:
                continue
            except FileFault as fault:
                faults |= dict.fromkeys(beside, fault)
        return faults

    def _destroy_in_folder(self, beside: Sequence[str]) -> Mapping[str, FileFault]:
        names = {name_of(path): path for path in beside}
        with self._reaching(beside[0]) as (folder, _):
            failed = overwrite_and_remove(folder, names.keys())
        return {names[name]: _out_of_reach(failure, names[name]) for name, failure in failed.items()}

    def require(self) -> None:
        """Raises :class:`FileFault` unless this is the store, and not the empty folder of a disk that is not mounted."""
        if not self.holds(BACKUP_TAG):
            raise FileFault("is no key store", place=str(self.folder), remedy="mount the disk that holds it, or correct recordings.keys")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the store to oneself: nobody else wraps a key until the end of the block. Waits for it. Raises :class:`FileFault`."""
        lock = self._lock()
        try:
            yield
        finally:
            os.close(lock)

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """The file of a key, to be read and written where it lies. Raises :class:`KeyGone` and :class:`FileFault`."""
        with self._reaching(path) as at:
            descriptor = os.open(at.name, _EDITING, dir_fd=at.folder)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def _lock(self) -> int:
        """On a file and not on the folder: what a network file system is to lock must be open for writing."""
        try:
            with spot(self.folder, NAME) as at:
                lock = os.open(at.name, _EDITING | os.O_CREAT, mode=_NOBODY_ELSE, dir_fd=at.folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as failure:
            raise FileFault(f"cannot be locked: {failure.strerror}", place=str(self.folder / NAME), remedy=_REMEDY) from failure
        return lock

    @contextmanager
    def _reaching(self, path: str) -> Iterator[Spot]:
        try:
            with spot(self.folder, path) as at:
                yield at
        except FileNotFoundError:
            raise KeyGone(_GONE, place=path) from None
        except Obstruction as obstruction:
            if obstruction.finding in {Finding.FOLDER_MISSING, Finding.ROOT_MISSING}:
                raise KeyGone(_GONE, place=path) from None
            raise
        except OSError as failure:
            raise _out_of_reach(failure, path) from failure


_GONE = "its key is not there: it was destroyed, or this is not the store it is in"
_REMEDY = "let callguard's user, and nobody else, write to recordings.keys"


def _out_of_reach(failure: OSError, path: str) -> FileFault:
    return FileFault(f"its key cannot be reached: {failure.strerror}", place=path, remedy=_REMEDY)


def _write(at: Spot, content: bytes) -> None:
    """In place and of one length, so that what was there before is written over."""
    descriptor = os.open(at.name, _WRITING, mode=_NOBODY_ELSE, dir_fd=at.folder)
    try:
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.fsync(at.folder)


def _read(at: Spot) -> bytes:
    descriptor = os.open(at.name, _READING, dir_fd=at.folder)
    try:
        return os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
