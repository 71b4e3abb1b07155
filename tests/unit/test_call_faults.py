"""Transcripts of what goes wrong: answers late, doubled, lost or of no known leg; restarts; the PBX's net. Always towards not recording."""

import pytest

from callguard.call import events as ev
from callguard.call.policy import Mode
from callguard.call.state import Decision, Direction, Stage
from callguard.call.step import _ON
from tests.unit.call_cast import AGENT, CUSTOMER, NOBODY_HERE
from tests.unit.call_facts import (
    answered,
    collected,
    cut,
    failed,
    filed,
    fired,
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    not_running,
    pressed,
    recording_refused,
    recording_started,
    said,
    started,
    stop_unconfirmed,
    stopped,
    taken_up,
)
from tests.unit.call_orders import ask, pause, record, release, say, thank
from tests.unit.call_world import Transcript, inbound, opened, talking


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    return opened(request.param, Mode.OPT_IN)


def asked(call: Transcript) -> Transcript:
    assert call << handed_over() >> say(1) << said(1) >> ask(2)
    return call


def accepted(call: Transcript) -> Transcript:
    assert asked(call) << collected(2, "1") >> thank(3)
    return call


def unrecorded(call: Transcript) -> bool:
    """The call goes on, and nothing of it is recorded."""
    assert call << joined(AGENT) << joined(CUSTOMER)
    return call.decisions() == [Decision.UNANSWERED] and not call.call.recordings


@pytest.mark.parametrize("lost", [failed, fired])
def test_an_order_that_fails_or_is_never_answered_lets_the_call_go_on(call: Transcript, lost: type) -> None:
    """Design rules 1 and 8: at each step."""
    assert call << handed_over() >> say(1) << lost(1) >> release() << handed_back()
    assert unrecorded(call)


@pytest.mark.parametrize("lost", [failed, fired])
def test_a_question_that_fails_or_is_never_answered_lets_the_call_go_on(call: Transcript, lost: type) -> None:
    """Design rules 1 and 8."""
    assert asked(call) << lost(2) >> release() << handed_back()
    assert unrecorded(call)


@pytest.mark.parametrize("lost", [failed, fired, cut])
def test_thanks_that_are_not_heard_take_nothing_back(call: Transcript, lost: type) -> None:
    assert accepted(call) << lost(3) >> release() << handed_back() << joined(CUSTOMER) >> record()
    assert call.decisions() == [Decision.GRANTED]


def test_a_stale_timer_is_nothing(call: Transcript) -> None:
    assert asked(call) << fired(1) << collected(2, "1") >> thank(3) << fired(2) << said(3) >> release() << fired(3)
    assert call.decisions() == [Decision.GRANTED]


def test_answers_to_earlier_steps_are_nothing(call: Transcript) -> None:
    """A late or doubled answer never decides, and never begins anything twice."""
    assert asked(call) << said(1) << cut(1, "9") << collected(1, "1") << failed(1)
    assert call << collected(2, None) >> say(3) << collected(2, "1") << said(2) << said(3) >> ask(4)
    assert call << collected(4, "1") >> thank(5) << collected(4, "1") << collected(4, "9") << said(5) >> release() << said(5)
    assert call.decisions() == [Decision.GRANTED]


def test_a_hand_over_told_twice_begins_once(call: Transcript) -> None:
    assert call << handed_over() >> say(1) << handed_over() << said(1) >> ask(2) << handed_over()
    assert call << collected(2, "1") >> thank(3) << handed_over() << said(3) >> release()


def test_the_net_takes_the_leg_back_during_the_prompt(call: Transcript) -> None:
    """Design rule 9: and what comes after it changes nothing."""
    assert call << handed_over() >> say(1) << handed_back() << said(1) << cut(1, "1")
    assert unrecorded(call)


def test_the_net_takes_the_leg_back_during_the_wait_for_a_key(call: Transcript) -> None:
    assert asked(call) << handed_back() << collected(2, "1")
    assert unrecorded(call)


def test_the_net_takes_the_leg_back_during_the_thanks(call: Transcript) -> None:
    assert accepted(call) << handed_back() << said(3) << joined(CUSTOMER) >> record()


