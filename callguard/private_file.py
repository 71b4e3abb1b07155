"""A new file for its owner alone, into which sound or a copy goes; what did not come whole leaves it empty."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callguard.errors import FileFault

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_private_file(output: Path) -> Iterator[int]:
    """Its descriptor. Raises :class:`FileFault` where it cannot be made, above all where there is one already."""
    try:
        descriptor = os.open(output, _NEW, mode=0o600)
    except OSError as failure:
        raise FileFault(f"cannot be made: {failure.strerror}", place=str(output), remedy="name a file that is not there yet") from failure
    try:
        yield descriptor
    except BaseException:
        os.ftruncate(descriptor, 0)
        raise
    finally:
        os.close(descriptor)
