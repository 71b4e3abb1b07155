"""Measures a finished recording: size, SHA-256, what is wrong with it, and the tag put onto it. What a dying PBX left is mended first.

The size is the number of bytes that went into the hash, so that the two always speak of the same bytes. A file that cannot be opened has
the size its folder tells. The file, and its name, are made durable before its hash is believed: the PBX does not do it.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from callguard.call.commands import FileRecording
from callguard.errors import FileFault
from callguard.retention.naming import sealed
from callguard.retention.paths import Obstruction, Spot, spot
from callguard.retention.repair import repair
from callguard.retention.rules import Finding
from callguard.retention.tag import Tag, attach
from callguard.retention.wav import BUFFER_BYTES, HEAD_BYTES, Blemish, blemish, is_closed

BLOCK_BYTES = 2**20

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # O_NONBLOCK: a FIFO must not hold us up before it is known as one

Checkpoint = Callable[[], None]
"""Called between blocks; what it raises ends the measuring."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes and hex digest as far as they could be had, a :class:`Blemish` or ``None``, whether the file carries its tag.

    ``sealed``: it lies encrypted since; bytes and digest are those of the sound.
    """

    size: int | None
    sha256: str | None
    fault: Blemish | None
    tagged: bool
    sealed: bool = False


def is_finished(root: Path, path: str) -> bool:
    """Whether the PBX has closed the file; ``False`` as well while there is none or it cannot be read."""
    try:
        with spot(root, path) as at, open_regular(at) as file:
            return is_closed(_head(file), _size(file))
    except (Obstruction, OSError):
        return False


def measure(root: Path, command: FileRecording, checkpoint: Checkpoint) -> Measured:
    """Hash and tag the file that ``command`` names, as it is now. Whatever is wrong with it is in the result."""
    try:
        with spot(root, command.path) as at:
            return _measure_at(at, command, checkpoint)
    except Obstruction as obstruction:
        missing = obstruction.finding is Finding.FOLDER_MISSING
        return Measured(None, None, Blemish.MISSING if missing else Blemish.UNREADABLE, tagged=False)


def retag_file(root: Path, path: str, tag: Tag) -> None:
    """Put another tag onto a file that has one. Raises :class:`FileFault` when it is not there or cannot be tagged."""
    try:
        with spot(root, path) as plain, open_regular(at := _lying(plain)) as file:
            attach(tag, file.fileno(), at)
            os.fsync(file.fileno())
    except OSError as failure:
        raise FileFault(f"its file cannot be tagged: {failure.strerror or failure}", place=path) from failure


def _lying(plain: Spot) -> Spot:
    """Where the recording is: under its sealed name once it is sealed."""
    at = Spot(plain.folder, sealed(plain.name))
    return plain if _size_told_by_folder(at) is None else at


def _measure_at(at: Spot, command: FileRecording, checkpoint: Checkpoint) -> Measured:
    try:
        with open_regular(at) as file:
            if not repair(file, at, checkpoint):
                return _measured(file, at, command, checkpoint)
        with open_regular(at) as file:
            measured = _measured(file, at, command, checkpoint)
    except FileNotFoundError:
        return Measured(None, None, Blemish.MISSING, tagged=False)
    except OSError:
        return Measured(_size_told_by_folder(at), None, Blemish.UNREADABLE, tagged=False)
    return replace(measured, fault=measured.fault or Blemish.REPAIRED)


def _measured(file: FileIO, at: Spot, command: FileRecording, checkpoint: Checkpoint) -> Measured:
    head, full = _head(file), _is_full(file)
    size, sha256 = _hash(file, checkpoint)
    tagged = _tag(Tag(command.recording, command.expires_at, sha256), file, at)
    return Measured(size, sha256, blemish(head, size) or (Blemish.TRUNCATED if full else None), tagged)


def open_regular(at: Spot) -> FileIO:
    """The open file. Raises ``OSError`` for everything but a regular file that can be read."""
    opened = os.open(at.name, _READING, dir_fd=at.folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError("not a regular file")
    return FileIO(opened)


def _head(file: FileIO) -> bytes:
    return os.pread(file.fileno(), HEAD_BYTES, 0)


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _is_full(file: FileIO) -> bool:
    """Whether the disk had no room for what the PBX wrote last, nor would have for more."""
    disk = os.fstatvfs(file.fileno())
    return disk.f_bavail * disk.f_frsize < BUFFER_BYTES


def _hash(file: FileIO, checkpoint: Checkpoint) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        checkpoint()
    return size, digest.hexdigest()


def _tag(tag: Tag, file: FileIO, at: Spot) -> bool:
    try:
        attach(tag, file.fileno(), at)
        os.fsync(file.fileno())
        os.fsync(at.folder)
    except OSError:
        return False
    return True


def _size_told_by_folder(at: Spot) -> int | None:
    try:
        status = os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
