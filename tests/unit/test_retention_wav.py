"""What the header of a WAV file says: closed or not, whole or not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.retention.wav import HEAD_BYTES, Blemish, Mended, blemish, is_closed, mended
from tests.wav_bytes import left_by_freeswitch, still_open, whole


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
    "being written by FreeSWITCH": (left_by_freeswitch(), False, Blemish.TRUNCATED),
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


MENDED = {
    "left by Asterisk": (still_open(16_384), whole(16_384)),
    "left by FreeSWITCH": (left_by_freeswitch(32_768), whole(32_768, channels=2)),
    "with a chunk before the samples": (
        riff(FORMAT, chunk(b"LIST", b"odd"), b"data" + bytes(4), bytes(320), counted=0),
        riff(FORMAT, chunk(b"LIST", b"odd"), chunk(b"data", bytes(320))),
    ),
    "cut off between the two sizes": (riff(FORMAT, b"data" + bytes(4) + bytes(320)), riff(FORMAT, chunk(b"data", bytes(320)))),
    "half a sample at its end": (left_by_freeswitch(100) + b"abc", whole(100, channels=2)),
    "no word of what a sample is": (riff(b"data" + bytes(4) + b"ab", counted=0), riff(chunk(b"data", b"ab"))),
    "a sample of no bytes": (
        riff(chunk(b"fmt ", bytes(16)), b"data" + bytes(4) + b"ab", counted=0),
        riff(chunk(b"fmt ", bytes(16)), chunk(b"data", b"ab")),
    ),
}


@pytest.mark.parametrize(("left", "expected"), MENDED.values(), ids=MENDED.keys())
def test_what_a_dying_pbx_left_gets_the_sizes_of_the_file(left: bytes, expected: bytes) -> None:
    """S8: what is there can be played, and nothing of it is changed."""
    found = mended(left[:HEAD_BYTES], len(left))
    assert found is not None
    content = (found.head + left[len(found.head) :])[: found.size]
    assert content == expected
    assert (blemish(content[:HEAD_BYTES], len(content)), mended(content[:HEAD_BYTES], len(content))) == (None, None)


LEFT_ALONE = {
    "whole": whole(80),
    "without a sample": still_open(0),
    "less than a sample": left_by_freeswitch(0) + b"abc",
    "promises more than is there": whole(80)[:-1],
    "promises less than is there": whole(80) + bytes(320),
    "no WAV": b"ID3\x04" + bytes(500),
    "nothing": b"",
}


@pytest.mark.parametrize("content", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_a_header_that_is_a_witness_stays(content: bytes) -> None:
    """Of what is lost, where it promises more; and where nothing is lost there is nothing to mend."""
    assert mended(content[:HEAD_BYTES], len(content)) is None


def test_beyond_four_gibibytes_no_header_can_count() -> None:
    head = left_by_freeswitch()[:HEAD_BYTES]
    assert mended(head, 2**32) is None
    assert mended(head, 2**32 - 4) == Mended(
        head[:4] + struct.pack("<I", 2**32 - 12) + head[8:40] + struct.pack("<I", 2**32 - 48), 2**32 - 4
    )


@given(st.binary(max_size=200), st.integers(0, 2**40))
def test_no_content_makes_it_fail(content: bytes, size: int) -> None:
    assert is_closed(content, size) in {True, False}
    assert blemish(content, size) in {None, *Blemish}
    assert mended(content, size) is None or size > len(b"RIFFxxxxWAVEdataxxxx")
