"""Room on the recordings' disk: it warns, then no recording begins, and nothing is ever deleted to make room (section 7 of the pains).

Pure but for :func:`free_bytes`.
"""

import shutil
from enum import StrEnum
from pathlib import Path

AMPLE = 2
"""So many times the space that must stay free is enough not to think of it."""


class Pressure(StrEnum):
    """How full the disk is: nothing to say, a warning, or no recording begins."""

    NONE = "none"
    LOW = "low"
    FULL = "full"


def pressure(free: int, least: int) -> Pressure:
    """By the bytes that are free and those that must stay so."""
    if free < least:
        return Pressure.FULL
    return Pressure.LOW if free < AMPLE * least else Pressure.NONE


def in_words(free: int, least: int) -> str:
    """As people are told of it."""
    return f"{_size(free)}, {_size(least)} must stay free"


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def free_bytes(root: Path) -> int | None:
    """What is free where the recordings lie; ``None`` when that folder is not there."""
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None