def test_the_net_takes_a_leg_back_that_was_never_seen_in_hand() -> None:
    """Nobody asked, nobody recorded."""
    call = inbound()
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert call.decisions() == []


def test_taken_up_before_anything_was_said(call: Transcript) -> None:
    """The daemon died between hand-over and prompt; the callee of an outbound call is then told of by his hand-over."""
    if call.call.direction is Direction.INBOUND:
        assert call << taken_up() >> say(1)
    assert call << handed_over() >> (say(1) if call.call.direction is Direction.OUTBOUND else ())


def test_taken_up_during_the_prompt(call: Transcript) -> None:
    """What was heard is not known, so it is said again, without counting: both attempts are still to come.

    The PBX may still be at the first one (4000 ms), and says the second after it: the bounds of both do not cut it off.
    """
    assert call << handed_over() >> say(1) << taken_up() >> say(2, busy_ms=4000) << said(1) << said(2) >> ask(3)
    assert call << collected(3, None) >> say(4) << said(4) >> ask(5) << collected(5, None) >> release()


def test_taken_up_during_the_wait_for_a_key(call: Transcript) -> None:
    assert asked(call) << taken_up() >> say(3, busy_ms=5000)
    assert (call.party().stage, call.party().heard_ms, call.party().complete) == (Stage.ANNOUNCING, 0, False)
    assert call << collected(2, "1") << said(3) >> ask(4) << collected(4, "1") >> thank(5)


def test_taken_up_during_the_thanks(call: Transcript) -> None:
    """The decision was committed before; nobody is kept waiting for thanks."""
    assert accepted(call) << taken_up() >> release() << said(3) << handed_back() << joined(CUSTOMER) >> record()


def test_taken_up_after_the_release(call: Transcript) -> None:
    """The order to release was lost: it is given again."""
    assert accepted(call) << said(3) >> release() << taken_up() >> release()


def test_taken_up_after_the_end_is_nothing(call: Transcript) -> None:
    assert accepted(call) << gone() << taken_up() << handed_over()


def test_late_events_of_a_leg_that_is_gone(call: Transcript) -> None:
    assert accepted(call) << gone() << said(3) << handed_back() << joined(CUSTOMER) << pressed("9") << gone() << fired(3)
    assert call.party().bridge is None
    assert not call.call.recordings


def test_a_leg_of_the_inside_that_is_handed_over_is_an_outside_person_after_all() -> None:
    """The dialplan says who is to be asked; a trunk that is missing in the configuration must not make somebody recorded unasked."""
    call = talking()
    assert call << left(AGENT) << handed_over(AGENT) >> say(1, AGENT) << handed_back(AGENT) << joined(AGENT) >> pause()


def events_of(leg: str) -> list[ev.Event]:
    return [
        taken_up(leg),
        handed_back(leg),
        said(1, leg),
        cut(1, "9", leg),
        collected(1, "9", leg),
        failed(1, leg),
        fired(1, leg),
        pressed("9", leg),
        answered(leg),
        left(leg),
        gone(leg),
        recording_started(9, leg),
        recording_refused(9, leg),
        not_running(9, leg),
        stopped(9, leg),
        stop_unconfirmed(9, leg),
        filed(9),
    ]


@pytest.mark.parametrize("event", events_of(NOBODY_HERE), ids=lambda event: type(event).__name__)
def test_a_leg_or_a_recording_that_no_call_knows_changes_nothing(event: ev.Event) -> None:
    call = talking()
    before = call.call
    assert call << event
    assert call.call is before


@pytest.mark.parametrize("direction", Direction)
def test_a_call_starts_once(direction: Direction) -> None:
    """The dialplan tells of the start again with the hand-over."""
    call = opened(direction, Mode.NOTICE)
    before = call.call
    assert call << started(direction)
    assert call.call is before


def test_every_kind_of_event_is_known() -> None:
    """An event that the core does not know would raise in the engine. By name, as slotted classes leave their unslotted twins behind."""
    assert {kind.__name__ for kind in _ON} == {kind.__name__ for kind in ev.Event.__subclasses__()}
