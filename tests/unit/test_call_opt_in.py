"""Transcripts of mode ``opt-in``: only the acceptance key, after the whole announcement, is consent. Both directions."""

import pytest

from callguard.call.policy import Mode, OnRefusal
from callguard.call.state import Consent, Decision, Direction, How, Stage
from tests.unit.call_cast import AGENT, CUSTOMER, after
from tests.unit.call_facts import collected, cut, gone, handed_back, handed_over, joined, recording_started, said
from tests.unit.call_orders import ask, file, hang_up, record, regret, release, say, thank
from tests.unit.call_world import Transcript, opened


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    return opened(request.param, Mode.OPT_IN)


def test_accepted(call: Transcript) -> None:
    """S2: asked after answer and before the bridge, recorded from the bridge on."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3) << said(3, heard_ms=1500) >> release()
    assert call << handed_back() << joined(CUSTOMER) >> record() << joined(AGENT) << recording_started() << gone(CUSTOMER) >> file()


def test_the_evidence_of_an_acceptance(call: Transcript) -> None:
    """S2, S12: which prompt, how much of it, which key, when; the thanks that follow change nothing of it."""
    assert call << handed_over() >> say(1) << said(1, at=5) >> ask(2) << collected(2, "1", at=7.25) >> thank(3)
    assert call << said(3, at=9, heard_ms=1500) >> release()
    assert call.party().consents == (
        Consent(
            decision=Decision.GRANTED,
            how=How.KEY,
            key="1",
            announcement="v-question",
            language="ro",
            heard_ms=4000,
            complete=True,
            announced_at=after(5),
            decided_at=after(7.25),
            received_at=after(7.27),
        ),
    )


def test_refused(call: Transcript) -> None:
    """S2, S3."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "9") >> regret(3) << said(3) >> release()
    assert call << handed_back() << joined(CUSTOMER) << joined(AGENT)
    assert call.decisions() == [Decision.REFUSED]
    assert not call.call.recordings


def test_refused_during_the_prompt(call: Transcript) -> None:
    assert call << handed_over() >> say(1) << cut(1, "9") >> regret(2) << said(2) >> release()
    assert call.decisions() == [Decision.REFUSED]


def test_refused_and_hung_up_on_where_the_policy_says_so() -> None:
    call = opened(Direction.OUTBOUND, Mode.OPT_IN, on_refusal=OnRefusal.HANGUP)
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "9") >> regret(3) << said(3) >> hang_up()


def test_silence_is_no_refusal_and_hangs_nobody_up() -> None:
    call = opened(Direction.OUTBOUND, Mode.OPT_IN, on_refusal=OnRefusal.HANGUP, attempts=1)
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, None) >> release()


def test_no_key_until_the_attempts_are_used_up(call: Transcript) -> None:
    """S2: no key, no recording."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, None) >> say(3)
    assert call << said(3) >> ask(4) << collected(4, None) >> release() << handed_back() << joined(CUSTOMER) << joined(AGENT)
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.key) == (Decision.UNANSWERED, How.NONE, None)


@pytest.mark.parametrize("attempts", [1, 3])
def test_attempts_are_what_the_policy_says(attempts: int) -> None:
    call = opened(Direction.OUTBOUND, Mode.OPT_IN, attempts=attempts)
    assert call << handed_over() >> say(1)
    for asked in range(2, 2 * attempts, 2):
        assert call << said(asked - 1) >> ask(asked) << collected(asked, None) >> say(asked + 1)
    assert call << said(2 * attempts - 1) >> ask(2 * attempts) << collected(2 * attempts, None) >> release()
    assert call.decisions() == [Decision.UNANSWERED]


def test_a_wrong_key_and_then_the_right_one(call: Transcript) -> None:
    """S2."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "7") >> say(3)
    assert call << said(3, at=14) >> ask(4) << collected(4, "1") >> thank(5) << said(5) >> release()
    (consent,) = call.party().consents
    assert (consent.decision, consent.key, consent.announced_at) == (Decision.GRANTED, "1", after(14))


def test_an_acceptance_before_the_end_of_the_prompt_is_none(call: Transcript) -> None:
    """Design rule 4: who has not heard what it is about cannot consent; the prompt is said again, whole."""
    assert call << handed_over() >> say(1) << cut(1, "1") >> say(2)
    assert call.party().stage is Stage.ANNOUNCING
    assert not call.party().consents
    assert call << said(2) >> ask(3) << collected(3, "1") >> thank(4) << said(4) >> release()
    assert call.decisions() == [Decision.GRANTED]


def test_an_acceptance_before_the_end_every_time_is_no_answer(call: Transcript) -> None:
    """Design rule 4."""
    assert call << handed_over() >> say(1) << cut(1, "1") >> say(2) << cut(2, "1") >> release()
    assert call.decisions() == [Decision.UNANSWERED]


def test_hung_up_when_asked(call: Transcript) -> None:
    """S2: hang-up, no recording. The prompt had been heard whole, and the evidence says so."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << gone()
    (consent,) = call.party().consents
    assert (consent.decision, consent.heard_ms, consent.complete) == (Decision.UNANSWERED, 4000, True)


def test_hung_up_during_the_thanks(call: Transcript) -> None:
    """The decision was taken and stands; nothing was said that could be recorded."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3) << gone()
    assert call.decisions() == [Decision.GRANTED]
    assert not call.call.recordings


def test_no_sound_passes_before_the_decision(call: Transcript) -> None:
    """S2: the leg is not given back to be bridged while it is asked."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2)
    assert call.party().stage is Stage.ASKING
    assert call << collected(2, "1") >> thank(3)
    assert call.party().stage is Stage.ACKNOWLEDGING


@pytest.mark.parametrize("key", ["1", "5"])
def test_a_key_that_cuts_the_thanks_does_not_keep_the_person_waiting(call: Transcript, key: str) -> None:
    """No key should cut them, but a switch may let one through."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3) << cut(3, key) >> release()
    assert call.decisions() == [Decision.GRANTED]


def test_a_refusal_over_the_thanks_is_believed(call: Transcript) -> None:
    """C8: and the call goes on at once."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3) << cut(3, "9") >> release()
    assert call << handed_back() << joined(CUSTOMER) << joined(AGENT)
    assert call.decisions() == [Decision.GRANTED, Decision.WITHDRAWN]
    assert not call.call.recordings
