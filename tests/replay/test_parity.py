"""Parity: the same thing happens on both switches, and a reader of what is told cannot tell which it was.

Compared are the recorded calls that were played as the same scenario on a real Asterisk and on a real FreeSWITCH: what each came to, field
by field. Names of legs and moments differ from call to call; what a switch forces to differ is in `FORCED`, with the reason.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.test_metadata import FREESWITCH_CAUSES, OUTCOMES
from tests.replay import esl_fixtures, fixtures
from tests.replay.courses import expectation

SCENARIOS: Final = sorted(set(fixtures.names()) & set(esl_fixtures.names()))

TABLE: Final = (
    "daemon-restarted-in-prompt",
    "inbound-notice-hangup-during-notice",
    "inbound-notice-refused-by-key",
    "inbound-notice-stayed",
    "inbound-opt-in-accepted",
    "inbound-opt-in-no-key",
    "inbound-opt-in-wrong-then-right",
    "joined-daemon-restarted-in-notice",
    "joined-notice-hangup-during-notice",
    "joined-notice-refused-by-key",
    "joined-notice-stayed",
    "joined-opt-in-accepted",
    "joined-opt-in-no-key",
    "outbound-busy",
    "outbound-cancelled-while-ringing",
    "outbound-opt-in-accepted",
    "outbound-opt-in-no-key",
    "outbound-opt-in-refused",
    "sms-inbound",
    "sms-outbound",
)

OF_ONE_CALL: Final = frozenset({"linkedid", "leg", "channel"})
"""What a switch calls its legs."""

OWN_PHONE: Final = "number of a phone inside"
"""A leg to one of the PBX's own phones has the number that was dialled on Asterisk, and the user of its contact on FreeSWITCH."""

MOMENTS: Final = "_at"
CLOSE_MS: Final = 250
"""Between two people who press a key, or hang up, in the middle of a prompt."""

_LINE_ENDS = (
    "Asterisk's dialplan takes line ends out before anybody reads them; FreeSWITCH quotes them, and the mapping makes blanks of them"
)
_INJECTED = ("+40722Event: Hangup&caller=0700000000&leg=1.1", "+40722  Event: Hangup&caller=0700000000&leg=1.1", _LINE_ENDS)

FORCED: Final[Mapping[str, Mapping[str, tuple[Any, Any, str]]]] = {
    "inbound-injecting-caller": {"calls.0.caller.0": _INJECTED, "calls.0.parties.0.number.0": _INJECTED},
    "inbound-notice-hangup-during-notice": {
        "calls.0.hangup_cause": (None, "NORMAL_CLEARING", "Asterisk names no cause where the caller hangs up in the dialplan's hands"),
    },
    "outbound-cancelled-while-ringing": {
        "calls.0.hangup_cause": ("INTERWORKING", "ORIGINATOR_CANCEL", "Q.850 has no cause for it; FreeSWITCH has a name of its own"),
    },
    "pbx-restarted": {
        "calls.0.hangup_cause": ("NORMAL_CLEARING", "SYSTEM_SHUTDOWN", "FreeSWITCH says that it was the switch that ended the call"),
    },
}
"""By scenario and field: on Asterisk, on FreeSWITCH, and why."""


def told(switch: str, scenario: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(expectation(f"{switch}/{scenario}").read_text("utf-8"))


def differences(asterisk: Any, freeswitch: Any, place: str = "") -> dict[str, tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """By place, what is not the same: of moments only whether they are known, of what was heard only the size."""
    name = place.rpartition(".")[2]
    if name in OF_ONE_CALL:
        return {}
    if isinstance(asterisk, dict) and asterisk.get("outside") is False:
        asterisk, freeswitch = ({**one, "number": OWN_PHONE} for one in (asterisk, freeswitch))
    if isinstance(asterisk, dict) and isinstance(freeswitch, dict) and asterisk.keys() == freeswitch.keys():
        pairs = [differences(asterisk[key], freeswitch[key], f"{place}.{key}".lstrip(".")) for key in asterisk]
        return {key: pair for found in pairs for key, pair in found.items()}
    if isinstance(asterisk, list) and isinstance(freeswitch, list) and len(asterisk) == len(freeswitch):
        found = [differences(*pair, f"{place}.{number}") for number, pair in enumerate(zip(asterisk, freeswitch, strict=True))]
        return {key: pair for one in found for key, pair in one.items()}
    return {} if same(name, asterisk, freeswitch) else {place: (asterisk, freeswitch)}


def same(name: str, asterisk: Any, freeswitch: Any) -> bool:  # noqa: ANN401 - JSON
    if name == "at" or name.endswith(MOMENTS):
        return (asterisk is None) == (freeswitch is None)
    if name == "heard_ms":
        return bool(abs(asterisk - freeswitch) <= CLOSE_MS)
    if name == "path":
        return str(asterisk).rpartition("/")[2] == str(freeswitch).rpartition("/")[2]
    return bool(asterisk == freeswitch)


def test_the_table_is_whole() -> None:
    assert set(TABLE) <= set(SCENARIOS)


def test_the_readme_lists_what_is_allowed_to_differ() -> None:
    """Here and in the live calls, each with a reason; and it lists no cause that does not."""
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8").partition("| | Asterisk | FreeSWITCH | why |\n")[2]
    table = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.partition("\n\n")[0].splitlines()[1:]]
    here = {(there, here) for fields in FORCED.values() for place, (there, here, _) in fields.items() if place.endswith("hangup_cause")}
    live = {(OUTCOMES[name][1], cause) for name, cause in FREESWITCH_CAUSES.items()}
    assert {(None if there == "none" else there, here) for _, there, here, _ in table if here.isupper()} == here | live
    assert {OWN_PHONE, "line ends in a caller's number"} < {what for what, *_ in table}
    assert all(why for *_, why in table)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_both_switches_come_to_the_same(scenario: str) -> None:
    """S1, S2, S3, S8, C1, C2, C3."""
    found = differences(told("asterisk", scenario), told("freeswitch", scenario))
    forced = {place: (there, here) for place, (there, here, _) in FORCED.get(scenario, {}).items()}
    assert found == forced
