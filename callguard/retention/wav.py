"""What the header of a WAV file says about itself: is it closed, does it keep its promise, and what it should say where it says nothing.

Seen on Asterisk 22.10 (MixMonitor, ``format_wav``): the file is there a millisecond after the start, with 44 bytes and both sizes 0; it
grows in steps of 32 KiB (the buffer of its stream); when it is closed, within a millisecond of ``StopMixMonitor`` or hang-up, both sizes
are written. A recording without a sample is 44 bytes with a RIFF size of 36. After a crash the sizes stay 0 over up to all but the last
32 KiB of the sound. FreeSWITCH 1.10.12 does the same with a RIFF size of 8 meanwhile, and in steps of 64 KiB.

So a file is closed when its RIFF size accounts for all of it. RIFF: Multimedia Programming Interface and Data Specifications 1.0 (IBM,
Microsoft 1991), chapter 2: sizes are 32 bits, little-endian, and leave out the eight bytes of their own header; chunks of odd size are
padded.

A header that promises no sample over a file that has some is what a PBX leaves that died. Its sizes follow from the file's, so they are
written (:mod:`callguard.retention.repair`), and the recording is a recording like any other: it can be played, sealed, handed out. Its
fault says ``repaired`` for good, because up to the last four seconds of the call are not in it (64 KiB of one channel at 8 kHz) and because
its header is not the PBX's. A header that promises more than is there, or less, or cannot be read, is left as it is (``truncated``,
``unreadable``): there the header is the only witness of what is lost, and to write another would destroy it.

Of a disk that was full no header tells: both PBXs lose what they cannot write, a whole buffer at a time, and write sizes in the end that
agree with what is left. FreeSWITCH says so when it stops (`uri-failure`), Asterisk says it to its log alone. So a recording behind which
there is no room for one more buffer is ``truncated`` as well, though it may be that nothing of it was lost.
"""

import struct
from enum import StrEnum
from typing import NamedTuple

HEAD_BYTES = 4096
"""As much of a file as is read to find where its samples begin."""

BUFFER_BYTES = 2**16
"""What a PBX writes at once, or does not: that of FreeSWITCH, which is the larger one."""

_MOST_BYTES = 2**32
_SIZE = struct.Struct("<I")


class Blemish(StrEnum):
    """What can be wrong with a recording's file; stored and shown as its ``fault``."""

    MISSING = "missing"
    EMPTY = "empty"
    REPAIRED = "repaired"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"


class Mended(NamedTuple):
    """All that stands before the samples, with the sizes that it lacked, and how long the file is with whole samples only (bytes)."""

    head: bytes
    size: int


class _Sizes(NamedTuple):
    """Bytes: where the samples begin, how many the header promises, where it says that the file ends, a sample of all channels."""

    begin: int
    promised: int
    end: int
    frame: int


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


def mended(head: bytes, size: int) -> Mended | None:
    """What a PBX that died has not written over its ``size`` bytes; ``None`` for any other file, and for one beyond 32 bits."""
    sizes = _sizes(head)
    if sizes is None or sizes.promised or size - sizes.begin < sizes.frame or size >= _MOST_BYTES:
        return None
    present = (size - sizes.begin) // sizes.frame * sizes.frame
    length = sizes.begin + present
    return Mended(head[:4] + _SIZE.pack(length - 8) + head[8 : sizes.begin - 4] + _SIZE.pack(present), length)


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
    end = 8 + _SIZE.unpack_from(head, 4)[0]
    at, frame = 12, 1
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            return _Sizes(at + 8, length, end, frame)
        if name == b"fmt ":
            frame = max(1, int.from_bytes(head[at + 20 : at + 22], "little"))  # nBlockAlign
        at += 8 + length + length % 2
    return None
