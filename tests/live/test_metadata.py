"""What is logged of a call, beside consent and recording: numbers, times, outcome, equipment (C1, C2, C3).

Times are compared with the events that the PBX told, which carry its own clock, and the numbers with what the phones sent.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest

from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.outbound_calls import answered
from tests.live.staging import Scene, Stage, Tone, instant, talk
from tests.rig.phone import OutgoingCall

pytestmark = pytest.mark.live

TICK: Final = timedelta(milliseconds=1)
REDIRECTED_BY: Final = ("+40744000333", "0213112233", "0800800800")
"""As Diversion headers tell it: the last one to redirect first."""


def inbound(house: House) -> Scene:
    """A national number, redirected twice on its way."""
    number = "0722 555 100".replace(" ", "")
    outside = house.site.caller.dial("700", house.site.pbx.sip_port, caller=number, diversion=REDIRECTED_BY, voice=Tone.BEFORE)
    inside = house.at_agent(number)
    inside.answer()
    talk(outside, inside, 0.7)
    inside.hang_up()
    outside.wait_ended(3)
    return Scene("+40722555100", outside, inside)


def outbound(house: House) -> Scene:
    number, inside, outside = answered(house, "0740")
    inside.wait_answered(8)
    talk(outside, inside, 0.7)
    inside.hang_up()
    outside.wait_ended(3)
    return Scene(number, outside, inside)


def ringing(house: House, prefix: str = "0742") -> tuple[str, OutgoingCall, Any]:
    number, inside = house.dial_out(prefix)
    outside = house.at_callee(number)
    outside.ring()
    inside.wait_ringing(3)
    return number, inside, outside


def refused_with(status: int, house: House) -> Scene:
    number, inside, outside = ringing(house)
    outside.reject(status)
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def not_answered(house: House) -> Scene:
    number, inside, outside = ringing(house, "0747")
    outside.wait_ended(5)
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def cancelled_by_the_agent(house: House) -> Scene:
    number, inside, outside = ringing(house)
    inside.hang_up()
    outside.wait_ended(5)
    return Scene(number, outside, inside)


def cancelled_by_the_caller(house: House) -> Scene:
    """In the mode `never`, where the PBX does not answer by itself."""
    number, outside = house.dial_in("703")
    inside = house.at_agent(number)
    inside.ring()
    outside.hang_up()
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def hung_up_in_the_question(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    time.sleep(0.3)
    outside.hang_up()
    inside.wait_ended(5)
    return Scene(number, outside, inside)


PLAYS: Final[dict[str, Callable[[House], Scene]]] = {
    "inbound": inbound,
    "outbound": outbound,
    "busy": partial(refused_with, 486),
    "unknown": partial(refused_with, 404),
    "congested": partial(refused_with, 503),
    "not answered": not_answered,
    "cancelled by the agent": cancelled_by_the_agent,
    "cancelled by the caller": cancelled_by_the_caller,
    "hung up in the question": hung_up_in_the_question,
}
OUTCOMES: Final = {
    "inbound": ("ANSWERED", "NORMAL_CLEARING"),
    "outbound": ("ANSWERED", "NORMAL_CLEARING"),
    "busy": ("BUSY", "USER_BUSY"),
    "unknown": ("NO ANSWER", "UNALLOCATED_NUMBER"),
    "congested": ("FAILED", "NORMAL_CIRCUIT_CONGESTION"),
    "not answered": ("NO ANSWER", "NORMAL_CLEARING"),
    "cancelled by the agent": ("NO ANSWER", "INTERWORKING"),
    "cancelled by the caller": ("NO ANSWER", "INTERWORKING"),
    "hung up in the question": ("ANSWERED", "NORMAL_CLEARING"),
}
"""Disposition and the Q.850 name of the cause, in the PBX's words: to Asterisk a cancelled call is one that ended in interworking."""

FREESWITCH_CAUSES: Final = {
    "congested": "NORMAL_TEMPORARY_FAILURE",
    "not answered": "ALLOTTED_TIMEOUT",
    "cancelled by the agent": "ORIGINATOR_CANCEL",
    "cancelled by the caller": "ORIGINATOR_CANCEL",
}
"""Where FreeSWITCH has a name of its own, or takes another cause out of the same SIP status."""


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("metadata")) as house:
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    stage = Stage({name: partial(play, house) for name, play in PLAYS.items()})
    yield stage
    stage.close()


def told(house: House, stage: Stage, name: str) -> dict[str, Any]:
    return house.told(stage.scene(name).number)


