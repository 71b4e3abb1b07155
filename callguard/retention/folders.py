"""The day's folder, made before the PBX is told to record into it.

Two users meet in it: the PBX writes, the daemon deletes. If the PBX made the folder itself, it would belong to the PBX alone (Asterisk:
mode 0755) and the daemon could never delete from it. So the daemon makes it first, group-writable, with the group of the root folder,
which both are in, and with the set-group-ID bit, by which all that is made in it has that group as well.

Nothing is remembered between calls: to look is some 20 µs, and what is looked at cannot be out of date.
"""

import os
import shutil
import stat
from contextlib import ExitStack, suppress
from pathlib import Path

from callguard.errors import FileFault
from callguard.retention.paths import Obstruction, enter, open_root, parts
from callguard.retention.rules import Finding

SHARED_MODE = 0o2770
"""Owner and group do everything, nobody else anything; new files take the folder's group."""


def prepare_folder(root: Path, path: str) -> None:
    """Make sure that both sides may use the folder of the recording at ``path`` below ``root``.

    Raises :class:`FileFault`: then the recording must not begin, since it could not be deleted when its time comes.
    """
    try:
        _prepare(root, path)
    except OSError as failure:
        raise FileFault(
            f"the day's folder cannot be made: {failure.strerror}", place=path, remedy="let callguard's user write to the recordings root"
        ) from failure


def require_space(root: Path, least: int) -> None:
    """Make sure that ``least`` bytes are free below ``root``. Raises :class:`FileFault`: then no recording begins (none is deleted)."""
    free = shutil.disk_usage(root).free
    if free < least:
        raise FileFault(f"only {free} bytes are free", place=str(root), remedy="make room, or lower recordings.min_free")


def _prepare(root: Path, path: str) -> None:
    *folders, _ = parts(path)
    with ExitStack() as held:
        here = open_root(root)
        held.callback(os.close, here)
        group = os.fstat(here).st_gid
        for name in folders:
            here = enter_or_make(here, name, path)
            held.callback(os.close, here)
            _share(here, group)
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=here, effective_ids=True):
            raise PermissionError(0, "it belongs to another user and is not shared with callguard's")


def enter_or_make(folder: int, name: str, path: str) -> int:
    """A descriptor of the folder ``name`` in ``folder``, made for its owner alone where it was not there. Raises ``OSError``."""
    try:
        return enter(folder, name, path)
    except Obstruction as obstruction:
        if obstruction.finding is not Finding.FOLDER_MISSING:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
        os.fsync(folder)
    return enter(folder, name, path)


def make_durable(folder: Path) -> None:
    """Have the names in a folder survive the loss of power: that of a file which was just made there. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _share(folder: int, group: int) -> None:
    """Also for a folder that is there already: a making that was cut off is completed, and other people's folders are left alone."""
    status = os.fstat(folder)
    if status.st_uid != os.geteuid() or (status.st_gid, stat.S_IMODE(status.st_mode)) == (group, SHARED_MODE):
        return
    os.fchown(folder, -1, group)
    os.fchmod(folder, SHARED_MODE)
