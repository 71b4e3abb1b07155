"""Transcripts of how calls end, and the figures that their CDR gives."""

import pytest

from callguard.call.cdr import Summary, summary
from callguard.call.policy import Mode
from callguard.call.state import Decision, Direction, Number, Role
from tests.unit.call_cast import AGENT, CUSTOMER, FRIEND, after, number
from tests.unit.call_facts import answered, collected, dialled, gone, handed_back, handed_over, joined, left, recording_started, said
from tests.unit.call_orders import ask, file, hang_up, pause, record, release, say, thank
from tests.unit.call_world import inbound, outbound, talking


def test_what_is_known_of_an_inbound_call_at_its_first_fact() -> None:
    """C1, S8: numbers as dialled and in E.164; the start is the PBX's, with the receive time beside it."""
    call = inbound().call
    assert (call.caller, call.callee, call.dialled) == (number(CUSTOMER), number(AGENT), "0722-agent")
    assert (call.started_at, call.received_at) == (after(0), after(0.12))
    assert (call.parties[0].role, call.parties[0].outside) == (Role.CALLER, True)


def test_the_equipment_of_a_callee_is_known_when_he_has_answered() -> None:
    """C2, C3."""
    call = outbound()
    assert not call.party(AGENT).outside
    assert call << handed_over() >> say(1)
    assert (call.call.equipment_ip, call.call.user_agent) == ("192.0.2.7", "Phone 1.0")
    assert (call.party().role, call.party().number) == (Role.CALLEE, Number("0722-customer", "+40722-customer"))


def test_a_recorded_inbound_call() -> None:
    """C1: billable from the moment the PBX picked up for the notice; connected is when two people could talk."""
    call = inbound()
    assert call << handed_over() >> say(1) << answered(at=1.25) << said(1) >> release() << handed_back()
    assert call << joined(CUSTOMER, at=9) >> record() << joined(AGENT, at=10) << gone(AGENT) << gone(at=60.0625) >> file()
    assert (call.call.connected_at, call.call.ended_at) == (after(10), after(60.0625))
    assert summary(call.call) == Summary(duration_s=60.062, billable_s=58.812, disposition="ANSWERED")


def test_an_agent_who_hangs_up_first() -> None:
    """S3: the recording goes on the customer's leg until the customer is gone; the customer's cause is the call's."""
    call = talking()
    assert call << gone(AGENT, cause="NORMAL_CLEARING")
    assert not call.over
    assert call << gone(CUSTOMER, cause="NORMAL_UNSPECIFIED", at=61) >> file()
    assert (call.call.hangup_cause, call.call.ended_at) == ("NORMAL_UNSPECIFIED", after(61))


@pytest.mark.parametrize(("first", "second"), [(AGENT, CUSTOMER), (CUSTOMER, AGENT)])
def test_the_cause_of_the_outside_leg_is_the_calls(first: str, second: str) -> None:
    causes = {AGENT: "CALL_REJECTED", CUSTOMER: "NORMAL_CLEARING"}
    call = inbound(Mode.NEVER)
    assert call << joined(AGENT) << joined(CUSTOMER) << gone(first, causes[first]) << gone(second, causes[second])
    assert call.call.hangup_cause == "NORMAL_CLEARING"


def test_a_cause_that_nobody_saw_hides_none_that_somebody_did() -> None:
    call = inbound(Mode.NEVER)
    assert call << joined(AGENT) << gone(AGENT, "CALL_REJECTED") << gone(CUSTOMER, None)
    assert call.call.hangup_cause == "CALL_REJECTED"


def test_hung_up_during_the_notice_is_a_short_answered_call() -> None:
    call = inbound()
    assert call << handed_over() >> say(1) << answered(at=1) << gone(at=3)
    assert summary(call.call) == Summary(duration_s=3.0, billable_s=2.0, disposition="ANSWERED")
    assert call.call.connected_at is None


def test_an_accepted_outbound_call() -> None:
    """S2: answered when the callee was, connected when he had decided."""
    call = outbound()
    assert call << dialled("ANSWER") << handed_over(at=15) >> say(1) << said(1) >> ask(2) << collected(2, "1") >> thank(3)
    assert call << said(3) >> release() << handed_back() << joined(CUSTOMER, at=28) >> record() << joined(AGENT, at=28.5)
    assert call << gone(AGENT) << gone(CUSTOMER, at=60) >> file()
    assert (call.call.answered_at, call.call.connected_at) == (after(15), after(28.5))
    assert summary(call.call) == Summary(duration_s=60.0, billable_s=45.0, disposition="ANSWERED")


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        ("BUSY", "BUSY"),
        ("NOANSWER", "NO ANSWER"),
        ("CANCEL", "NO ANSWER"),
        ("CHANUNAVAIL", "FAILED"),
        ("CONGESTION", "FAILED"),
        ("INVALIDARGS", "FAILED"),
    ],
)
def test_a_callee_who_was_not_reached(status: str, disposition: str) -> None:
    """C1."""
    call = outbound()
    assert call << dialled(status) << gone(AGENT, at=20)
    assert summary(call.call) == Summary(duration_s=20.0, billable_s=0.0, disposition=disposition)


