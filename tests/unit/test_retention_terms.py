"""How long each kind of record is kept (S8, C6a, C6b): golden tables first, then whatever Hypothesis can think of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.period import Period, Unit, parse_period
from callguard.retention.ruleset import DEFAULT_TERMS, PolicyTerms, RuleSet, may_be_shorter
from callguard.retention.terms import Anchor, Expiry, Kind, OfficeCalendar, Origin, Term, contract_over, end_of, latest
from tests.unit.call_plays import widely

BUCHAREST = OfficeCalendar(ZoneInfo("Europe/Bucharest"))
LISBON, AZORES = OfficeCalendar(ZoneInfo("Europe/Lisbon")), OfficeCalendar(ZoneInfo("Atlantic/Azores"))
GREENWICH = OfficeCalendar()
THREE_YEARS = Term(Period(3, Unit.YEARS), Anchor.CONTRACT_END)
TEN_YEARS = Term(Period(10, Unit.YEARS), Anchor.FINANCIAL_YEAR_END)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def end(term: str, anchor: Anchor, origin: Origin, calendar: OfficeCalendar) -> datetime | None:
    return end_of(Term(parse_period(term), anchor), origin, calendar)


CONTRACT_ENDS = [
    ("3 years", "2026-01-31", BUCHAREST, "2029-01-31T22:00:00"),
    ("3 years", "2026-06-30", BUCHAREST, "2029-06-30T21:00:00"),
    ("3 years", "2028-02-29", BUCHAREST, "2031-02-28T22:00:00"),
    ("3 years", "2028-02-29", GREENWICH, "2031-03-01T00:00:00"),
    ("1 year", "2027-02-28", GREENWICH, "2028-03-01T00:00:00"),
    ("6 months", "2026-08-31", GREENWICH, "2027-03-01T00:00:00"),
    ("6 months", "2026-07-31", BUCHAREST, "2027-01-31T22:00:00"),
    ("1 month", "2026-12-31", GREENWICH, "2027-02-01T00:00:00"),
    ("90 days", "2026-12-31", GREENWICH, "2027-04-01T00:00:00"),
    ("1 day", "2026-03-27", BUCHAREST, "2026-03-28T22:00:00"),
    ("1 day", "2026-03-28", BUCHAREST, "2026-03-29T21:00:00"),
    ("1 day", "2026-10-24", BUCHAREST, "2026-10-25T22:00:00"),
    ("1 day", "2026-03-27", AZORES, "2026-03-29T01:00:00"),
    ("1 day", "2026-06-30", LISBON, "2026-07-01T23:00:00"),
    ("3 years", "2015-06-30", GREENWICH, "2023-01-02T00:00:00"),
    ("3 years", "2019-12-31", BUCHAREST, "2023-01-01T22:00:00"),
]


@pytest.mark.parametrize(("period", "last_day", "calendar", "expected"), CONTRACT_ENDS)
def test_from_the_end_of_a_contract(period: str, last_day: str, calendar: OfficeCalendar, expected: str) -> None:
    """C6a: through the same day so much later, whatever nights have 23 or 25 hours; on the Azores one begins at one o'clock.

    A call after the end of the contract is kept from its own day on.
    """
    origin = Origin(utc("2020-01-01T12:00:00"), (date.fromisoformat(last_day),))
    assert end(period, Anchor.CONTRACT_END, origin, calendar) == utc(expected)


FINANCIAL_YEARS = [
    ("2026-11-21T10:00:00", 12, GREENWICH, "2037-01-01T00:00:00"),
    ("2026-12-31T23:59:59.999999", 12, GREENWICH, "2037-01-01T00:00:00"),
    ("2027-01-01T00:00:00", 12, GREENWICH, "2038-01-01T00:00:00"),
    ("2026-12-31T21:59:59.999999", 12, BUCHAREST, "2036-12-31T22:00:00"),
    ("2026-12-31T22:00:00", 12, BUCHAREST, "2037-12-31T22:00:00"),
    ("2026-06-30T20:59:59", 6, BUCHAREST, "2036-06-30T21:00:00"),
    ("2026-06-30T21:00:00", 6, BUCHAREST, "2037-06-30T21:00:00"),
    ("2028-02-29T10:00:00", 2, GREENWICH, "2038-03-01T00:00:00"),
    ("2027-12-31T10:00:00", 11, GREENWICH, "2038-12-01T00:00:00"),
]


@pytest.mark.parametrize(("started", "last_month", "calendar", "expected"), FINANCIAL_YEARS)
def test_from_the_end_of_the_financial_year(started: str, last_month: int, calendar: OfficeCalendar, expected: str) -> None:
    """C6b: the year is that of the accountant's calendar; a call at midnight in Bucharest is one of the new year."""
    local = OfficeCalendar(calendar.zone, last_month)
    assert end_of(TEN_YEARS, Origin(utc(started)), local) == utc(expected)


