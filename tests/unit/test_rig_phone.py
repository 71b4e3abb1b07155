"""The test phone against itself: two phones on the loopback, and no PBX between them."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.rig import line
from tests.rig.phone import CallEndedError, Ending, IncomingCall, Loop, OnInvite, OutgoingCall, Phone
from tests.rig.sound import contains_tone, correlate, first_sound, level_db, silence_spans, tone, tone_seconds, tone_spans
from tests.unit.test_rig_sound import speechlike


@pytest.fixture
def alice() -> Iterator[Phone]:
    with Phone("alice") as phone:
        yield phone


@pytest.fixture
def bob() -> Iterator[Phone]:
    with Phone("bob", user_agent="Bob/7") as phone:
        yield phone


def connected(alice: Phone, bob: Phone) -> tuple[OutgoingCall, IncomingCall]:
    out = alice.dial("bob", bob.port)
    into = bob.wait_call(2)
    into.answer()
    out.wait_answered(2)
    return out, into


def test_a_call_rings_is_answered_and_each_hears_the_other(alice: Phone, bob: Phone) -> None:
    bob.voice = 1633
    out = alice.dial("bob", bob.port, voice=1000)
    into = bob.wait_call(2)
    out.wait_ringing(2)
    assert (out.state, into.state) == ("ringing", "ringing")
    time.sleep(0.2)
    into.answer()
    out.wait_answered(2)
    time.sleep(0.6)
    out.hang_up()
    assert into.wait_ended(2) == Ending(200, None, "them")
    assert out.wait_ended(2) == Ending(200, None, "us")
    assert [what for _, what in out.events] == ["100", "180", "answered", "first-rtp", "ended"]
    assert [what for _, what in into.events] == ["180", "answered", "first-rtp", "ended"]
    for call, frequency in ((out, 1633), (into, 1000)):
        assert tone_seconds(call.heard(call.answered_at), frequency) == pytest.approx(0.6, abs=0.08)
        assert level_db(call.heard(None, call.answered_at)) == -120, "a phone that only rings says nothing"


def test_the_callee_can_hang_up_and_the_timeline_ends_there(alice: Phone, bob: Phone) -> None:
    out, into = connected(alice, bob)
    into.hang_up()
    assert out.wait_ended(2) == Ending(200, None, "them")
    assert out.ended_at is not None
    assert len(out.heard()) == round((out.ended_at - out.started_at) * 8000)
    into.hang_up()
    assert into.wait_ended(0.1) == Ending(200, None, "us"), "hanging up twice is nothing"


def test_what_is_spoken_changes_at_once(alice: Phone, bob: Phone) -> None:
    out, into = connected(alice, bob)
    switched = []
    for voice in (1000.0, None, 1633.0):
        switched.append(time.monotonic())
        out.speak(voice)
        time.sleep(0.3)
    heard = into.heard(switched[0], switched[0] + 0.9)
    assert tone_spans(heard, 1000) == [pytest.approx((0, 0.3), abs=0.04)]
    assert tone_spans(heard, 1633) == [pytest.approx((0.6, 0.9), abs=0.04)]
    assert max(silence_spans(heard, 0.2))[0] == pytest.approx(0.3, abs=0.04)


def test_a_clip_is_spoken_once_and_a_loop_over_and_over(alice: Phone, bob: Phone) -> None:
    out, into = connected(alice, bob)
    clip = speechlike(0.5)
    start = time.monotonic()
    out.speak(clip)
    into.speak(Loop(tone(2300, 0.13)))
    time.sleep(0.8)
    score, offset = correlate(into.heard(start, start + 0.8), clip)
    assert score > 0.97
    assert offset == pytest.approx(0, abs=0.04)
    assert level_db(into.heard(start + 0.6, start + 0.8)) < -65, "silence follows"
    assert tone_seconds(out.heard(start, start + 0.8), 2300) == pytest.approx(0.8, abs=0.06)


@pytest.mark.alone
def test_keys_arrive_in_order_once_each_and_take_the_place_of_the_voice(alice: Phone, bob: Phone) -> None:
    out, into = connected(alice, bob)
    out.speak(1000)
    time.sleep(0.1)
    before = time.monotonic()
    out.press("*9")
    out.press("99#", duration_ms=60)
    assert time.monotonic() - before < 2
    into.press("A1")
    into.wait_until("five keys", lambda: len(into.keys_received) == 5, 1)
    assert into.keys_received == "*999#"
    assert out.keys_received == "A1"
    assert into.at("key *") == pytest.approx(before, abs=0.05)
    key = into.at("key *")
    assert level_db(into.heard(key + 0.02, key + 0.1)) == -120
    with pytest.raises(ValueError, match="substring"):
        out.press("1x")


def test_a_caller_who_hangs_up_before_the_answer_cancels(alice: Phone, bob: Phone) -> None:
    out = alice.dial("bob", bob.port)
    into = bob.wait_call(2)
    out.hang_up()
    assert out.wait_ended(2) == Ending(487, None, "us")
    assert into.wait_ended(2) == Ending(487, None, "them")
    into.answer()
    assert into.answered_at is None, "it is too late"
    with pytest.raises(CallEndedError, match="487"):
        out.wait_answered(5)


@pytest.mark.parametrize(("policy", "status"), [("busy", 486), ("decline", 603)])
def test_a_phone_refuses_by_its_policy(alice: Phone, bob: Phone, policy: OnInvite, status: int) -> None:
    bob.on_invite = policy
    assert alice.dial("bob", bob.port).wait_ended(2) == Ending(status, None, "them")
    with pytest.raises(TimeoutError, match="bob: no call within"):
        bob.wait_call(0.05)


def test_a_ringing_phone_can_refuse(alice: Phone, bob: Phone) -> None:
    out = alice.dial("bob", bob.port)
    bob.wait_call(2).reject(480)
    assert out.wait_ended(2).status == 480


def test_a_silent_phone_takes_the_call_and_says_nothing(alice: Phone, bob: Phone) -> None:
    bob.on_invite = "silent"
    out = alice.dial("bob", bob.port)
    into = bob.wait_call(2)
    with pytest.raises(TimeoutError, match=r"alice: waited 0\.2 s in vain for ringing") as failure:
        out.wait_ringing(0.2)
    assert "INVITE sip:bob@" in str(failure.value), "the trace of the call stands in the message"
    out.hang_up()
    assert into.wait_ended(2).status == 487


def test_answers_by_policy_and_after_a_while(alice: Phone) -> None:
    with Phone("eager", on_invite="answer") as eager, Phone("calm", auto_answer_after=0.3) as calm:
        first, second = alice.dial("1", eager.port), alice.dial("2", calm.port)
        first.wait_answered(1)
        second.wait_answered(1)
        assert [what for _, what in first.events][:2] == ["100", "answered"]
        assert second.at("answered") - second.at("180") == pytest.approx(0.3, abs=0.06)


def test_sound_before_the_answer(alice: Phone, bob: Phone) -> None:
    bob.on_invite = "silent"
    out = alice.dial("bob", bob.port, voice=1000)
    into = bob.wait_call(2)
    into.speak(1633)
    into.progress()
    time.sleep(0.3)
    assert [what for _, what in out.events] == ["100", "183", "first-rtp"]
    assert out.state == "ringing"
    assert contains_tone(out.heard(), 1633)
    assert contains_tone(into.heard(), 1000)


def test_a_phone_without_a_common_codec_refuses_with_488(bob: Phone) -> None:
    with Phone("narrow", codecs=("PCMA",)) as narrow:
        bob.codecs = ("PCMU",)
        assert narrow.dial("bob", bob.port).wait_ended(2).status == 488


def test_a_law_is_spoken_when_it_is_what_both_have(bob: Phone) -> None:
    with Phone("alaw", codecs=("PCMA",)) as alaw:
        out, into = connected(alaw, bob)
        out.speak(1000)
        into.speak(1633)
        time.sleep(0.3)
        assert (out.media.codec, into.media.codec) == ("PCMA", "PCMA")
        assert contains_tone(into.heard(), 1000)
        assert contains_tone(out.heard(), 1633)


def test_a_text_is_delivered_with_its_body(alice: Phone, bob: Phone) -> None:
    assert alice.message("+40733", "Parola ta este 1234\nȘtefan", bob.port, caller="+40722000999") == 200
    (text,) = bob.messages
    assert (text.sender, text.body) == ("+40722000999", "Parola ta este 1234\nȘtefan")


@pytest.mark.parametrize(
    ("caller", "display"),
    [("+40722000111", "x" * 300), ("", ""), ("anonymous", "Anonymous"), ("1\r\nAction: x", 'Ștefan "Ț" \\'), ("';--", "%0A")],
)
def test_callers_of_every_kind_reach_the_other_side(alice: Phone, bob: Phone, caller: str, display: str) -> None:
    out = alice.dial("+40733#1", bob.port, caller=caller, display=display, diversion=["+40744000222"], headers=[("X-Test", "1")])
    into = bob.wait_call(2)
    assert (into.caller, into.display) == (caller, display)
    assert ("anonymous.invalid" in into.invite.get("From")) == (caller == "anonymous")
    invite = into.invite
    assert invite.get("Diversion") == "<sip:+40744000222@127.0.0.1>;reason=unconditional"
    assert (invite.get("X-Test"), invite.get("X-Rig-Phone"), invite.get("User-Agent")) == ("1", "alice", "callguard-rig/1")
    assert invite.uri.startswith("sip:+40733%231@127.0.0.1:")
    out.hang_up()
    out.wait_ended(2)


def test_nobody_there_ends_the_call_within_a_bound(alice: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "T1_S", 0.05)
    monkeypatch.setattr(line, "GIVE_UP_S", 0.4)
    with Phone("gone") as gone:
        nowhere = gone.port
    assert alice.dial("1", nowhere).wait_ended(2) == Ending(408, None, "us")
    with pytest.raises(TimeoutError, match="no answer to MESSAGE"):
        alice.message("1", "x", nowhere)


def test_leaving_a_phone_hangs_up_its_calls_and_frees_its_port_and_thread(alice: Phone) -> None:
    threads = threading.active_count()
    with Phone("brief", on_invite="answer") as brief:
        out = alice.dial("1", brief.port)
        out.wait_answered(2)
        port = brief.port
    assert out.wait_ended(0.5).by == "them"
    assert threading.active_count() == threads
    assert str(port) in brief.trace


def test_a_dead_thread_is_told_by_every_wait(alice: Phone, bob: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    out = alice.dial("bob", bob.port)
    out.wait_ringing(1)

    def broken() -> None:
        raise ZeroDivisionError

    alice.line.later(0, broken)
    with pytest.raises(RuntimeError, match="alice: the phone's thread has died"):
        out.wait_answered(2)
    with pytest.raises(RuntimeError, match="alice: the phone's thread has died"):
        alice.wait_call(2)


def test_twenty_phones_talk_at_once_without_a_gap() -> None:
    """Ten calls, each caller with a tone of its own; a lost or late frame would be a hole in it."""
    with Room(10) as pairs:
        calls = [(caller.dial("1", callee.port, voice=1000 + 150 * number), callee) for number, (caller, callee) in enumerate(pairs)]
        heard = [callee.wait_call(2) for _, callee in calls]
        for out, _ in calls:
            out.wait_answered(2)
        start = time.monotonic() + 0.1
        time.sleep(1.2)
        for number, into in enumerate(heard):
            sound = into.heard(start, start + 1)
            assert tone_spans(sound, 1000 + 150 * number) == [pytest.approx((0, 1), abs=0.02)]
            assert first_sound(sound) == 0


class Room:
    """Pairs of phones, the second of each answering at once."""

    def __init__(self, pairs: int) -> None:
        self._pairs = [(Phone(f"caller{number}"), Phone(f"callee{number}", on_invite="answer")) for number in range(pairs)]

    def __enter__(self) -> list[tuple[Phone, Phone]]:
        return self._pairs

    def __exit__(self, *_: object) -> None:
        for pair in self._pairs:
            for phone in pair:
                phone.close()
