"""A recording over which the PBX died: the sizes that its header lacks are written, before it is measured and hashed (S8).

Where callguard may write to the file (the ACL of ``systemd/callguard.tmpfiles`` lets it) that is a few bytes in their place. Where the PBX
alone may, a copy with the right header takes the file's name in one step; a file that still grows is not replaced, since then the PBX lives
after all. Either is durable before anything is said of the file, and either can be cut off and done again: a file that still promises no
sample is mended anew. Only what comes behind has a gap: should the daemon end after the repair and before the engine has written the row,
the next start finds a whole file, and the row says nothing of a repair.
"""

import os
import stat
from collections.abc import Callable
from io import FileIO

import structlog

from callguard.retention.files import discard
from callguard.retention.naming import part
from callguard.retention.paths import Spot
from callguard.retention.wav import HEAD_BYTES, Mended, mended

_BLOCK_BYTES = 2**20
_IN_PLACE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC

LOG = structlog.get_logger(__name__)


def repair(file: FileIO, at: Spot, checkpoint: Callable[[], None]) -> bool:
    """Mend the open ``file``, which lies ``at`` this place, if that is what it lacks; whether it was mended.

    One that cannot be mended (no space, a disk that is read-only) stays as it is, and the log says so.
    """
    status = os.fstat(file.fileno())
    whole = mended(os.pread(file.fileno(), HEAD_BYTES, 0), status.st_size)
    if whole is None:
        return False
    try:
        _mend(file, at, whole, status, checkpoint)
    except OSError as failure:
        LOG.error("a recording's header could not be repaired", file=at.name, fault=failure.strerror)  # noqa: TRY400 - no traceback
        return False
    return True


def _mend(file: FileIO, at: Spot, whole: Mended, found: os.stat_result, checkpoint: Callable[[], None]) -> None:
    try:
        writable = os.open(at.name, _IN_PLACE, dir_fd=at.folder)
    except PermissionError:
        _replace(file, at, whole, found, checkpoint)
        return
    try:
        os.pwrite(writable, whole.head, 0)
        os.ftruncate(writable, whole.size)
        os.fsync(writable)
    finally:
        os.close(writable)


def _replace(file: FileIO, at: Spot, whole: Mended, found: os.stat_result, checkpoint: Callable[[], None]) -> None:
    draft = Spot(at.folder, part(at.name))
    try:
        with os.fdopen(os.open(draft.name, _DRAFT, mode=0o600, dir_fd=draft.folder), "wb") as sink:
            sink.write(whole.head)
            for place in range(len(whole.head), whole.size, _BLOCK_BYTES):
                sink.write(os.pread(file.fileno(), min(_BLOCK_BYTES, whole.size - place), place))
                checkpoint()
            sink.flush()
            os.fchmod(sink.fileno(), stat.S_IMODE(found.st_mode))
            os.fsync(sink.fileno())
        if os.fstat(file.fileno()).st_size != found.st_size:
            raise OSError(0, "the PBX still writes it")
        os.rename(draft.name, at.name, src_dir_fd=draft.folder, dst_dir_fd=at.folder)
        os.fsync(at.folder)
    finally:
        discard(draft)
