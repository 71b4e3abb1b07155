"""A copy of a recording that leaves the house carries a mark, so that it can be told from every other copy (S11).

The mark is a comment behind the sound: a ``LIST`` chunk of type ``INFO`` with an ``ICMT`` (RIFF: Multimedia Programming Interface and Data
Specifications 1.0, chapter 2), which players show or pass over. It names the copy and the recording and nobody. The sound itself is the
same to the last sample; but the hash of the file, which stands in the ledger, is that of this one copy. A recording in another form than
WAV has no place for a mark: its copies are alike.
"""

import struct
from collections.abc import Iterable, Iterator

_SIZE = struct.Struct("<I")
_HEADER = 8
"""Bytes of a chunk's name and size, which the size of a RIFF file leaves out."""


def marked(sound: Iterable[bytes], size: int, mark: str) -> Iterator[bytes]:
    """The blocks of a file of ``size`` bytes, the mark behind them."""
    blocks = iter(sound)
    first = next(blocks, b"")
    if first[:4] != b"RIFF" or first[8:12] != b"WAVE":
        yield first
        yield from blocks
        return
    behind = bytes(size % 2) + _comment(mark)
    yield first[:4] + _SIZE.pack(size + len(behind) - _HEADER) + first[8:]
    yield from blocks
    yield behind


def _comment(mark: str) -> bytes:
    text = mark.encode("ascii") + b"\0"
    text += bytes(len(text) % 2)
    comment = b"ICMT" + _SIZE.pack(len(text)) + text
    return b"LIST" + _SIZE.pack(len(b"INFO" + comment)) + b"INFO" + comment
