"""Consent on outbound calls, on real PBXs and by sound: the callee is told and asked before anybody hears him (S2, S3, S6, S7).

The calls are those of `outbound_calls`, side by side; each test looks at one of them.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.live import outbound_calls as plays
from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.outbound_calls import OUTBOUND
from tests.live.staging import Scene, Stage, Tone, heard_of, heard_whole, holds, instant, outside_party, times_heard, traces
from tests.rig.g711 import Samples
from tests.rig.phone import Ending, PhoneCall
from tests.rig.sound import RATE, level_db, tone_seconds

pytestmark = pytest.mark.live

NEVER_RECORDED = tuple(tone for tone in Tone if tone not in (Tone.TALK, Tone.REPLY))

RINGING_HZ = 425
"""What the rig's Asterisk plays where it rings by sound."""

QUESTIONS = {
    "0740": ("outbound-notice", "ro"),
    "0741": ("outbound-opt-out", "ro"),
    "0742": ("outbound-opt-in", "ro"),
    "0744": ("outbound-opt-in", "ro"),
    "0745": ("outbound-opt-in", "en"),
    "0746": ("outbound-opt-in", "ro"),
}
"""Name and language of the question, by the prefix dialled."""

RECORDED = tuple(play for play, expected in OUTBOUND.items() if expected.recorded)
NOT_RECORDED = tuple(play for play, expected in OUTBOUND.items() if not expected.recorded)
ASKED = tuple(play for play, expected in OUTBOUND.items() if expected.asked is not None)
NOT_JOINED = (
    plays.declined_where_that_ends_the_call,
    plays.hung_up_in_the_question,
    plays.hung_up_in_the_wait_for_a_key,
    plays.given_up_by_the_agent,
)
JOINED = tuple(play for play in ASKED if play not in NOT_JOINED)

Play = Callable[[House], Scene]


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("outbound")) as house:
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    stage = Stage({play.__name__: partial(play, house) for play in OUTBOUND})
    yield stage
    stage.close()


def played(house: House, stage: Stage, play: Play) -> tuple[Scene, PhoneCall, dict[str, Any]]:
    scene = stage.scene(play.__name__)
    assert scene.inside is not None
    return scene, scene.inside, house.told(scene.number)


def question(house: House, call: dict[str, Any]) -> Samples:
    return house.site.sound_of(*QUESTIONS[call["dialled"][:4]])


@pytest.mark.parametrize("play", RECORDED)
def test_both_sides_of_the_conversation_are_recorded_and_nothing_else(house: House, stage: Stage, play: Play) -> None:
    """S2, S3: nothing of the question, the wait for a key, what the agent said meanwhile, or the time after the callee's hang-up."""
    sound = house.recording(played(house, stage, play)[0].number)
    assert holds(sound, Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]
    assert tone_seconds(sound, Tone.TALK) > 0.85
    if play is not plays.stayed:
        assert traces(sound, *NEVER_RECORDED) == []


def test_nothing_is_recorded_of_the_time_before_the_two_are_joined(house: House, stage: Stage) -> None:
    """S2: both spoke on until the agent saw the answer, and not more of it is in the file than was spoken after that."""
    scene, inside, _ = played(house, stage, plays.stayed)
    assert inside.answered_at is not None
    together_s = scene.marks["switched"] - inside.answered_at
    sound = house.recording(scene.number)
    assert tone_seconds(sound, Tone.BEFORE) < together_s + 0.1
    assert tone_seconds(sound, Tone.RINGING) < together_s + 0.1
    assert traces(sound, Tone.AFTER) == []


@pytest.mark.parametrize("play", NOT_RECORDED)
def test_who_did_not_agree_is_not_recorded(house: House, stage: Stage, play: Play) -> None:
    """S2, S3: no key, a wrong one, one too early, a refusal, a hang-up."""
    assert played(house, stage, play)[2]["recordings"] == []


def test_no_file_exists_that_no_row_knows(house: House, stage: Stage) -> None:
    """S2, S3: after all calls of this module."""
    known = {one["path"] for play in OUTBOUND for one in played(house, stage, play)[2]["recordings"]}
    assert {str(path.relative_to(house.site.recordings)) for path in house.site.recordings.rglob("*.wav*")} == known


@pytest.mark.parametrize("play", ASKED)
def test_the_caller_hears_ringing_while_the_callee_is_asked(house: House, stage: Stage, play: Play) -> None:
    """S2: 180, or the tone where the line is open already, and no answer before the decision; nothing of the callee until then."""
    _, inside, call = played(house, stage, play)
    rang_in_band = play is plays.accepted_while_the_agent_is_heard_by_the_pbx and tone_seconds(inside.heard(), RINGING_HZ) > 0.9
    assert rang_in_band or "180" in [what for _, what in inside.events]
    if play in NOT_JOINED:
        assert inside.answered_at is None
        assert level_db(inside.heard()) < -60
    else:
        assert inside.answered_at is not None
        decided = instant(outside_party(call)["decided_at"])
        assert house.utc(inside.answered_at) > decided
        assert traces(inside.heard(end=inside.answered_at), *Tone) == []


