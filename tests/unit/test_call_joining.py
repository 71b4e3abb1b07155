"""Transcripts of outside people who join a conversation, and are announced to in it (design rule 3)."""

from typing import Unpack

import pytest

from callguard.call.events import Event
from callguard.call.policy import Mode, OnRefusal
from callguard.call.state import Decision, Direction, How, RecordingStatus, Role, Stage
from tests.unit.call_cast import AGENT, CUSTOMER, FRIEND, HERE, STRANGER, THERE, Terms, after
from tests.unit.call_facts import (
    answered,
    collected,
    cut,
    entered,
    failed,
    fired,
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    pressed,
    recording_refused,
    recording_started,
    said,
)
from tests.unit.call_orders import file, go_on, hang_up, listen, pause, record, release, say, stop, tell
from tests.unit.call_world import Transcript, inbound, talking


def told(mode: Mode = Mode.NOTICE, **terms: Unpack[Terms]) -> Transcript:
    """The friend has joined the customer and the agent, and is being told."""
    call = talking(Direction.INBOUND, mode, **terms)
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    return call


def chooses(mode: Mode = Mode.OPT_IN, **terms: Unpack[Terms]) -> Transcript:
    """The friend has heard the question whole."""
    call = told(mode, **terms)
    assert call << said(1, FRIEND) >> listen(2, FRIEND)
    return call


def test_who_stays_after_the_notice_is_recorded_from_then_on() -> None:
    """S1: the row says what was heard and when; then the same file goes on."""
    call = told()
    assert call.recording.status is RecordingStatus.PAUSED
    assert call << said(1, FRIEND, at=25) >> go_on()
    friend = call.party(FRIEND)
    (consent,) = friend.consents
    assert (friend.stage, friend.role) == (Stage.RELEASED, Role.JOINED)
    assert (consent.decision, consent.how, consent.key, consent.announcement) == (Decision.STAYED, How.STAYED, None, "v-question")
    assert (consent.heard_ms, consent.complete, consent.announced_at, consent.decided_at) == (4000, True, after(25), after(25))
    assert call << gone(FRIEND) << gone(AGENT) << gone() >> file()


