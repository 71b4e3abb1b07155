"""After a restart or a lost link (design rule 11): the rows say one thing, the snapshot another, and the events between make them agree."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.policy import Mode
from callguard.call.resume import resume
from callguard.call.state import Decision, Direction, RecordingStatus, Stage
from tests.unit.call_cast import (
    AGENT,
    CUSTOMER,
    FRIEND,
    HERE,
    NOBODY_HERE,
    STRANGER,
    THERE,
    after,
)
from tests.unit.call_facts import (
    collected,
    filed,
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    path,
    pressed,
    recording_refused,
    recording_started,
    said,
    sighting,
    snapshot,
    started,
)
from tests.unit.call_orders import ask, file, go_on, listen, pause, record, release, say, stop, tell, thank
from tests.unit.call_world import Transcript, apply, inbound, outbound, talking


def resumed(call: Transcript, *sightings: ev.Sighting) -> tuple[do.Command, ...]:
    """What is to be done when the daemon finds these legs."""
    events = list(resume([call.call], snapshot(*sightings)))
    call.call, orders = apply(call.call, events)
    return tuple(orders)


def at_stage(stage: Stage) -> Transcript:
    """An opt-in customer who got so far."""
    call = inbound(Mode.OPT_IN)
    if stage is Stage.PRESENT:
        return call
    assert call << handed_over() >> say(1)
    if stage is Stage.ANNOUNCING:
        return call
    assert call << said(1) >> ask(2)
    if stage is Stage.ASKING:
        return call
    assert call << collected(2, "1") >> thank(3)
    if stage is Stage.ACKNOWLEDGING:
        return call
    assert call << said(3) >> release()
    return call if stage is Stage.RELEASED else call << gone()


IN_DIALOGUE = [Stage.PRESENT, Stage.ANNOUNCING, Stage.ASKING, Stage.ACKNOWLEDGING, Stage.RELEASED]


@pytest.mark.parametrize("stage", list(Stage))
def test_a_leg_that_is_gone_has_hung_up(stage: Stage) -> None:
    """Nobody saw why."""
    call = at_stage(stage)
    assert resumed(call) == ()
    assert call.party().stage is Stage.GONE
    assert call.over
    assert not call.call.recordings


@pytest.mark.parametrize(
    ("stage", "orders"),
    [
        (Stage.PRESENT, say(1)),
        (Stage.ANNOUNCING, say(2, busy_ms=4000)),
        (Stage.ASKING, say(3, busy_ms=5000)),
        (Stage.ACKNOWLEDGING, (release(),)),
        (Stage.RELEASED, (release(),)),
        (Stage.GONE, ()),
    ],
)
def test_a_leg_that_is_still_in_hand_is_taken_up(stage: Stage, orders: Sequence[do.Command]) -> None:
    call = at_stage(stage)
    assert resumed(call, sighting(CUSTOMER, in_hand=True)) == orders


@pytest.mark.parametrize("stage", IN_DIALOGUE)
def test_a_leg_that_is_back_in_the_dialplan_was_taken_by_the_net(stage: Stage) -> None:
    """Design rule 9: who had not decided has not answered; who had, has."""
    call = at_stage(stage)
    assert resumed(call, sighting(CUSTOMER)) == ()
    decided = stage in {Stage.ACKNOWLEDGING, Stage.RELEASED}
    undecided = [] if stage is Stage.PRESENT else [Decision.UNANSWERED]
    assert call.decisions() == ([Decision.GRANTED] if decided else undecided)
    assert call.party().stage is (Stage.PRESENT if stage is Stage.PRESENT else Stage.RELEASED)


@pytest.mark.parametrize("stage", IN_DIALOGUE)
def test_a_leg_that_talks_already_is_recorded_when_it_had_consented(stage: Stage) -> None:
    call = at_stage(stage)
    decided = stage in {Stage.ACKNOWLEDGING, Stage.RELEASED}
    assert resumed(call, sighting(CUSTOMER, HERE)) == ((record(),) if decided else ())
    assert call.party().bridge == HERE


def test_a_person_whom_the_net_let_through_meets_nobody_recorded_there() -> None:
    """The state agrees with the snapshot also where everything moved at once."""
    call = talking()
    assert resumed(call, sighting(CUSTOMER, THERE, writes=path()), sighting(AGENT)) == ()
    assert (call.party().bridge, call.party(AGENT).bridge) == (THERE, None)


def test_a_running_recording_goes_on() -> None:
    call = talking()
    before = call.call
    assert resumed(call, sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path())) == ()
    assert call.call is before


def test_a_recording_whose_start_was_not_confirmed_is_found_running() -> None:
    call = begun()
    assert resumed(call, sighting(CUSTOMER, HERE, writes=path())) == ()
    assert (call.recording.status, call.recording.started_at) == (RecordingStatus.RECORDING, after(50))


def test_a_recording_whose_start_was_lost_is_begun() -> None:
    """Design rule 2: the row was committed, the order was not sent."""
    call = begun()
    assert resumed(call, sighting(CUSTOMER, HERE)) == (record(),)
    assert call.recording.status is RecordingStatus.REQUESTED


def test_another_recording_on_the_leg_is_not_ours() -> None:
    call = begun()
    assert resumed(call, sighting(CUSTOMER, HERE, writes="monitor/2026/08/31/somebody.wav")) == (record(),)


def test_a_recording_that_the_pbx_does_not_write_any_more_is_over() -> None:
    call = talking()
    assert resumed(call, sighting(AGENT, HERE), sighting(CUSTOMER, HERE)) == (stop(),)
    assert call.recording.status is RecordingStatus.STOPPED


def test_of_a_leg_on_hold_the_pbx_tells_no_file() -> None:
    """Nothing is concluded from that: the recording is still ours to stop when the person says so."""
    call = talking()
    assert resumed(call, sighting(AGENT, HERE), sighting(CUSTOMER)) == ()
    assert call.recording.status is RecordingStatus.RECORDING
    assert call << joined(CUSTOMER) << pressed("*") << pressed("9") >> stop()


def test_a_pause_that_may_have_been_lost_is_ordered_again() -> None:
    """Design rule 3: rows say paused, and whether the PBX was told is not known."""
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    found = (sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path()), sighting(FRIEND, HERE))
    assert resumed(call, *found) == (*tell(2, FRIEND), pause())


def test_a_pause_ends_with_the_person_who_left_meanwhile() -> None:
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    assert resumed(call, sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path())) == (go_on(),)


def test_nothing_goes_on_for_a_moment_in_between() -> None:
    """One uncovered person left, another came back: the order in which they stand in the rows makes no gap."""
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << joined(STRANGER) >> tell(1, STRANGER) << left(STRANGER)
    found = [sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path()), sighting(STRANGER, HERE)]
    assert resumed(call, *found) == (*tell(2, STRANGER), pause())


def test_who_was_being_told_in_the_conversation_is_told_again() -> None:
    """What was heard is not known. The recording stays as it was: paused."""
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    found = (sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path()), sighting(FRIEND, HERE))
    assert resumed(call, *found) == (*tell(2, FRIEND), pause())
    assert call << said(1, FRIEND) << said(2, FRIEND) >> go_on()
    assert call.decisions(FRIEND) == [Decision.STAYED]


def test_who_was_waited_for_in_the_conversation_is_asked_again() -> None:
    call = talking(mode=Mode.OPT_IN)
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << said(1, FRIEND) >> listen(2, FRIEND)
    found = (sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path()), sighting(FRIEND, HERE))
    assert resumed(call, *found) == (*tell(3, FRIEND), pause())


def test_who_was_being_told_and_left_meanwhile_is_told_when_he_is_back() -> None:
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    found = (sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path()), sighting(FRIEND))
    assert resumed(call, *found) == (go_on(),)
    assert call << joined(FRIEND) >> pause() >> tell(2, FRIEND)


def test_nobody_is_begun_with_who_has_gone_as_well() -> None:
    """The friend would have been recorded after the customer; both are gone."""
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND)
    assert resumed(call, sighting(AGENT, HERE)) == (file(),)


def test_nobody_is_begun_with_whose_turn_never_comes() -> None:
    """The customer could not be recorded, the friend would have been next; both are gone."""
    call = begun()
    assert call << recording_refused() << joined(AGENT) << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND)
    assert call << joined(FRIEND)
    assert resumed(call, sighting(AGENT, HERE)) == ()


def test_a_stop_that_may_have_been_lost_is_ordered_again() -> None:
    """C8."""
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop()
    assert resumed(call, sighting(AGENT, HERE), sighting(CUSTOMER, HERE, writes=path())) == (stop(),)


def test_a_recording_that_was_not_filed_is_filed() -> None:
    """The filing thread keeps nothing over a restart."""
    call = talking()
    assert call << gone(AGENT) << gone(CUSTOMER) >> file()
    assert resumed(call) == (file(),)


def test_a_stopped_recording_whose_leg_has_hung_up_is_filed() -> None:
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop()
    assert file() in resumed(call)


@pytest.mark.parametrize("fault", [None, "missing", "truncated"])
def test_a_filed_recording_is_left_alone(fault: str | None) -> None:
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop() << filed(fault=fault)
    assert resumed(call, sighting(CUSTOMER, HERE, writes=path())) == ()


def test_a_running_recording_whose_leg_has_hung_up_is_filed() -> None:
    call = talking()
    assert resumed(call) == (file(),)
    assert (call.recording.status, call.recording.stopped_at) == (RecordingStatus.STOPPED, after(50))


def test_a_call_that_came_while_nobody_watched_is_begun() -> None:
    found = replace(sighting(CUSTOMER, in_hand=True), started=started(Direction.INBOUND))
    assert list(resume([], snapshot(found))) == [started(Direction.INBOUND), handed_over()]


def test_a_callee_who_answered_while_nobody_watched_is_asked() -> None:
    """S2."""
    call = outbound()
    found = replace(sighting(CUSTOMER, in_hand=True), started=started(Direction.OUTBOUND))
    assert resumed(call, sighting(AGENT), found) == say(1)


def test_a_waiting_leg_that_tells_nothing_of_itself_is_left_to_the_net() -> None:
    assert list(resume([], snapshot(replace(sighting(CUSTOMER, in_hand=True), handed_over=None)))) == []


def test_a_leg_that_never_was_ours_is_none_of_our_business() -> None:
    assert list(resume([], snapshot(sighting(NOBODY_HERE, HERE), sighting(CUSTOMER)))) == []


def test_a_leg_of_the_inside_that_waits_for_us_is_an_outside_person_after_all() -> None:
    call = talking()
    assert resumed(call, sighting(AGENT, in_hand=True), sighting(CUSTOMER, HERE, writes=path())) == say(1, AGENT)


def begun() -> Transcript:
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << joined(CUSTOMER) >> record()
    return call


def test_what_was_begun_by_a_snapshot_is_begun_again_by_the_next_that_does_not_show_it() -> None:
    """The same recording, the same path: the order was lost once more."""
    call = begun()
    assert resumed(call, sighting(CUSTOMER, HERE)) == (record(),)
    assert resumed(call, sighting(CUSTOMER, HERE)) == (record(),)
    assert resumed(call, sighting(CUSTOMER, HERE, writes=path())) == ()
    assert call << recording_started()
    assert call << left(CUSTOMER) << handed_back()
