"""Transcripts of mode ``notice``: the whole announcement heard is ``stayed``, the refusal key works while it plays. Both directions."""

import pytest

from callguard.call.policy import Mode, OnRefusal
from callguard.call.state import Consent, Decision, Direction, How, Stage
from tests.unit.call_cast import AGENT, CUSTOMER, after
from tests.unit.call_facts import answered, cut, fired, gone, handed_back, handed_over, joined, recording_started, said
from tests.unit.call_orders import file, hang_up, record, regret, release, say
from tests.unit.call_world import Transcript, opened


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    return opened(request.param, Mode.NOTICE)


def test_stayed(call: Transcript) -> None:
    """S1, S3, S8: announced whole, only then let through, recorded from the conversation's start to the hang-up."""
    assert call << handed_over() >> say(1) << answered() << said(1, at=5.5) >> release()
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER) >> record() << recording_started()
    assert call << gone(AGENT) << gone(CUSTOMER) >> file()


def test_staying_is_never_a_key_press(call: Transcript) -> None:
    """S1, S12, C5: stored as what it is, with the version, the language and the milliseconds heard, and when the notice ended."""
    assert call << handed_over(at=1) >> say(1) << said(1, at=5.5, heard_ms=3990) >> release()
    assert call.party().consents == (
        Consent(
            decision=Decision.STAYED,
            how=How.STAYED,
            key=None,
            announcement="v-question",
            language="ro",
            heard_ms=3990,
            complete=True,
            announced_at=after(5.5),
            decided_at=after(5.5),
            received_at=after(5.52),
        ),
    )


def test_refused_by_key_during_the_notice(call: Transcript) -> None:
    """S3: refusing needs no information; what was heard until then is kept as evidence, and the thanks leave no trace in it."""
    assert call << handed_over() >> say(1) << cut(1, "9", at=3, heard_ms=1800) >> regret(2) << said(2, heard_ms=1700) >> release()
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER)
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.key) == (Decision.REFUSED, How.KEY, "9")
    assert (consent.heard_ms, consent.complete, consent.announced_at, consent.decided_at) == (1800, False, None, after(3))
    assert (call.party().heard_ms, call.party().announced_at) == (1800, None)


def test_refused_and_hung_up_on_where_the_policy_says_so() -> None:
    call = opened(Direction.INBOUND, Mode.NOTICE, on_refusal=OnRefusal.HANGUP)
    assert call << handed_over() >> say(1) << cut(1, "9") >> regret(2) << said(2) >> hang_up()
    assert call << gone()
    assert call.call.ended_at == after(60)


def test_hung_up_during_the_notice(call: Transcript) -> None:
    """Design rule 4: a notice that was not heard to its end is no notice."""
    assert call << handed_over() >> say(1) << gone(at=3)
    assert call.decisions() == [Decision.UNANSWERED]
    assert call.party().stage is Stage.GONE
    assert not call.call.recordings


def test_hung_up_during_the_notice_as_asterisk_tells_it(call: Transcript) -> None:
    """The prompt is cut and the leg is handed back before it is gone: one decision all the same."""
    assert call << handed_over() >> say(1) << cut(1, heard_ms=2400) >> release() << handed_back() << gone()
    (consent,) = call.party().consents
    assert (consent.decision, consent.how, consent.heard_ms, consent.complete) == (Decision.UNANSWERED, How.NONE, 2400, False)


def test_a_missing_sound_is_no_notice(call: Transcript) -> None:
    """Design rules 1 and 4: the call goes on at once, unrecorded."""
    assert call << handed_over() >> say(1) << cut(1, heard_ms=0) >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert call.decisions() == [Decision.UNANSWERED]


def test_the_acceptance_key_means_nothing_to_a_notice(call: Transcript) -> None:
    """Where a switch lets a key through that should not cut the prompt, the prompt is said again, and then again heard whole."""
    assert call << handed_over() >> say(1) << cut(1, "1") >> say(2) << said(2) >> release()
    assert call.decisions() == [Decision.STAYED]


def test_who_keeps_pressing_keys_has_not_heard_it(call: Transcript) -> None:
    assert call << handed_over() >> say(1) << cut(1, "5") >> say(2) << cut(2, "5") >> release()
    assert call.decisions() == [Decision.UNANSWERED]


def test_no_agent_is_let_in_before_the_notice_has_ended(call: Transcript) -> None:
    """S1: the leg is given back by the end of the notice, or by the loss of it, and by nothing before."""
    assert call << handed_over() >> say(1) << answered() << handed_over() << joined(AGENT)
    assert call.party().stage is Stage.ANNOUNCING
    assert call << fired(1) >> release()


def test_a_call_that_two_policies_would_like_is_asked_once(call: Transcript) -> None:
    """A leg handed over again (a queue inside a queue) passes at once."""
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << handed_over(at=9) >> release()
    assert call.decisions() == [Decision.STAYED]
