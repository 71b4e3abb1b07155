"""WAV files as the PBX leaves them, byte for byte as seen on Asterisk 22.10."""

import io
import struct
import wave


def whole(samples: int = 8000) -> bytes:
    """A closed file of so many samples, 8 kHz, 16 bits, one channel."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", (n * 37) % 20000 - 10000) for n in range(samples)))
    return buffer.getvalue()


def still_open(samples: int = 16384) -> bytes:
    """What is on the disk while MixMonitor runs, or after the PBX was killed: both sizes are 0."""
    closed = whole(samples)
    return closed[:4] + bytes(4) + closed[8:40] + bytes(4) + closed[44:]
