"""What the header of a WAV file says about itself: is it closed, and does it keep its promise.

Seen on Asterisk 22.10 (MixMonitor, ``format_wav``): the file is there a millisecond after the start, with 44 bytes and both sizes 0; it
grows in steps of 32 KiB (the buffer of its stream); when it is closed, within a millisecond of ``StopMixMonitor`` or hang-up, both sizes
are written. A recording without a sample is 44 bytes with a RIFF size of 36. After a crash the sizes stay 0 over up to all but the last
32 KiB of the sound. FreeSWITCH 1.10 leaves the same behind a crash.

So a file is closed when its RIFF size accounts for all of it. RIFF: Multimedia Programming Interface and Data Specifications 1.0 (IBM,
Microsoft 1991), chapter 2: sizes are 32 bits, little-endian, and leave out the eight bytes of their own header; chunks of odd size are
padded.
"""

import struct
from enum import StrEnum
from typing import NamedTuple

HEAD_BYTES = 4096
"""As much of a file as is read to find where its samples begin."""


class Blemish(StrEnum):
    """What can be wrong with a recording's file; stored and shown as its ``fault``."""

    MISSING = "missing"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"


class _Sizes(NamedTuple):
    """Bytes: where the samples begin, how many the header promises, and where it says that the file ends."""

    begin: int
    promised: int
    end: int


def is_closed(head: bytes, size: int) -> bool:
    """Whether the writer is done: the header accounts for the whole file of ``size`` bytes."""
    sizes = _sizes(head)
    return sizes is not None and _accounts_for(sizes, size)


def blemish(head: bytes, size: int) -> Blemish | None:
    """What is wrong with a file of ``size`` bytes that nobody writes to any more; ``None`` for a whole recording."""
    sizes = _sizes(head)
    if sizes is None:
        return _headless(head, size)
    present = size - sizes.begin
    if present <= 0 and sizes.promised == 0:
        return Blemish.EMPTY
    whole = _accounts_for(sizes, size) and 0 < sizes.promised <= present
    return None if whole else Blemish.TRUNCATED


def _accounts_for(sizes: _Sizes, size: int) -> bool:
    return size - sizes.end in {0, 1}  # 1: the padding byte that some writers leave out of the sum


def _headless(head: bytes, size: int) -> Blemish:
    if size == 0:
        return Blemish.EMPTY
    return Blemish.TRUNCATED if head[:4] == b"RIFF" and size < HEAD_BYTES else Blemish.UNREADABLE


def _sizes(head: bytes) -> _Sizes | None:
    """``None`` when this is no WAV file, or its samples begin beyond ``head``."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    end = 8 + struct.unpack_from("<I", head, 4)[0]
    at = 12
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            return _Sizes(at + 8, length, end)
        at += 8 + length + length % 2
    return None
