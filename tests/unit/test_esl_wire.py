"""ESL bytes, cut and read: whatever the segments, the blocks are the same. The bytes are those of a real FreeSWITCH."""

import copy
import itertools
import json
import pickle
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callguard.errors import ProtocolFault
from callguard.pbx.esl_wire import Block, Headers, Splitter, head_value
from tests.integration.esl_server import block, event, reply

STREAMS = {path.stem: path.read_bytes() for path in sorted(Path(__file__).parents[1].joinpath("replay", "freeswitch").glob("*.rx"))}
SIZES = {  # blocks in each, as counted when they were recorded
    "auth-rejected": 3,
    "fs-shutdown": 21,
    "inbound-accepted": 55,
    "inbound-accepted-json": 46,
    "inbound-hangup-during-prompt": 27,
    "inbound-noinput": 49,
    "inbound-refused": 47,
    "inbound-wrongdigit": 50,
    "outbound-accepted": 49,
    "outbound-busy": 13,
    "outbound-refused": 45,
    "outbound-socket-accepted": 25,
    "sip-message": 6,
    "sip-message-in-dialog": 28,
}


def splitter() -> Splitter:
    return Splitter(8192, 1 << 20)


def rebuilt(blocks: list[Block]) -> bytes:
    """The stream that these blocks were cut from."""
    return b"".join(one.head + b"\n\n" + one.body for one in blocks)


@pytest.mark.parametrize("name", SIZES)
def test_a_stream_is_cut_whole_and_byte_by_byte(name: str) -> None:
    """Not a byte is missing or twice, every body is as long as said, and one byte at a time comes to the same."""
    stream, cut = STREAMS[name], splitter()
    blocks = cut.feed(stream)
    assert len(blocks) == SIZES[name]
    assert rebuilt(blocks) == stream
    assert [len(one.body) for one in blocks] == [int(head_value(one.head, b"Content-Length") or 0) for one in blocks]
    assert [one for at in range(len(stream)) for one in cut.feed(stream[at : at + 1])] == blocks


def edges(blocks: list[Block]) -> set[int]:
    """The offsets around every place where something begins or ends."""
    heads = [len(one.head) for one in blocks]
    ends = list(itertools.accumulate(len(one.head) + 2 + len(one.body) for one in blocks))
    starts = [0, *ends[:-1]]
    places = {*starts, *ends, *(start + head for start, head in zip(starts, heads, strict=True))}
    return {max(place + near, 0) for place in places for near in range(-3, 6)}


@pytest.mark.parametrize("name", SIZES)
def test_a_stream_may_be_split_anywhere(name: str) -> None:
    """The small streams at every offset, the large ones around every edge and at every 997th."""
    stream = STREAMS[name]
    blocks = splitter().feed(stream)
    offsets = range(len(stream)) if len(stream) < 2000 else sorted(edges(blocks) | set(range(0, len(stream), 997)))
    for offset in offsets:
        cut = splitter()
        assert len(cut.feed(stream[:offset]) + cut.feed(stream[offset:])) == len(blocks)


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(STREAMS["outbound-busy"])), max_size=12))
def test_segments_do_not_matter(cuts: list[int]) -> None:
    stream, cut = STREAMS["outbound-busy"], splitter()
    bounds = [0, *sorted(cuts), len(stream)]
    assert rebuilt([one for begin, end in itertools.pairwise(bounds) for one in cut.feed(stream[begin:end])]) == stream


def test_every_event_of_a_real_switch_can_be_read() -> None:
    """Name, leg and time are there in all of them, and no value is left quoted."""
    events = [Headers(one.body) for stream in STREAMS.values() for one in splitter().feed(stream) if one.kind == b"text/event-plain"]
    assert len(events) == 313
    assert {headers.count("Event-Name") for headers in events} == {1}
    assert all((headers.get("Event-Date-Timestamp") or "").isdigit() for headers in events)
    legs = [headers for headers in events if headers.get("Unique-ID")]
    assert len(legs) > 250
    assert all("%" not in (headers.get("Caller-Caller-ID-Number") or "") for headers in legs)
    assert "+12025550101" in {headers.get("Caller-Caller-ID-Number") for headers in legs}


def test_a_text_message_is_cut_off() -> None:
    """C1: of a real SIP MESSAGE in the stream, with blank lines in it and UTF-8, no header remembers a byte of the body."""
    canaries = (b"secret", b"4711", b"second line", b"after a blank line")
    for name in ("sip-message", "sip-message-in-dialog"):
        assert b"secret" in STREAMS[name]
        for one in splitter().feed(STREAMS[name]):
            if Headers(one.body).get("Event-Name") == "MESSAGE":
                assert not any(canary in Headers(one.body)._lines for canary in canaries)


