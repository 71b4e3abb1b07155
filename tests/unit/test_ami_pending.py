"""Waits for the PBX's answers leave nothing behind, however they end."""

import asyncio

import pytest

from callguard.errors import ActionRefused, LinkError, LinkLost, LinkOverdue, ProtocolFault
from callguard.pbx.ami_action import AmiAction, Outcome, Reply
from callguard.pbx.ami_pending import Pending
from callguard.pbx.ami_wire import Headers
from callguard.pbx.contain import Contain

OPENING = Headers(b"Response: Success\r\nActionID: 1\r\nEventList: start")
ENTRY = Headers(b"Event: CoreShowChannel\r\nActionID: 1")
COMPLETE = Headers(b"Event: CoreShowChannelsComplete\r\nActionID: 1\r\nEventList: Complete")
CANCELLED = Headers(b"Event: CoreShowChannelsComplete\r\nActionID: 1\r\nEventList: cancelled")


async def _after(messages: list[Headers], ending: LinkError | None = None) -> tuple[Pending, list[Outcome]]:
    """One wait with a bound of 50 ms, and what came of it."""
    outcomes: list[Outcome] = []
    pending = Pending(asyncio.get_running_loop(), Contain(), longest_list=2)
    pending.add("1", AmiAction("CoreShowChannels", bound_s=0.05), lambda _action, outcome: outcomes.append(outcome))
    for message in messages:
        if message.get("Response"):
            pending.answer(message)
        else:
            pending.gather(message)
    if ending is not None:
        pending.fail_all(lambda: ending)
    await asyncio.sleep(0.1)
    return pending, outcomes


@pytest.mark.parametrize(
    ("messages", "ending", "kind"),
    [
        ([OPENING, ENTRY, COMPLETE], None, Reply),
        ([OPENING, ENTRY, CANCELLED], None, ActionRefused),
        ([OPENING, ENTRY, ENTRY, ENTRY, COMPLETE], None, ProtocolFault),
        ([OPENING, ENTRY], None, LinkOverdue),
        ([OPENING, ENTRY], LinkLost("gone"), LinkLost),
        ([Headers(b"Response: Success\r\nActionID: 1"), COMPLETE], None, Reply),
        ([Headers(b"Response: Error\r\nActionID: 1")], LinkLost("gone"), ActionRefused),
        ([Headers(b"Response: Success\r\nActionID: 2"), Headers(b"Response: Success")], None, LinkOverdue),
        ([ENTRY, COMPLETE], None, LinkOverdue),
    ],
)
def test_one_outcome_and_nothing_left(messages: list[Headers], ending: LinkError | None, kind: type[Outcome]) -> None:
    """Whatever comes after the end finds nobody; a list that is over is not looked for in every event any more."""
    pending, outcomes = asyncio.run(_after(messages, ending))
    assert [type(outcome) for outcome in outcomes] == [kind]
    assert (len(pending), pending.open_lists) == (0, 0)
