"""Consent on inbound calls, on real PBXs and by sound: what callers hear, what they decide, what is recorded of them.

Proves S1, S3, S6, S7, S12 and C5. The calls are those of `inbound_calls`, side by side; each test looks at one of them.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from callguard.announcements.text import NAMES
from callguard.config.policies import PURPOSES
from tests.live import inbound_calls as plays
from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.inbound_calls import INBOUND
from tests.live.staging import Scene, Stage, Tone, heard_of, heard_whole, holds, instant, outside_party, times_heard, traces
from tests.rig.g711 import Samples
from tests.rig.phone import Ending
from tests.rig.sound import RATE, read_wav, tone_seconds

pytestmark = pytest.mark.live

NEVER_RECORDED = tuple(tone for tone in Tone if tone not in (Tone.TALK, Tone.REPLY))
NEAR = timedelta(milliseconds=200)

PROMPTS = {
    "700": ("inbound-notice", "ro"),
    "701": ("inbound-opt-out", "ro"),
    "702": ("inbound-opt-in", "ro"),
    "704": ("inbound-notice", "ro"),
    "705": ("inbound-opt-out", "en"),
    "706": ("inbound-notice", "en"),
}
"""Name and language of the question, by the number dialled."""

RECORDED = tuple(play for play, expected in INBOUND.items() if expected.recorded)
NOT_RECORDED = tuple(play for play, expected in INBOUND.items() if not expected.recorded)
ASKED = tuple(play for play, expected in INBOUND.items() if expected.asked is not None)
CONNECTED = tuple(play for play in INBOUND if play not in (plays.refused_where_that_ends_the_call, plays.hung_up_in_the_notice))

Play = Callable[[House], Scene]


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("inbound")) as house:
        house.take_away("inbound-notice", "en")
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    stage = Stage({play.__name__: partial(play, house) for play in INBOUND})
    yield stage
    stage.close()


def played(house: House, stage: Stage, play: Play) -> tuple[Scene, dict[str, Any]]:
    scene = stage.scene(play.__name__)
    return scene, house.told(scene.number)


def question(house: House, call: dict[str, Any]) -> Samples:
    return house.site.sound_of(*PROMPTS[call["dialled"]])


@pytest.mark.parametrize("play", RECORDED)
def test_both_sides_of_the_conversation_are_recorded_and_nothing_else(house: House, stage: Stage, play: Play) -> None:
    """S1, S3: nothing of the notice, the wait for a key, the ringing, or the time after the other side's hang-up."""
    scene, _ = played(house, stage, play)
    sound = house.recording(scene.number)
    assert holds(sound, Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]
    assert tone_seconds(sound, Tone.TALK) > 0.85
    assert traces(sound, *NEVER_RECORDED) == []


@pytest.mark.parametrize("play", NOT_RECORDED)
def test_who_did_not_agree_is_not_recorded(house: House, stage: Stage, play: Play) -> None:
    """S1, S3."""
    _, call = played(house, stage, play)
    assert call["recordings"] == []


def test_no_file_exists_that_no_row_knows(house: House, stage: Stage) -> None:
    """S1, S3: after all calls of this module."""
    known = {one["path"] for play in INBOUND for one in played(house, stage, play)[1]["recordings"]}
    assert {str(path.relative_to(house.site.recordings)) for path in house.site.recordings.rglob("*.wav*")} == known


@pytest.mark.parametrize("play", CONNECTED)
def test_the_agent_is_not_rung_before_the_person_has_heard_and_decided(house: House, stage: Stage, play: Play) -> None:
    """S1: before the call is connected, the whole announcement; the phones' clock, not the daemon's."""
    scene, call = played(house, stage, play)
    assert scene.inside is not None
    decided = instant(outside_party(call)["decided_at"])
    assert house.utc(scene.inside.started_at) > decided - timedelta(milliseconds=20)
    if INBOUND[play].asked:
        _, ended = heard_whole(scene.outside, question(house, call))
        assert scene.inside.started_at > ended - 0.03


