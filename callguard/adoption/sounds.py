"""What the beginning of a sound file tells: that it is one, how long it is, whether it is over, and when it was recorded.

Adopted is what a PBX writes: WAV (PCM, or GSM as FreePBX's ``wav49``, which Asterisk gives the suffix ``WAV``), MP3 and Ogg by what they
begin with, and the raw formats of Asterisk by their suffix, as nothing else tells them. Nobody converts anything: the file is kept byte for
byte, under its suffix, and `callguard listen` gives what it is.

The length is the number of bytes by their rate: as the WAV's header says, or as the raw format has it. That of MP3 and Ogg is not known,
and is taken as nothing. It is the least that a call lasted where no CDR tells its end.

A date in the header is one of two: the origination date and time of Broadcast WAV (chunk ``bext``, EBU Tech 3285) and ``ICRD`` of a ``LIST
INFO``, which FreeSWITCH writes where the dialplan sets ``RECORD_DATE``. Both are local times. ID3 is not read: neither switch writes a time
there by itself.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from callguard.adoption.names import UnfitError
from callguard.retention.wav import Blemish, blemish, is_closed

_RATES = {
    **dict.fromkeys(("ulaw", "ul", "mu", "pcm", "alaw", "al", "alw", "g722"), 8000),
    **dict.fromkeys(("sln", "raw"), 16_000),
    "sln16": 32_000,
    "gsm": 1650,
    "g729": 1000,
}
"""Raw formats of Asterisk by their suffix, in bytes a second."""

_MARKED = {"mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa", b"\xff\xe3"), "ogg": (b"OggS",)}
_SUFFIXES = frozenset({"wav", "wav49", *_MARKED, *_RATES})
_GSM_FRAME = 0xD0
"""The upper half of the first byte of every frame of GSM 06.10, as RTP and Asterisk's files have it (RFC 3551, 4.5.8.1)."""

_DATE = re.compile(r"([0-9]{4})[-_:. ]([0-9]{2})[-_:. ]([0-9]{2})[ T]([0-9]{2})[-_:. ]([0-9]{2})[-_:. ]([0-9]{2})")
"""Between the figures, EBU Tech 3285 lets a writer choose."""

_BEXT_DATE = slice(320, 338)
"""Behind description (256 bytes), originator (32) and its reference (32): ten of the date and eight of the time."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Its length in seconds, what is wrong with it, the local time at which it was recorded, and whether its own header says it is over."""

    seconds: float
    fault: Blemish | None
    recorded: datetime | None
    over: bool


def known_suffix(suffix: str) -> bool:
    """Whether a PBX gives such a suffix to recordings; with or without capitals."""
    return suffix.removeprefix(".").lower() in _SUFFIXES


def listen_to(head: bytes, size: int, suffix: str) -> Sound:
    """What a file of ``size`` bytes that begins with ``head`` is. Raises :class:`UnfitError`."""
    kind = suffix.removeprefix(".").lower()
    if size == 0:
        raise UnfitError("is empty")
    if kind in _RATES:
        return _raw(head, size, kind)
    if kind in _MARKED:
        if not head.startswith(_MARKED[kind]):
            raise UnfitError(f"does not begin as {kind.upper()} does")
        return Sound(0.0, None, None, over=False)
    return _wav(head, size)


def _raw(head: bytes, size: int, kind: str) -> Sound:
    if kind == "gsm" and head[0] & 0xF0 != _GSM_FRAME:
        raise UnfitError("does not begin as GSM does")
    return Sound(size / _RATES[kind], None, None, over=False)


def _wav(head: bytes, size: int) -> Sound:
    fault = blemish(head, size)
    if fault is Blemish.UNREADABLE or head[8:12] != b"WAVE":
        raise UnfitError("is no WAV file")
    if fault is Blemish.EMPTY:
        raise UnfitError("holds no sound")
    chunks = dict(_chunks(head))
    begin, layout = chunks.get(b"data", (len(head), b""))[0], chunks.get(b"fmt ", (0, b""))[1]
    rate = struct.unpack_from("<I", layout, 8)[0] if len(layout) >= 12 else 0
    return Sound((size - begin) / rate if rate else 0.0, fault, _recorded(chunks), is_closed(head, size))


def _chunks(head: bytes) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    """Those up to the samples: name, where the content begins, and as much of it as was read."""
    at = 12
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        yield name, (at + 8, head[at + 8 : at + 8 + length])
        if name == b"data":
            return
        at += 8 + length + length % 2


def _recorded(chunks: dict[bytes, tuple[int, bytes]]) -> datetime | None:
    bext = chunks.get(b"bext", (0, b""))[1][_BEXT_DATE]
    told = [f"{bext[:10].decode('ascii', 'replace')} {bext[10:].decode('ascii', 'replace')}"]
    listed = chunks.get(b"LIST", (0, b""))[1]
    if listed.startswith(b"INFO"):
        told.extend(text.decode("ascii", "replace") for text in _created(listed))
    return next(filter(None, map(_date, told)), None)


def _created(listed: bytes) -> Iterator[bytes]:
    at = 4
    while at + 8 <= len(listed):
        name, length = struct.unpack_from("<4sI", listed, at)
        if name == b"ICRD":
            yield listed[at + 8 : at + 8 + length].rstrip(b"\0")
        at += 8 + length + length % 2


def _date(text: str) -> datetime | None:
    """A day without a time is none: nobody knows which second of it is meant."""
    found = _DATE.match(text)
    try:
        return datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*found.groups())) if found else None
    except ValueError:
        return None
