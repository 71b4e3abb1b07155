"""WAV files as the PBX leaves them, byte for byte as seen on Asterisk 22.10 and FreeSWITCH 1.10.12."""

import io
import struct
import wave


def whole(samples: int = 8000, channels: int = 1) -> bytes:
    """A closed file of so many samples of all channels together, 8 kHz, 16 bits."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", (n * 37) % 20000 - 10000) for n in range(samples)))
    return buffer.getvalue()


def still_open(samples: int = 16384) -> bytes:
    """What is on the disk while MixMonitor runs, or after the PBX was killed: both sizes are 0."""
    closed = whole(samples)
    return closed[:4] + bytes(4) + closed[8:40] + bytes(4) + closed[44:]


def left_by_freeswitch(samples: int = 32_768) -> bytes:
    """The same of `uuid_record` with the two sides apart: it counts the eight bytes of its own header, and no sample."""
    closed = whole(samples, channels=2)
    return closed[:4] + struct.pack("<I", 8) + closed[8:40] + bytes(4) + closed[44:]
