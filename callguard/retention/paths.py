"""The way from the recordings root to a file, taken so that nobody can bend it.

A stored path is relative, made of plain names. It is walked name by name with a descriptor for each folder (``openat(2)``) and
``O_NOFOLLOW``: a symbolic link in any place, the root itself included, ends the walk, and what was checked is what is then used, since no
name above the file is looked up a second time.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from callguard.errors import FileFault
from callguard.retention.rules import Finding

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Obstruction(FileFault):
    """The walk ended early; ``finding`` says on what."""

    def __init__(self, finding: Finding, place: str) -> None:
        super().__init__(finding.value, place=place)
        self.finding = finding


class Spot(NamedTuple):
    """A name in a folder that is held open."""

    folder: int
    name: str


@contextmanager
def spot(root: Path, path: str) -> Iterator[Spot]:
    """The open folder and the last name of ``path`` below ``root``.

    Raises :class:`Obstruction`; the file itself need not exist.
    """
    *folders, name = parts(path)
    with ExitStack() as held:
        here = open_root(root)
        held.callback(os.close, here)
        for folder in folders:
            here = enter(here, folder, path)
            held.callback(os.close, here)
        yield Spot(here, name)


def parts(path: str) -> list[str]:
    """The names a stored path is made of. Raises :class:`Obstruction` for anything but plain names below the root."""
    names = path.split("/")
    if not path.isprintable() or any(name in {"", ".", ".."} for name in names):
        raise Obstruction(Finding.ASTRAY, ascii(path))
    return names


def open_root(root: Path) -> int:
    """A descriptor of the root. Raises :class:`Obstruction`."""
    try:
        return os.open(root, FOLDER)
    except OSError as failure:
        absent = failure.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
        raise Obstruction(Finding.ROOT_MISSING if absent else Finding.UNREADABLE, str(root)) from failure


def enter(folder: int, name: str, path: str) -> int:
    """A descriptor of the folder ``name`` in ``folder``. Raises :class:`Obstruction` about ``path``."""
    try:
        return os.open(name, FOLDER, dir_fd=folder)
    except OSError as failure:
        raise Obstruction(_finding(failure, Spot(folder, name)), path) from failure


def _finding(failure: OSError, at: Spot) -> Finding:
    """``O_DIRECTORY`` with ``O_NOFOLLOW`` says ENOTDIR for a link as for a file; the link is told apart by looking."""
    if failure.errno == errno.ENOENT:
        return Finding.FOLDER_MISSING
    if failure.errno == errno.ENOTDIR:
        return Finding.SYMLINK if _is_link(at) else Finding.NOT_REGULAR
    return Finding.UNREADABLE


def _is_link(at: Spot) -> bool:
    try:
        os.readlink(at.name, dir_fd=at.folder)
    except OSError:
        return False
    return True
