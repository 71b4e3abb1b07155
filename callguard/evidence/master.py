"""The master key: it wraps the key of each recording, so that the key store alone opens nothing.

256 bits, written as 64 hexadecimal digits on one line (``openssl rand -hex 32``). It is read when the daemon or a command needs it, from a
credential of the service or from a file that not everybody can read, and kept nowhere.

A key is wrapped by AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; that publication's bound of 2**32 uses of one key is 136
recordings a second for a year. The recording's id is bound in, so that a key which was put in another's place opens nothing.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callguard.errors import ConfigError, FileFault

KEY_BYTES = 32

_NONCE_BYTES = 12
_WRITTEN = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key itself; no printed form of it shows anything."""

    _bits: bytes = field(repr=False)

    @classmethod
    def written(cls, text: str, place: str) -> Self:
        """The key as it stands in its file. Raises :class:`ConfigError`, which names the place and never the content."""
        if not _WRITTEN.fullmatch(text):
            raise ConfigError("is not 64 hexadecimal digits on one line", place=place, remedy="make one: openssl rand -hex 32")
        return cls(bytes.fromhex(text))

    def wrap(self, recording: str, key: bytes) -> bytes:
        """The key of a recording as it may be stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._bits).encrypt(nonce, key, recording.encode())

    def unwrap(self, recording: str, wrapped: bytes) -> bytes:
        """The key of that recording. Raises :class:`FileFault` when it was wrapped by another master key, or for another recording."""
        try:
            return AESGCM(self._bits).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], recording.encode())
        except (InvalidTag, ValueError):
            remedy = "name the master key that was in force when it was sealed"
            raise FileFault("its key does not open with this master key, or is damaged", place=recording, remedy=remedy) from None
