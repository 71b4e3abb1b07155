"""What lies at the places of many recordings: each folder is entered once, and listed, where that is less work than to ask for each name.

A recording may lie there plain, sealed, or both for a moment, with or without its tags (:mod:`callguard.retention.naming`). A listing says
which of all these names there are; the sounds among them are then looked at. What a listing does not name is asked for by name before it is
called missing, since to close a row for a file that exists is the worst mistake there is. A folder of hundreds of thousands beside which
only a few are asked for is not listed.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from callguard.retention.naming import all_names, sealed
from callguard.retention.paths import Obstruction, parts, spot
from callguard.retention.rules import Finding

LISTED_BYTES = 200
"""Of a folder, for each name asked for: more than that takes longer to list than the names take to ask for."""

_WEIGHT = (Finding.PRESENT, Finding.LINKED, Finding.NOT_REGULAR, Finding.SYMLINK, Finding.UNREADABLE)
_KINDS = {stat.S_IFREG: Finding.PRESENT, stat.S_IFLNK: Finding.SYMLINK}


class Found(NamedTuple):
    """What lies at a path: the finding, and the names of it that are there, in the order in which they have to go."""

    finding: Finding
    names: tuple[str, ...] = ()


def look(root: Path, paths: Iterable[str]) -> dict[str, Found]:
    """What lies at each of these paths below ``root``; nothing is changed, followed or read."""
    found: dict[str, Found] = {}
    for beside in by_folder(paths):
        found |= _look_in_folder(root, beside)
    return found


def by_folder(paths: Iterable[str]) -> Collection[Sequence[str]]:
    """The paths that are beside one another."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folders[path.rpartition("/")[0]].append(path)
    return folders.values()


def name_of(path: str) -> str:
    """The last name of a path."""
    return path.rpartition("/")[2]


def look_again(folder: int, name: str, found: Found) -> Finding:
    """What lies there now under the names that were found, or under either when none was."""
    if found.names == (name,):
        return _look(folder, name)
    sounds = [sound for sound in (name, sealed(name)) if sound in found.names] or [name, sealed(name)]
    findings = {_look(folder, sound) for sound in sounds} - {Finding.MISSING}
    return max(findings, key=_WEIGHT.index, default=Finding.MISSING)


def names_there(folder: int, wanted: Collection[str]) -> AbstractSet[str]:
    """Which of these names the open folder has. Raises ``OSError``."""
    if os.fstat(folder).st_size <= LISTED_BYTES * len(wanted):
        return frozenset(wanted).intersection(os.listdir(folder))
    return frozenset(name for name in wanted if _look(folder, name) is not Finding.MISSING)


def _look_in_folder(root: Path, beside: Sequence[str]) -> dict[str, Found]:
    """An obstacle on the way to the folder is one to all in it."""
    astray = [path for path in beside if not _is_plain(path)]
    within = [path for path in beside if path not in astray] if astray else beside
    found = dict.fromkeys(astray, Found(Finding.ASTRAY))
    try:
        return found | (_look_at_all(root, within) if within else {})
    except Obstruction as obstruction:
        return found | dict.fromkeys(within, Found(obstruction.finding))


def _is_plain(path: str) -> bool:
    try:
        return bool(parts(path))
    except Obstruction:
        return False


def _look_at_all(root: Path, beside: Sequence[str]) -> dict[str, Found]:
    with spot(root, beside[0]) as (folder, _):
        wanted = {path: all_names(name_of(path)) for path in beside}
        try:
            there = names_there(folder, [name for names in wanted.values() for name in names])
        except OSError:
            return dict.fromkeys(beside, Found(Finding.UNREADABLE))
        return {path: _found(folder, name_of(path), tuple([name for name in names if name in there])) for path, names in wanted.items()}


def _found(folder: int, name: str, names: tuple[str, ...]) -> Found:
    return Found(look_again(folder, name, Found(Finding.MISSING, names)), names)


def _look(folder: int, name: str) -> Finding:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return Finding.MISSING
    except OSError:
        return Finding.UNREADABLE
    found = _KINDS.get(stat.S_IFMT(status.st_mode), Finding.NOT_REGULAR)
    return Finding.LINKED if found is Finding.PRESENT and status.st_nlink > 1 else found
