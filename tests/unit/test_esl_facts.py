"""What FreeSWITCH says of a leg, read: redirecting numbers, moments, who is outside, what was heard (C1, C2, C3)."""

from datetime import UTC, datetime
from functools import partial

import pytest

from callguard import numbers
from callguard.call.state import Direction
from callguard.pbx.border import Border
from callguard.pbx.esl_facts import call_of, call_started, hand_of, is_outside, is_waiting, moment, person, played_ms, redirecting

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BORDER = Border("fs", partial(numbers.parse, region="RO"), frozenset({"provider"}), lambda: NOW)


@pytest.mark.parametrize(
    ("headers", "numbers_told"),
    [
        ({}, ()),
        ({"variable_sip_h_Diversion": "<sip:0722000111@pbx>;reason=unconditional"}, ("0722000111",)),
        ({"variable_sip_h_Diversion": "sip:0722000111@pbx;reason=busy"}, ("0722000111",)),
        ({"variable_sip_h_Diversion": '"Ana" <tel:+40722000111>, <sip:0213@pbx>'}, ("+40722000111", "0213")),
        (
            {"variable_sip_i_diversion": "ARRAY::<sip:2@pbx>;reason=x|:<sip:1@pbx>", "variable_sip_h_Diversion": "<sip:1@pbx>"},
            ("2", "1"),
        ),
        ({"variable_sip_h_Diversion": "<sip:'),(DELETE FROM calls)--@pbx>"}, ("'),(DELETE FROM calls)--",)),
        ({"variable_sip_h_Diversion": "<sip:1@pbx>, <sip:1@pbx>"}, ("1",)),
        ({"variable_sip_h_Diversion": "nobody"}, ()),
    ],
)
def test_who_redirected_the_call(headers: dict[str, str], numbers_told: tuple[str, ...]) -> None:
    """C1: the last one to redirect first (RFC 5806); one header of several, or all where the profile keeps them."""
    assert redirecting(headers) == numbers_told


def test_a_header_of_a_thousand_diversions_is_cut() -> None:
    assert len(redirecting({"variable_sip_h_Diversion": ", ".join(f"<sip:{number}@x>" for number in range(1000))})) == 10


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("1795291210733364", datetime.fromtimestamp(1795291210.733364, UTC)),
        ("0", None),
        ("", None),
        (None, None),
        ("-1", None),
        ("x", None),
        ("9" * 30, None),
    ],
)
def test_times_are_microseconds_and_0_is_never(told: str | None, meant: datetime | None) -> None:
    assert moment(told) == meant


@pytest.mark.parametrize("name", ["variable_sip_gateway", "variable_sip_gateway_name", "variable_sofia_profile_name"])
def test_outside_is_told_by_gateway_or_profile(name: str) -> None:
    assert is_outside({name: "provider"}, BORDER)
    assert not is_outside({name: "internal", "Channel-Name": "sofia/provider/1"}, BORDER), "a caller can choose the channel's name"


def test_a_leg_that_was_called_is_known_by_whom_it_called() -> None:
    both = {"Caller-Destination-Number": "0744555666", "Caller-Caller-ID-Number": "0722000111"}
    assert person({**both, "Call-Direction": "outbound"}, BORDER).raw == "0744555666"
    assert person({**both, "Call-Direction": "inbound"}, BORDER).raw == "0722000111"
    assert person({}, BORDER).raw == ""


def test_a_call_is_that_of_its_first_leg() -> None:
    told = {"Unique-ID": "b", "Channel-Call-UUID": "c", "variable_callguard_call": "a"}
    assert call_of(told) == "a"
    del told["variable_callguard_call"]
    assert call_of(told) == "c"
    del told["Channel-Call-UUID"]
    assert call_of(told) == "b"


def test_what_was_dialled_is_what_the_site_says_or_the_invite_said() -> None:
    """A transfer inside the PBX writes the destination anew."""
    told = {"Caller-Destination-Number": "701", "variable_sip_req_user": "700", "variable_callguard_dialled": "0213334444"}
    assert call_started(told, Direction.INBOUND, BORDER).dialled == "0213334444"
    del told["variable_callguard_dialled"]
    assert call_started(told, Direction.INBOUND, BORDER).dialled == "700"
    del told["variable_sip_req_user"]
    assert call_started(told, Direction.INBOUND, BORDER).dialled == "701"


def test_a_start_that_is_not_told_is_the_moment_of_the_event() -> None:
    assert call_started({}, Direction.INBOUND, BORDER).started_at == NOW


def test_what_a_caller_says_of_his_phone_is_one_line() -> None:
    """C3."""
    told = {"variable_sip_user_agent": "evil\r\nEvent-Name: X" + "x" * 500, "variable_sip_network_ip": "192.0.2.1"}
    started = call_started(told, Direction.INBOUND, BORDER)
    assert started.user_agent is not None
    assert (len(started.user_agent), started.user_agent.isprintable()) == (256, True)
    assert started.equipment_ip == "192.0.2.1"


@pytest.mark.parametrize(
    ("samples", "rate", "heard"),
    [("16960", "8000", 2120), ("25600", "16000", 1600), ("8000", "", 1000), ("8000", "0", 1000), ("", "8000", 0)],
)
def test_samples_are_counted_at_the_rate_of_the_codec(samples: str, rate: str, heard: int) -> None:
    assert played_ms({"x": samples, "Channel-Read-Codec-Rate": rate}, "x") == heard
    assert played_ms({}, "x") == 0


def test_in_hand_and_waiting() -> None:
    assert hand_of({"variable_callguard_hand": "inbound"}) is Direction.INBOUND
    assert hand_of({"variable_callguard_hand": "sideways"}) is None
    assert is_waiting({"variable_current_application": "sleep"})
    assert is_waiting({"variable_current_application_data": "silence_stream://3000"})
    assert not is_waiting({"variable_current_application": "playback", "variable_current_application_data": "/x.wav"})
