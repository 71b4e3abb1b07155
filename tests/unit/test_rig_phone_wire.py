"""The test phone against a peer that loses packets and changes its mind, byte by byte over UDP."""

import select
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.rig import line, sdp, sip
from tests.rig.phone import Ending, OutgoingCall, Phone
from tests.rig.sip import Message
from tests.rig.sound import contains_tone


class Peer:
    """A UDP socket that speaks SIP only as the test tells it to."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(2)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.rtp.settimeout(1)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def next(self) -> Message:
        return sip.parse(self.socket.recv(65535))

    def session(self, direction: str = "sendrecv", to: socket.socket | None = None) -> bytes:
        return sdp.Session("127.0.0.1", (to or self.rtp).getsockname()[1], ("PCMU",), 101, direction).encode()

    def answer(self, phone: Phone, request: Message, status: int, body: bytes = b"") -> None:
        answer = sip.response(request, status, to_tag="peer", headers=(("Contact", f"<sip:peer@127.0.0.1:{self.port}>"),))
        self.send(phone, replace(answer, body=body))

    def ask(self, phone: Phone, method: str, invite: Message, number: int, body: bytes = b"") -> Message:
        """A request of the peer inside the dialog that the phone's INVITE made; the answer to it."""
        headers = (
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKpeer{number}{method}"),
            ("From", f"{invite.get('To')};tag=peer"),
            ("To", invite.get("From")),
            ("Call-ID", invite.get("Call-ID")),
            ("CSeq", f"{number} {method}"),
        )
        self.send(phone, Message(f"{method} {sip.uri_of(invite.get('Contact'))} SIP/2.0", headers, body))
        return self.next()

    def send(self, phone: Phone, message: Message) -> None:
        self.socket.sendto(message.encode(), ("127.0.0.1", phone.port))

    def close(self) -> None:
        self.socket.close()
        self.rtp.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    monkeypatch.setattr(line, "T1_S", 0.05)
    monkeypatch.setattr("tests.rig.phone.FAREWELL_S", 0.1)
    with Phone("alice") as made:
        yield made


def talking(phone: Phone, peer: Peer) -> tuple[OutgoingCall, Message]:
    call = phone.dial("100", peer.port, voice=1000)
    invite = peer.next()
    peer.answer(phone, invite, 200, peer.session())
    assert peer.next().method == "ACK"
    return call, invite


def test_a_lost_invite_is_sent_again_until_somebody_answers(phone: Phone, peer: Peer) -> None:
    phone.dial("100", peer.port)
    first, again = peer.next(), peer.next()
    assert again == first
    peer.answer(phone, again, 100)
    peer.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        peer.next()


def test_each_repeated_answer_gets_its_ack_and_the_call_is_answered_once(phone: Phone, peer: Peer) -> None:
    call, invite = talking(phone, peer)
    peer.answer(phone, invite, 200, peer.session())
    ack = peer.next()
    assert ack.method == "ACK"
    assert ack.uri == f"sip:peer@127.0.0.1:{peer.port}", "to the contact of the answer"
    assert ack.get("CSeq").split(" ")[0] == invite.get("CSeq").split(" ")[0]
    assert [what for _, what in call.events].count("answered") == 1


def test_a_refusal_gets_its_ack_in_the_same_transaction_and_tells_its_cause(phone: Phone, peer: Peer) -> None:
    call = phone.dial("100", peer.port)
    invite = peer.next()
    refusal = sip.response(invite, 480, to_tag="peer", headers=(("Reason", 'Q.850;cause=19;text="No answer"'),))
    peer.send(phone, refusal)
    ack = peer.next()
    assert (ack.method, ack.get("Via"), ack.get("To")) == ("ACK", invite.get("Via"), refusal.get("To"))
    assert call.wait_ended(1) == Ending(480, 19, "them")


