"""Transcripts of people in the do-not-record register: asked nothing, recorded never, and stored as what it is (S4, C8)."""

import pytest

from callguard.call import events as ev
from callguard.call.policy import Mode, OnRefusal, Prompts
from callguard.call.state import Decision, Direction, How, RecordingStatus
from tests.unit.call_cast import AGENT, CUSTOMER, FRIEND, LISTED, QUESTION, REFUSED, THANKS, after
from tests.unit.call_facts import (
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
    recording_started,
    said,
    stopped,
    taken_up,
)
from tests.unit.call_orders import ask, assure, file, go_on, hang_up, pause, record, regret, release, say, stop, thank
from tests.unit.call_world import Transcript, inbound, opened, outbound, talking

MODES = [(mode, on_refusal) for mode in Mode for on_refusal in OnRefusal]


def how(call: Transcript, leg: str = CUSTOMER) -> list[tuple[Decision, How]]:
    return [(consent.decision, consent.how) for consent in call.party(leg).consents]


@pytest.mark.parametrize(("mode", "on_refusal"), MODES)
def test_a_listed_caller_goes_straight_on_and_is_not_recorded(mode: Mode, on_refusal: OnRefusal) -> None:
    """S4: under any policy; being listed is no refusal in this call, so a policy that hangs up on one does not hang up."""
    call = inbound(mode, on_refusal=on_refusal)
    assert call << entered(at=0.1) << handed_over() >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert how(call) == [(Decision.REFUSED, How.REGISTER)]
    assert not call.call.recordings


@pytest.mark.parametrize(("mode", "on_refusal"), MODES)
def test_a_listed_callee_goes_straight_on_and_is_not_recorded(mode: Mode, on_refusal: OnRefusal) -> None:
    """S4: the callee is met when he is handed over, and the fact that tells of him tells of the register."""
    call = outbound(mode, on_refusal=on_refusal)
    assert call << handed_over(listed=True) >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER) << gone() << gone(AGENT)
    assert how(call) == [(Decision.REFUSED, How.REGISTER)]
    assert call.over


def test_the_evidence_tells_of_no_announcement_since_none_was_played() -> None:
    call = inbound()
    assert call << entered(at=0.1)
    (consent,) = call.party().consents
    assert (consent.announcement, consent.language, consent.heard_ms, consent.complete, consent.key) == (None, None, 0, False, None)
    assert (consent.decided_at, consent.received_at) == (after(0.1), after(0.12))


OWN = Prompts(QUESTION, THANKS, REFUSED, LISTED)


@pytest.mark.parametrize("ends", [said(1), cut(1), cut(1, "9"), failed(1), fired(1), taken_up()])
def test_the_announcement_of_its_own_asks_nothing_and_leaves_no_trace(ends: ev.Event) -> None:
    """S4: however it ends the call goes on, and it is no part of the evidence, as nobody consented by hearing it."""
    call = inbound(prompts=OWN, on_refusal=OnRefusal.HANGUP)
    assert call << entered(at=0.1) << handed_over() >> assure(1) << entered(at=3) << ends >> release()
    assert call << handed_back() << joined(CUSTOMER) << handed_over() >> release()
    (consent,) = call.party().consents
    assert (consent.announcement, call.party().announced_at, call.party().heard_ms) == (None, None, 0)


def test_the_announcement_of_its_own_is_for_who_was_listed_before() -> None:
    """Who is entered while being asked hears no second one; everybody else is asked as ever."""
    call = inbound(prompts=OWN)
    assert call << handed_over() >> say(1) << entered(at=3) >> release()
    assert outbound(prompts=OWN) << handed_over() >> say(1)
    assert outbound(prompts=OWN) << handed_over(listed=True) >> assure(1) << gone(AGENT) >> hang_up()


@pytest.mark.parametrize("direction", Direction)
def test_entered_in_mid_call_ends_the_recording_for_good(direction: Direction) -> None:
    """C8: for the future only; what was recorded stays, and so does the first decision."""
    call = talking(direction, Mode.NOTICE if direction is Direction.INBOUND else Mode.OPT_IN)
    assert call << entered(at=30) >> stop() << stopped() >> file() << left(CUSTOMER) << joined(CUSTOMER)
    assert how(call)[1:] == [(Decision.WITHDRAWN, How.REGISTER)]
    assert (call.recording.status, call.recording.stopped_at) == (RecordingStatus.STOPPED, after(30))
    assert call.party().consents[1].announcement == call.party().consents[0].announcement