@pytest.mark.parametrize("play", ASKED)
def test_the_question_is_heard_whole_as_often_as_it_is_put(house: House, stage: Stage, play: Play) -> None:
    """S1: once, and once more for a wrong key, an early one or none where one is needed."""
    scene, call = played(house, stage, play)
    assert times_heard(scene.outside, question(house, call)) == INBOUND[play].asked


@pytest.mark.parametrize("play", INBOUND)
def test_the_decision_is_stored_as_it_was_made(house: House, stage: Stage, play: Play) -> None:
    """S1: staying on the line is `stayed` and no key; an acceptance key before the end of the question is no acceptance."""
    _, call = played(house, stage, play)
    party = outside_party(call)
    expected = INBOUND[play]
    assert [party[name] for name in ("decision", "how", "key", "complete")] == [
        expected.decision,
        expected.how,
        expected.key,
        expected.complete,
    ]


@pytest.mark.parametrize("play", INBOUND)
def test_thanks_and_regrets_are_said_to_whom_they_are_due(house: House, stage: Stage, play: Play) -> None:
    """S1, S3: after a key, in the language of the question."""
    scene, call = played(house, stage, play)
    language = PROMPTS[call["dialled"]][1] if call["dialled"] in PROMPTS else "ro"
    said = {name: heard_of(scene.outside, house.site.sound_of(name, language)) > 0.9 for name in ("thank-you", "refused")}
    assert said == {"thank-you": INBOUND[play].decision == "granted", "refused": INBOUND[play].decision == "refused"}


