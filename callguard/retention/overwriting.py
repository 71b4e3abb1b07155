"""Zeros over small files where they lie, on the disk before anything else is done to them.

A removed file that was only just written over has never been written over: the system drops what it had not written out yet, and the old
content stays on the disk. So the zeros are waited for, by ``sync_file_range(2)``, which has them written without the disk's own cache being
flushed for each file. Such flushes take longer than all the rest of a deletion. What the man page warns of does not happen here: the blocks
are there already, so that nothing else needs to be written for the zeros to be found. One flush follows for all of them, that with which
their removal is made durable, and no removal can be durable before the zeros are.
"""

import ctypes
import os
from collections.abc import Mapping, Sequence

_OVERWRITING = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_AT_ONCE = 100

_BEGIN = 2
"""``SYNC_FILE_RANGE_WRITE``."""
_WAIT = 7
"""``SYNC_FILE_RANGE_WAIT_BEFORE``, ``_WRITE`` and ``_WAIT_AFTER``: also for what was being written out before."""

_sync_file_range = ctypes.CDLL(None, use_errno=True).sync_file_range
_sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def overwrite(folder: int, names: Sequence[str]) -> Mapping[str, OSError]:
    """Write zeros over these files of an open folder, and have them written out; by name, what went wrong, also that there is none."""
    failed: dict[str, OSError] = {}
    for start in range(0, len(names), _OPEN_AT_ONCE):
        failed |= _overwrite(folder, names[start : start + _OPEN_AT_ONCE])
    return failed


def written_out(descriptor: int) -> None:
    """Wait until what was written to an open file has left the system for the disk. Raises ``OSError``."""
    _write_out(descriptor, _WAIT)


def _overwrite(folder: int, names: Sequence[str]) -> Mapping[str, OSError]:
    """The disk is told of all before any is waited for; each is waited for by itself, since only that tells of its errors."""
    opened: dict[str, int] = {}
    failed: dict[str, OSError] = {}
    try:
        for name in names:
            try:
                opened[name] = descriptor = os.open(name, _OVERWRITING, dir_fd=folder)
                os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
                _write_out(descriptor, _BEGIN)
            except OSError as failure:
                failed[name] = failure
        for name in opened.keys() - failed.keys():
            try:
                written_out(opened[name])
            except OSError as failure:
                failed[name] = failure
    finally:
        for descriptor in opened.values():
            os.close(descriptor)
    return failed


def _write_out(descriptor: int, how: int) -> None:
    """From the first byte to the last."""
    if _sync_file_range(descriptor, 0, 0, how):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