def test_entered_twice_is_entered_once() -> None:
    call = talking()
    assert call << entered() >> stop() << entered() << joined(CUSTOMER) << pressed("*") << pressed("9")
    assert len(how(call)) == 2


def test_entered_while_the_prompt_plays_makes_an_end_of_asking() -> None:
    """Neither silence nor a key counts any more, and the leg is not released twice."""
    call = inbound()
    assert call << handed_over() >> say(1) << entered(at=3) >> release() << cut(1, "9") << fired(1) << handed_back() << joined(CUSTOMER)
    assert how(call) == [(Decision.REFUSED, How.REGISTER)]


def test_entered_while_a_key_is_waited_for_makes_an_end_of_waiting() -> None:
    call = outbound()
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << entered(at=6) >> release() << collected(2, "1") << joined(CUSTOMER)
    assert how(call) == [(Decision.REFUSED, How.REGISTER)]
    assert call.party().consents[0].complete


def test_entered_over_the_thanks_is_withdrawn_before_anything_was_recorded() -> None:
    call = outbound()
    assert call << handed_over() >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3) << entered(at=9) << said(3) >> release()
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert how(call) == [(Decision.GRANTED, How.KEY), (Decision.WITHDRAWN, How.REGISTER)]
    assert not call.call.recordings


def test_a_listed_person_who_joins_silences_the_recording_as_long_as_he_is_there() -> None:
    call = talking()
    assert call << joined(FRIEND, listed=True) >> pause() << left(FRIEND) >> go_on()
    assert how(call, FRIEND) == [(Decision.REFUSED, How.REGISTER)]
    assert how(call) == [(Decision.STAYED, How.STAYED)]


def test_a_second_person_who_is_entered_silences_the_first_ones_recording() -> None:
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND)
    assert call << entered(FRIEND) >> pause() << gone(FRIEND) >> go_on()


def test_the_second_person_is_recorded_when_the_first_is_entered_while_on_hold() -> None:
    """Nobody who objects is there; the other's recording is one of its own."""
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND) << left(CUSTOMER)
    assert call << entered() >> stop() >> record(2, FRIEND) << joined(CUSTOMER) >> pause(2, FRIEND)


def test_who_joins_listed_while_being_asked_is_released_once() -> None:
    call = inbound()
    assert call << handed_over() >> say(1) << joined(CUSTOMER, listed=True) >> release() << joined(AGENT)
    assert how(call) == [(Decision.REFUSED, How.REGISTER)]


def test_who_is_handed_over_again_listed_is_released_once() -> None:
    call = inbound()
    assert call << handed_over() >> say(1) << handed_over(listed=True) >> release()


def test_nothing_begins_with_one_who_was_recorded_in_another_call_of_the_number() -> None:
    """Covered on his leg, and shown under a listed number when he comes: the order to record is never given."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER, listed=True)
    assert how(call)[-1] == (Decision.WITHDRAWN, How.REGISTER)


@pytest.mark.parametrize("direction", Direction)
def test_the_operators_own_people_are_not_in_its_reach(direction: Direction) -> None:
    call = talking(direction, Mode.NOTICE if direction is Direction.INBOUND else Mode.OPT_IN)
    assert call << entered(AGENT)
    assert not how(call, AGENT)
    assert call.recording.status is RecordingStatus.RECORDING


def test_who_had_refused_by_key_refused_by_key() -> None:
    """Nothing is to be ended, so nothing is decided anew; and there the policy may hang up."""
    call = opened(Direction.INBOUND, Mode.NOTICE, on_refusal=OnRefusal.HANGUP)
    assert call << handed_over() >> say(1) << cut(1, "9") >> regret(2) << entered() << said(2) >> hang_up()
    assert how(call) == [(Decision.REFUSED, How.KEY)]


def test_found_waiting_after_a_restart_goes_straight_on() -> None:
    """Design rule 11: entered while no daemon was there."""
    call = inbound()
    assert call << handed_over() >> say(1) << entered(at=9) >> release() << taken_up() >> release()
    assert inbound(prompts=OWN) << entered(at=0.1) << taken_up() >> release()


def test_hung_up_or_unknown_is_nobody() -> None:
    call = talking()
    assert call << gone() >> file() << entered() << entered(FRIEND) << gone(AGENT) << entered()
    assert how(call) == [(Decision.STAYED, How.STAYED)]


def test_entered_before_the_recording_is_confirmed() -> None:
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << joined(CUSTOMER) >> record() << entered() >> stop()
    assert call << recording_started() << stopped() >> file()