@pytest.mark.parametrize(
    ("started", "expected"),
    [("2026-08-31T09:30:00.250", "2027-02-28T09:30:00.250"), ("2026-10-25T00:30:00", "2027-04-25T00:30:00")],
)
def test_from_the_start_of_the_call_it_is_counted_in_utc(started: str, expected: str) -> None:
    """S8."""
    assert end("6 months", Anchor.CALL_START, Origin(utc(started)), BUCHAREST) == utc(expected)


CONTRACTS = [
    ((), None, "; no contract of its numbers is known"),
    ((None,), None, "; a contract of its numbers goes on"),
    ((date(2026, 1, 31), None), None, "; a contract of its numbers goes on"),
    ((date(2026, 1, 31),), "2029-02-01T00:00:00", ""),
    ((date(2026, 1, 31), date(2024, 5, 1)), "2029-02-01T00:00:00", ""),
]


@pytest.mark.parametrize(("contracts", "until", "why"), CONTRACTS)
def test_no_known_end_of_contract_keeps_and_says_so(contracts: tuple[date | None, ...], until: str | None, why: str) -> None:
    """C6a: kept, and listed as such."""
    kept = latest((THREE_YEARS,), Origin(utc("2020-01-01T00:00:00"), contracts), GREENWICH)
    assert kept == Expiry(utc(until) if until else None, f"3 years from the end of the contract{why}")


RULES = RuleSet(
    {
        "plain": PolicyTerms(Period(6, Unit.MONTHS)),
        "billed": PolicyTerms(Period(1, Unit.YEARS), billing=True),
        "own": PolicyTerms(
            Period(90, Unit.DAYS),
            {
                Kind.CDR: Term(Period(5, Unit.YEARS), Anchor.CALL_START),
                Kind.CONSENT: Term(Period(6, Unit.YEARS), Anchor.CALL_START),
            },
        ),
    }
)
ENDED = Origin(utc("2026-08-31T09:30:00"), (date(2026, 12, 31),))


@pytest.mark.parametrize(
    ("policy", "until", "rule"),
    [
        ("plain", "2030-01-01T00:00:00", "3 years from the end of the contract"),
        ("no such policy", "2030-01-01T00:00:00", "3 years from the end of the contract"),
        ("billed", "2037-01-01T00:00:00", "3 years from the end of the contract, and 10 years from the end of the financial year"),
        ("own", "2032-08-31T09:30:00", "5 years from the start of the call, and 6 years from the start of the call"),
    ],
)
def test_the_record_of_a_call_stays_until_its_last_term_has_ended(policy: str, until: str, rule: str) -> None:
    """C6a, C6b: billing evidence ten years; the evidence of decisions as long as the record of the call."""
    assert RULES.of_call(policy, ENDED) == Expiry(utc(until), rule)


def test_billing_evidence_of_a_contract_that_goes_on_stays() -> None:
    assert RULES.of_call("billed", Origin(ENDED.started_at, (None,))).until is None


def test_messages_have_a_term_of_their_own() -> None:
    assert RULES.of_message(ENDED) == Expiry(utc("2030-01-01T00:00:00"), "3 years from the end of the contract")


def test_recordings_go_by_their_policy() -> None:
    """S8: the default set."""
    assert RULES.of_recording("plain", ENDED.started_at) == Expiry(utc("2027-02-28T09:30:00"), "6 months from the start of the call")
    assert RULES.of_recording("gone", ENDED.started_at) is None


def test_what_no_rule_speaks_of_is_kept() -> None:
    silent = Expiry(None, "there is no rule for it")
    assert (RuleSet({}, {}).of_call("plain", ENDED), RuleSet({}, {}).of_message(ENDED)) == (silent, silent)


