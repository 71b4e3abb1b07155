"""What a phone heard, on the clock of the machine.

Each frame stands at the moment its first sample was heard, in samples since the call began, so that a test can cut out "between the key
and the hang-up". RTP timestamps place the frames of a stream relative to each other (the network may deliver them unevenly); the arrival
places the stream itself, anew whenever its source, or its timestamps against the clock, jump. Where nothing came there is silence.

Source: RFC 3550, 5.1 and 6.4.1 (timestamps against arrival).
"""

from collections.abc import Iterator

import numpy as np

from tests.rig.g711 import RATE, Codec, Samples, decode

# A frame this much later than its timestamp says was delayed by its sender, for good; this much earlier: the sender caught up.
LATE = 0.1 * RATE
EARLY = 0.25 * RATE


class Timeline:
    """Frames by position; `add` is called by one thread, `heard` under the same lock."""

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self._frames: list[tuple[int, bytes, Codec]] = []
        self._source = -1
        self._anchor = (0, 0)

    def add(self, arrival: float, source: int, timestamp: int, frame: tuple[bytes, Codec]) -> None:
        """One frame: when it came (monotonic seconds), its SSRC and RTP timestamp, the payload and its codec."""
        arrived = round((arrival - self.origin) * RATE)
        expected = self._expected(timestamp)
        if source != self._source or not -EARLY <= arrived - expected <= LATE:
            expected = arrived if source != self._source else max(arrived, self._end_of_last(arrived))
            self._source, self._anchor = source, (timestamp, expected)
        self._frames.append((expected, *frame))

    def heard(self, start: float | None, end: float) -> Samples:
        """The sound between two monotonic times (None: since the call began), full scale ±1.0 at 8 kHz."""
        first = 0 if start is None else round((start - self.origin) * RATE)
        sound = np.zeros(max(0, round((end - self.origin) * RATE) - first), dtype=np.float32)
        for offset, frame in self._between(first, first + len(sound)):
            cut = frame[max(0, -offset) : len(sound) - offset]
            sound[max(0, offset) : max(0, offset) + len(cut)] = cut
        return sound

    def _between(self, first: int, last: int) -> Iterator[tuple[int, Samples]]:
        for position, payload, codec in self._frames:
            if position < last and position + len(payload) > first:
                yield position - first, decode(payload, codec)

    def _expected(self, timestamp: int) -> int:
        anchor_timestamp, anchor_position = self._anchor
        # The difference of two 32-bit counters, read as a signed number.
        return anchor_position + ((timestamp - anchor_timestamp + 2**31) % 2**32 - 2**31)

    def _end_of_last(self, arrived: int) -> int:
        """A stream placed anew starts behind the frame before it, when that one only just overlaps."""
        position, payload, _ = self._frames[-1]
        end = position + len(payload)
        return end if end - arrived <= LATE else arrived
