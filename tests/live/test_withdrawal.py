"""Consent taken back in the middle of a conversation, by key or by an entry in the do-not-record register, and people who are in that
register before they call or are called: on real PBXs and measured by sound (S3, S4, C8).

The tones change right behind the last key, so that what the file holds of the new ones is how long the recording went on.
"""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.outbound_calls import answered
from tests.live.register_calls import (
    ENTRY_BOUND_S,
    a_callee_entered_in_mid_call,
    a_caller_entered_in_mid_call,
    a_listed_callee,
    a_listed_caller,
    a_listed_caller_who_is_told,
    enter_wishes,
)
from tests.live.staging import Scene, Stage, Tone, await_tone, heard_of, holds, instant, outside_party, switch, talk, traces
from tests.rig.phone import PhoneCall
from tests.rig.site import QUESTION_SECONDS
from tests.rig.sound import tone_seconds

pytestmark = pytest.mark.live

CARD: Final = "4711086253"
"""What a caller may type in a conversation and nobody may keep."""

STOP_BOUND_S: Final = 0.5
HELD_S: Final = 0.16


def talking(house: House, dialled: str) -> tuple[str, PhoneCall, PhoneCall]:
    """A call after a notice: both have been recorded for a second."""
    number, outside = house.dial_in(dialled)
    inside = house.at_agent(number)
    switch(outside, None)
    inside.answer()
    talk(outside, inside)
    return number, outside, inside


def press_and_talk_on(keys: str, presser: PhoneCall, outside: PhoneCall, inside: PhoneCall) -> None:
    """With other tones, from the first frame behind the last key on: they are chosen while it is held down, when a phone sends no voice."""
    presser.press(keys[:-1])
    with presser.line.changed:
        presser.media.press(keys[-1], HELD_S)
    time.sleep(HELD_S / 2)
    outside.speak(Tone.LEFT)
    inside.speak(Tone.AFTER)
    await_tone(inside, Tone.LEFT, 3)
    time.sleep(0.8)


def withdrawn(house: House) -> Scene:
    number, outside, inside = talking(house, "700")
    press_and_talk_on("*9", outside, outside, inside)
    return Scene(number, outside, inside)


def withdrawn_by_the_callee(house: House) -> Scene:
    number, inside, outside = answered(house, "0740")
    inside.wait_answered(8)
    talk(outside, inside)
    press_and_talk_on("*9", outside, outside, inside)
    return Scene(number, outside, inside)


def withdrawn_by_the_keys_of_the_policy(house: House) -> Scene:
    number, outside, inside = talking(house, "707")
    press_and_talk_on("#7", outside, outside, inside)
    return Scene(number, outside, inside)


def typed_a_card_number(house: House) -> Scene:
    number, outside, inside = talking(house, "700")
    press_and_talk_on(CARD, outside, outside, inside)
    return Scene(number, outside, inside)


def pressed_by_the_agent(house: House) -> Scene:
    number, outside, inside = talking(house, "700")
    press_and_talk_on("*9", inside, outside, inside)
    return Scene(number, outside, inside)


def pressed_the_keys_of_another_policy(house: House) -> Scene:
    number, outside, inside = talking(house, "707")
    press_and_talk_on("*9", outside, outside, inside)
    return Scene(number, outside, inside)


def pressed_where_no_keys_are_set(house: House) -> Scene:
    number, outside, inside = talking(house, "708")
    press_and_talk_on("*9", outside, outside, inside)
    return Scene(number, outside, inside)


Play = Callable[[House], Scene]

STOPPED: Final = (withdrawn, withdrawn_by_the_callee, withdrawn_by_the_keys_of_the_policy)
LISTED: Final = (a_listed_caller, a_listed_callee, a_listed_caller_who_is_told)
ENTERED: Final = (a_caller_entered_in_mid_call, a_callee_entered_in_mid_call)
UNMOVED: Final = (typed_a_card_number, pressed_by_the_agent, pressed_the_keys_of_another_policy, pressed_where_no_keys_are_set)


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("withdrawal")) as house:
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    enter_wishes(house)
    stage = Stage({play.__name__: partial(play, house) for play in (*ENTERED, *LISTED, *STOPPED, *UNMOVED)})
    yield stage
    stage.close()


@pytest.mark.parametrize("play", STOPPED)
def test_the_recording_stops_within_half_a_second_of_the_last_key(house: House, stage: Stage, play: Play) -> None:
    """S3, C8: of either side; what was recorded before stays."""
    sound = house.recording(stage.scene(play.__name__).number)
    assert tone_seconds(sound, Tone.TALK) > 0.85
    assert tone_seconds(sound, Tone.REPLY) > 0.85
    assert tone_seconds(sound, Tone.LEFT) < STOP_BOUND_S
    assert tone_seconds(sound, Tone.AFTER) < STOP_BOUND_S


@pytest.mark.parametrize("play", STOPPED)
def test_the_conversation_goes_on(stage: Stage, play: Play) -> None:
    """S3: it is the recording that ends, not the call."""
    scene = stage.scene(play.__name__)
    assert scene.inside is not None
    assert holds(scene.outside.heard(), Tone.AFTER) == [Tone.AFTER]
    assert holds(scene.inside.heard(), Tone.LEFT) == [Tone.LEFT]