def test_a_set_without_rules_says_what_is_missing() -> None:
    assert RULES.missing == ()
    assert RuleSet({}).missing == (Kind.RECORDING,)
    assert RuleSet({}, {Kind.SMS: THREE_YEARS}).missing == (Kind.RECORDING, Kind.CDR, Kind.CONSENT)


SHORTER = [
    ("2 years", "3 years", True),
    ("36 months", "3 years", False),
    ("35 months", "3 years", True),
    ("3 years", "3 years", False),
    ("89 days", "90 days", True),
    ("91 days", "3 months", True),
    ("92 days", "3 months", False),
    ("3 months", "89 days", False),
    ("3 months", "90 days", True),
    ("6 months", "181 days", False),
    ("6 months", "182 days", True),
    ("3653 days", "10 years", False),
    ("3652 days", "10 years", True),
    ("10 years", "3651 days", False),
    ("10 years", "3652 days", True),
]


@pytest.mark.parametrize(("one", "other", "expected"), SHORTER)
def test_whether_one_period_may_be_shorter(one: str, other: str, expected: bool) -> None:
    """A floor of 3 months is not kept by 90 days; ten years with the end of a century in them have one leap day less."""
    assert may_be_shorter(parse_period(one), parse_period(other)) is expected


periods = st.builds(Period, st.integers(1, 400), st.sampled_from(Unit)).filter(lambda one: one.unit is not Unit.YEARS or one.count <= 40)
moments = st.timedeltas(timedelta(), timedelta(days=36_525)).map(lambda age: datetime(2000, 1, 1, tzinfo=UTC) + age)
days = moments.map(lambda moment: moment.date())
zones = st.sampled_from(["UTC", "Europe/Bucharest", "Europe/Lisbon", "Atlantic/Azores", "Asia/Nicosia", "Pacific/Kiritimati"]).map(ZoneInfo)
calendars = st.builds(OfficeCalendar, zones, st.integers(1, 12))
contracts = st.lists(st.none() | days, max_size=4).map(tuple)
terms = st.builds(Term, periods, st.sampled_from(Anchor))


@widely
@given(periods, periods, moments)
def test_what_is_never_shorter_never_ends_earlier(one: Period, other: Period, start: datetime) -> None:
    if not may_be_shorter(one, other):
        assert one.after(start) >= other.after(start)


@widely
@given(moments, calendars)
def test_a_financial_year_ends_after_its_calls_and_within_a_year(moment: datetime, calendar: OfficeCalendar) -> None:
    """C6b: by the calendar on the wall, to the second; month ends, leap days, nights of 23 and 25 hours."""
    over = calendar.after_financial_year(moment)
    assert moment < calendar.begin_of(over)
    assert over.day == 1
    before = over.replace(year=over.year - 1)
    assert before <= moment.astimezone(calendar.zone).date() < over


@widely
@given(terms, moments, contracts, calendars)
def test_nothing_ends_before_what_it_begins_with(
    term: Term, started: datetime, known: tuple[date | None, ...], calendar: OfficeCalendar
) -> None:
    ends = end_of(term, Origin(started, known), calendar)
    over = contract_over(known) if term.anchor is Anchor.CONTRACT_END else None
    assert (ends is None) == (term.anchor is Anchor.CONTRACT_END and over is None)
    assert ends is None or ends > started
    assert over is None or ends is None or ends.astimezone(calendar.zone).date() > over


@widely
@given(st.lists(terms, min_size=1, max_size=3), moments, contracts, calendars)
def test_of_several_terms_the_last_counts(
    many: list[Term], started: datetime, known: tuple[date | None, ...], calendar: OfficeCalendar
) -> None:
    origin = Origin(started, known)
    ends = [end_of(term, origin, calendar) for term in many]
    until = latest(many, origin, calendar).until
    assert until == (None if None in ends else max(one for one in ends if one))


def test_all_kinds_have_a_default() -> None:
    """Recordings have that of their policy, quarantine that of ``recordings.quarantine``; addresses of phones go with their notice."""
    assert {Kind.RECORDING, Kind.QUARANTINE, Kind.EQUIPMENT, *DEFAULT_TERMS} == set(Kind)