def test_the_first_word_is_recorded_when_the_callee_is_from_outside_as_well() -> None:
    """A call that is forwarded to a mobile phone: nothing was recorded yet, and is not before its owner has been told."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back()
    assert call << joined(FRIEND) << joined(CUSTOMER) >> tell(1, FRIEND) << said(1, FRIEND) >> record() << recording_started()
    assert call.party(FRIEND).role is Role.CALLEE


def test_who_was_there_first_is_told_when_somebody_comes_who_may_be_recorded() -> None:
    """And nobody is told anything as long as there is nobody to be recorded."""
    call = inbound()
    assert call << joined(STRANGER) << joined(AGENT) << handed_over() >> say(1) << said(1) >> release()
    assert call << joined(CUSTOMER) >> tell(1, STRANGER) << said(1, STRANGER) >> record()


@pytest.mark.parametrize("ended", [cut(1, None, FRIEND), failed(1, FRIEND), fired(1, FRIEND)])
def test_what_was_not_heard_whole_is_no_notice(ended: Event) -> None:
    """Design rules 1 and 4: hang-up, hold, a missing sound, an order that the PBX refuses or forgets. He is not told again."""
    call = told()
    assert call << ended
    assert call.decisions(FRIEND) == [Decision.UNANSWERED]
    assert call.recording.status is RecordingStatus.PAUSED
    assert call << said(1, FRIEND) << gone(FRIEND) >> go_on()


def test_an_answer_to_an_earlier_prompt_is_late() -> None:
    call = told()
    assert call << left(FRIEND) >> go_on() << joined(FRIEND) >> pause() >> tell(2, FRIEND) << said(1, FRIEND) << fired(1, FRIEND)
    assert call << said(2, FRIEND) >> go_on()


def test_who_hangs_up_in_the_middle_has_not_answered() -> None:
    call = told()
    assert call << gone(FRIEND) >> go_on()
    assert call.decisions(FRIEND) == [Decision.UNANSWERED]


def test_who_is_told_to_have_left_before_he_hung_up_has_not_answered_either() -> None:
    """And what he heard is in the row, though it is told in between."""
    call = told()
    assert call << left(FRIEND) >> go_on() << cut(1, None, FRIEND, heard_ms=800) << gone(FRIEND)
    (consent,) = call.party(FRIEND).consents
    assert (consent.decision, consent.heard_ms, consent.complete, consent.announced_at) == (Decision.UNANSWERED, 800, False, None)


def test_of_two_who_part_nobody_is_recorded_on_his_own() -> None:
    """The customer hung up; the friend is told to have left the bridge only then."""
    call = told()
    assert call << said(1, FRIEND) >> go_on() << left(AGENT) << gone(AGENT) << gone() >> file() << left(FRIEND) << gone(FRIEND)
    assert len(call.call.recordings) == 1


def test_two_who_join_at_once_are_both_told_before_anything_goes_on() -> None:
    call = told()
    assert call << joined(STRANGER) >> tell(1, STRANGER) << said(1, FRIEND) << said(1, STRANGER) >> go_on()


def test_nobody_is_told_while_somebody_is_there_who_has_said_no() -> None:
    """There will be no recording to tell of; when he has gone there will."""
    call = talking()
    assert (
        call
        << handed_over(FRIEND)
        >> say(1, FRIEND)
        << fired(1, FRIEND)
        >> release(FRIEND)
        << handed_back(FRIEND)
        << joined(FRIEND)
        >> pause()
    )
    assert call << joined(STRANGER) << gone(FRIEND) >> tell(1, STRANGER) << said(1, STRANGER) >> go_on()


def test_nobody_is_told_in_another_bridge_of_the_call() -> None:
    """The conversation is elsewhere; he is told when he gets there."""
    call = talking()
    assert call << joined(FRIEND, THERE) >> pause() << joined(FRIEND, HERE) >> tell(1, FRIEND)


def test_nobody_is_told_when_the_recorded_one_is_on_hold() -> None:
    call = talking()
    assert call << left(CUSTOMER) << joined(FRIEND) >> pause() << joined(CUSTOMER) >> tell(1, FRIEND)


def test_nobody_is_told_of_a_recording_that_is_over() -> None:
    """The PBX could not begin it: there will be none of this leg."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << joined(AGENT) << joined(CUSTOMER) >> record() << recording_refused()
    assert call << joined(FRIEND)


def test_nobody_is_told_when_the_customer_has_withdrawn() -> None:
    """C8."""
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop() << joined(FRIEND)


def test_nobody_is_told_in_a_call_that_is_never_recorded() -> None:
    call = inbound(Mode.NEVER)
    assert call << handed_over() >> release() << joined(AGENT) << joined(CUSTOMER) << joined(FRIEND)


def test_a_listed_person_is_told_nothing() -> None:
    """S4."""
    call = talking()
    assert call << joined(FRIEND, listed=True) >> pause()
    assert (call.decisions(FRIEND), call.party(FRIEND).consents[0].how) == ([Decision.REFUSED], How.REGISTER)


@pytest.mark.parametrize("mode", [Mode.NOTICE, Mode.OPT_IN])
def test_who_is_entered_into_the_register_while_being_asked_has_objected(mode: Mode) -> None:
    """S4."""
    call = told() if mode is Mode.NOTICE else chooses()
    assert call << entered(FRIEND) << said(1, FRIEND) << pressed("1", FRIEND)
    assert call.decisions(FRIEND) == [Decision.REFUSED]
    assert call.recording.status is RecordingStatus.PAUSED


def test_a_phone_that_was_let_in_while_it_rings_is_not_spoken_to() -> None:
    """Early media: its owner is told when he has answered."""
    call = talking()
    assert call << joined(FRIEND, answered=False) >> pause()
    assert call.party(FRIEND).stage is Stage.EARLY
    assert call << answered(FRIEND) >> tell(1, FRIEND) << said(1, FRIEND) >> go_on()


def test_a_phone_that_was_let_in_while_it_rings_and_is_given_up() -> None:
    call = talking()
    assert call << joined(FRIEND, answered=False) >> pause() << gone(FRIEND) >> go_on()
    assert call.decisions(FRIEND) == []


