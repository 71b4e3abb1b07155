"""AMI bytes, cut and read: whatever the segments, the messages are the same."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.errors import ProtocolFault
from callguard.pbx.ami_wire import Headers, Splitter, any_of, text
from callguard.pbx.standing import retry_delay_s

STREAM = "Event: A\r\nCallerIDName: Ștefan\r\n\r\nEvent: B\r\n\r\n\r\nResponse: Success\r\nMessage: \r\n\r\nEvent: unfinished".encode()
MESSAGES = STREAM.split(b"\r\n\r\n")[:-1]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_segments_do_not_matter(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    splitter = Splitter(1000)
    messages = [message for begin, end in itertools.pairwise(bounds) for message in splitter.feed(STREAM[begin:end])]
    assert messages == MESSAGES


@pytest.mark.parametrize("piece", [1, 7, 99, 5000])
def test_the_bound_holds_whatever_the_segments(piece: int) -> None:
    """And a splitter that has given up holds nothing any more."""
    splitter = Splitter(1000)
    assert splitter.feed(b"Event: A\r\n\r\n") == [b"Event: A"]
    for _ in range(1000 // piece):
        assert splitter.feed(b"x" * piece) == []
    with pytest.raises(ProtocolFault):
        splitter.feed(b"x" * piece)
    assert splitter.feed(b"Event: B\r\n\r\n") == [b"Event: B"]


@pytest.mark.alone
def test_a_trickle_is_linear() -> None:
    """Half a megabyte byte by byte; what searches or copies everything held at each byte takes minutes."""
    splitter, began_s = Splitter(1 << 20), time.thread_time()
    for _ in range(1 << 19):
        splitter.feed(b"x")
    assert time.thread_time() - began_s < 3.0


def test_the_first_header_of_a_name_wins() -> None:
    """What a caller manages to place further down overrides nothing."""
    headers = Headers(b"Event: Newchannel\r\nUniqueid: 1.1\r\nCallerIDName: a\r\nuniqueid: 6.6\r\nEvent: Hangup")
    assert (headers.get("UniqueID"), headers.get("event")) == ("1.1", "Newchannel")
    assert headers.all("Uniqueid") == ["1.1", "6.6"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"A: b", "b"),
        (b"A:b", "b"),
        (b"A:", ""),
        (b"A: ", ""),
        (b"A:  b ", " b "),
        (b"A: b: c", "b: c"),
        (b"A: x\xc2\x85y\xe2\x80\xa8z", "x\x85y\u2028z"),
        (b"A: \xff\r\nB: c", "\ufffd"),
        (b"A: \xc8\r\nB: c", "\ufffd"),
        (b"A", None),
        (b"", None),
    ],
)
def test_a_line_is_read_as_asterisk_writes_it(line: bytes, value: str | None) -> None:
    assert Headers(b"Event: E\r\n" + line).get("a") == value


def test_headers_do_not_show_what_they_hold() -> None:
    """C1: a message that ends up in a log or a traceback shows its length."""
    assert repr(Headers(b"Message: canary")) == "<Headers of 15 bytes>"


def test_the_delay_doubles_to_its_longest() -> None:
    for failures, longest in [(1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0), (10_000, 30.0)]:
        delays = [retry_delay_s(failures, 0.5, 30.0) for _ in range(50)]
        assert longest / 2 <= min(delays) < max(delays) <= longest


def test_headers_are_found_together_whatever_their_case_and_never_inside_a_value() -> None:
    headers = Headers(b"Event: Hangup\r\nUniqueid: 1.0\r\nuniqueid:\xc8\r\nCallerIDNum: Uniqueid: 3.0\r\nLinkedid:  2 \r3\n")
    found = headers.find_all(any_of("Uniqueid", "LinkedID", "Channel", "Event"))
    assert [(name, text(value)) for name, value in found] == [
        (b"Uniqueid", "1.0"),
        (b"uniqueid", "\ufffd"),
        (b"Linkedid", " 2 \r3\n"),
    ]
