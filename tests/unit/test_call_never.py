"""Transcripts of mode ``never``, and of calls that no policy speaks of: nothing plays, nothing is recorded."""

from dataclasses import replace

import pytest

from callguard.call.policy import UNMATCHED, Mode, Policy
from callguard.call.state import Consent, Decision, Direction, How
from tests.unit.call_cast import AGENT, CUSTOMER, FRIEND, after, policy
from tests.unit.call_facts import cut, gone, handed_back, handed_over, joined, left, pressed, said, taken_up
from tests.unit.call_orders import release
from tests.unit.call_world import Transcript

WITH_PROMPTS = replace(policy(Mode.NOTICE), mode=Mode.NEVER)
"""A policy that was switched to never and kept its announcements."""


@pytest.fixture(params=Direction)
def direction(request: pytest.FixtureRequest) -> Direction:
    assert isinstance(request.param, Direction)
    return request.param


@pytest.mark.parametrize("rules", [policy(Mode.NEVER), UNMATCHED, WITH_PROMPTS], ids=["never", "unmatched", "never with prompts"])
def test_let_through_at_once_and_not_recorded(direction: Direction, rules: Policy) -> None:
    call = Transcript(direction, rules)
    assert call << handed_over() >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER)
    assert call << pressed("*") << pressed("9") << joined(FRIEND) << left(FRIEND) << gone(AGENT) << gone(CUSTOMER)
    assert not call.call.recordings


def test_that_nobody_was_asked_is_stored_as_that(direction: Direction) -> None:
    """No announcement is named, since none was played."""
    call = Transcript(direction, WITH_PROMPTS)
    assert call << handed_over() >> release()
    assert call.party().consents == (
        Consent(
            decision=Decision.NOT_REQUIRED,
            how=How.NONE,
            key=None,
            announcement=None,
            language=None,
            heard_ms=0,
            complete=False,
            announced_at=None,
            decided_at=after(1),
            received_at=after(1.02),
        ),
    )


def test_a_leg_found_again_is_let_through_again(direction: Direction) -> None:
    call = Transcript(direction, policy(Mode.NEVER))
    assert call << handed_over() >> release() << taken_up() >> release() << said(0) << cut(0, "1")
    assert call.decisions() == [Decision.NOT_REQUIRED]
