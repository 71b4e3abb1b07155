"""Offer and answer for one audio stream: PCMU, PCMA and telephone-event.

Source: RFC 8866 (the lines), RFC 3264 (offer, answer, the direction of a hold), RFC 4733 (telephone-event).
"""

import re
from dataclasses import dataclass

from tests.rig.g711 import Codec

PAYLOAD_TYPES: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}
TELEPHONE_EVENT = 101

_MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True, slots=True)
class Session:
    """What one side said: where it wants its sound, the codecs in its order, its telephone-event payload type (None when it has none)."""

    host: str
    port: int
    codecs: tuple[Codec, ...]
    event_type: int | None
    direction: str = "sendrecv"

    def encode(self) -> bytes:
        """The session as the body of a message."""
        formats = [PAYLOAD_TYPES[codec] for codec in self.codecs] + ([self.event_type] if self.event_type is not None else [])
        lines = ["v=0", f"o=rig {self.port} 1 IN IP4 {self.host}", "s=rig", f"c=IN IP4 {self.host}", "t=0 0"]
        lines += [f"m=audio {self.port} RTP/AVP {' '.join(map(str, formats))}"]
        lines += [f"a=rtpmap:{PAYLOAD_TYPES[codec]} {codec}/8000" for codec in self.codecs]
        if self.event_type is not None:
            lines += [f"a=rtpmap:{self.event_type} telephone-event/8000", f"a=fmtp:{self.event_type} 0-15"]
        lines += ["a=ptime:20", f"a={self.direction}"]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def answered_by(self, host: str, port: int, codecs: tuple[Codec, ...]) -> "Session":
        """The answer to this offer: our first codec that it has; ValueError when there is none."""
        common = tuple(codec for codec in codecs if codec in self.codecs)[:1]
        if not common:
            raise ValueError(f"no codec in common: offered {self.codecs}, we have {codecs}")
        return Session(host, port, common, self.event_type, _MIRRORED.get(self.direction, "sendrecv"))


def parse(body: bytes) -> Session:
    """Read the first audio stream; ValueError when there is none."""
    text = body.decode("utf-8", "replace")
    media = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", text, re.MULTILINE)
    if media is None:
        raise ValueError(f"no audio in this session: {text!r}")
    host = re.search(r"^c=IN IP4 (\S+)", text, re.MULTILINE)
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.MULTILINE)
    event = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", text, re.MULTILINE)
    formats = [int(number) for number in media[2].split()]
    known = {number: codec for codec, number in PAYLOAD_TYPES.items()}
    return Session(
        host[1] if host else "127.0.0.1",
        int(media[1]),
        tuple(known[number] for number in formats if number in known),
        int(event[1]) if event else None,
        direction[1] if direction else "sendrecv",
    )