def test_an_inbound_caller_who_was_never_answered() -> None:
    """C4: a missed call. What an inbound call dials inside is no answer to the customer."""
    call = inbound(Mode.NEVER)
    assert call << dialled("BUSY", CUSTOMER) << answered(AGENT) << gone(CUSTOMER)
    assert (call.call.dial_status, summary(call.call).disposition) == (None, "NO ANSWER")


def test_a_second_attempt_that_is_answered_beats_a_first_that_was_busy() -> None:
    call = outbound(Mode.NEVER)
    assert call << dialled("BUSY") << handed_over(at=30) >> release() << dialled("NOANSWER")
    assert call.call.dial_status == "BUSY"
    assert call << gone() << gone(AGENT)
    assert summary(call.call).disposition == "ANSWERED"


def test_an_agents_own_line_is_not_the_callees_answer() -> None:
    call = outbound()
    assert call << answered(AGENT) << answered(CUSTOMER)
    assert call.call.answered_at is None


def test_a_running_call_has_no_figures_yet() -> None:
    assert summary(talking().call) == Summary(None, None, None)


def test_clocks_that_run_backwards_make_no_negative_time() -> None:
    call = inbound(Mode.NEVER)
    assert call << answered(at=3) << gone(at=-1)
    assert summary(call.call) == Summary(duration_s=0.0, billable_s=0.0, disposition="ANSWERED")


@pytest.mark.parametrize("reached", [1, 2, 3])
def test_the_agent_gives_up_while_the_callee_is_asked(reached: int) -> None:
    """There is nobody left to talk to, so the callee is hung up on, at whatever step."""
    call = outbound()
    assert call << handed_over() >> say(1)
    if reached > 1:
        assert call << said(1) >> ask(2)
    if reached > 2:
        assert call << collected(2, "1") >> thank(3)
    assert call << gone(AGENT) >> hang_up()
    assert not call.over
    assert call << gone(CUSTOMER)
    assert call.call.ended_at == after(60)
    assert not call.call.recordings


def test_the_agent_gives_up_after_the_callee_was_let_through() -> None:
    """The dialplan, which has the callee now, finds the caller gone and hangs up by itself."""
    call = outbound(Mode.NOTICE)
    assert call << handed_over() >> say(1) << said(1) >> release() << gone(AGENT)


def test_the_agent_gives_up_in_the_moment_the_callee_answers() -> None:
    """The call is over when the callee is handed over: he is let go at once and hears no announcement of nothing."""
    call = outbound()
    assert call << dialled("CANCEL") << gone(AGENT, at=14)
    over = call.call
    assert call << handed_over(at=14.1) >> release() << handed_back() << joined(CUSTOMER) << gone(CUSTOMER)
    assert call.call is over


def test_an_agent_who_transfers_and_leaves_hangs_up_on_nobody() -> None:
    """The customer was sent to a friend, who is asked while the customer waits: there is somebody to talk to."""
    call = talking(Direction.OUTBOUND, Mode.OPT_IN)
    assert call << left(AGENT) << left(CUSTOMER) << handed_over(FRIEND) >> say(1, FRIEND) << gone(AGENT)
    assert call << said(1, FRIEND) >> ask(2, FRIEND) << collected(2, "1", FRIEND) >> thank(3, FRIEND)
    assert call << said(3, FRIEND) >> release(FRIEND) << joined(FRIEND) << joined(CUSTOMER)


def test_a_customer_who_waits_for_a_friend_and_gives_up() -> None:
    call = talking()
    assert call << left(AGENT) << left(CUSTOMER) << gone(AGENT) << handed_over(FRIEND) >> say(1, FRIEND)
    assert call << gone(CUSTOMER) >> hang_up(FRIEND) >> file()


def test_a_caller_who_is_being_asked_is_never_hung_up_on() -> None:
    """Whatever is told of others meanwhile: he called us, and there may be somebody for him yet."""
    call = inbound()
    assert call << handed_over() >> say(1) << joined(AGENT) << gone(AGENT) << said(1) >> release()


def test_a_friend_who_declines_pauses_the_customers_recording() -> None:
    call = talking(mode=Mode.OPT_IN)
    assert call << left(AGENT) << handed_over(FRIEND) >> say(1, FRIEND) << handed_back(FRIEND) << joined(FRIEND) >> pause()
    assert call.decisions(FRIEND) == [Decision.UNANSWERED]


def test_a_recording_that_starts_when_all_is_over() -> None:
    """The PBX's answers may come after the hang-up."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << joined(CUSTOMER) >> record() << gone() >> file()
    assert call << recording_started()
    assert call.recording.started_at == after(20.1)
