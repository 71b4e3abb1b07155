"""Looks at a recording's file and deletes it: the only module of callguard that removes anything.

A recording lies there plain, or sealed under a name of its own (:mod:`callguard.retention.naming`), or both for a moment; who asks for one
means both. A deletion looks once more whether what lies there is what was found, removes sidecar tags first and the recording last, then
makes the removal durable (``fsync`` of the folder) and looks whether the names are really gone. Many are removed a few at once, and made
durable, and looked for, once a folder; each still has a result of its own. If it is cut off after the sidecar, the recording is still there
and the next sweep does it again; if it is cut off after the recording, the next sweep finds the file missing and closes the row.

A file with more than one name loses ours, which is all that can be reached from here, and is reported as :attr:`Finding.LINKED`: the
content lives on under the other. Whoever reads the report has to look for it.

Day folders are left in place even when they are empty. They tell no more than a date, and they are what tells a deleted file from a disk
that is not mounted (see :mod:`callguard.retention.rules`); and a folder that is never removed cannot vanish between its preparation for a
new recording and the PBX's opening of the file.
"""

import os
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from callguard.errors import FileFault
from callguard.retention.abreast import abreast
from callguard.retention.looking import Found, by_folder, look, look_again, name_of, names_there
from callguard.retention.naming import plain_names, sealed
from callguard.retention.overwriting import overwrite
from callguard.retention.paths import Obstruction, Spot, spot
from callguard.retention.rules import Finding

_GOES = frozenset({Finding.PRESENT, Finding.LINKED, Finding.MISSING})


def inspect(root: Path, path: str) -> Finding:
    """What lies at ``path`` below ``root``; nothing is changed, followed or read."""
    return look(root, [path])[path].finding


def delete(root: Path, path: str) -> Finding:
    """Remove the file and its sidecar for good and say what was found: ``PRESENT``, ``LINKED``, ``MISSING``.

    Raises :class:`Obstruction` when the file cannot be reached, and then nothing was removed; :class:`FileFault` when it could not be
    removed, or not durably.
    """
    found = look(root, [path])
    finding = found[path].finding
    if finding not in _GOES:
        raise Obstruction(finding, path)
    for fault in delete_all(root, found).values():
        raise fault
    return finding


def delete_all(root: Path, found: Mapping[str, Found]) -> Mapping[str, FileFault]:
    """Remove what was found at each of these paths for good; by path, what kept it from being gone. Obstacles must not be among them."""
    faults: dict[str, FileFault] = {}
    for beside in by_folder(found):
        faults |= _delete_in_folder(root, {path: found[path] for path in beside})
    return faults


def _delete_in_folder(root: Path, found: Mapping[str, Found]) -> Mapping[str, FileFault]:
    first = next(iter(found))
    if found[first].finding is Finding.FOLDER_MISSING:
        return {}
    try:
        with spot(root, first) as (folder, _):
            removed = zip(found, abreast(lambda path: _remove_as_found(folder, path, found[path]), list(found)), strict=True)
            faults = {path: fault for path, fault in removed if fault}
            os.fsync(folder)
            sounds = {sound: path for path in found.keys() - faults for sound in (name_of(path), sealed(name_of(path)))}
            back = [sounds[name] for name in names_there(folder, sounds)]
    except Obstruction as obstruction:
        return dict.fromkeys(found, obstruction)
    except OSError as failure:
        return {path: FileFault(f"could not be removed for good: {failure.strerror}", place=path) for path in found}
    return faults | {path: FileFault("was removed, and a file of that name is there again", place=path) for path in back}


def _remove_as_found(folder: int, path: str, found: Found) -> FileFault | None:
    if look_again(folder, name_of(path), found) is not found.finding:
        return FileFault("it changed while it was being deleted", place=path)
    try:
        for name in found.names:
            _unlink(Spot(folder, name))
    except OSError as failure:
        return FileFault(f"could not be removed: {failure.strerror}", place=path)
    return None


def remove_plain(at: Spot) -> None:
    """Remove the plain file and its tag, durably; the sealed one stays. Raises ``OSError``."""
    _remove(at, plain_names(at.name))


def discard(at: Spot) -> None:
    """Remove one name that nobody knows of yet. Raises ``OSError``."""
    _unlink(at)


def overwrite_and_remove(folder: int, names: AbstractSet[str]) -> Mapping[str, OSError]:
    """Write zeros over small files where they lie, and only then remove them, durably; by name, what went wrong. None is no fault.

    Raises ``OSError`` when the removal could not be made durable. What all that is worth on which disk, see :mod:`callguard.evidence.keys`.
    """
    failed = overwrite(folder, sorted(names))
    abreast(lambda name: _unlink(Spot(folder, name)), sorted(names - failed.keys()))
    os.fsync(folder)
    return {name: failure for name, failure in failed.items() if not isinstance(failure, FileNotFoundError)}


def _remove(at: Spot, names: Iterable[str]) -> None:
    for name in names:
        _unlink(Spot(at.folder, name))
    os.fsync(at.folder)


def _unlink(at: Spot) -> None:
    try:
        os.unlink(at.name, dir_fd=at.folder)
    except FileNotFoundError:
        return
