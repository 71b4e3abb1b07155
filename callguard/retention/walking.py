"""All names below a folder, block by block: folder after folder, no link followed, never more than a block in memory. A recordings root
within it is another callguard's, and is told as one name: its files have their rows elsewhere.

A block is of one folder and sorted; a folder of more than :data:`BLOCK` names is told in several. What appears or vanishes while the walk
is under way is told or not, as it happens; who acts on a name looks again.

The hash that the file's tag tells comes along, as one more call beside the one that looks at the file. A tag in a file of its own is a name
like any other.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from callguard.retention.paths import FOLDER, open_root
from callguard.retention.rules import Finding

BLOCK = 2000

MARK = ".callguard-root"
"""The name by which a folder is told to be a recordings root (:mod:`callguard.retention.marker`)."""

DEEPEST = 16
"""Folders inside one another; what lies deeper is told as :attr:`Finding.ASTRAY`."""

HASH_ATTRIBUTE = "user.callguard.sha256"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = timedelta(days=365 * 1000)
_KINDS: Mapping[int, Finding] = {stat.S_IFREG: Finding.PRESENT, stat.S_IFLNK: Finding.SYMLINK}


@dataclass(frozen=True, slots=True)
class Entry:
    """A name that is no folder, or a folder that cannot be entered; ``path`` is relative to where the walk began.

    ``told`` is the hash that its tag tells, ``identity`` is another one as soon as the file is, or was written to.
    """

    path: str
    finding: Finding
    size: int = 0
    written_at: datetime = _EPOCH
    told: str | None = None
    identity: tuple[int, ...] = ()


def walk(root: Path, passed_over: Collection[str]) -> Iterator[tuple[Entry, ...]]:
    """Everything below ``root`` but what has one of these names directly in it. Raises :class:`callguard.retention.paths.Obstruction`."""
    here = open_root(root)
    try:
        yield from _folder(here, "", passed_over, DEEPEST)
    finally:
        os.close(here)


def look(folder: int, name: str, path: str) -> Entry | None:
    """One name in an open folder, ``path`` from the root; ``None`` when there is none any more, or when it is a folder."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError:
        return Entry(path, Finding.UNREADABLE)
    if stat.S_ISDIR(status.st_mode):
        return None
    finding = _KINDS.get(stat.S_IFMT(status.st_mode), Finding.NOT_REGULAR) if path.isprintable() else Finding.ASTRAY
    written_at = _EPOCH + min(timedelta(seconds=max(status.st_mtime, 0)), _LATEST)
    if finding is not Finding.PRESENT:
        return Entry(path, finding, status.st_size, written_at)
    linked = Finding.LINKED if status.st_nlink > 1 else finding
    return Entry(path, linked, status.st_size, written_at, _told(folder, name), identity(status))


def identity(status: os.stat_result) -> tuple[int, ...]:
    """By which a file is known again."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _told(folder: int, name: str) -> str | None:
    """By way of /proc, since there is no getxattrat(2) yet."""
    try:
        return os.getxattr(f"/proc/self/fd/{folder}/{name}", HASH_ATTRIBUTE, follow_symlinks=False).decode("ascii", "replace")
    except OSError:
        return None


def _folder(folder: int, path: str, passed_over: Collection[str], deeper: int) -> Iterator[tuple[Entry, ...]]:
    folders: list[str] = []
    try:
        with os.scandir(folder) as names:
            while block := list(islice((one for one in names if one.name not in passed_over), BLOCK)):
                inner = {one.name for one in block if one.is_dir(follow_symlinks=False)}
                folders += inner
                files = sorted({one.name for one in block} - inner)
                yield tuple(found for name in files if (found := look(folder, name, f"{path}{name}")) is not None)
    except OSError:
        yield (Entry(path.rstrip("/") or ".", Finding.UNREADABLE),)
    for name in sorted(folders):
        yield from _enter(folder, name, f"{path}{name}", deeper - 1)


def _enter(folder: int, name: str, path: str, deeper: int) -> Iterator[tuple[Entry, ...]]:
    if not deeper or not path.isprintable():
        yield (Entry(path, Finding.ASTRAY),)
        return
    try:
        here = os.open(name, FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError:
        yield (Entry(path, Finding.UNREADABLE),)
        return
    try:
        if look(here, MARK, MARK) is None:
            yield from _folder(here, f"{path}/", (), deeper)
        else:
            yield (Entry(path, Finding.OTHER_ROOT),)
    finally:
        os.close(here)