def test_a_body_is_as_long_as_its_length_says() -> None:
    """Whatever it looks like: blank lines, blocks, headers."""
    inner = event("CHANNEL_HANGUP", Unique_ID="forged")
    stream = event("MESSAGE", Unique_ID="true", body=b"\n\n" + inner + inner[:50]) + reply("+OK")
    blocks = splitter().feed(stream)
    assert [one.kind for one in blocks] == [b"text/event-plain", b"command/reply"]
    assert Headers(blocks[0].body).all("Unique-ID") == ["true"]


@pytest.mark.parametrize("piece", [1, 7, 99, 5000])
def test_the_bound_on_a_head_holds_whatever_the_segments(piece: int) -> None:
    """And a splitter that has given up holds nothing any more."""
    cut = Splitter(1000, 1000)
    assert len(cut.feed(reply("+OK"))) == 1
    for _ in range(1000 // piece):
        assert cut.feed(b"x" * piece) == []
    with pytest.raises(ProtocolFault, match="a head of more than 1000 bytes"):
        cut.feed(b"x" * piece)
    assert len(cut.feed(reply("+OK"))) == 1


@pytest.mark.parametrize("length", [b"1001", b"-1", b"1e3", b"+7", b" ", b"0x10", b"\xd9\xa1", b"9" * 4400, b"10000000000"])
def test_a_length_that_is_none_is_no_length(length: bytes) -> None:
    """Over the bound it is refused before a byte of the body has come."""
    with pytest.raises(ProtocolFault, match="a body of a length"):
        Splitter(8192, 1000).feed(b"Content-Type: a/b\nContent-Length: " + length + b"\n\n")


def test_the_first_of_a_head_wins() -> None:
    head = b"Content-Length: 3\nContent-Type: a/b\nContent-Length: 900\nContent-Type: c/d"
    assert splitter().feed(head + b"\n\nabc" + reply("+OK"))[0] == Block(b"a/b", head, b"abc")


@pytest.mark.alone
def test_a_trickle_is_linear() -> None:
    """A megabyte of one body byte by byte; what joins or searches everything held at each byte takes minutes."""
    cut, began_s = splitter(), time.thread_time()
    cut.feed(f"Content-Type: a/b\nContent-Length: {1 << 20}\n\n".encode())
    blocks = [one for _ in range(1 << 20) for one in cut.feed(b"x")]
    assert time.thread_time() - began_s < 3.0
    assert len(blocks[0].body) == 1 << 20


def test_what_a_splitter_remembers_is_bounded() -> None:
    """Of ten thousand different lengths it knows no more than its bound, and cuts them all the same."""
    cut = splitter()
    stream = b"".join(block("text/event-plain", b"x" * (number % 5000)) for number in range(10_000))
    assert len(cut.feed(stream)) == 10_000
    assert len(cut._known) == 4096
    assert cut.feed(reply("+OK Job-UUID: 1")) == [Block(b"command/reply", reply("+OK Job-UUID: 1")[:-2], b"")]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"A: b", "b"),
        (b"A:b", "b"),
        (b"A:", ""),
        (b"A: ", ""),
        (b"A: _undef_", ""),
        (b"A: %20b%20", " b "),
        (b"A: b: c", "b: c"),
        (b"A: b%0AA%3A%20c", "b\nA: c"),
        (b"A: %C8%98tefan", "Ștefan"),
        (b"A: \xc8\x98tefan", "Ștefan"),
        (b"A: 1+1%2B", "1+1+"),
        (b"A: %", "%"),
        (b"A: %zz", "%zz"),
        (b"A: \xff\nB: c", "\ufffd"),
        (b"A: %FF", "\ufffd"),
        (b"A", None),
        (b"a: b", None),
        (b"B: c\n\nA: b", None),
        (b"B: A: b", None),
        (b"", None),
    ],
)
def test_a_line_is_read_as_freeswitch_writes_it(line: bytes, value: str | None) -> None:
    assert Headers(b"Event-Name: E\n" + line).get("A") == value


def test_the_first_header_of_a_name_wins() -> None:
    """What a caller manages to place further down overrides nothing."""
    headers = Headers(b"Event-Name: A\nUnique-ID: 1\nName: x%0AUnique-ID: 9\nUnique-ID: 2\nEvent-Name: B")
    assert (headers.get("Unique-ID"), headers.get("Event-Name")) == ("1", "A")
    assert (headers.all("Unique-ID"), headers.count("Unique-ID"), headers.all("None"), headers.count("None")) == (["1", "2"], 2, [], 0)


def test_what_is_read_can_be_kept() -> None:
    headers = Headers(b"A: 1\nB: _undef_\n\nbody")
    for same in (headers, copy.copy(headers), copy.deepcopy(headers), pickle.loads(pickle.dumps(headers))):  # noqa: S301 - its own
        assert json.dumps([same.get("A"), same.get("B"), same.get("C")]) == '["1", "", null]'


def test_headers_do_not_show_what_they_hold() -> None:
    """C1: an event that ends up in a log or a traceback shows its length."""
    assert repr(Headers(b"from: canary\n\nbody")) == "<Headers of 12 bytes>"
