"""The sound of one call: a 20 ms paced sender and a receiver on one UDP socket.

The phone's thread calls `tick` every 20 ms and nothing else runs per call, so that twenty phones fit on two cores: what is spoken is
encoded when it is chosen, a frame is a slice of it, and what is heard is kept encoded until somebody asks. Frames count only from the
address that was agreed: another call's last frames may still come to a port that has just become ours.

Source: RFC 3550 (RTP), RFC 3551 (payload types), RFC 4733 (keys: one event, its duration growing, the end said three times).
"""

import secrets
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.rig.g711 import RATE, SILENCE, Codec, Samples, encode
from tests.rig.sdp import PAYLOAD_TYPES
from tests.rig.timeline import Timeline
from tests.rig.udp import Address, bound, receive, send

FRAME = 160
TICK = 0.02
KEYS = "0123456789*#ABCD"

_KEY_VOLUME = 10  # -10 dBm0
_PAUSE_BETWEEN_KEYS = 5  # frames
_MOST_FRAMES_AT_ONCE = 5
_HEADER = struct.Struct("!BBHII")


@dataclass(frozen=True, slots=True)
class Loop:
    """A clip that is spoken over and over."""

    clip: Samples


Voice = float | Samples | Loop | None
"""A frequency in Hz, a clip (8 kHz, spoken once, then silence), a clip in a loop, or silence."""


def _samples(voice: Voice) -> tuple[Samples, bool]:
    """The samples to speak and whether they start again at their end; a second of a tone of whole Hz joins to itself."""
    if voice is None:
        return np.zeros(0, dtype=np.float32), False
    if isinstance(voice, Loop):
        return voice.clip, True
    if isinstance(voice, int | float):
        return (0.3 * np.sin(2 * np.pi * round(voice) * np.arange(RATE) / RATE)).astype(np.float32), True
    return voice, False


class _Speech:
    """What is being said, encoded; `next` gives frame after frame."""

    def __init__(self, voice: Voice, codec: Codec) -> None:
        samples, self._loops = _samples(voice)
        self._silence = bytes([SILENCE[codec]]) * FRAME
        self._length = len(samples)
        self._at = 0
        # The start stands once more behind the end, so that a frame over the seam is one slice as well.
        joined = np.resize(samples, self._length + FRAME) if self._loops and self._length else samples
        self._encoded = encode(joined, codec)

    def next(self) -> bytes:
        frame = self._encoded[self._at : self._at + FRAME]
        self._at += FRAME
        if self._loops and self._length:
            self._at %= self._length
        return frame + self._silence[len(frame) :]


@dataclass(slots=True)
class _Key:
    """A key being pressed, in frames; `timestamp` is that of its first frame, for all of them."""

    event: int
    frames: int
    timestamp: int
    sent: int = 0


