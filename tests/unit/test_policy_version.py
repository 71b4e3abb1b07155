"""A policy's version changes with all that a person is subject to, and with nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Match, Mode, OnRefusal, Policy, Prompts, with_version

PROMPT = Announcement("a" * 64, "inbound", "ro", 2400, "callguard/ro/inbound-a")
POLICY = with_version(
    Policy("in", "", "inbound", Mode.NOTICE, "consent", ("quality",), Period(6, Unit.MONTHS), Prompts(PROMPT, PROMPT, PROMPT))
)
OTHER = replace(PROMPT, version="b" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"direction": "outbound"},
        {"mode": Mode.OPT_IN},
        {"legal_basis": "legitimate interest"},
        {"purposes": ("quality", "training")},
        {"retention": Period(180, Unit.DAYS)},
        {"prompts": None},
        {"prompts": Prompts(OTHER, PROMPT, PROMPT)},
        {"prompts": Prompts(PROMPT, OTHER, PROMPT)},
        {"prompts": Prompts(PROMPT, PROMPT, OTHER)},
        {"prompts": Prompts(PROMPT, PROMPT, PROMPT, OTHER)},
        {"accept_key": "5"},
        {"refuse_key": "5"},
        {"timeout_ms": 4000},
        {"attempts": 3},
        {"on_refusal": OnRefusal.HANGUP},
        {"withdraw_keys": "*8"},
    ],
)
def test_what_the_person_is_subject_to_changes_the_version(change: dict[str, Any]) -> None:
    """S6, S7, S12."""
    assert with_version(replace(POLICY, **change)).version != POLICY.version


@pytest.mark.parametrize(
    "change",
    [
        {"version": "anything"},
        {"match": Match(numbers=("700",))},
        {"prompts": Prompts(replace(PROMPT, file="elsewhere"), PROMPT, PROMPT)},
    ],
)
def test_what_the_person_does_not_see_does_not(change: dict[str, Any]) -> None:
    assert with_version(replace(POLICY, **change)).version == POLICY.version


def test_the_version_is_the_same_on_every_machine_and_day() -> None:
    """It is stored; a hash that depends on the run or the Python would make every restart a new version."""
    assert POLICY.version == "38555ea64f81485363df1ba22dfdd53e4212a526593b08021ed11d108b4cec82"