@pytest.mark.parametrize("play", STOPPED)
def test_the_withdrawal_stands_beside_the_decision_that_it_ends(house: House, stage: Stage, play: Play) -> None:
    """C8: for the future only, so the first row stays as it was; the second one says when, and holds no key of the conversation."""
    number = stage.scene(play.__name__).number
    call = house.told(number)
    first, second = house.consents(number)
    assert (first["decision"], first["how"], first["key"]) == ("stayed", "stayed", None)
    assert (second["decision"], second["how"], second["key"]) == ("withdrawn", "key", None)
    assert first["decided_at"] < second["decided_at"] <= second["received_at"]
    (recording,) = call["recordings"]
    assert outside_party(call)["decision"] == "withdrawn"
    assert recording["status"] == "stopped"
    assert instant(recording["started_at"]) < instant(recording["stopped_at"]) == instant(outside_party(call)["decided_at"])


@pytest.mark.parametrize("play", UNMOVED)
def test_other_keys_and_other_people_change_nothing(house: House, stage: Stage, play: Play) -> None:
    """S3, C8: the recording runs to the end of the conversation."""
    number = stage.scene(play.__name__).number
    sound = house.recording(number)
    assert holds(sound, Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.AFTER) == [Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.AFTER]
    assert [consent["decision"] for consent in house.consents(number)] == ["stayed"]


def test_keys_of_a_conversation_are_kept_nowhere(house: House, stage: Stage) -> None:
    """C8: neither whole nor as a part, in rows, write-ahead log, daemon's log, status file, tag or output of any command.

    Six digits in a row come up by chance in the hashes, salts and ids that a database is full of, once in some 300 runs; so these
    are looked for beside them, and eight of them everywhere.
    """
    call = house.told(stage.scene(typed_a_card_number.__name__).number)
    printed = {
        word: house.site.run(*word.split()).stdout.encode() for word in ("calls --json", f"show {call['id']} --json", "status --json")
    }
    kept = house.kept() | printed
    assert {"callguard.db", "callguard.db-wal", "daemon.log"} <= {Path(name).name for name in kept}
    told = {where: re.sub(rb"[0-9a-f]{32,}", b" ", content) for where, content in kept.items()}
    for length, contents in ((6, told), (8, kept)):
        pieces = [CARD[at : at + length].encode() for at in range(len(CARD) - length + 1)]
        assert [(where, piece) for where, content in contents.items() for piece in pieces if piece in content] == []


def test_show_tells_both_decisions(house: House, stage: Stage) -> None:
    """C8: the evidence of a call is its first decision and the withdrawal, in their order."""
    call = house.told(stage.scene(withdrawn.__name__).number)
    shown = house.site.json("show", call["id"])
    assert [one["decision"] for one in shown["evidence"]] == ["stayed", "withdrawn"]


@pytest.mark.parametrize("play", LISTED)
def test_a_listed_person_is_asked_nothing_and_not_recorded(house: House, stage: Stage, play: Play) -> None:
    """S4: whoever calls whom, also where a refusal would end the call; the two talk at once, and no prompt is heard."""
    scene = stage.scene(play.__name__)
    assert house.told(scene.number)["recordings"] == []
    assert scene.marks["waited"] < QUESTION_SECONDS
    prompts = ("inbound-notice", "inbound-opt-in", "outbound-opt-in", "not-recorded")
    heard = [name for name in prompts if heard_of(scene.outside, house.site.sound_of(name)) > 0.3]
    assert heard == (["not-recorded"] if play is a_listed_caller_who_is_told else [])
    assert scene.inside is not None
    assert holds(scene.inside.heard(), Tone.TALK) == [Tone.TALK]


@pytest.mark.parametrize("play", LISTED)
def test_the_decision_is_that_of_the_register(house: House, stage: Stage, play: Play) -> None:
    """S4: no key is stored, and no announcement that nobody heard; the listing tells it."""
    number = stage.scene(play.__name__).number
    (consent,) = house.consents(number)
    assert (consent["decision"], consent["how"], consent["key"], consent["announcement"]) == ("refused", "register", None, None)
    party = outside_party(house.told(number))
    assert (party["decision"], party["how"], party["heard_ms"]) == ("refused", "register", 0)


@pytest.mark.parametrize("play", ENTERED)
def test_entered_in_mid_call_nothing_of_a_second_later_is_recorded(house: House, stage: Stage, play: Play) -> None:
    """S4, C8: measured from the command's answer; what was recorded before stays, and the conversation goes on."""
    scene = stage.scene(play.__name__)
    sound = house.recording(scene.number)
    assert tone_seconds(sound, Tone.TALK) > 0.85
    assert tone_seconds(sound, Tone.REPLY) > 0.85
    assert tone_seconds(sound, Tone.WAITING) < ENTRY_BOUND_S
    assert traces(sound, Tone.LEFT, Tone.AFTER) == []
    assert scene.inside is not None
    assert holds(scene.inside.heard(), Tone.LEFT) == [Tone.LEFT]


@pytest.mark.parametrize("play", ENTERED)
def test_the_entry_stands_beside_the_decision_that_it_ends(house: House, stage: Stage, play: Play) -> None:
    """C8: for the future only."""
    number = stage.scene(play.__name__).number
    assert [(one["decision"], one["how"], one["key"]) for one in house.consents(number)] == [
        ("stayed", "stayed", None),
        ("withdrawn", "register", None),
    ]
    (recording,) = house.told(number)["recordings"]
    assert recording["status"] == "stopped"
