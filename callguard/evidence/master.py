"""The master key: it wraps the key of each recording, so that the key store alone opens nothing.

256 bits, written as 64 hexadecimal digits on one line (``openssl rand -hex 32``). It is read when the daemon or a command needs it, from a
credential of the service or from a file that not everybody can read, and kept nowhere.

A key is wrapped by AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; that publication's bound of 2**32 uses of one key is 136
recordings a second for a year. The recording's id is bound in, so that a key which was put in another's place opens nothing.

A master key is renewed when it may have been seen, or when who knew it has gone. The one before it is then named beside it, and opens what
it has wrapped until all of that is wrapped anew (:mod:`callguard.evidence.renewal`); nothing more is wrapped by it.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callguard.errors import ConfigError

KEY_BYTES = 32
WRAPPED_BYTES = 60
"""Nonce, key and tag."""

_NONCE_BYTES = 12
_WRITTEN = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key itself, and the one before it while that is still needed; no printed form of it shows anything."""

    _bits: bytes = field(repr=False)
    former: "MasterKey | None" = field(default=None, repr=False)

    @classmethod
    def written(cls, text: str, place: str) -> Self:
        """The key as it stands in its file. Raises :class:`ConfigError`, which names the place and never the content."""
        if not _WRITTEN.fullmatch(text):
            raise ConfigError("is not 64 hexadecimal digits on one line", place=place, remedy="make one: openssl rand -hex 32")
        return cls(bytes.fromhex(text))

    @property
    def name(self) -> str:
        """Sixteen hexadecimal digits by which it is told from others; nothing of the key follows from them."""
        return hmac.digest(self._bits, b"callguard name of a master key", "sha256")[:8].hex()

    def wrap(self, recording: str, key: bytes) -> bytes:
        """The key of a recording as it may be stored: :data:`WRAPPED_BYTES`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._bits).encrypt(nonce, key, recording.encode())

    def unwrap(self, recording: str, wrapped: bytes) -> bytes | None:
        """The key of that recording; ``None`` when it was wrapped by another master key, or for another recording."""
        try:
            return AESGCM(self._bits).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], recording.encode())
        except (InvalidTag, ValueError):
            return None
