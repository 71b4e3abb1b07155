"""The notation of transcripts: facts in by ``<<``, orders out by ``>>``.

A transcript reads as it happens, and is true when no order was given that it does not tell of::

    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back()

Who plays is in :mod:`tests.unit.call_cast`, what they do in ``call_facts``, what is to be done in ``call_orders``.
"""

from collections.abc import Sequence
from typing import Self, Unpack

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.policy import Mode, Policy
from callguard.call.state import Call, Decision, Direction, Party, Recording
from callguard.call.step import open_call, step
from tests.unit.call_cast import AGENT, CALL_ID, CUSTOMER, Terms, policy
from tests.unit.call_facts import collected, handed_back, handed_over, joined, recording_started, said, started
from tests.unit.call_orders import ask, record, release, say, thank


class Transcript:
    """A call in play: ``<<`` tells it a fact, ``>>`` claims the next order that came of it."""

    def __init__(self, direction: Direction, rules: Policy) -> None:
        self.call = open_call(CALL_ID, started(direction), rules)
        self._unclaimed: list[do.Command] = []

    def __lshift__(self, event: ev.Event) -> Self:
        self._all_claimed()
        self.call, orders = step(self.call, event)
        self._unclaimed = list(orders)
        return self

    def __rshift__(self, expected: do.Command | Sequence[do.Command]) -> Self:
        for order in [expected] if isinstance(expected, do.Command) else expected:
            given = self._unclaimed.pop(0) if self._unclaimed else None
            assert given == order, f"expected {order}, but was given {given}"
        return self

    def __bool__(self) -> bool:
        self._all_claimed()
        return True

    def _all_claimed(self) -> None:
        assert not self._unclaimed, f"orders that the transcript does not tell of: {self._unclaimed}"

    def party(self, leg: str = CUSTOMER) -> Party:
        found = self.call.party(leg)
        assert found is not None, f"{leg} is not in the call"
        return found

    def decisions(self, leg: str = CUSTOMER) -> list[Decision]:
        """All that the person decided, in order."""
        return [consent.decision for consent in self.party(leg).consents]

    @property
    def over(self) -> bool:
        """Whether everybody has hung up."""
        return self.call.ended_at is not None

    @property
    def recording(self) -> Recording:
        """The only one."""
        (one,) = self.call.recordings
        return one


def opened(direction: Direction, mode: Mode, **terms: Unpack[Terms]) -> Transcript:
    """A call at its first fact, under such a policy."""
    return Transcript(direction, policy(mode, **terms))


def inbound(mode: Mode = Mode.NOTICE, **terms: Unpack[Terms]) -> Transcript:
    """The customer calls."""
    return opened(Direction.INBOUND, mode, **terms)


def outbound(mode: Mode = Mode.OPT_IN, **terms: Unpack[Terms]) -> Transcript:
    """The agent calls the customer."""
    return opened(Direction.OUTBOUND, mode, **terms)


def talking(direction: Direction = Direction.INBOUND, mode: Mode = Mode.NOTICE, **terms: Unpack[Terms]) -> Transcript:
    """The customer stayed on the line (or pressed the acceptance key) and talks with the agent; the recording runs."""
    call = opened(direction, mode, **terms)
    assert call << handed_over() >> say(1)
    if mode is Mode.NOTICE:
        assert call << said(1) >> release()
    elif mode is Mode.OPT_OUT:
        assert call << said(1) >> ask(2) << collected(2, None) >> release()
    else:
        assert call << said(1) >> ask(2) << collected(2, "1") >> thank(3) << said(3) >> release()
    assert call << handed_back() << joined(AGENT) << joined(CUSTOMER) >> record() << recording_started()
    return call


def apply(call: Call, events: Sequence[ev.Event]) -> tuple[Call, list[do.Command]]:
    """Tell a call many facts; all orders in order."""
    orders: list[do.Command] = []
    for event in events:
        call, more = step(call, event)
        orders.extend(more)
    return call, orders
