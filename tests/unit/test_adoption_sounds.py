"""What the beginning of a sound file tells: its kind, its length, whether it is over, and a date where there is one (issue 4, import)."""

import struct
from datetime import datetime

import pytest

from callguard.adoption.names import UnfitError
from callguard.adoption.sounds import Sound, known_suffix, listen_to
from callguard.retention.wav import Blemish
from tests.wav_bytes import still_open, whole

WHOLE = whole(8000)
LOCAL = datetime(2024, 1, 31, 16, 30, 15)  # noqa: DTZ001 - as a clock on the wall shows it


def heard(content: bytes, suffix: str = ".wav") -> Sound:
    return listen_to(content[:4096], len(content), suffix)


def with_chunk(name: bytes, content: bytes) -> bytes:
    """The whole file, and this chunk before its samples."""
    chunk = struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)
    return WHOLE[:4] + struct.pack("<I", len(WHOLE) - 8 + len(chunk)) + WHOLE[8:36] + chunk + WHOLE[36:]


def bext(day: str, time: str) -> bytes:
    return with_chunk(b"bext", bytes(320) + day.encode() + time.encode() + bytes(264))


def listed(text: bytes, name: bytes = b"ICRD") -> bytes:
    more = b"ISFTx\0\0\0"[:4] + struct.pack("<I", 3) + b"ab\0\0"
    return with_chunk(b"LIST", b"INFO" + more + struct.pack("<4sI", name, len(text)) + text + bytes(len(text) % 2))


def test_a_wav_tells_its_length_and_that_it_is_over() -> None:
    assert heard(WHOLE) == Sound(1.0, None, None, over=True)
    assert heard(WHOLE, ".WAV") == heard(WHOLE)
    assert heard(WHOLE[:-100]) == Sound((16000 - 100) / 16000, Blemish.TRUNCATED, None, over=False)
    assert heard(still_open(8000)) == Sound(1.0, Blemish.TRUNCATED, None, over=False)


@pytest.mark.parametrize(
    ("content", "suffix", "told"),
    [
        (b"", ".wav", "is empty"),
        (b"", ".gsm", "is empty"),
        (whole(0), ".wav", "holds no sound"),
        (b"ID3" + bytes(5000), ".wav", "is no WAV file"),
        (WHOLE[:8] + b"AVI " + WHOLE[12:], ".wav", "is no WAV file"),
        (b"RIFF" + bytes(8), ".wav", "is no WAV file"),
        (WHOLE, ".mp3", "does not begin as MP3 does"),
        (WHOLE, ".ogg", "does not begin as OGG does"),
        (WHOLE, ".gsm", "does not begin as GSM does"),
    ],
)
def test_what_is_no_sound_is_told(content: bytes, suffix: str, told: str) -> None:
    with pytest.raises(UnfitError) as unfit:
        heard(content, suffix)
    assert str(unfit.value) == told


@pytest.mark.parametrize(
    ("content", "suffix", "seconds"),
    [
        (b"ID3\x04" + bytes(100), ".mp3", 0),
        (b"\xff\xfb\x90\x64" + bytes(100), ".mp3", 0),
        (b"OggS" + bytes(100), ".ogg", 0),
        (b"\xd2" + bytes(32) * 50, ".gsm", 1601 / 1650),
        (bytes(16000), ".ulaw", 2),
        (bytes(16000), ".alaw", 2),
        (bytes(16000), ".sln", 1),
        (bytes(16000), ".sln16", 0.5),
        (bytes(16000), ".g729", 16),
    ],
)
def test_other_formats_are_taken_as_they_are(content: bytes, suffix: str, seconds: float) -> None:
    """Nothing in them says that they are over."""
    assert heard(content, suffix) == Sound(seconds, None, None, over=False)


@pytest.mark.parametrize(
    "content",
    [bext("2024-01-31", "16:30:15"), bext("2024-01-31", "16-30-15"), listed(b"2024-01-31 16:30:15\0"), listed(b"2024-01-31T16:30:15")],
    ids=["bext", "bext with other signs", "ICRD", "ICRD with a T"],
)
def test_a_date_in_the_header_is_read(content: bytes) -> None:
    sound = heard(content)
    assert (sound.recorded, sound.over, sound.fault, sound.seconds) == (LOCAL, True, None, 1.0)


@pytest.mark.parametrize(
    "content",
    [
        bext("\0" * 10, "\0" * 8),
        bext("2024-13-31", "16:30:15"),
        listed(b"2024-01-31"),
        listed(b"2024"),
        listed("31. ianuarie, ora 16½".encode()),
        listed(b"2024-01-31 16:30:15", b"ICMT"),
        with_chunk(b"LIST", b"adtl"),
        with_chunk(b"LIST", b"INFOICRD"),
    ],
)
def test_half_a_date_is_none(content: bytes) -> None:
    """A day alone does not say which second of it is meant."""
    assert heard(content).recorded is None


def test_suffixes_are_known_with_and_without_capitals() -> None:
    assert [suffix for suffix in (".wav", ".WAV", ".wav49", ".Mp3", ".gsm", ".txt", "", ".json", ".sealed") if known_suffix(suffix)] == [
        *(".wav", ".WAV", ".wav49", ".Mp3", ".gsm")
    ]
