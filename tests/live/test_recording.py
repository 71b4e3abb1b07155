"""What is recorded of a call, its row, its file and its tag, and that a transfer keeps it in one piece (S3, S8).

That MixMonitor writes only while the caller is in a conversation is proved by sound: the caller speaks on while he waits for the second
agent and after the last one has hung up, and nothing of it is in the file.

Debian's Asterisk 22.10.1 loses one side after a transfer in half of all cases. One translator serves all that is said to the recorded leg,
and it drops packets whose RTP sequence number is below the last one it saw, so that a second speaker is not recorded until his numbers
have passed those of the first: up to eleven minutes. Hence the phones choose here where they begin to count; the last test pins what
happens when they begin at the wrong place.
"""

import hashlib
import json
import os
import re
import time
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest

from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.staging import (
    PAUSE_BOUND_S,
    WHOLE,
    Scene,
    Stage,
    Tone,
    await_question,
    await_tone,
    heard_of,
    holds,
    instant,
    part,
    switch,
    talk,
    traces,
)
from tests.rig.phone import IncomingCall, OutgoingCall, PhoneCall
from tests.rig.sound import tone_seconds
from tests.rig.transfer import transfer, transfer_to

pytestmark = pytest.mark.live


COLLEAGUE: Final = "710"
BELOW, FIRST, ABOVE = 1_000, 10_000, 20_000
"""RTP sequence numbers to begin with."""

PATH: Final = re.compile(r"\d{4}/\d\d/\d\d/[0-9a-f]{32}-1\.wav")


def talking(house: House) -> tuple[str, OutgoingCall, IncomingCall]:
    number, outside = house.dial_in("700")
    inside = house.at_agent(number)
    inside.media.count_from(FIRST)
    switch(outside, Tone.TALK)
    inside.answer()
    talk(outside, inside, 0.8)
    return number, outside, inside


def colleague_talks(number: str, outside: PhoneCall, second: PhoneCall) -> Scene:
    """The second agent's tone is another; in the end he hangs up and the caller speaks on."""
    outside.speak(Tone.LEFT)
    second.speak(Tone.WAITING)
    time.sleep(0.8)
    part(second, outside)
    return Scene(number, outside, second)


def whole(house: House) -> Scene:
    number, outside, inside = talking(house)
    part(inside, outside)
    return Scene(number, outside, inside)


def handed_on(house: House, hand_on: Callable[[IncomingCall, str], None], counting_from: int = ABOVE) -> Scene:
    """The caller speaks `BEFORE` while the colleague's phone rings."""
    number, outside, inside = talking(house)
    hand_on(inside, number)
    second = house.at_agent(number, 1)
    second.media.count_from(counting_from)
    switch(outside, Tone.BEFORE)
    time.sleep(0.3)
    switch(outside, None)
    second.answer()
    return colleague_talks(number, outside, second)


def transferred_by_the_phone(house: House) -> Scene:
    return handed_on(house, lambda inside, _number: transfer(inside, COLLEAGUE))


def transferred_to_a_phone_that_counts_from_below(house: House) -> Scene:
    return handed_on(house, lambda inside, _number: transfer(inside, COLLEAGUE), BELOW)


def transferred_by_the_pbx(house: House) -> Scene:
    def hand_on(_inside: IncomingCall, number: str) -> None:
        house.transfer_by_pbx(number, COLLEAGUE)

    return handed_on(house, hand_on)


def redirected(house: House) -> Scene:
    def hand_on(_inside: IncomingCall, number: str) -> None:
        house.redirect(number, COLLEAGUE)

    return handed_on(house, hand_on)


def transferred_after_a_word_with_the_colleague(house: House) -> Scene:
    """REFER with Replaces: the caller takes the agent's place in the agent's other call."""
    number, outside, inside = talking(house)
    extension = f"2{number[-4:]}"
    consultation = house.site.agent.dial(COLLEAGUE, house.site.pbx.sip_port, caller=extension, voice=Tone.RINGING)
    second = house.at_agent(extension)
    second.media.count_from(ABOVE)
    second.answer()
    second.speak(Tone.REPLY)
    consultation.wait_answered(3)
    time.sleep(0.3)
    switch(second, None)
    switch(outside, None)
    transfer_to(inside, consultation)
    consultation.wait_ended(3)
    inside.hang_up()
    return colleague_talks(number, outside, second)