def test_a_cancel_waits_for_the_first_sign_of_life(phone: Phone, peer: Peer) -> None:
    call = phone.dial("100", peer.port)
    invite = peer.next()
    call.hang_up()
    peer.answer(phone, invite, 180)
    cancel = peer.next()
    assert (cancel.method, cancel.get("Via"), cancel.uri) == ("CANCEL", invite.get("Via"), invite.uri)
    peer.answer(phone, cancel, 200)
    peer.answer(phone, invite, 487)
    assert peer.next().method == "ACK"
    assert call.wait_ended(1) == Ending(487, None, "us")


def test_an_answer_that_overtakes_the_cancel_is_acknowledged_and_hung_up(phone: Phone, peer: Peer) -> None:
    call = phone.dial("100", peer.port)
    invite = peer.next()
    call.hang_up()
    peer.answer(phone, invite, 200, peer.session())
    assert [peer.next().method, peer.next().method] == ["ACK", "BYE"]
    assert call.wait_ended(1) == Ending(200, None, "us")


def test_a_bye_tells_its_cause_and_is_answered_as_often_as_it_comes(phone: Phone, peer: Peer) -> None:
    call, invite = talking(phone, peer)
    assert peer.ask(phone, "BYE", invite, 5).status == 200
    assert peer.ask(phone, "BYE", invite, 5).status == 200
    assert call.wait_ended(1).by == "them"


def test_our_bye_is_repeated_until_it_is_answered(phone: Phone, peer: Peer) -> None:
    call, _ = talking(phone, peer)
    call.hang_up()
    first, again = peer.next(), peer.next()
    assert (first.method, again) == ("BYE", first)
    peer.answer(phone, again, 200)
    peer.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        peer.next()


def test_our_answer_is_repeated_until_its_ack_comes(phone: Phone, peer: Peer) -> None:
    phone.on_invite = "answer"
    invite = _invite_from(peer, phone)
    peer.send(phone, invite)
    answers = [peer.next() for _ in range(3)]
    assert [answer.status for answer in answers] == [100, 200, 200]
    ack = Message(invite.start.replace("INVITE", "ACK"), tuple(_ack_headers(invite, answers[1])))
    peer.send(phone, ack)
    peer.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        peer.next()


def test_an_invite_sent_twice_is_one_call(phone: Phone, peer: Peer) -> None:
    invite = _invite_from(peer, phone)
    peer.send(phone, invite)
    peer.send(phone, invite)
    phone.wait_call(1)
    assert [peer.next().status for _ in range(3)] == [100, 180, 180]
    with pytest.raises(TimeoutError):
        phone.wait_call(0.1)


def test_a_re_invite_moves_the_sound_to_another_port_with_the_same_session(phone: Phone, peer: Peer) -> None:
    call, invite = talking(phone, peer)
    assert peer.rtp.recv(2048)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.settimeout(1)
        answer = peer.ask(phone, "INVITE", invite, 2, peer.session(to=elsewhere))
        assert answer.status == 200
        assert sdp.parse(answer.body).port == call.media.port
        assert elsewhere.recv(2048)
    assert call.state == "answered"


def test_a_phone_on_hold_says_nothing_and_speaks_again_after_it(phone: Phone, peer: Peer) -> None:
    _, invite = talking(phone, peer)
    answer = peer.ask(phone, "UPDATE", invite, 2, peer.session("sendonly"))
    assert sdp.parse(answer.body).direction == "recvonly"
    while select.select([peer.rtp], [], [], 0)[0]:
        peer.rtp.recv(2048)
    assert not select.select([peer.rtp], [], [], 0.15)[0]
    assert sdp.parse(peer.ask(phone, "UPDATE", invite, 3, peer.session()).body).direction == "sendrecv"
    assert peer.rtp.recv(2048)


def test_an_update_without_a_session_and_options_are_just_answered(phone: Phone, peer: Peer) -> None:
    call, invite = talking(phone, peer)
    assert [peer.ask(phone, method, invite, 7).status for method in ("UPDATE", "OPTIONS", "INFO")] == [200, 200, 200]
    assert call.state == "answered"


