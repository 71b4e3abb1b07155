"""Looks at a recording's file and deletes it: the only module of callguard that removes anything.

A deletion removes the sidecar tag first and the recording second, then makes the removal durable (``fsync`` of the folder) and looks
whether the name is really gone. If it is cut off after the sidecar, the recording is still there and the next sweep does it again; if it
is cut off after the recording, the next sweep finds the file missing and closes the row.

A file with more than one name loses ours, which is all that can be reached from here, and is reported as :attr:`Finding.LINKED`: the
content lives on under the other. Whoever reads the report has to look for it.

Day folders are left in place even when they are empty. They tell no more than a date, and they are what tells a deleted file from a disk
that is not mounted (see :mod:`callguard.retention.rules`); and a folder that is never removed cannot vanish between its preparation for a
new recording and the PBX's opening of the file.
"""

import os
import stat
from pathlib import Path

from callguard.errors import FileFault
from callguard.retention.paths import Obstruction, Spot, spot
from callguard.retention.rules import Finding
from callguard.retention.tag import sidecar_names

_KINDS = {stat.S_IFREG: Finding.PRESENT, stat.S_IFLNK: Finding.SYMLINK}


def inspect(root: Path, path: str) -> Finding:
    """What lies at ``path`` below ``root``; nothing is changed, followed or read."""
    try:
        with spot(root, path) as at:
            return _look(at)
    except Obstruction as obstruction:
        return obstruction.finding


def delete(root: Path, path: str) -> Finding:
    """Remove the file and its sidecar for good and say what was found: ``PRESENT``, ``LINKED``, ``MISSING``.

    Raises :class:`Obstruction` when the file cannot be reached, and then nothing was removed; :class:`FileFault` when it could not be
    removed, or not durably.
    """
    with spot(root, path) as at:
        finding = _look(at)
        if finding not in {Finding.PRESENT, Finding.LINKED, Finding.MISSING}:
            raise Obstruction(finding, path)
        try:
            _remove(at)
        except OSError as failure:
            raise FileFault(f"could not be removed: {failure.strerror}", place=path) from failure
        if _look(at) is not Finding.MISSING:
            raise FileFault("was removed, and a file of that name is there again", place=path)
    return finding


def _look(at: Spot) -> Finding:
    try:
        status = os.stat(at.name, dir_fd=at.folder, follow_symlinks=False)
    except FileNotFoundError:
        return Finding.MISSING
    except OSError:
        return Finding.UNREADABLE
    found = _KINDS.get(stat.S_IFMT(status.st_mode), Finding.NOT_REGULAR)
    return Finding.LINKED if found is Finding.PRESENT and status.st_nlink > 1 else found


def _remove(at: Spot) -> None:
    for name in (*sidecar_names(at.name), at.name):
        _unlink(Spot(at.folder, name))
    os.fsync(at.folder)


def _unlink(at: Spot) -> None:
    try:
        os.unlink(at.name, dir_fd=at.folder)
    except FileNotFoundError:
        return
