"""A folder of recordings, file by file and in order of names, with no more of it in memory than the names of one folder and those above.

Symbolic links are told and not followed, so that nothing outside the folder is adopted, and nothing twice. Every folder is held open
while its files are dealt with: what was looked at is what is then read, and removed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from callguard.errors import UsageError
from callguard.retention.paths import Spot


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the folder: its absolute path, its path as people are shown it, and where it can be opened while it is dealt with.

    ``fault`` is why it, and what is in it, cannot be looked at.
    """

    path: PurePath
    shown: str
    at: Spot
    fault: str | None = None


def require_outside(folder: Path, root: Path) -> Path:
    """The folder's real path. Raises :class:`UsageError` when there is none, and when it and the recordings root lie in one another."""
    try:
        found, ours = folder.resolve(strict=True), root.resolve()
    except OSError as failure:
        raise UsageError(
            f"cannot be read: {failure.strerror}", place=str(folder), remedy="name the folder of the PBX's recordings"
        ) from failure
    if not found.is_dir():
        raise UsageError("is no folder", place=str(folder), remedy="name the folder of the PBX's recordings")
    if found.is_relative_to(ours) or ours.is_relative_to(found):
        remedy = "name a folder that neither holds the recordings root nor lies in it: what is in there is callguard's already"
        raise UsageError(f"is not apart from the recordings root {root}", place=str(folder), remedy=remedy)
    if not os.access(found, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise UsageError("cannot be read: Permission denied", place=str(folder), remedy="let this user read it, or be another one")
    return found


def walk(folder: Path) -> Iterator[Entry]:
    """All that is in the folder but folders; of these only links, and those that cannot be read."""
    unread: list[OSError] = []
    for top, folders, files, descriptor in os.fwalk(folder, onerror=unread.append):
        folders.sort()
        links = [name for name in folders if _is_link(Spot(descriptor, name))]
        for name in sorted([*files, *links]):
            path = PurePath(top, name)
            yield Entry(path, _shown(path, folder), Spot(descriptor, name))
        yield from _unread(unread, folder)
    yield from _unread(unread, folder)


def count(folder: Path) -> int:
    """About how many there will be; for a progress bar."""
    return sum(len(files) for _, _, files, _ in os.fwalk(folder))


def _unread(failures: list[OSError], folder: Path) -> Iterator[Entry]:
    while failures:
        failure = failures.pop()
        path = PurePath(os.fsdecode(failure.filename or folder))
        yield Entry(path, _shown(path, folder), Spot(-1, path.name), fault=f"the folder cannot be read: {failure.strerror}")


def _is_link(at: Spot) -> bool:
    with suppress(OSError):
        os.readlink(at.name, dir_fd=at.folder)
        return True
    return False


def _shown(path: PurePath, folder: Path) -> str:
    """Below the folder; what is no UTF-8 in a name cannot be printed."""
    below = path.relative_to(folder) if path.is_relative_to(folder) else path
    return os.fsencode(below).decode("utf-8", "replace")
