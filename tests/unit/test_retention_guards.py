"""When a sweep must not be believed: each guard alone, at its edge."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callguard.call.period import Period, Unit
from callguard.retention.guards import Limits, Load, RootState, Situation, objections
from callguard.retention.terms import Kind

NOW = datetime(2027, 3, 3, 3, 30, tzinfo=UTC)
HOUR, DAY, MILLISECOND = timedelta(hours=1), timedelta(days=1), timedelta(milliseconds=1)
LIMITS = Limits(25, Period(31, Unit.DAYS))
FINE = Situation(
    now=NOW,
    last_sweep=NOW - DAY,
    database_clock=NOW,
    pbx_behind={"main": timedelta()},
    root=RootState.MARKED,
    mark="a1b2",
    missing_rules=(),
    loads=(),
)

QUIET: list[dict[str, Any]] = [
    {},
    {"last_sweep": None, "database_clock": None, "pbx_behind": {}, "root": RootState.UNMARKED},
    {"last_sweep": NOW + HOUR},
    {"last_sweep": NOW - 31 * DAY},
    {"database_clock": NOW - HOUR},
    {"database_clock": NOW + 400 * DAY},
    {"pbx_behind": {"main": HOUR, "other": -400 * DAY}},
    {"loads": (Load(Kind.RECORDING, 25, 25),)},
    {"loads": (Load(Kind.RECORDING, 26, 104), Load(Kind.CDR, 250, 1000))},
]

OBJECTED: list[tuple[dict[str, Any], str]] = [
    ({"last_sweep": NOW + HOUR + MILLISECOND}, "clock: is 1 hours behind the last sweep"),
    ({"last_sweep": NOW + 400 * DAY}, "clock: is 400 days behind the last sweep"),
    ({"last_sweep": NOW - 31 * DAY - MILLISECOND}, "clock: is 31 days ahead of the last sweep, more than 31 days"),
    ({"database_clock": NOW - HOUR - MILLISECOND}, "clock: is 1 hours ahead of that of the database"),
    ({"pbx_behind": {"a": timedelta(), "main": 2 * HOUR}}, "clock: is 2 hours ahead of that of the PBX main"),
    ({"root": RootState.MISSING}, "recordings root: is not there, or cannot be entered"),
    ({"root": RootState.EMPTY}, "recordings root: is empty, and there are recordings that should be in it"),
    ({"root": RootState.OTHER}, "recordings root: is not the folder that callguard marked"),
    ({"missing_rules": (Kind.CDR, Kind.SMS)}, "rules: there is no rule for cdr, sms"),
    ({"loads": (Load(Kind.RECORDING, 26, 103),)}, "recording: would delete 26 of 103 at once, more than 25 in a hundred"),
    ({"loads": (Load(Kind.CDR, 26, 26),)}, "cdr: would delete 26 of 26 at once, more than 25 in a hundred"),
]


@pytest.mark.parametrize("found", QUIET)
def test_nothing_speaks_against_an_ordinary_sweep(found: Mapping[str, Any]) -> None:
    assert objections(replace(FINE, **found), LIMITS) == []


@pytest.mark.parametrize(("found", "told"), OBJECTED)
def test_each_guard_objects_alone_and_says_what_to_do(found: Mapping[str, Any], told: str) -> None:
    (fault,) = objections(replace(FINE, **found), LIMITS)
    assert f"{fault.place}: {fault.message}" == told
    assert fault.remedy


def test_all_that_is_wrong_is_told_at_once() -> None:
    together = {key: value for found, _ in OBJECTED[-4:] for key, value in found.items()} | {"last_sweep": NOW - 400 * DAY}
    assert [fault.place for fault in objections(replace(FINE, **together), LIMITS)] == ["rules", "recordings root", "clock", "cdr"]


def test_the_remedy_of_a_moved_root_tells_its_mark() -> None:
    (fault,) = objections(replace(FINE, root=RootState.OTHER), LIMITS)
    assert "write a1b2 into .callguard-root" in fault.remedy


def test_a_month_on_the_calendar_is_a_month() -> None:
    """A machine that was off through February is believed for 28 days, one that was off through March for 31."""
    month = Limits(25, Period(1, Unit.MONTHS))
    assert objections(replace(FINE, last_sweep=NOW - 28 * DAY), month) == []
    assert objections(replace(FINE, last_sweep=NOW - 29 * DAY), month) != []
