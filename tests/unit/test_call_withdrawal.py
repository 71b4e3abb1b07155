"""Withdrawal by key in a running conversation (C8, S3): when it is one, what it does, and that no key is kept."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callguard.call.policy import Mode
from callguard.call.state import Decision, Direction, How, RecordingStatus, Withdrawal
from callguard.call.withdrawal import follow
from tests.unit.call_cast import AGENT, COLLEAGUE, CUSTOMER, FRIEND, after
from tests.unit.call_facts import (
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    pressed,
    recording_started,
    said,
    stop_unconfirmed,
    stopped,
)
from tests.unit.call_orders import file, pause, record, release, say, stop
from tests.unit.call_plays import widely
from tests.unit.call_world import Transcript, inbound, talking


@pytest.fixture(params=Direction)
def call(request: pytest.FixtureRequest) -> Transcript:
    mode = Mode.NOTICE if request.param is Direction.INBOUND else Mode.OPT_IN
    return talking(request.param, mode)


def test_withdrawn(call: Transcript) -> None:
    """C8, S3: stopped at once and for good; the earlier decision stays, and so does what was lawfully recorded."""
    before = call.decisions()
    assert call << pressed("*", at=30) << pressed("9", at=30.5) >> stop()
    assert call.decisions() == [*before, Decision.WITHDRAWN]
    assert (call.recording.status, call.recording.stopped_at) == (RecordingStatus.STOPPED, after(30.5))
    assert call << stopped() >> file() << joined(COLLEAGUE) << left(AGENT) << left(CUSTOMER) << joined(CUSTOMER)


def test_no_key_of_a_conversation_is_stored(call: Transcript) -> None:
    """Not even those that withdrew: which ones they were is in the policy."""
    assert call << pressed("*") << pressed("9") >> stop()
    last = call.party().consents[-1]
    assert (last.decision, last.how, last.key) == (Decision.WITHDRAWN, How.KEY, None)
    assert call.call.withdrawal is None


def test_the_evidence_of_the_announcement_is_the_same_in_both_decisions(call: Transcript) -> None:
    """C8, S12."""
    assert call << pressed("*") << pressed("9", at=31) >> stop()
    first, last = call.party().consents
    assert (last.announcement, last.heard_ms, last.announced_at) == (first.announcement, first.heard_ms, first.announced_at)
    assert (last.decided_at, last.received_at) == (after(31), after(31.02))


def test_withdrawn_twice_is_withdrawn_once(call: Transcript) -> None:
    assert call << pressed("*") << pressed("9") >> stop() << pressed("*") << pressed("9")
    assert call.decisions().count(Decision.WITHDRAWN) == 1


def test_other_keys_between_are_another_thing(call: Transcript) -> None:
    """Somebody types into a menu: `*`, `5`, `9`."""
    assert call << pressed("*") << pressed("5") << pressed("9") << pressed("9") << pressed("*") << pressed("*") << pressed("9") >> stop()


@pytest.mark.parametrize(("pause_s", "stops"), [(3.0, True), (3.001, False)])
def test_more_than_three_seconds_between_two_keys_is_another_thing(call: Transcript, pause_s: float, stops: bool) -> None:
    assert call << pressed("*", at=30) << pressed("9", at=30 + pause_s) >> ([stop()] if stops else [])


def test_the_agents_keys_withdraw_nothing(call: Transcript) -> None:
    """Consent belongs to a person (design rule 3)."""
    assert call << pressed("*", AGENT) << pressed("9", AGENT) << pressed("*", CUSTOMER) << pressed("9", AGENT)
    assert Decision.WITHDRAWN not in call.decisions()


def test_the_agents_keys_do_not_come_between(call: Transcript) -> None:
    assert call << pressed("*") << pressed("5", AGENT) << pressed("9") >> stop()


def test_keys_of_two_outside_people_are_not_one_withdrawal() -> None:
    """And whoever withdraws does it for himself: the other one's recording waits until he has left."""
    call = talking()
    assert call << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND) << joined(FRIEND)
    assert call << pressed("*", CUSTOMER) << pressed("9", FRIEND) << pressed("*", FRIEND) << pressed("9", FRIEND) >> pause()
    assert call.decisions(FRIEND) == [Decision.STAYED, Decision.WITHDRAWN]
    assert call.decisions(CUSTOMER) == [Decision.STAYED]


def test_before_the_bridge_it_is_no_conversation() -> None:
    """Keys pressed in a queue or a menu are not ours; the refusal key of the prompt is what counts until then."""
    call = inbound()
    assert call << pressed("*") << pressed("9") << handed_over() >> say(1) << pressed("*") << pressed("9") << said(1) >> release()
    assert call << handed_back() << pressed("*") << joined(CUSTOMER) >> record() << pressed("9")
    assert call.decisions() == [Decision.STAYED]


def test_out_of_the_bridge_it_is_no_conversation(call: Transcript) -> None:
    assert call << left(CUSTOMER) << pressed("*") << pressed("9")
    assert Decision.WITHDRAWN not in call.decisions()


def test_withdrawn_before_the_pbx_has_answered_the_start() -> None:
    """The order to stop follows the order to start; the late answer starts nothing."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << joined(CUSTOMER) >> record()
    assert call << pressed("*") << pressed("9") >> stop() << recording_started() << stopped() >> file()
    assert call.recording.status is RecordingStatus.STOPPED


def test_a_stop_that_was_never_confirmed_is_filed_at_the_hang_up(call: Transcript) -> None:
    assert call << pressed("*") << pressed("9") >> stop() << gone() >> file()


def test_a_stop_that_may_have_been_lost_is_ordered_again(call: Transcript) -> None:
    """C8: after a restart; the PBX must not go on."""
    assert call << pressed("*") << pressed("9") >> stop() << stop_unconfirmed() >> stop() << stopped() >> file()


@pytest.mark.parametrize("keys", ["", "#", "**9", "1212"])
def test_the_keys_are_what_the_policy_says(keys: str) -> None:
    """No keys: withdrawal by key is switched off."""
    call = talking(withdraw_keys=keys)
    for key in "*9" + keys[:-1]:
        assert call << pressed(key)
    assert call << pressed(keys[-1:]) >> ([stop()] if keys else [])


keys_pressed = st.lists(st.tuples(st.sampled_from("129*#"), st.sampled_from([0.2, 3.0, 3.1]), st.sampled_from([CUSTOMER, FRIEND])))


@widely
@given(st.text("12*9", max_size=5), keys_pressed)
@example("**9", [("*", 0.2, CUSTOMER)] * 3 + [("9", 0.2, CUSTOMER)])
@example("1213", [(key, 0.2, CUSTOMER) for key in "121213"])
def test_withdrawn_is_who_pressed_the_keys_in_a_row(keys: str, row: list[tuple[str, float, str]]) -> None:
    """Against the plain reading, with all keys remembered: the last ones are the keys, by one person, none of them too late."""
    followed: Withdrawal | None = None
    remembered, at, by = "", 0.0, CUSTOMER
    for key, gap_s, leg in row:
        at += gap_s
        remembered = remembered + key if leg == by and timedelta(seconds=gap_s) <= timedelta(seconds=3) else key
        by = leg
        whole = bool(keys) and remembered.endswith(keys)
        followed, withdrew = follow(followed, pressed(key, leg, at=at), keys)
        assert withdrew == whole
        remembered = "" if whole else remembered