def test_the_refusal_key_counts_at_any_time() -> None:
    """The others mean nothing while the prompt is said; and a refusal is a single key, not the keys of a withdrawal."""
    call = told()
    assert call << pressed("1", FRIEND) << pressed("5", FRIEND) << pressed("9", FRIEND) << said(1, FRIEND)
    assert [(one.decision, one.how, one.key) for one in call.party(FRIEND).consents] == [(Decision.REFUSED, How.KEY, "9")]
    assert call.recording.status is RecordingStatus.PAUSED


def test_a_refusal_ends_the_leg_where_the_policy_says_so() -> None:
    call = told(on_refusal=OnRefusal.HANGUP)
    assert call << pressed("9", FRIEND) >> hang_up(FRIEND) << gone(FRIEND) >> go_on()


def test_the_acceptance_key_after_the_question_is_consent() -> None:
    """S2."""
    call = chooses()
    assert call << pressed("1", FRIEND) >> go_on() << collected(2, None, FRIEND)
    assert [(one.decision, one.how, one.key) for one in call.party(FRIEND).consents] == [(Decision.GRANTED, How.KEY, "1")]


def test_no_key_is_no_consent_where_one_is_asked_for() -> None:
    """As often as there are attempts; then it stays paused."""
    call = chooses(attempts=2)
    assert call << collected(2, None, FRIEND) >> tell(3, FRIEND) << said(3, FRIEND) >> listen(4, FRIEND) << collected(4, None, FRIEND)
    assert call.decisions(FRIEND) == [Decision.UNANSWERED]
    assert call.recording.status is RecordingStatus.PAUSED


def test_a_wrong_key_has_the_question_said_again() -> None:
    call = chooses()
    assert call << pressed("5", FRIEND) >> tell(3, FRIEND) << said(3, FRIEND) >> listen(4, FRIEND) << pressed("1", FRIEND) >> go_on()


def test_silence_is_staying_where_only_a_refusal_is_waited_for() -> None:
    """And it is the PBX that says how long it lasted: of our own clock nothing follows but that the PBX does not answer."""
    call = chooses(Mode.OPT_OUT)
    assert call << collected(2, None, FRIEND) >> go_on()
    assert call.decisions(FRIEND) == [Decision.STAYED]
    unheard = chooses(Mode.OPT_OUT)
    assert unheard << fired(2, FRIEND)
    assert unheard.decisions(FRIEND) == [Decision.UNANSWERED]


def test_a_refusal_after_the_question() -> None:
    call = chooses(Mode.OPT_OUT)
    assert call << pressed("9", FRIEND) << collected(2, None, FRIEND)
    assert call.decisions(FRIEND) == [Decision.REFUSED]


def test_who_leaves_while_a_key_is_waited_for_is_asked_anew() -> None:
    """Silence of somebody who is away is not staying."""
    call = chooses(Mode.OPT_OUT)
    assert call << left(FRIEND) >> go_on() << collected(2, None, FRIEND) << joined(FRIEND) >> pause() >> tell(3, FRIEND)


@pytest.mark.parametrize("mode", [Mode.NOTICE, Mode.OPT_OUT])
def test_who_is_put_into_our_hands_meanwhile_is_asked_there(mode: Mode) -> None:
    """A transfer to a line of ours: what he heard of the prompt in the conversation does not count."""
    call = told() if mode is Mode.NOTICE else chooses(mode)
    step = call.party(FRIEND).step + 1
    assert call << handed_over(FRIEND) >> say(step, FRIEND)


def test_who_has_joined_and_stayed_can_withdraw() -> None:
    """C8, S3."""
    call = told()
    assert call << said(1, FRIEND) >> go_on() << pressed("*", FRIEND) << pressed("9", FRIEND) >> pause()
    assert call.decisions(FRIEND) == [Decision.STAYED, Decision.WITHDRAWN]


def test_who_joins_an_outbound_call() -> None:
    """The customer who was called is recorded; the friend to whom the agent sends him hears the question of that call."""
    call = talking(Direction.OUTBOUND, Mode.OPT_IN)
    assert call << left(AGENT) << gone(AGENT) << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    assert call << said(1, FRIEND) >> listen(2, FRIEND) << pressed("1", FRIEND) >> go_on()