def sent_on_outside(house: House, key: str) -> Scene:
    """A recorded caller is sent on to an outside person, who is told like anybody else and may refuse."""
    number, outside, inside = talking(house)
    elsewhere = f"0742{number[-6:]}"
    transfer(inside, elsewhere)
    third = house.at_callee(elsewhere)
    third.media.count_from(ABOVE)
    switch(outside, Tone.BEFORE)
    third.speak(Tone.RINGING)
    third.answer()
    time.sleep(0.3)
    third.press(key)
    switch(third, None)
    await_tone(third, Tone.BEFORE, 5)
    return colleague_talks(number, outside, third)


def sent_on_to_somebody_who_stays(house: House) -> Scene:
    return sent_on_outside(house, "5")


def sent_on_to_somebody_who_refuses(house: House) -> Scene:
    return sent_on_outside(house, "9")


def transferred_after_a_word_with_somebody_who_refused(house: House) -> Scene:
    """An outside person whom the agent has called, and who did not want to be recorded, takes the agent's place."""
    number, outside, inside = talking(house)
    elsewhere = f"0742{number[-6:]}"
    consultation = house.site.agent.dial(elsewhere, house.site.pbx.sip_port, caller="200", voice=Tone.RINGING)
    third = house.at_callee(elsewhere)
    third.media.count_from(ABOVE)
    third.answer()
    await_question(third)
    third.press("2")
    consultation.wait_answered(5)
    switch(outside, None)
    transfer_to(inside, consultation)
    consultation.wait_ended(3)
    inside.hang_up()
    return colleague_talks(number, outside, third)


Play = Callable[[House], Scene]

TO_A_COLLEAGUE: Final[tuple[Play, ...]] = (
    transferred_by_the_phone,
    transferred_by_the_pbx,
    redirected,
    transferred_after_a_word_with_the_colleague,
)
SENT_ON: Final[tuple[Play, ...]] = (
    sent_on_to_somebody_who_stays,
    sent_on_to_somebody_who_refuses,
    transferred_after_a_word_with_somebody_who_refused,
)


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("recording")) as house:
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    plays = (whole, *TO_A_COLLEAGUE, *SENT_ON, transferred_to_a_phone_that_counts_from_below)
    stage = Stage({play.__name__: partial(play, house) for play in plays})
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def call(house: House, stage: Stage) -> dict[str, Any]:
    """A recorded call without any transfer."""
    return house.told(stage.scene(whole.__name__).number)


@pytest.fixture(scope="module")
def recording(call: dict[str, Any]) -> dict[str, Any]:
    (recording,) = call["recordings"]
    return dict(recording)


def test_the_row_tells_when_it_was_recorded(house: House, call: dict[str, Any], recording: dict[str, Any]) -> None:
    """S3, S8: the call's start and the recording's end are the PBX's times; the start is when it said that it records.

    A row's time is cut to the millisecond, and the PBX dates its answer and its event within another.
    """
    leg = call["parties"][0]["leg"]
    created, begun, ended = house.witnessed(leg)
    assert abs(instant(call["started_at"]) - created) < timedelta(milliseconds=20)
    assert timedelta(milliseconds=-2) < instant(recording["started_at"]) - begun < timedelta(milliseconds=100)
    assert abs(instant(recording["stopped_at"]) - ended) < timedelta(milliseconds=1)
    assert recording["status"] == "stopped"


