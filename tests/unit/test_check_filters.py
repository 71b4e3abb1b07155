"""Which events the filters of an AMI login hold back, and when that can be told."""

import re
from pathlib import Path

import pytest

from callguard.checks.filters import ACTED_ON, FOR_NOTICES, SHIPPED, held_back, needed

SHIPPED_FILE = Path(__file__).parents[2] / SHIPPED
SHIPPED_LINES = re.findall(r"^eventfilter = (.*)$", SHIPPED_FILE.read_text("utf-8"), re.MULTILINE)
WANTED = ("Hangup", "BridgeEnter", "BridgeLeave")


def without(*events: str) -> list[str]:
    return [line for line in SHIPPED_LINES if not any(f"Event: {event}" in line for event in events)]


def test_the_shipped_filters_let_all_through() -> None:
    assert held_back(SHIPPED_LINES, needed(FOR_NOTICES)) == ([], True)


def test_what_is_asked_for_is_in_the_shipped_file() -> None:
    """And nothing more: whoever has the daemon act on another event adds it to both, or `check` would call an older file good."""
    shipped = {re.sub(r"^\^Event: (\w+).*", r"\1", line) for line in SHIPPED_LINES}
    assert shipped == {*ACTED_ON, *FOR_NOTICES.values()}


def test_an_older_file_is_seen_by_what_it_does_not_name() -> None:
    """C4, C8: a notice that never comes, a withdrawal that is never seen."""
    older = without("MessageWaiting", "ContactStatus", "DTMFEnd")
    assert held_back(older, needed(())) == (["DTMFEnd"], True)
    assert held_back(older, needed(["voicemail", "missed-call"])) == (["DTMFEnd", "MessageWaiting"], True)
    assert held_back(older, needed(["new-address", "new-address"])) == (["DTMFEnd", "ContactStatus"], True)


FORMS: list[tuple[list[str], list[str], bool]] = [
    ([], [], True),
    (["^Event: Bridge.*", "^Event: Hangup"], [], True),
    (["^Event: Bridge[^A-Za-z]", "^Event: Hangup[^A-Za-z]"], ["BridgeEnter", "BridgeLeave"], True),
    (["^Event: Hangup.*Channel: PJSIP/"], ["BridgeEnter", "BridgeLeave"], True),
    (["^Event: (Hangup|Bridge.*)"], [*WANTED], False),
    (["^Event: Hangup|^Event: Bridge"], [*WANTED], False),
    (["^Event: H*"], [*WANTED], False),
    (["PJSIP"], [*WANTED], False),
    (["!^Event: RTCPSent"], [], True),
    (["!^Event: Hangup[^A-Za-z]"], ["Hangup"], True),
    (["^Event: ", "!^Event: BridgeLeave[^A-Za-z]"], [*WANTED], False),
]
"""Filters, what they hold back of `WANTED`, and whether that is sure."""


@pytest.mark.parametrize(("filters", "held", "sure"), FORMS)
def test_of_other_forms_nothing_is_claimed(filters: list[str], held: list[str], *, sure: bool) -> None:
    """A filter that names its event lets no other through; of one that does not, only Asterisk knows."""
    assert held_back(filters, WANTED) == (held, sure)
