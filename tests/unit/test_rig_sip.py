"""What the test phone writes on the wire and reads from it."""

import pytest

from tests.rig import sdp, sip
from tests.rig.sip import Message

INVITE = (
    b"INVITE sip:100@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:7000;rport;branch=z9hG4bKabc\r\n"
    b'f: "O \\"B\\" <x>;tag=no" <sip:+40722000111@127.0.0.1>;tag=a1\r\n'
    b"To: sip:100@127.0.0.1\r\n"
    b"i: call-1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Subject: one\r\n  line\r\n"
    b"l: 5\r\n"
    b"\r\n"
    b"hello"
)


def test_a_request_is_read_with_compact_and_folded_headers() -> None:
    message = sip.parse(INVITE)
    assert (message.method, message.uri, message.status) == ("INVITE", "sip:100@127.0.0.1:5060", 0)
    assert message.get("call-id") == "call-1"
    assert message.get("Subject") == "one line"
    assert message.transaction == "z9hG4bKabc INVITE"
    assert message.body == b"hello"


def test_a_display_name_that_looks_like_an_address_does_not_hide_the_real_one() -> None:
    caller = sip.parse(INVITE).get("From")
    assert sip.uri_of(caller) == "sip:+40722000111@127.0.0.1"
    assert sip.user_of(caller) == "+40722000111"
    assert sip.parameter(caller, "tag") == "a1"
    assert sip.display_of(caller) == 'O "B" <x>;tag=no'


@pytest.mark.parametrize(
    ("user", "display"),
    [("+40722000111", ""), ("100", "Ștefan Țăran"), ("100", 'q"uo\\te'), ("", "x" * 300), ("o'; DROP TABLE calls;--", "%0A%0D")],
)
def test_any_caller_survives_the_wire(user: str, display: str) -> None:
    written = Message("OPTIONS sip:a SIP/2.0", (("From", f"{sip.address(user, '127.0.0.1', display)};tag=t"),)).encode()
    caller = sip.parse(written).get("From")
    assert sip.display_of(caller) == display
    assert sip.user_of(caller) == user
    assert sip.parameter(caller, "tag") == "t"


def test_a_line_break_travels_percent_encoded_in_a_user_and_is_refused_anywhere_else() -> None:
    assert "%0D%0AAction" in sip.address("1\r\nAction: x", "127.0.0.1")
    with pytest.raises(ValueError, match="line break"):
        Message("OPTIONS sip:a SIP/2.0", (("From", '"a\r\nEvil: 1" <sip:a@b>'),)).encode()


def test_an_answer_repeats_the_names_of_its_request_and_adds_our_tag() -> None:
    answer = sip.parse(sip.response(sip.parse(INVITE), 180, to_tag="b2").encode())
    assert answer.start == "SIP/2.0 180 Ringing"
    assert answer.status == 180
    assert answer.transaction == "z9hG4bKabc INVITE"
    assert sip.parameter(answer.get("To"), "tag") == "b2"
    again = sip.response(Message("x SIP/2.0", (("To", "<sip:a@b>;tag=c3"),)), 200, to_tag="b2")
    assert again.get("To") == "<sip:a@b>;tag=c3"


@pytest.mark.parametrize("datagram", [b"", b"\r\n\r\n", b"\x80\xc8\x00\x06" + bytes(24), b"INVITE sip:a\r\n\r\n", INVITE[:60]])
def test_what_is_no_sip_is_refused(datagram: bytes) -> None:
    with pytest.raises(ValueError, match="SIP"):
        sip.parse(datagram)


@pytest.mark.parametrize(
    ("reasons", "cause"),
    [
        ((), None),
        (('Q.850;cause=17;text="User busy"',), 17),
        (("SIP;cause=200", "q.850 ; cause=16"), 16),
        (("SIP;cause=603",), None),
    ],
)
def test_the_cause_is_that_of_q850(reasons: tuple[str, ...], cause: int | None) -> None:
    assert sip.q850_cause(Message("BYE sip:a SIP/2.0", tuple(("Reason", each) for each in reasons))) == cause


def test_an_offer_is_answered_with_the_first_codec_that_we_have() -> None:
    offer = sdp.parse(
        b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        b"m=audio 4000 RTP/AVP 9 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n"
    )
    assert offer == sdp.Session("127.0.0.1", 4000, ("PCMU", "PCMA"), 96, "sendonly")
    answer = offer.answered_by("127.0.0.1", 5000, ("PCMA", "PCMU"))
    assert answer == sdp.Session("127.0.0.1", 5000, ("PCMA",), 96, "recvonly")
    assert sdp.parse(answer.encode()) == answer


def test_no_audio_and_no_common_codec_are_errors() -> None:
    with pytest.raises(ValueError, match="no audio"):
        sdp.parse(b"v=0\r\n")
    with pytest.raises(ValueError, match="no codec in common"):
        sdp.Session("127.0.0.1", 4000, ("PCMU",), None).answered_by("127.0.0.1", 5000, ("PCMA",))