@pytest.mark.parametrize("name", PLAYS)
def test_the_outcome_is_told_as_in_any_cdr(house: House, stage: Stage, name: str) -> None:
    """C1: disposition and hang-up cause; a callee who answers and hangs up in the question has answered, for carriers bill it."""
    call = told(house, stage, name)
    disposition, cause = OUTCOMES[name]
    assert call["disposition"] == disposition
    assert call["hangup_cause"] == (cause if house.on_asterisk else FREESWITCH_CAUSES.get(name, cause))


@pytest.mark.parametrize("name", PLAYS)
def test_start_end_and_duration_are_the_pbxs(house: House, stage: Stage, name: str) -> None:
    """C1: in UTC, to the millisecond, from the first channel's creation to the last one's hang-up."""
    call = told(house, stage, name)
    legs = [party["leg"] for party in call["parties"]]
    begun = house.made(call["linkedid"])
    ended = max(map(house.gone, legs))
    assert abs(instant(call["started_at"]) - begun) < timedelta(milliseconds=20)
    assert abs(instant(call["ended_at"]) - ended) <= TICK
    assert call["duration_s"] == pytest.approx((instant(call["ended_at"]) - instant(call["started_at"])).total_seconds(), abs=0.001)


@pytest.mark.parametrize("name", [name for name, (outcome, _) in OUTCOMES.items() if outcome == "ANSWERED"])
def test_billable_time_is_that_of_the_outside_line(house: House, stage: Stage, name: str) -> None:
    """C1: inbound from the PBX's answer, outbound from the callee's."""
    scene, call = stage.scene(name), told(house, stage, name)
    assert scene.outside.answered_at is not None
    assert abs(instant(call["answered_at"]) - house.utc(scene.outside.answered_at)) < timedelta(milliseconds=100)
    assert call["billable_s"] == pytest.approx((instant(call["ended_at"]) - instant(call["answered_at"])).total_seconds(), abs=0.001)


@pytest.mark.parametrize("name", [name for name, (outcome, _) in OUTCOMES.items() if outcome != "ANSWERED"])
def test_what_nobody_answered_costs_nothing(house: House, stage: Stage, name: str) -> None:
    """C1."""
    call = told(house, stage, name)
    assert (call["answered_at"], call["billable_s"], call["recordings"]) == (None, 0, [])


def test_numbers_are_kept_as_dialled_and_in_e164(house: House, stage: Stage) -> None:
    """C1: found by either form, shown in E.164, and the form that was dialled or shown stands beside it."""
    call = told(house, stage, "inbound")
    assert (call["direction"], call["caller"], call["dialled"], call["callee"]) == ("inbound", "+40722555100", "700", "700")
    (row,) = house.rows("SELECT caller, caller_e164 FROM calls WHERE id = ?", call["id"])
    assert tuple(row) == ("0722555100", "+40722555100")
    for form in ("0722 555 100", "+40722555100", "0040722555100"):
        assert [one["id"] for one in house.site.json("calls", "--number", form)] == [call["id"]]


def test_the_callee_of_an_outbound_call_is_kept_both_ways(house: House, stage: Stage) -> None:
    """C1."""
    scene, call = stage.scene("outbound"), told(house, stage, "outbound")
    assert (call["direction"], call["caller"], call["dialled"], call["callee"]) == ("outbound", "200", scene.number, f"+4{scene.number}")
    assert {party["role"]: party["number"] for party in call["parties"]} == {"caller": "200", "callee": f"+4{scene.number}"}


def test_redirecting_numbers_are_kept(house: House, stage: Stage) -> None:
    """C1: all of them, the last one to redirect first."""
    assert told(house, stage, "inbound")["redirecting"] == list(REDIRECTED_BY)
    assert told(house, stage, "outbound")["redirecting"] == []


def test_the_equipment_of_the_calling_side_is_kept(house: House, stage: Stage) -> None:
    """C2, C3: address and User-Agent of the outside phone that calls in, and of the desk phone that calls out."""
    seen = {name: told(house, stage, name) for name in ("inbound", "outbound")}
    assert {name: (call["equipment_ip"], call["user_agent"]) for name, call in seen.items()} == {
        "inbound": ("127.0.0.1", "Outside/1"),
        "outbound": ("127.0.0.1", "Desk/2"),
    }


def test_conversation_and_ringing_are_told_apart(house: House, stage: Stage) -> None:
    """C1: when two people could first talk is kept beside the answer; who hung up in the question never talked to anybody."""
    (talked,) = house.rows("SELECT answered_at, connected_at FROM calls WHERE id = ?", told(house, stage, "inbound")["id"])
    assert talked["answered_at"] + 1_500 < talked["connected_at"]
    (asked,) = house.rows("SELECT connected_at FROM calls WHERE id = ?", told(house, stage, "hung up in the question")["id"])
    assert asked["connected_at"] is None