def test_size_and_hash_are_those_of_the_file(house: House, recording: dict[str, Any]) -> None:
    """S8: the file that lies there is the one that was recorded."""
    content = (house.site.recordings / recording["path"]).read_bytes()
    assert (recording["size"], recording["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_it_expires_six_calendar_months_after_the_start_of_the_call(call: dict[str, Any], recording: dict[str, Any]) -> None:
    """S8: of the call and not of the file; the same day and time, six months on, or the last day of a shorter month."""
    start, expires = instant(call["started_at"]), instant(recording["expires_at"])
    assert (expires.year * 12 + expires.month) - (start.year * 12 + start.month) == 6
    assert expires.day == min(start.day, monthrange(expires.year, expires.month)[1])
    assert expires.timetz() == start.timetz()


def test_the_file_carries_its_tag(house: House, recording: dict[str, Any]) -> None:
    """S8: which recording it is, when it goes and what it hashes to; as attributes, or beside the file where it can have none."""
    path = house.site.recordings / recording["path"]
    beside = path.with_name(path.name + ".json")
    tag = json.loads(beside.read_text()) if beside.exists() else {name: os.getxattr(path, name).decode() for name in os.listxattr(path)}
    assert tag["user.callguard.recording"] == recording["id"]
    assert instant(tag["user.callguard.expires"]) == instant(recording["expires_at"])
    assert tag["user.callguard.sha256"] == recording["sha256"]


def test_its_name_is_made_of_the_day_and_our_own_id(call: dict[str, Any], recording: dict[str, Any]) -> None:
    """S10: nothing that a caller chose; `test_bad_callers` tries."""
    assert PATH.fullmatch(recording["path"])
    assert recording["path"] == f"{call['started_at'][:10].replace('-', '/')}/{call['id']}-1.wav"


@pytest.mark.parametrize("play", TO_A_COLLEAGUE)
def test_a_transfer_keeps_the_recording_in_one_piece(house: House, stage: Stage, play: Play) -> None:
    """S3: both conversations in one file, and nothing of the time between them or after them."""
    scene = stage.scene(play.__name__)
    sound = house.recording(scene.number)
    spoken = (Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.WAITING)
    assert holds(sound, *spoken) == list(spoken)
    assert traces(sound, Tone.BEFORE, Tone.AFTER, Tone.RINGING) == []
    assert [consent["decision"] for consent in house.consents(scene.number)] == ["stayed"]


def test_a_caller_who_is_sent_on_to_somebody_who_stays_is_recorded_on(house: House, stage: Stage) -> None:
    """S1, S2, C1: the new person, known by his own number, has heard the announcement before; nothing from until then is kept."""
    scene = stage.scene(sent_on_to_somebody_who_stays.__name__)
    sound = house.recording(scene.number)
    assert heard_of(scene.inside or scene.outside, house.site.sound_of("inbound-notice")) > WHOLE
    assert holds(sound, Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.WAITING) == [Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.WAITING]
    assert traces(sound, Tone.RINGING, Tone.AFTER) == []
    joined = next(party for party in house.told(scene.number)["parties"] if party["role"] == "joined")
    assert (joined["number"], joined["decision"]) == (f"+40742{scene.number[-6:]}", "stayed")


def test_a_caller_who_is_sent_on_to_somebody_who_refuses_is_recorded_no_more(house: House, stage: Stage) -> None:
    """S2, S3: the recording holds the conversation before the transfer, and silence for the one after it."""
    scene = stage.scene(sent_on_to_somebody_who_refuses.__name__)
    sound = house.recording(scene.number)
    assert holds(sound, Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]
    assert traces(sound, Tone.LEFT, Tone.WAITING, Tone.RINGING, Tone.AFTER) == []
    assert [consent["decision"] for consent in house.consents(scene.number)] == ["stayed", "refused"]


def test_somebody_who_refused_in_a_call_of_his_own_is_not_recorded_in_another(house: House, stage: Stage) -> None:
    """S2, S3: two calls with two decisions become one conversation, and the refusal holds in it; the two do talk."""
    scene = stage.scene(transferred_after_a_word_with_somebody_who_refused.__name__)
    assert holds(scene.outside.heard(), Tone.WAITING) == [Tone.WAITING]
    sound = house.recording(scene.number)
    assert holds(sound, Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]
    assert tone_seconds(sound, Tone.WAITING) < PAUSE_BOUND_S
    assert tone_seconds(sound, Tone.LEFT) < PAUSE_BOUND_S


def test_only_debians_asterisk_does_not_record_a_next_speaker_who_counts_from_below(house: House, stage: Stage) -> None:
    """A fault of that PBX, pinned: the caller hears the colleague, the recording does not."""
    scene = stage.scene(transferred_to_a_phone_that_counts_from_below.__name__)
    assert holds(scene.outside.heard(), Tone.WAITING) == [Tone.WAITING]
    assert holds(house.recording(scene.number), Tone.TALK, Tone.REPLY, Tone.LEFT, Tone.WAITING) == [
        *(Tone.TALK, Tone.REPLY, Tone.LEFT),
        *([] if house.on_asterisk else [Tone.WAITING]),
    ]