def test_a_refusal_is_believed_at_once_and_the_call_goes_on(house: House, stage: Stage) -> None:
    """S3, C1: the notice stops at the key; what is stored as heard is what was heard, measured in the caller's ear."""
    scene, call = played(house, stage, plays.refused_in_the_notice)
    party = outside_party(call)
    notice = house.site.sound_of("inbound-notice")[: RATE // 2]
    begun, _ = heard_whole(scene.outside, notice)
    regrets, _ = heard_whole(scene.outside, house.site.sound_of("refused"))
    assert party["heard_ms"] == pytest.approx((regrets - begun) * 1000, abs=60)
    assert party["announced_at"] is None
    assert abs(instant(party["decided_at"]) - house.utc(scene.marks["pressed"])) < NEAR
    assert scene.inside is not None
    assert holds(scene.inside.heard(), Tone.TALK) == [Tone.TALK]
    assert holds(scene.outside.heard(), Tone.REPLY) == [Tone.REPLY]


def test_where_a_refusal_ends_the_call_it_ends(house: House, stage: Stage) -> None:
    """S3: `on_refusal = "hangup"`, Q.850 cause 16, and nobody is rung."""
    scene, call = played(house, stage, plays.refused_where_that_ends_the_call)
    assert scene.outside.ending == Ending(200, 16, "them")
    assert not house.rang_at_agent(scene.number)
    assert call["hangup_cause"] == "NORMAL_CLEARING"


def test_who_hangs_up_in_the_notice_has_not_answered(house: House, stage: Stage) -> None:
    """S1, S3: the milliseconds heard are those until the hang-up, and nobody is rung."""
    scene, call = played(house, stage, plays.hung_up_in_the_notice)
    begun, _ = heard_whole(scene.outside, house.site.sound_of("inbound-notice")[: RATE // 2])
    assert outside_party(call)["heard_ms"] == pytest.approx((scene.marks["hung up"] - begun) * 1000, abs=60)
    assert not house.rang_at_agent(scene.number)


def test_without_its_prompt_the_call_goes_on_at_once(house: House, stage: Stage) -> None:
    """S1: nothing was heard, so nothing counts."""
    scene, call = played(house, stage, plays.prompt_missing_at_the_pbx)
    assert outside_party(call)["heard_ms"] == 0
    assert scene.inside is not None
    assert scene.inside.started_at - scene.outside.started_at < 1


def test_where_nothing_is_recorded_nothing_is_said(house: House, stage: Stage) -> None:
    """S1: the mode `never`; the call is not even answered before the agent does."""
    scene, _ = played(house, stage, plays.never_asked)
    assert scene.inside is not None
    assert scene.outside.answered_at is not None
    assert scene.inside.started_at - scene.outside.started_at < 0.5
    assert scene.outside.answered_at > scene.inside.started_at + 0.2
    assert all(heard_of(scene.outside, house.site.sound_of(name)) < 0.3 for name in NAMES if name.startswith("inbound"))


def test_evidence_of_having_stayed(house: House, stage: Stage) -> None:
    """S1, S6, S7, S12, C5: which version, how much of it, when by the PBX's clock, under which policy, for what."""
    scene, _ = played(house, stage, plays.stayed)
    (consent,) = house.consents(scene.number)
    prompt = house.site.prompt("inbound-notice")
    assert (consent["announcement"], consent["language"], consent["how"], consent["key"]) == (prompt.version, "ro", "stayed", None)
    assert prompt.duration_ms - 20 <= consent["heard_ms"] <= prompt.duration_ms
    ended = house.first_prompt_ended(consent["leg"], prompt.duration_ms)
    assert consent["announced_at"] == consent["decided_at"] == int(ended.timestamp() * 1000)
    assert 0 <= consent["received_at"] - consent["decided_at"] < 200
    _, heard_until = heard_whole(scene.outside, house.site.sound_of("inbound-notice"))
    assert abs(house.utc(heard_until).timestamp() * 1000 - consent["announced_at"]) < 100
    assert (consent["legal_basis"], tuple(json.loads(consent["purposes"]))) == ("consent", PURPOSES)


def test_evidence_of_an_accepting_key(house: House, stage: Stage) -> None:
    """S6, S7, S12: the key, its time after the announcement's, and the policy's own basis and purposes."""
    scene, call = played(house, stage, plays.accepted)
    (consent,) = house.consents(scene.number)
    assert (consent["decision"], consent["how"], consent["key"]) == ("granted", "key", "1")
    assert consent["announcement"] == house.site.prompt("inbound-opt-in").version
    assert consent["announced_at"] + 400 < consent["decided_at"] <= consent["received_at"] < consent["decided_at"] + 200
    assert instant(call["started_at"]) < instant(outside_party(call)["announced_at"]) < instant(call["recordings"][0]["started_at"])
    assert (consent["legal_basis"], json.loads(consent["purposes"])) == ("legitimate interest", ["proof of interactions"])
    (policy,) = house.rows("SELECT name FROM policies WHERE version = ?", consent["policy_version"])
    assert policy["name"] == call["policy"] == "p702"


def test_show_tells_the_evidence(house: House, stage: Stage) -> None:
    """S1, S6, S7, S12: all of it in one place, the words that were heard among it, for a person and for a program."""
    scene, call = played(house, stage, plays.accepted)
    (shown,) = house.site.json("show", call["id"])["evidence"]
    (row,) = house.consents(scene.number)
    same = ("decision", "how", "key", "announcement", "language", "heard_ms", "policy_version", "legal_basis")
    assert {name: shown[name] for name in same} == {name: row[name] for name in same}
    assert (shown["announcement_name"], shown["complete"], shown["purposes"]) == ("inbound-opt-in", True, ["proof of interactions"])
    assert shown["announcement_text"] in house.site.run("show", call["id"]).stdout.replace("\n", " ")


def test_the_very_version_that_was_heard_can_be_produced(house: House, stage: Stage, tmp_path: Path) -> None:
    """S12, C5: text and sound lie beside the evidence, and the sound is what the caller heard."""
    scene, _ = played(house, stage, plays.opted_out_in_another_language)
    (consent,) = house.consents(scene.number)
    (kept,) = house.rows("SELECT * FROM announcements WHERE version = ?", consent["announcement"])
    assert (consent["language"], kept["language"], kept["name"]) == ("en", "en", "inbound-opt-out")
    assert "9" in kept["text"]
    (tmp_path / "kept.wav").write_bytes(kept["audio_8k"])
    heard_whole(scene.outside, read_wav(tmp_path / "kept.wav")[1])