def test_what_concerns_no_call_is_refused_and_garbage_is_dropped(phone: Phone, peer: Peer) -> None:
    peer.socket.sendto(b"\x80\xc8\x00\x06" + bytes(24), ("127.0.0.1", phone.port))
    stray = replace(_invite_from(peer, phone), start=f"BYE sip:x@127.0.0.1:{phone.port} SIP/2.0")
    peer.send(phone, stray)
    assert peer.next().status == 481
    peer.send(phone, replace(stray, start=stray.start.replace("BYE", "OPTIONS")))
    assert peer.next().status == 200


def test_a_phone_that_rings_sends_no_sound(phone: Phone, peer: Peer) -> None:
    phone.voice = 1000
    peer.send(phone, _invite_from(peer, phone))
    call = phone.wait_call(1)
    assert not select.select([peer.rtp], [], [], 0.15)[0]
    call.answer()
    assert peer.rtp.recv(2048)


def test_frames_leave_one_by_one(phone: Phone, peer: Peer) -> None:
    """A PBX that gets two at once every 40 ms hears the same, and times the keys worse."""
    talking(phone, peer)
    arrivals = []
    for _ in range(31):
        peer.rtp.recv(2048)
        arrivals.append(time.monotonic())
    gaps = sorted(after - before for before, after in pairwise(arrivals))
    assert gaps[15] == pytest.approx(0.02, abs=0.005)


def test_a_frame_stands_where_it_came_even_if_the_phone_was_busy(phone: Phone, peer: Peer) -> None:
    call, _ = talking(phone, peer)
    voice = peer.rtp.recv(2048)
    with phone.line.changed:
        sent = time.monotonic()
        peer.rtp.sendto(voice, ("127.0.0.1", call.media.port))
        time.sleep(0.2)
    call.wait_until("the frame", lambda: "first-rtp" in [what for _, what in call.events], 1)
    assert call.at("first-rtp") == pytest.approx(sent, abs=0.02)


def test_sound_from_elsewhere_and_rtcp_are_not_heard(phone: Phone, peer: Peer) -> None:
    """A port that was another call's a moment ago still gets that call's last frames."""
    call, _ = talking(phone, peer)
    voice = [peer.rtp.recv(2048) for _ in range(10)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for packet in voice:
            stranger.sendto(packet, ("127.0.0.1", call.media.port))
    peer.rtp.sendto(b"\x80\xc8\x00\x06" + bytes(24), ("127.0.0.1", call.media.port))
    time.sleep(0.1)
    assert "first-rtp" not in [what for _, what in call.events]
    for packet in voice:
        peer.rtp.sendto(packet, ("127.0.0.1", call.media.port))
    call.wait_until("the first frame", lambda: "first-rtp" in [what for _, what in call.events], 1)
    assert contains_tone(call.heard(end=time.monotonic() + 1), 1000)


def _invite_from(peer: Peer, phone: Phone) -> Message:
    headers = (
        ("Via", f"SIP/2.0/UDP 127.0.0.1:{peer.port};branch=z9hG4bKfirst"),
        ("From", "<sip:peer@127.0.0.1>;tag=peer"),
        ("To", f"<sip:alice@127.0.0.1:{phone.port}>"),
        ("Call-ID", "call-of-the-peer"),
        ("CSeq", "1 INVITE"),
        ("Contact", f"<sip:peer@127.0.0.1:{peer.port}>"),
    )
    return Message(f"INVITE sip:alice@127.0.0.1:{phone.port} SIP/2.0", headers, peer.session())


def _ack_headers(invite: Message, answer: Message) -> Iterator[tuple[str, str]]:
    for name, value in invite.headers:
        yield name, {"To": answer.get("To"), "CSeq": "1 ACK", "Via": value + "ack"}.get(name, value)
