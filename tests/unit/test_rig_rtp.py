"""The packets that a phone's sender puts on the wire, its clock in the hand of the test."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.rig.rtp import TICK, RtpStream
from tests.rig.sdp import TELEPHONE_EVENT


@dataclass(frozen=True, slots=True)
class Packet:
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes


class Listener:
    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def packets(self) -> list[Packet]:
        """What has come since the last look."""
        found: list[Packet] = []
        while True:
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return found
            _, second, sequence, timestamp, _ = struct.unpack_from("!BBHII", datagram)
            found.append(Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, datagram[12:]))


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


@pytest.fixture
def stream(listener: Listener) -> Iterator[RtpStream]:
    made = RtpStream("127.0.0.1", 0.0, lambda _what, _when: None)
    made.agree(listener.socket.getsockname(), "PCMU", TELEPHONE_EVENT, sending=True)
    made.start()
    yield made
    made.close()


def test_frames_of_20_ms_follow_each_other_without_a_gap(stream: RtpStream, listener: Listener) -> None:
    stream.speak(1000)
    for number in range(5):
        stream.tick(100 + number * TICK)
    packets = listener.packets()
    assert [packet.marker for packet in packets] == [True, False, False, False, False]
    assert [len(packet.payload) for packet in packets] == [160] * 5
    first = packets[0]
    steps = [((packet.sequence - first.sequence) % 2**16, (packet.timestamp - first.timestamp) % 2**32) for packet in packets]
    assert steps == [(number, 160 * number) for number in range(5)]


def test_a_short_stall_is_made_up_for_and_a_long_one_is_skipped(stream: RtpStream, listener: Listener) -> None:
    """A phone that was held up for a second does not say that second in one go, and its timestamps know of it."""
    stream.tick(100)
    stream.tick(100.0801)
    before = listener.packets()
    assert len(before) == 5
    stream.tick(101.0801)
    stream.tick(101.1001)
    (after,) = listener.packets()
    assert (after.timestamp - before[0].timestamp) % 2**32 == 55 * 160
    assert (after.sequence - before[-1].sequence) % 2**16 == 1


def test_a_key_is_one_event_that_grows_and_whose_end_is_said_three_times(stream: RtpStream, listener: Listener) -> None:
    stream.press("#", 0.1)
    for number in range(10):
        stream.tick(100 + number * TICK)
    packets = listener.packets()
    key = [packet for packet in packets if packet.payload_type == TELEPHONE_EVENT]
    assert packets[:8] == key
    assert {packet.timestamp for packet in key} == {key[0].timestamp}
    assert [packet.marker for packet in key] == [True] + [False] * 7
    events = [struct.unpack("!BBH", packet.payload) for packet in key]
    assert {event for event, _, _ in events} == {11}
    assert [bool(flags & 0x80) for _, flags, _ in events] == [False] * 5 + [True] * 3
    assert [duration for _, _, duration in events] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert (packets[8].timestamp - key[0].timestamp) % 2**32 == 8 * 160, "the voice goes on where its clock stands"


def test_two_equal_keys_are_two_events_with_a_pause(stream: RtpStream, listener: Listener) -> None:
    stream.press("99", 0.04)
    for number in range(20):
        stream.tick(100 + number * TICK)
    types = [packet.payload_type for packet in listener.packets()]
    assert types == [101] * 5 + [0] * 5 + [101] * 5 + [0] * 5
    assert not stream.pressing
