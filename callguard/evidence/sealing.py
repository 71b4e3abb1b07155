"""The form of a sealed recording, written and read as a stream: any size, a few blocks in memory.

A line of text, ``callguard sealed 1`` and the recording's id, then the sound in chunks of 64 KiB, each encrypted by AES-256-GCM and
followed by its tag of 16 bytes; the last one is shorter, or empty. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár:
Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015), as in age: the nonce of a chunk is its number in
eleven bytes, big-endian, and a byte that is 1 for the last one. So a file that was cut off, put together from parts or turned round does
not open, and each chunk is known to be genuine before anything of it is given away. The line is bound into every chunk.

A nonce must never come twice under one key. It cannot: a key is made for one sealing and used for no other.

Why so and not age files through pyrage: the keys have to be wrapped and stored by ourselves in any case, ``cryptography`` does both with
one library that has many eyes on it, and with AES in hardware it is not the cipher that takes time but the hash beside it.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callguard.errors import FileFault

CHUNK_BYTES = 2**16
TAG_BYTES = 16

_BEGINNING = b"callguard sealed 1 "


class Sound(NamedTuple):
    """What the plain sound measures: bytes, and SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Meter:
    """Measures sound as it passes."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._size = 0

    def pass_on(self, block: bytes) -> bytes:
        """The block, which now counts."""
        self._digest.update(block)
        self._size += len(block)
        return block

    @property
    def sound(self) -> Sound:
        """All that has passed so far."""
        return Sound(self._size, self._digest.hexdigest())


def seal(source: IO[bytes], sink: IO[bytes], key: bytes, recording: str, checkpoint: Callable[[], None]) -> Sound:
    """Write the sealed form of ``source`` and say what was in it; ``checkpoint`` is called between chunks, and what it raises ends it."""
    cipher, line, meter = AESGCM(key), _line(recording), Meter()
    sink.write(line)
    for nonce, chunk in _numbered(source, CHUNK_BYTES):
        sink.write(cipher.encrypt(nonce, meter.pass_on(chunk), line))
        checkpoint()
    return meter.sound


def unseal(source: IO[bytes], key: bytes, recording: str) -> Iterator[bytes]:
    """The sound, chunk by chunk, each one genuine. Raises :class:`FileFault` at the first that is not, and for an end that is missing."""
    cipher, line = AESGCM(key), _line(recording)
    if source.read(len(line)) != line:
        raise FileFault("is not the sealed form of this recording", place=recording)
    for nonce, chunk in _numbered(source, CHUNK_BYTES + TAG_BYTES):
        try:
            yield cipher.decrypt(nonce, chunk, line)
        except InvalidTag:
            raise FileFault("its sealed form was damaged or cut off", place=recording) from None


def sealed_size(recording: str, size: int) -> int:
    """Bytes of the sealed form of so many bytes of sound."""
    return len(_line(recording)) + size + TAG_BYTES * max(1, -(-size // CHUNK_BYTES))


def names(head: bytes) -> str | None:
    """The recording whose sealed form, whole or not, begins like this; ``""`` when it was cut off before that, ``None`` when it is none."""
    line, end, _ = head.partition(b"\n")
    if not line.startswith(_BEGINNING):
        return "" if not end and _BEGINNING.startswith(line) else None
    return line.removeprefix(_BEGINNING).decode("ascii", "replace") if end else ""


def _line(recording: str) -> bytes:
    return b"%b%b\n" % (_BEGINNING, recording.encode())


def _numbered(source: IO[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """Nonce and chunk; one chunk is read ahead, to know the last one. There is always one, be it empty."""
    number, chunk = 0, source.read(size)
    while True:
        following = source.read(size)
        yield number.to_bytes(11, "big") + bytes([not following]), chunk
        if not following:
            return
        number, chunk = number + 1, following
