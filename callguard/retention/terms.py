"""For how long each kind of record is kept, and from when on (S8, C6a, C6b).

A term that begins with a moment (``call-start``) is counted in UTC. The other two begin with the end of a day, and days are those of the
calendar on the office wall: a call at 23:30 UTC on 31 December is one of the next financial year in Bucharest, and with the year of UTC its
evidence would go a year too early. So they are counted in days of the operator's time zone, from the first day after: a contract that ends
on 31 January is kept through 31 January three years later.

The contract is that of any number in the call. Where several are known, the latest end counts; one that goes on has no end, and nor has one
that nobody has told of: such a record is kept, and listed as kept for that reason. For a call after the end of the contract the day of the
call counts: what has just happened is not old. Where several terms hold, the latest counts.

Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from callguard.call.period import Period


class Kind(StrEnum):
    """What is kept."""

    RECORDING = "recording"
    CDR = "cdr"
    SMS = "sms"
    CONSENT = "consent"
    QUARANTINE = "quarantine"
    EQUIPMENT = "equipment"


class Anchor(StrEnum):
    """What a period begins with."""

    CALL_START = "call-start"
    CONTRACT_END = "contract-end"
    FINANCIAL_YEAR_END = "financial-year-end"


_IN_WORDS = {
    Anchor.CALL_START: "the start of the call",
    Anchor.CONTRACT_END: "the end of the contract",
    Anchor.FINANCIAL_YEAR_END: "the end of the financial year",
}


def owed(rule: str) -> tuple[Anchor, ...]:
    """What a rule, in words, keeps a record for that is not ours to shorten: the contract's term, the financial year's."""
    return tuple(anchor for anchor in (Anchor.CONTRACT_END, Anchor.FINANCIAL_YEAR_END) if _IN_WORDS[anchor] in rule)


@dataclass(frozen=True, slots=True)
class Term:
    """A period and what it begins with."""

    period: Period
    anchor: Anchor

    def __str__(self) -> str:
        return f"{self.period} from {_IN_WORDS[self.anchor]}"


@dataclass(frozen=True, slots=True)
class OfficeCalendar:
    """Where midnight is, and with which month the financial year ends."""

    zone: tzinfo = UTC
    last_month: int = 12

    def begin_of(self, day: date) -> datetime:
        """The day's first moment, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day_after(self, moment: datetime) -> date:
        """The first day that begins after the moment."""
        return moment.astimezone(self.zone).date() + timedelta(days=1)

    def after_financial_year(self, moment: datetime) -> date:
        """The first day of the financial year after that of the moment."""
        local = moment.astimezone(self.zone)
        year = local.year if local.month <= self.last_month else local.year + 1
        return date(year + self.last_month // 12, self.last_month % 12 + 1, 1)


RUNNING = None
"""In place of the last day of a contract: it goes on."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What the terms of a record begin with: its moment, and the last day of each contract that is known of its numbers."""

    started_at: datetime
    contracts: Collection[date | None] = ()


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a record goes, ``None`` while that is not known, and by which rule, in words."""

    until: datetime | None
    rule: str


def latest(terms: Iterable[Term], origin: Origin, calendar: OfficeCalendar) -> Expiry:
    """When the last of these terms ends."""
    distinct = tuple(dict.fromkeys(terms))
    ends = [end_of(term, origin, calendar) for term in distinct]
    rule = ", and ".join(map(str, distinct))
    if any(term.anchor is Anchor.CONTRACT_END for term in distinct) and (why := why_no_end(origin.contracts)):
        rule = f"{rule}; {why}"
    known = [end for end in ends if end is not None]
    return Expiry(max(known) if len(known) == len(ends) else None, rule)


def end_of(term: Term, origin: Origin, calendar: OfficeCalendar) -> datetime | None:
    """When the term ends, in UTC; ``None`` while the end of the contract is not known."""
    if term.anchor is Anchor.CALL_START:
        return term.period.after(origin.started_at)
    if term.anchor is Anchor.FINANCIAL_YEAR_END:
        return calendar.begin_of(_days_after(term.period, calendar.after_financial_year(origin.started_at)))
    over = contract_over(origin.contracts)
    return None if over is None else calendar.begin_of(_days_after(term.period, max(over, calendar.day_after(origin.started_at))))


def contract_over(contracts: Collection[date | None]) -> date | None:
    """The first day without a contract; ``None`` while one goes on or none is known."""
    ends = [end for end in contracts if end is not None]
    return max(ends) + timedelta(days=1) if ends and len(ends) == len(contracts) else None


def why_no_end(contracts: Collection[date | None]) -> str | None:
    """Why the end of the contract is not known; ``None`` when it is."""
    if not contracts:
        return "no contract of its numbers is known"
    return "a contract of its numbers goes on" if RUNNING in contracts else None


def _days_after(period: Period, day: date) -> date:
    return period.after(datetime.combine(day, time(), UTC)).date()
