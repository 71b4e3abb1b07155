"""The test phone against a real Asterisk, so that a failing live test speaks of callguard and not of its phones."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.rig.asterisk import PrivateAsterisk
from tests.rig.phone import Ending, IncomingCall, OutgoingCall, Phone
from tests.rig.sound import contains_tone, correlate, first_sound, read_wav, tone_seconds, tone_spans, write_wav
from tests.unit.test_rig_sound import speechlike

pytestmark = pytest.mark.live

DIALPLAN: Final = """
[from-outside]
exten = echo,1,Answer()
 same = n,Echo()
exten = play,1,Answer()
 same = n,Playback(${ASTVARLIBDIR}/../sounds/words)
 same = n,Wait(0.3)
exten = early,1,Progress()
 same = n,Playback(${ASTVARLIBDIR}/../sounds/words,noanswer)
 same = n,Hangup(17)
exten = read,1,Answer()
 same = n,Read(keys,,3,,1,5)
 same = n,Set(DB(rig/keys)=${keys})
 same = n,Hangup()
exten = bob,1,Dial(PJSIP/bob,10)
 same = n,Hangup(${HANGUPCAUSE})
exten = recorded,1,MixMonitor(${ASTVARLIBDIR}/../recordings/call.wav)
 same = n,Dial(PJSIP/bob,10)
exten = who,1,Set(DB(rig/caller)=${CALLERID(num)})
 same = n,Set(DB(rig/redirecting)=${REDIRECTING(from-num)})
 same = n,Set(DB(rig/agent)=${PJSIP_HEADER(read,User-Agent)})
 same = n,Hangup(21)

