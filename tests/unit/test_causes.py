"""Causes by one name, whichever switch tells them."""

import pytest

from callguard.pbx.causes import cause_name, dial_status, known_cause


@pytest.mark.parametrize(("told", "name"), [("16", "NORMAL_CLEARING"), ("0", None), ("999", None), ("", None), (None, None), ("x", None)])
def test_asterisk_tells_numbers(told: str | None, name: str | None) -> None:
    assert cause_name(told) == name


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("USER_BUSY", "USER_BUSY"),
        ("SYSTEM_SHUTDOWN", "SYSTEM_SHUTDOWN"),
        ("NONE", None),
        ("failure", None),
        ("A\nB", None),
        ("", None),
        (None, None),
    ],
)
def test_freeswitch_tells_names(told: str | None, name: str | None) -> None:
    assert known_cause(told) == name


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        ("USER_BUSY", "BUSY"),
        ("ORIGINATOR_CANCEL", "CANCEL"),
        ("NORMAL_TEMPORARY_FAILURE", "CONGESTION"),
        ("USER_NOT_REGISTERED", "CHANUNAVAIL"),
        ("ALLOTTED_TIMEOUT", "NOANSWER"),
        ("UNALLOCATED_NUMBER", "NOANSWER"),
        (None, "NOANSWER"),
    ],
)
def test_an_attempt_ends_as_asterisk_would_call_it(cause: str | None, status: str) -> None:
    """C1: the disposition of a call nobody answered is one on both switches."""
    assert dial_status(cause) == status
