"""Looks at a recording's file and deletes it: the only module of callguard that removes anything.

A recording lies there plain, or sealed under a name of its own (:mod:`callguard.retention.naming`), or both for a moment; who asks for one
means both. A deletion removes sidecar tags first and the recording last, then makes the removal durable (``fsync`` of the folder) and looks
whether the names are really gone. If it is cut off after the sidecar, the recording is still there and the next sweep does it again; if it
is cut off after the recording, the next sweep finds the file missing and closes the row.

A file with more than one name loses ours, which is all that can be reached from here, and is reported as :attr:`Finding.LINKED`: the
content lives on under the other. Whoever reads the report has to look for it.

Day folders are left in place even when they are empty. They tell no more than a date, and they are what tells a deleted file from a disk
that is not mounted (see :mod:`callguard.retention.rules`); and a folder that is never removed cannot vanish between its preparation for a
new recording and the PBX's opening of the file.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from callguard.errors import FileFault
from callguard.retention.naming import all_names, plain_names, sealed
from callguard.retention.paths import Obstruction, Spot, spot
from callguard.retention.rules import Finding

_WEIGHT = (Finding.PRESENT, Finding.LINKED, Finding.NOT_REGULAR, Finding.SYMLINK, Finding.UNREADABLE)
_OVERWRITING = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {stat.S_IFREG: Finding.PRESENT, stat.S_IFLNK: Finding.SYMLINK}


def inspect(root: Path, path: str) -> Finding:
    """What lies at ``path`` below ``root``; nothing is changed, followed or read."""
    try:
        with spot(root, path) as at:
            return _look_for_both(at)
    except Obstruction as obstruction:
        return obstruction.finding


def delete(root: Path, path: str) -> Finding:
    """Remove the file and its sidecar for good and say what was found: ``PRESENT``, ``LINKED``, ``MISSING``.

    Raises :class:`Obstruction` when the file cannot be reached, and then nothing was removed; :class:`FileFault` when it could not be
    removed, or not durably.
    """
    with spot(root, path) as at:
        finding = _look_for_both(at)
        if finding not in {Finding.PRESENT, Finding.LINKED, Finding.MISSING}:
            raise Obstruction(finding, path)
        try:
            _remove(at, all_names(at.name))
        except OSError as failure:
            raise FileFault(f"could not be removed: {failure.strerror}", place=path) from failure
        if _look_for_both(at) is not Finding.MISSING:
            raise FileFault("was removed, and a file of that name is there again", place=path)
    return finding


def remove_plain(at: Spot) -> None:
    """Remove the plain file and its tag, durably; the sealed one stays. Raises ``OSError``."""
    _remove(at, plain_names(at.name))


def discard(at: Spot) -> None:
    """Remove one name that nobody knows of yet. Raises ``OSError``."""
    _unlink(at)


def overwrite_and_remove(at: Spot) -> bool:
    """Write zeros over a small file where it lies, make that durable, and only then remove it, durably; whether there was one.

    Raises ``OSError``. What that is worth on which disk, see :mod:`callguard.evidence.keys`.
    """
    try:
        descriptor = os.open(at.name, _OVERWRITING, dir_fd=at.folder)
    except FileNotFoundError:
        return False
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _remove(at, (at.name,))
    return True


def _look(at: Spot) -> Finding:
    try:
        status = os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
    except FileNotFoundError:
        return Finding.MISSING
    except OSError:
        return Finding.UNREADABLE
    found = _KINDS.get(stat.S_IFMT(status.st_mode), Finding.NOT_REGULAR)
    return Finding.LINKED if found is Finding.PRESENT and status.st_nlink > 1 else found


def _look_for_both(at: Spot) -> Finding:
    """An obstacle in the way of either is told first, then a further name of either."""
    found = {_look(at), _look(Spot(at.folder, sealed(at.name)))} - {Finding.MISSING}
    return max(found, key=_WEIGHT.index, default=Finding.MISSING)


def _remove(at: Spot, names: Iterable[str]) -> None:
    for name in names:
        _unlink(Spot(at.folder, name))
    os.fsync(at.folder)


def _unlink(at: Spot) -> None:
    try:
        os.unlink(at.name, dir_fd=at.folder)
    except FileNotFoundError:
        return
