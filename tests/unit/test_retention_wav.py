"""What the header of a WAV file says: closed or not, whole or not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.retention.wav import HEAD_BYTES, Blemish, blemish, is_closed
from tests.wav_bytes import still_open, whole


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def riff(*chunks: bytes, counted: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if counted is None else counted) + body


FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))

CASES = {
    "whole": (whole(8000), True, None),
    "whole, with a chunk before the samples": (riff(FORMAT, chunk(b"LIST", b"odd"), chunk(b"data", bytes(320))), True, None),
    "whole, with a chunk after the samples": (riff(FORMAT, chunk(b"data", bytes(320)), chunk(b"LIST", b"even")), True, None),
    "whole, padding byte not counted": (riff(FORMAT, chunk(b"data", bytes(321)), counted=4 + 24 + 8 + 321), True, None),
    "closed without a sample": (whole(0), True, Blemish.EMPTY),
    "just opened": (still_open(0), False, Blemish.EMPTY),
    "being written": (still_open(16384), False, Blemish.TRUNCATED),
    "cut short behind the header's back": (whole(8000)[:-100], False, Blemish.TRUNCATED),
    "cut to its header": (whole(8000)[:44], False, Blemish.TRUNCATED),
    "cut within its header": (whole(8000)[:30], False, Blemish.TRUNCATED),
    "more than the header knows": (whole(8000) + bytes(320), False, Blemish.TRUNCATED),
    "closed, but samples not counted": (riff(FORMAT, b"data" + bytes(4) + bytes(320)), True, Blemish.TRUNCATED),
    "no byte at all": (b"", False, Blemish.EMPTY),
    "no WAV": (b"ID3\x04" + bytes(500), False, Blemish.UNREADABLE),
    "another RIFF": (b"RIFF\x04\x02\x00\x00AVI " + bytes(HEAD_BYTES), False, Blemish.UNREADABLE),
    "samples beyond what is looked at": (riff(FORMAT, chunk(b"LIST", bytes(HEAD_BYTES)), chunk(b"data", b"ab")), False, Blemish.UNREADABLE),
}


@pytest.mark.parametrize(("content", "closed", "expected"), CASES.values(), ids=CASES.keys())
def test_each_kind_of_file_is_told_apart(content: bytes, closed: bool, expected: Blemish | None) -> None:
    head, size = content[:HEAD_BYTES], len(content)
    assert (is_closed(head, size), blemish(head, size)) == (closed, expected)


@given(samples=st.integers(1, 400), kept=st.integers(0, 900))
def test_a_whole_file_is_whole_and_every_shorter_one_is_not(samples: int, kept: int) -> None:
    content = whole(samples)
    cut = content[: min(kept, len(content))]
    sound = blemish(cut[:HEAD_BYTES], len(cut)) is None
    assert sound == (cut == content) == is_closed(cut[:HEAD_BYTES], len(cut))


@given(st.binary(max_size=200), st.integers(0, 2**40))
def test_no_content_makes_it_fail(content: bytes, size: int) -> None:
    assert is_closed(content, size) in {True, False}
    assert blemish(content, size) in {None, *Blemish}