class RtpStream:
    """One call's socket, sender and receiver; every method is called under the phone's lock."""

    def __init__(self, host: str, origin: float, on_event: Callable[[str, float], None]) -> None:
        self.socket = bound(host)
        self.port = int(self.socket.getsockname()[1])
        self.timeline = Timeline(origin)
        self.codec: Codec = "PCMU"
        self.keys_received = ""
        self.frames_sent = 0
        self._on_event = on_event
        self._voice: Voice = None
        self._speech = _Speech(None, self.codec)
        self._remotes: list[Address] = []
        self._event_type: int | None = None
        self._sending = True
        self._started = False
        self._keys: deque[_Key] = deque()
        self._pause = 0
        self._first_frame_at: float | None = None
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._last_key: tuple[int, int] | None = None
        self._heard_any = False

    def agree(self, remote: Address, codec: Codec, event_type: int | None, *, sending: bool) -> None:
        """Hear what comes from there, and send there with that codec once started; called again when the session changes."""
        if remote in self._remotes:
            self._remotes.remove(remote)
        self._remotes.append(remote)
        self._event_type, self._sending = event_type, sending
        if codec != self.codec:
            self.codec = codec
            self._speech = _Speech(self._voice, codec)

    def start(self) -> None:
        """Send from the next tick on; a phone that only rings says nothing."""
        self._started = True

    def count_from(self, sequence: int) -> None:
        """Number the packets from here on; without it the first number is random (RFC 3550, 5.1)."""
        self._sequence = sequence

    def speak(self, voice: Voice) -> None:
        """Say this from the next frame on."""
        self._voice = voice
        self._speech = _Speech(voice, self.codec)

    def press(self, keys: str, duration: float) -> None:
        """Queue keys, each held for so many seconds, with a pause of a tenth between them."""
        self._keys.extend(_Key(KEYS.index(key), max(2, round(duration / TICK)), 0) for key in keys.upper())

    @property
    def pressing(self) -> bool:
        """A key waits for its turn or is held down; the end of one may still be said again."""
        return any(key.sent <= key.frames for key in self._keys)

    def tick(self, now: float) -> None:
        """Take in what has come and send the frames that are due; a stall of more than five frames is skipped, as a real phone would."""
        self._receive()
        if not (self._started and self._remotes):
            return
        if self._first_frame_at is None:
            self._first_frame_at = now
        # To the nearest tick: a tick that comes a little early or late must not send none or two.
        due = round((now - self._first_frame_at) / TICK) + 1 - self.frames_sent
        skipped = due if due > _MOST_FRAMES_AT_ONCE else 0
        self.frames_sent += skipped
        self._timestamp += skipped * FRAME
        for _ in range(due - skipped):
            self._send_frame()

    def close(self) -> None:
        """Take in what has come; a key that was held down when the call ended counts as pressed."""
        self._receive()
        if self._keys and self._keys[0].sent:
            self._keys.popleft()
        self.socket.close()

    def _send_frame(self) -> None:
        self.frames_sent += 1
        frame = self._speech.next()
        if self._keys and not self._pause and self._event_type is not None:
            self._send_key(self._keys[0], self._event_type)
        else:
            self._pause = max(0, self._pause - 1)
            if self._sending:
                self._send(PAYLOAD_TYPES[self.codec], self._timestamp, frame, marker=self.frames_sent == 1)
        self._timestamp += FRAME

    def _send_key(self, key: _Key, event_type: int) -> None:
        if not key.sent:
            key.timestamp = self._timestamp
        key.sent += 1
        ended = key.sent > key.frames
        body = struct.pack("!BBH", key.event, _KEY_VOLUME | (0x80 if ended else 0), min(key.sent, key.frames) * FRAME)
        self._send(event_type, key.timestamp, body, marker=key.sent == 1)
        if key.sent == key.frames + 3:
            self._keys.popleft()
            self._pause = _PAUSE_BETWEEN_KEYS

    def _send(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        self._sequence = (self._sequence + 1) % 2**16
        second = payload_type | (0x80 if marker else 0)
        header = _HEADER.pack(0x80, second, self._sequence, timestamp % 2**32, self._source)
        send(self.socket, header + payload, self._remotes[-1])

    def _receive(self) -> None:
        while (received := receive(self.socket)) is not None:
            packet, sender, arrival = received
            if sender in self._remotes:
                self._take(packet, arrival)

    def _take(self, packet: bytes, arrival: float) -> None:
        if len(packet) < _HEADER.size or packet[0] & 0xC0 != 0x80:
            return
        first, second, _, timestamp, source = _HEADER.unpack_from(packet)
        payload = packet[_HEADER.size + 4 * (first & 0x0F) :]
        payload_type = second & 0x7F
        if payload_type == self._event_type:
            self._take_key(source, timestamp, payload, arrival)
            return
        codec = next((codec for codec, number in PAYLOAD_TYPES.items() if number == payload_type), None)
        if codec is not None:
            if not self._heard_any:
                self._heard_any = True
                self._on_event("first-rtp", arrival)
            self.timeline.add(arrival, source, timestamp, (payload, codec))

    def _take_key(self, source: int, timestamp: int, payload: bytes, arrival: float) -> None:
        """Every packet of a key has the timestamp of its first: a new one is a new key (RFC 4733, 2.5.1.2)."""
        if (source, timestamp) != self._last_key and len(payload) >= 4 and payload[0] < len(KEYS):
            self._last_key = (source, timestamp)
            self.keys_received += KEYS[payload[0]]
            self._on_event(f"key {KEYS[payload[0]]}", arrival)