@pytest.mark.parametrize("play", JOINED)
def test_no_sound_passes_between_them_before_the_decision(house: House, stage: Stage, play: Play) -> None:
    """S2: what each spoke until then is not in the other's ear; what was spoken after it is."""
    scene, inside, _ = played(house, stage, play)
    assert scene.outside.answered_at is not None
    assert inside.answered_at is not None
    before = scene.outside.heard(end=inside.answered_at - 0.02)
    assert traces(before, *Tone) == []
    assert holds(scene.outside.heard(), Tone.REPLY) == [Tone.REPLY]
    assert holds(inside.heard(), Tone.TALK) == [Tone.TALK]


@pytest.mark.parametrize("play", ASKED)
def test_the_question_is_heard_whole_as_often_as_it_is_put(house: House, stage: Stage, play: Play) -> None:
    """S2: after the answer, before the two are joined."""
    scene, inside, call = played(house, stage, play)
    assert times_heard(scene.outside, question(house, call)) == OUTBOUND[play].asked
    if OUTBOUND[play].asked and inside.answered_at is not None:
        begun, ended = heard_whole(scene.outside, question(house, call))
        assert scene.outside.answered_at is not None
        assert scene.outside.answered_at < begun
        assert ended < inside.answered_at + 0.03


@pytest.mark.parametrize("play", OUTBOUND)
def test_the_decision_is_stored_as_it_was_made(house: House, stage: Stage, play: Play) -> None:
    """S2: consent is the acceptance key after the whole question and nothing else."""
    party = outside_party(played(house, stage, play)[2])
    expected = OUTBOUND[play]
    assert [party[name] for name in ("decision", "how", "key", "complete")] == [
        expected.decision,
        expected.how,
        expected.key,
        expected.complete,
    ]


@pytest.mark.parametrize("play", OUTBOUND)
def test_thanks_and_regrets_are_said_to_whom_they_are_due(house: House, stage: Stage, play: Play) -> None:
    """S2, S3: after a key, in the language of the question, and never to the agent."""
    scene, inside, call = played(house, stage, play)
    language = QUESTIONS[call["dialled"][:4]][1] if call["dialled"][:4] in QUESTIONS else "ro"
    said = {name: heard_of(scene.outside, house.site.sound_of(name, language)) > 0.9 for name in ("thank-you", "refused")}
    assert said == {"thank-you": OUTBOUND[play].decision == "granted", "refused": OUTBOUND[play].decision == "refused"}
    assert all(heard_of(inside, house.site.sound_of(name, language)) < 0.3 for name in ("thank-you", "refused"))


def test_evidence_of_an_accepting_key(house: House, stage: Stage) -> None:
    """S2, S6, S7, S12: on the callee's leg; version, times in order, key, basis."""
    scene, _, call = played(house, stage, plays.accepted)
    (consent,) = house.consents(scene.number)
    assert consent["leg"] == outside_party(call)["leg"] != call["linkedid"]
    assert (consent["decision"], consent["how"], consent["key"]) == ("granted", "key", "1")
    assert (consent["announcement"], consent["language"]) == (house.site.prompt("outbound-opt-in").version, "ro")
    assert consent["heard_ms"] == pytest.approx(house.site.prompt("outbound-opt-in").duration_ms, abs=20)
    times = [
        call["answered_at"],
        outside_party(call)["announced_at"],
        outside_party(call)["decided_at"],
        call["recordings"][0]["started_at"],
    ]
    assert sorted(map(instant, times)) == list(map(instant, times))
    assert consent["legal_basis"] == "consent"


def test_who_hangs_up_while_being_asked_ends_the_call_for_both(house: House, stage: Stage) -> None:
    """S2: the agent is told soon, and was never joined to anybody; the milliseconds heard are those of the callee's ear."""
    scene, inside, call = played(house, stage, plays.hung_up_in_the_question)
    assert scene.outside.ended_at is not None
    assert inside.ended_at is not None
    assert inside.ended_at - scene.outside.ended_at < 1.2
    begun, _ = heard_whole(scene.outside, question(house, call)[: RATE // 2])
    assert outside_party(call)["heard_ms"] == pytest.approx((scene.outside.ended_at - begun) * 1000, abs=60)


def test_when_the_agent_gives_up_the_callee_is_let_go(house: House, stage: Stage) -> None:
    """S2: nobody is kept answering questions for a call that is over."""
    scene, inside, _ = played(house, stage, plays.given_up_by_the_agent)
    assert scene.outside.ending is not None
    assert (scene.outside.ending.status, scene.outside.ending.by) == (200, "them")
    assert inside.ended_at is not None
    assert scene.outside.ended_at is not None
    assert scene.outside.ended_at - inside.ended_at < 0.5


def test_where_a_refusal_ends_the_call_it_ends(house: House, stage: Stage) -> None:
    """S3: `on_refusal = "hangup"`, with Q.850 cause 16; the agent was never joined."""
    scene, inside, call = played(house, stage, plays.declined_where_that_ends_the_call)
    assert scene.outside.ending == Ending(200, 16, "them")
    assert inside.answered_at is None
    assert call["hangup_cause"] == "NORMAL_CLEARING"


def test_where_nothing_is_recorded_nothing_is_said(house: House, stage: Stage) -> None:
    """S2: the mode `never`; the two are joined at the answer."""
    scene, inside, _ = played(house, stage, plays.never_asked)
    assert scene.outside.answered_at is not None
    assert inside.answered_at is not None
    assert inside.answered_at - scene.outside.answered_at < 0.3
