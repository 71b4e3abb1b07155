"""A call as a vCon, the IETF's container for a conversation (draft-ietf-vcon-vcon-core-04, which was draft-ietf-vcon-vcon-container).

Written as the draft's unsigned form: parties, a dialog for each recording that is given, with its sound inside as the draft wants it where
there is no web server to fetch it from, and the person's decision as an attachment. A call that came to nothing is a dialog of type
``incomplete``. Masked, it is a redacted vCon, others being parties named ``anonymous``. Sound is written as it is read, never held whole.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from secrets import token_hex
from typing import IO, Any
from uuid import UUID

from callguard.retention.rules import stamp
from callguard.rights.export_place import as_text
from callguard.rights.export_shape import Document

VERSION = "0.4.0"

_DISPOSITIONS = {"NO ANSWER": "no-answer", "BUSY": "busy", "FAILED": "failed", "CONGESTION": "congestion", "CANCEL": "hung-up"}
_MEDIA = {".wav": "audio/x-wav", ".mp3": "audio/x-mp3", ".ogg": "audio/ogg"}
"""By suffix, as the draft names them; a raw format of a PBX has no name there."""

_UNNAMED = "application/octet-stream"

_BLOCK_BYTES = 3 * 2**14
"""A multiple of three, so that what is encoded block by block is one Base64 text."""

_STEREO_AT = 22
"""Where a WAV file tells its channels: two bytes, little-endian."""


def vcon(call: Document, made_at: datetime, masked: bool, sounds: Sequence[tuple[Document, IO[bytes]]]) -> Iterator[bytes]:  # noqa: FBT001
    """The file, in blocks; ``sounds`` are the recordings that are given, each with its WAV."""
    parties, mark = call["parties"], token_hex(16)
    document: dict[str, Any] = {
        "vcon": VERSION,
        "uuid": str(identity(call["id"])),
        "created_at": stamp(made_at),
        "parties": [_party(one) for one in parties],
        "dialog": [_dialog(one, source, len(parties), mark) for one, source in sounds] or _incomplete(call),
    }
    if masked:
        document["redacted"] = {"type": "numbers and decisions of other parties"}
    if sounds:
        document["attachments"] = list(_consents(call))
    text = json.dumps(document, ensure_ascii=False, default=as_text)
    yield from _filled(text.split(mark), [source for _, source in sounds])


def identity(call: str) -> UUID:
    """The same for the same call, whenever it is given out: RFC 9562, version 8."""
    number = int.from_bytes(hashlib.sha256(f"callguard vcon {call}".encode()).digest()[:16])
    return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)


def _party(party: Document) -> Document:
    number = party["number"]
    if number is None or number.startswith("*"):
        return {"name": "anonymous"}
    return {"tel": number} if number.startswith("+") else {"name": number}


def _dialog(recording: Document, source: IO[bytes], parties: int, mark: str) -> Document:
    everybody, name = list(range(parties)), PurePosixPath(recording["file"])
    media = _MEDIA.get(name.suffix.lower(), _UNNAMED)
    source.seek(_STEREO_AT)
    stereo = media == _MEDIA[".wav"] and int.from_bytes(source.read(2), "little") == 2
    begun, ended = recording["started_at"], recording["stopped_at"]
    return {
        "type": "recording",
        "start": begun,
        **({"duration": (ended - begun).total_seconds()} if begun and ended else {}),
        "parties": [everybody, everybody] if stereo else everybody,
        "mediatype": media,
        "filename": name.name,
        "encoding": "base64url",
        "body": mark,
    }


def _incomplete(call: Document) -> list[Document]:
    disposition = _DISPOSITIONS.get(call["disposition"] or "")
    if disposition is None:
        return []
    return [{"type": "incomplete", "start": call["started_at"], "parties": list(range(len(call["parties"]))), "disposition": disposition}]


def _consents(call: Document) -> Iterator[Document]:
    me = next((place for place, party in enumerate(call["parties"]) if party["you"]), 0)
    for decision in call["decisions"]:
        yield {
            "purpose": "consent to the recording",
            "start": decision["decided_at"],
            "party": me,
            "dialog": 0,
            "mediatype": "application/json",
            "encoding": "json",
            "body": decision,
        }


def _filled(texts: Sequence[str], sources: Iterable[IO[bytes]]) -> Iterator[bytes]:
    """The texts, with a sound between each two."""
    yield texts[0].encode()
    for source, following in zip(sources, texts[1:], strict=True):
        source.seek(0)
        while block := source.read(_BLOCK_BYTES):
            yield base64.urlsafe_b64encode(block).rstrip(b"=")
        yield following.encode()
