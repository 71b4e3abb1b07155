"""Transcripts of people who move between bridges, come and go: one file through a transfer, silence while somebody uncovered is there."""

from dataclasses import replace

import pytest

from callguard.call.policy import Mode
from callguard.call.state import Decision, Direction, RecordingStatus, Role
from tests.unit.call_cast import AGENT, COLLEAGUE, CUSTOMER, FRIEND, HERE, THERE
from tests.unit.call_facts import (
    collected,
    cut,
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    pressed,
    recording_started,
    said,
)
from tests.unit.call_orders import ask, file, go_on, pause, record, regret, release, say, stop, tell, thank
from tests.unit.call_world import Transcript, inbound, talking


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    return talking(request.param, Mode.NOTICE if request.param is Direction.INBOUND else Mode.OPT_IN)


def test_a_blind_transfer(call: Transcript) -> None:
    """The customer's leg stays, so does the recording: one file, begun once, over both conversations."""
    assert call << left(AGENT) << left(CUSTOMER) << gone(AGENT) << joined(COLLEAGUE, THERE) << joined(CUSTOMER, THERE)
    assert call << left(COLLEAGUE, THERE) << left(CUSTOMER, THERE) << gone(COLLEAGUE) << gone(CUSTOMER) >> file()


def test_an_attended_transfer_moves_the_customer_from_bridge_to_bridge(call: Transcript) -> None:
    """The agent talks with the colleague first; then the customer is put into their bridge."""
    assert call << left(AGENT) << joined(COLLEAGUE, THERE) << joined(AGENT, THERE) << joined(CUSTOMER, THERE) << left(CUSTOMER, HERE)
    assert call.party().bridge == THERE
    assert call << left(AGENT, THERE) << gone(AGENT) << gone(CUSTOMER) >> file()


def test_a_transfer_told_in_another_order(call: Transcript) -> None:
    """The entry into the new bridge comes before the leaving of the old one."""
    assert call << joined(CUSTOMER, THERE) << left(CUSTOMER, HERE) << joined(COLLEAGUE, THERE) << left(AGENT, HERE)
    assert (call.party().bridge, call.party(AGENT).bridge) == (THERE, None)


def test_hold_is_no_end(call: Transcript) -> None:
    assert call << left(CUSTOMER) << joined(CUSTOMER) << left(AGENT) << joined(AGENT) << gone() >> file()


def test_those_who_come_later_are_no_callees(call: Transcript) -> None:
    assert call << joined(COLLEAGUE) << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    assert [party.role for party in call.call.parties[2:]] == [Role.JOINED, Role.JOINED]


def test_who_comes_from_another_call_is_no_callee_of_this_one() -> None:
    """Somebody is brought in from a conference; the agent who comes after him is the one who was called."""
    call = inbound(Mode.NEVER)
    assert call << replace(joined(COLLEAGUE), linkedid="1799999999.7") << joined(AGENT)
    assert (call.party(COLLEAGUE).role, call.party(AGENT).role) == (Role.JOINED, Role.CALLEE)


def test_an_entry_told_twice_is_one(call: Transcript) -> None:
    before = call.call
    assert call << joined(CUSTOMER) << joined(AGENT)
    assert call.call is before


def test_an_outside_person_who_was_not_told_pauses_the_recording(call: Transcript) -> None:
    """Design rule 3: nothing of anybody is recorded until the newcomer is gone."""
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << joined(COLLEAGUE) << left(FRIEND) >> go_on()
    assert call.recording.status is RecordingStatus.RECORDING


def test_an_outside_person_who_hangs_up_ends_the_pause(call: Transcript) -> None:
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << gone(FRIEND) >> go_on()


def test_an_outside_person_in_another_bridge_of_the_call_pauses_it_as_well(call: Transcript) -> None:
    """The bridges of one call may be joined at any moment."""
    assert call << joined(FRIEND, THERE) >> pause()


def test_an_outside_person_who_is_asked_first_and_accepts() -> None:
    """Design rule 3: announced to before he is let in; then no pause, one file, two people's consent."""
    call = talking(mode=Mode.OPT_IN)
    assert (
        call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> ask(2, FRIEND) << collected(2, "1", FRIEND) >> thank(3, FRIEND)
    )
    assert call << said(3, FRIEND) >> release(FRIEND) << handed_back(FRIEND) << joined(FRIEND)
    assert (call.party(FRIEND).role, call.decisions(FRIEND)) == (Role.JOINED, [Decision.GRANTED])


def test_an_outside_person_who_joined_and_is_asked_afterwards() -> None:
    """The recording goes on from the moment of the decision, and the file is the same."""
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << left(FRIEND) >> go_on()
    assert call << handed_over(FRIEND) >> say(2, FRIEND) << joined(FRIEND) >> pause() << said(2, FRIEND) >> release(FRIEND) >> go_on()


def test_an_outside_person_who_refuses_keeps_it_paused() -> None:
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << cut(1, "9", FRIEND) >> regret(2, FRIEND) << said(2, FRIEND) >> release(FRIEND)
    assert call << joined(FRIEND) >> pause() << gone(AGENT) << gone(FRIEND) >> go_on()


def test_an_uncovered_newcomer_before_the_start_is_confirmed() -> None:
    """The PBX is told to pause what it was told to start; the late confirmation does not make it running."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << joined(CUSTOMER) >> record()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND)
    assert call << recording_started() >> pause()
    assert call.recording.status is RecordingStatus.PAUSED
    assert call << gone(FRIEND) >> go_on()


def test_nothing_starts_while_an_uncovered_person_is_there() -> None:
    """Design rule 3."""
    call = inbound()
    assert call << handed_over() >> say(1) << joined(FRIEND) << said(1) >> release()
    assert call << joined(CUSTOMER) >> tell(1, FRIEND) << gone(FRIEND) >> record()


def test_a_recording_does_not_go_on_without_the_person_it_is_of(call: Transcript) -> None:
    """He was put on hold while it was paused: it goes on when he is back, not over the empty line."""
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << left(CUSTOMER) << left(FRIEND) << joined(CUSTOMER) >> go_on()


def test_a_person_who_hangs_up_while_paused_ends_the_recording(call: Transcript) -> None:
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << gone(CUSTOMER) >> file()
    assert call.recording.status is RecordingStatus.STOPPED


def test_a_person_who_withdraws_while_paused_ends_the_recording(call: Transcript) -> None:
    """C8: for good, also when the other one has left."""
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << pressed("*") << pressed("9") >> stop() << gone(FRIEND)


def test_the_second_person_is_recorded_when_the_first_has_left() -> None:
    """A new file of the other's leg, under its own number; both expire by the call's start (S8)."""
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND)
    assert call << gone(CUSTOMER) >> file() >> record(2, FRIEND) << recording_started(2, FRIEND) << gone(AGENT)
    assert call << gone(FRIEND) >> file(2, FRIEND)
    assert [one.path for one in call.call.recordings] == ["2026/08/31/0c0ffee0-1.wav", "2026/08/31/0c0ffee0-2.wav"]


def test_the_second_person_is_recorded_when_the_first_who_withdrew_has_left() -> None:
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND)
    assert call << pressed("*") << pressed("9") >> stop() << left(CUSTOMER) >> record(2, FRIEND)
