"""Calendar periods (S8): six months are six calendar months, whatever the month, the leap year or the century."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.period import Period, Unit, add_months, parse_period
from tests.unit.call_plays import widely

SIX_MONTHS = Period(6, Unit.MONTHS)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-08-31T09:30:00", "2027-02-28T09:30:00"),
        ("2027-08-31T09:30:00", "2028-02-29T09:30:00"),
        ("2027-08-29T09:30:00", "2028-02-29T09:30:00"),
        ("2027-08-30T09:30:00", "2028-02-29T09:30:00"),
        ("2026-08-28T09:30:00", "2027-02-28T09:30:00"),
        ("2026-02-28T00:00:00", "2026-08-28T00:00:00"),
        ("2028-02-29T23:59:59.999999", "2028-08-29T23:59:59.999999"),
        ("2026-03-31T12:00:00", "2026-09-30T12:00:00"),
        ("2026-05-31T12:00:00", "2026-11-30T12:00:00"),
        ("2026-06-30T12:00:00", "2026-12-30T12:00:00"),
        ("2026-07-01T00:00:00", "2027-01-01T00:00:00"),
        ("2026-12-31T23:59:59.999", "2027-06-30T23:59:59.999"),
        ("2099-08-31T00:00:00", "2100-02-28T00:00:00"),
        ("1999-08-31T00:00:00", "2000-02-29T00:00:00"),
    ],
)
def test_six_months(start: str, end: str) -> None:
    """S8."""
    assert SIX_MONTHS.after(utc(start)) == utc(end)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("1 day", "2026-12-31T10:00:00", "2027-01-01T10:00:00"),
        ("180 days", "2026-08-31T10:00:00", "2027-02-27T10:00:00"),
        ("365 days", "2027-03-01T10:00:00", "2028-02-29T10:00:00"),
        ("1 month", "2026-01-31T10:00:00", "2026-02-28T10:00:00"),
        ("12 months", "2028-02-29T10:00:00", "2029-02-28T10:00:00"),
        ("13 months", "2026-12-15T10:00:00", "2028-01-15T10:00:00"),
        ("1 year", "2028-02-29T10:00:00", "2029-02-28T10:00:00"),
        ("3 years", "2026-11-21T10:00:00", "2029-11-21T10:00:00"),
        ("10 years", "2026-12-31T23:00:00", "2036-12-31T23:00:00"),
    ],
)
def test_periods(period: str, start: str, end: str) -> None:
    """C6a, C6b, S8."""
    assert parse_period(period).after(utc(start)) == utc(end)


def test_six_months_are_not_180_days() -> None:
    """A competitor's mistake."""
    assert all(
        SIX_MONTHS.after(utc(f"2026-{month:02}-15T00:00:00")) != Period(180, Unit.DAYS).after(utc(f"2026-{month:02}-15T00:00:00"))
        for month in range(1, 13)
    )


moments = st.timedeltas(timedelta(), timedelta(days=36_525)).map(lambda age: datetime(2000, 1, 1, tzinfo=UTC) + age)


@widely
@given(moments, st.integers(1, 1200))
def test_months_end_in_their_month_at_the_same_time_of_day(start: datetime, months: int) -> None:
    end = add_months(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert (end.timetz(), end.tzinfo) == (start.timetz(), UTC)
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@widely
@given(moments, moments, st.integers(1, 1200))
def test_a_later_call_never_expires_earlier(one: datetime, other: datetime, months: int) -> None:
    assert (add_months(min(one, other), months)) <= add_months(max(one, other), months)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("6 months", SIX_MONTHS),
        ("1 month", Period(1, Unit.MONTHS)),
        ("1 year", Period(1, Unit.YEARS)),
        ("90 days", Period(90, Unit.DAYS)),
    ],
)
def test_written_and_read(text: str, period: Period) -> None:
    assert parse_period(text) == period
    assert str(period) == text


@widely
@given(st.builds(Period, st.integers(1, 9999), st.sampled_from(Unit)))
def test_what_is_written_is_read_back(period: Period) -> None:
    assert parse_period(str(period)) == period


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        "months",
        "6months",
        "0 months",
        "-1 month",
        "06 months",
        "1.5 years",
        "six months",
        "6 Months",
        "6 weeks",
        "6 months ",
        "10000 days",
        "٦ months",
    ],
)
def test_what_is_no_period_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r'write a whole number .* "6 months"'):
        parse_period(text)
