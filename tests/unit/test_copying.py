"""The mark of a copy: another file each time, the same sound (S11)."""

import io
import wave
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from callguard.evidence.copying import marked


def wav(samples: bytes) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(8000)
        writer.writeframes(samples)
    return made.getvalue()


@given(st.binary(max_size=300), st.integers(12, 200), st.text("0123456789abcdef", min_size=1, max_size=20))
def test_the_sound_is_the_same_and_the_mark_is_in_the_file(samples: bytes, block: int, mark: str) -> None:
    """S11: whole RIFF chunks, on even places, and a size that accounts for all of them."""
    source = wav(samples)
    blocks = [source[at : at + block] for at in range(0, len(source), block)]
    copy = b"".join(marked(blocks, len(source), mark))
    assert int.from_bytes(copy[4:8], "little") == len(copy) - 8
    assert len(copy) % 2 == 0
    with wave.open(io.BytesIO(copy), "rb") as reader:
        assert reader.readframes(1000) == samples
    behind = copy[copy.rindex(b"LIST") :]
    assert behind[8:16] == b"INFOICMT"
    assert behind[20:].rstrip(b"\0") == mark.encode()


def test_two_copies_are_told_apart() -> None:
    source = wav(b"\x80" * 80)
    copies = [b"".join(marked([source], len(source), mark)) for mark in ("one", "two", "three")]
    assert all(one != other for one, other in pairwise(copies))


def test_another_form_is_copied_as_it_is() -> None:
    """An adopted recording may be no WAV; it has no place for a mark."""
    for source in (b"", b"ID3\x04 and so on", b"RIFF\0\0\0\0AVI "):
        assert b"".join(marked(iter([source] if source else []), len(source), "mark")) == source
