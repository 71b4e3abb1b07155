"""A new file for its owner alone, into which sound or a copy goes; what did not come whole leaves it empty."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callguard.errors import FileFault, UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_private_file(output: Path) -> Iterator[int]:
    """Its descriptor. Raises :class:`UsageError` where there is one already, :class:`FileFault` where it cannot be made."""
    try:
        descriptor = os.open(output, _NEW, mode=0o600)
    except FileExistsError:
        raise UsageError("is there already", place=str(output), remedy="name a new file") from None
    except OSError as failure:
        remedy = "name a file in a folder that is there, and that this user may write to"
        raise FileFault(f"cannot be made: {failure.strerror}", place=str(output), remedy=remedy) from failure
    try:
        yield descriptor
    except BaseException:
        os.ftruncate(descriptor, 0)
        raise
    finally:
        os.close(descriptor)
