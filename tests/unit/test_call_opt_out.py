"""Transcripts of mode ``opt-out``: after the announcement the refusal key is waited for; silence is ``stayed``. Both directions."""

import pytest

from callguard.call.policy import Mode, OnRefusal
from callguard.call.state import Decision, Direction, How
from tests.unit.call_cast import AGENT, CUSTOMER, after
from tests.unit.call_facts import collected, cut, gone, handed_back, handed_over, joined, said
from tests.unit.call_orders import ask, hang_up, record, regret, release, say
from tests.unit.call_world import Transcript, opened


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    return opened(request.param, Mode.OPT_OUT)


def test_silence_is_staying(call: Transcript) -> None:
    """S1: never stored as a key press; the notice's end and the decision are two moments."""
    assert call << handed_over() >> say(1) << said(1, at=5) >> ask(2) << collected(2, None, at=10) >> release()
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.key) == (Decision.STAYED, How.STAYED, None)
    assert (consent.announced_at, consent.decided_at) == (after(5), after(10))
    assert call << handed_back() << joined(CUSTOMER) >> record()


def test_refused_when_asked(call: Transcript) -> None:
    """S3."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "9") >> regret(3) << said(3) >> release()
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.key, consent.complete) == (Decision.REFUSED, How.KEY, "9", True)
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert not call.call.recordings


def test_refused_during_the_prompt(call: Transcript) -> None:
    assert call << handed_over() >> say(1) << cut(1, "9") >> regret(2) << said(2) >> release()
    assert call.decisions() == [Decision.REFUSED]


def test_refused_and_hung_up_on_where_the_policy_says_so() -> None:
    call = opened(Direction.OUTBOUND, Mode.OPT_OUT, on_refusal=OnRefusal.HANGUP)
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "9") >> regret(3) << said(3) >> hang_up()


def test_a_wrong_key_shows_that_something_was_wanted(call: Transcript) -> None:
    """So the prompt is said again; who then keeps silent has stayed."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "5") >> say(3)
    assert call << said(3) >> ask(4) << collected(4, None) >> release()
    assert call.decisions() == [Decision.STAYED]


@pytest.mark.parametrize("key", ["5", "1", "#"])
def test_a_wrong_key_twice_is_no_answer(call: Transcript, key: str) -> None:
    """Not silence: the person may have tried to refuse. The acceptance key is no better than others where it was not offered."""
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, key) >> say(3)
    assert call << said(3) >> ask(4) << collected(4, key) >> release()
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.key) == (Decision.UNANSWERED, How.NONE, None)
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert not call.call.recordings


def test_hung_up_when_asked(call: Transcript) -> None:
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << gone()
    assert call.decisions() == [Decision.UNANSWERED]


def test_a_prompt_that_breaks_off_is_not_waited_after(call: Transcript) -> None:
    """Design rule 4: silence after half an announcement is not staying."""
    assert call << handed_over() >> say(1) << cut(1) >> release()
    assert call.decisions() == [Decision.UNANSWERED]