[messages]
exten = bob,1,MessageSend(pjsip:bob,${MESSAGE(from)})
"""


WORDS: Final = speechlike(1.5)


class House(NamedTuple):
    """An Asterisk with one phone outside and one inside."""

    pbx: PrivateAsterisk
    alice: Phone
    bob: Phone


@pytest.fixture(scope="module")
def running(asterisk_root: Path) -> Iterator[House]:
    with Phone("alice", user_agent="Alice/7") as alice, Phone("bob") as bob:
        phones = {"alice": alice.port, "bob": bob.port}
        with PrivateAsterisk(asterisk_root, phones=phones, outside={"alice"}, dialplan=None, extra_dialplan=DIALPLAN) as pbx:
            write_wav(pbx.sounds.outside / "words.wav", WORDS)
            yield House(pbx, alice, bob)


@pytest.fixture
def house(running: House) -> Iterator[House]:
    """The same house, every phone with its usual manners and nothing heard yet."""
    running.bob.on_invite = "ring"
    running.bob.messages.clear()
    yield running
    for phone in (running.alice, running.bob):
        for call in phone.calls:
            call.hang_up()
            call.wait_ended(2)


def stored(house: House, key: str) -> str:
    """What the dialplan wrote down."""
    return house.pbx.cli(f"database get rig {key}").strip().removeprefix("Value: ")


def talking(house: House, number: str) -> tuple[OutgoingCall, IncomingCall]:
    out = house.alice.dial(number, house.pbx.sip_port)
    into = house.bob.wait_call(3)
    out.wait_ringing(2)
    into.answer()
    out.wait_answered(2)
    return out, into


def test_an_echo_brings_back_the_tone_and_the_keys(house: House) -> None:
    out = house.alice.dial("echo", house.pbx.sip_port, voice=1000)
    out.wait_answered(3)
    out.wait_until("the echo", lambda: contains_tone(out.heard(), 1000), 2)
    out.press("98")
    time.sleep(0.3)
    assert out.keys_received == "98"
    out.hang_up()
    assert out.wait_ended(2) == Ending(200, None, "us")


def test_what_the_pbx_plays_is_heard_whole_and_as_it_is(house: House) -> None:
    out = house.alice.dial("play", house.pbx.sip_port)
    out.wait_answered(3)
    assert out.wait_ended(6).by == "them"
    score, offset = correlate(out.heard(out.answered_at), WORDS)
    assert score > 0.97
    assert 0 <= offset < 0.5
    assert first_sound(out.heard(out.answered_at)) == pytest.approx(offset, abs=0.05)


def test_an_announcement_before_the_answer_is_heard_too(house: House) -> None:
    out = house.alice.dial("early", house.pbx.sip_port)
    ending = out.wait_ended(6)
    assert (ending.status, ending.cause, out.answered_at) == (486, 17, None)
    assert correlate(out.heard(), WORDS)[0] > 0.97
    assert "183" in [what for _, what in out.events]


def test_keys_reach_the_pbx(house: House) -> None:
    out = house.alice.dial("read", house.pbx.sip_port)
    out.wait_answered(3)
    time.sleep(0.2)
    out.press("1*9", duration_ms=80)
    assert out.wait_ended(6).by == "them"
    assert stored(house, "keys") == "1*9"


def test_two_phones_hear_each_other_through_the_pbx(house: House) -> None:
    out, into = talking(house, "bob")
    out.speak(1000)
    into.speak(1633)
    time.sleep(1)
    out.press("5")
    into.press("7")
    time.sleep(0.2)
    assert (into.keys_received, out.keys_received) == ("5", "7")
    into.hang_up()
    assert out.wait_ended(2) == Ending(200, 16, "them")
    assert tone_seconds(into.heard(), 1000) > 0.9
    assert tone_seconds(out.heard(), 1633) > 0.9
    assert not contains_tone(into.heard(), 1633)


def test_what_is_recorded_is_what_was_spoken_and_when(house: House) -> None:
    out, into = talking(house, "recorded")
    out.speak(1000)
    time.sleep(0.5)
    out.speak(None)
    into.speak(2300)
    time.sleep(0.5)
    out.hang_up()
    into.wait_ended(2)
    path = house.pbx.recordings.outside / "call.wav"
    time.sleep(0.3)  # MixMonitor writes the header when its thread ends
    rate, sound = read_wav(path)
    ((first, second),) = tone_spans(sound, 1000, rate)
    ((third, fourth),) = tone_spans(sound, 2300, rate)
    assert second - first == pytest.approx(0.5, abs=0.06)
    assert fourth - third == pytest.approx(0.5, abs=0.06)
    assert third - second == pytest.approx(0, abs=0.06)


def test_the_pbx_tells_a_busy_phone_a_cancelled_call_and_a_refused_one(house: House) -> None:
    house.bob.on_invite = "busy"
    assert house.alice.dial("bob", house.pbx.sip_port).wait_ended(3) == Ending(486, 17, "them")
    house.bob.on_invite = "ring"
    out = house.alice.dial("bob", house.pbx.sip_port)
    into = house.bob.wait_call(3)
    out.wait_ringing(2)
    out.hang_up()
    assert out.wait_ended(2).status == 487
    assert into.wait_ended(2).status == 487


@pytest.mark.parametrize(
    ("caller", "display", "seen"),
    [
        ("+40722000111", "Ștefan Țăran", ("+40722000111", "Ștefan Țăran")),
        ("+40722000111", 'q"q', ("+40722000111", r"q\"q")),  # Asterisk keeps the escape as part of the name
        ("anonymous", "Anonymous", ("anonymous", "Anonymous")),
        ("", "", ("anonymous", "Anonymous")),  # its own words for nobody
        ("9" * 300, "x" * 300, ("9" * 79, "x" * 79)),
        ("1\r\nX: y", "%0A", ("1\r\nX: y", "%0A")),  # the line break is inside Asterisk now
    ],
)
def test_callers_of_every_kind_get_through(house: House, caller: str, display: str, seen: tuple[str, str]) -> None:
    house.alice.dial("bob", house.pbx.sip_port, caller=caller, display=display)
    into = house.bob.wait_call(3)
    assert (into.caller, into.display) == seen


def test_redirecting_number_and_equipment_reach_the_dialplan(house: House) -> None:
    out = house.alice.dial("who", house.pbx.sip_port, caller="+40722000222", diversion=["+40744000333"])
    assert out.wait_ended(3).status == 403
    assert (stored(house, "caller"), stored(house, "redirecting")) == ("+40722000222", "+40744000333")
    assert stored(house, "agent") == "Alice/7"


def test_a_text_goes_through_the_pbx(house: House) -> None:
    assert house.alice.message("bob", "canary Ș", house.pbx.sip_port) == 202
    bound = time.monotonic() + 2
    while not house.bob.messages and time.monotonic() < bound:
        time.sleep(0.02)
    assert [text.body for text in house.bob.messages] == ["canary Ș"]
