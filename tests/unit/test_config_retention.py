"""`[retention]`: what holds without it, and that nobody keeps less than the floor by accident (S8, C6a, C6b)."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from callguard.call.period import Period, Unit, parse_period
from callguard.config import Settings
from callguard.retention.ruleset import PolicyTerms
from callguard.retention.terms import Anchor, Kind, Term
from tests.unit.test_config_values import MINIMAL, settings

SALES: dict[str, Any] = {"direction": "inbound", "mode": "notice"}


def faults(**tables: object) -> dict[str, str]:
    """The messages by key path."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({**MINIMAL, **tables})
    assert all(error["ctx"]["remedy"] for error in caught.value.errors())
    return {".".join(map(str, error["loc"])): error["ctx"]["message"] for error in caught.value.errors()}


def test_without_the_table_the_notices_hold() -> None:
    """S8: recordings six months; C6a: three years after the contract; C6b: ten years after the financial year."""
    rules = settings().rules()
    telecom = Term(Period(3, Unit.YEARS), Anchor.CONTRACT_END)
    assert rules.policies == {name: PolicyTerms(Period(6, Unit.MONTHS)) for name in ("inbound", "outbound")}
    assert rules.terms == {Kind.CDR: telecom, Kind.SMS: telecom, Kind.CONSENT: telecom}
    assert rules.billing == Term(Period(10, Unit.YEARS), Anchor.FINANCIAL_YEAR_END)
    assert {kind: str(bounds.floor) for kind, bounds in rules.bounds.items()} == {
        Kind.RECORDING: "1 day",
        **dict.fromkeys((Kind.CDR, Kind.SMS, Kind.CONSENT), "3 years"),
    }
    assert (rules.calendar.zone, rules.calendar.last_month) == (ZoneInfo("Europe/Bucharest"), 12)
    assert rules.missing == ()


def test_what_is_written_holds() -> None:
    own = {"anchor": "call-start", "period": "5 years"}
    rules = settings(
        retention={
            "time_zone": "UTC",
            "financial_year_ends_in": 6,
            "sms": {"anchor": "call-start", "period": "1 year", "floor": "1 year"},
            "recording": {"floor": "3 months", "ceiling": "1 year"},
        },
        policy={"sales": {**SALES, "retention": "4 months", "cdr": own, "consent": own, "billing": True}},
    ).rules()
    assert rules.terms[Kind.SMS] == Term(parse_period("1 year"), Anchor.CALL_START)
    five = Term(parse_period("5 years"), Anchor.CALL_START)
    assert rules.policies == {"sales": PolicyTerms(parse_period("4 months"), {Kind.CDR: five, Kind.CONSENT: five}, billing=True)}
    assert (str(rules.calendar.zone), rules.calendar.last_month) == ("UTC", 6)


def test_all_faults_are_told_at_once() -> None:
    """Issue 4, bad input."""
    assert faults(
        retention={
            "time_zone": "Europe/Bucuresti",
            "financial_year_ends_in": 13,
            "cdr": {"anchor": "contract-ends", "period": "6 monthes"},
            "sms": {"period": "-1 days"},
            "consent": {"period": "0 days", "florr": "1 day"},
            "recording": {"floor": "3 months", "ceiling": "2 months"},
            "billing": {"period": "9 years"},
        },
        policy={
            "sales": {**SALES, "retention": "90 days", "cdr": {"anchor": "call-start", "period": "35 months"}, "billing": "yes"},
            "support": {"direction": "outbound", "mode": "opt-in", "consent": {"period": "3 years"}},
        },
    ) == {
        "retention.time_zone": '"Europe/Bucuresti" is no time zone of this machine',
        "retention.financial_year_ends_in": "must be at most 12",
        "retention.cdr.anchor": "must be 'call-start', 'contract-end' or 'financial-year-end'",
        "retention.cdr.period": '"6 monthes" is no period',
        "retention.sms.period": '"-1 days" is no period',
        "retention.consent.period": '"0 days" is no period',
        "retention.consent.florr": "is no key that callguard knows",
        "retention.recording.ceiling": "of 2 months may end before the floor of 3 months",
        "retention.billing.period": "of 9 years may end before the floor of 10 years",
        "policy.sales.billing": "must be true or false",
        "policy.support.consent.anchor": "is missing",
        "policy.sales.retention": "of 90 days may end after the ceiling of 2 months",
        "policy.sales.cdr.period": "of 35 months may end before the floor of 3 years",
        "policy.support.retention": "of 6 months may end after the ceiling of 2 months",
    }


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"retention": {"cdr": {"period": "2 years"}}}, "retention.cdr.period"),
        ({"retention": {"cdr": {"period": "11 years"}}}, "retention.cdr.period"),
        ({"retention": {"recording": {"floor": "1 year"}}, "policy": {"sales": SALES}}, "policy.sales.retention"),
        ({"policy": {"sales": {**SALES, "retention": "11 years"}}}, "policy.sales.retention"),
    ],
)
def test_what_is_outside_its_bounds_is_refused(tables: dict[str, Any], key: str) -> None:
    assert list(faults(**tables)) == [key]


def test_a_floor_above_what_holds_without_policies_is_told_for_both() -> None:
    assert list(faults(retention={"recording": {"floor": "1 year"}})) == ["policy.inbound.retention", "policy.outbound.retention"]


def test_to_keep_less_the_floor_is_lowered_as_well() -> None:
    assert settings(retention={"cdr": {"period": "1 year", "floor": "1 year"}}).rules().terms[Kind.CDR].period == Period(1, Unit.YEARS)


@pytest.mark.parametrize("written", [5, "/etc/passwd", "../UTC", "", "europe/nowhere"])
def test_what_is_no_time_zone(written: object) -> None:
    assert list(faults(retention={"time_zone": written})) == ["retention.time_zone"]


@pytest.mark.parametrize(("key", "written"), [("largest_share", 0), ("largest_share", 101), ("longest_pause", "0 days")])
def test_a_guard_cannot_be_switched_off_by_a_figure(key: str, written: object) -> None:
    assert list(faults(sweep={key: written})) == [f"sweep.{key}"]
