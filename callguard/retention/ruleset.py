"""The rules in force: for each kind of record its term, for each policy what it says of its own, and what the law allows.

==========  =========================  ==============================================================================================
kind        kept by default for        source
==========  =========================  ==============================================================================================
recording   6 months, call-start       S8; the policy says it, and it is fixed when the recording begins
cdr         3 years, contract-end      C6a; calls that are billing evidence in any case for 10 years, financial-year-end (C6b)
sms         3 years, contract-end      C6a
consent     3 years, contract-end      as long as the call's record, with which it goes (GDPR art. 7(1)), and longer if it says so
==========  =========================  ==============================================================================================

Each policy has a period for its recordings, and may have terms of its own for its calls and their decisions; messages have no policy.
A decision's evidence is part of its call: neither goes before the last of both their terms, nor before the recording that it allowed.

The floors are those of the notices and may be lowered by the configuration, deliberately and in writing; a period below its floor is not
taken. Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from callguard.call.period import Period, Unit, add_months
from callguard.retention.terms import Anchor, Expiry, Kind, OfficeCalendar, Origin, Term, latest


@dataclass(frozen=True, slots=True)
class Bounds:
    """The shortest and the longest period that the law allows."""

    floor: Period
    ceiling: Period


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """What a policy says of its own: its recordings, and where it differs its calls, their decisions, and whether they are billed."""

    recording: Period
    own: Mapping[Kind, Term] = field(default_factory=dict)
    billing: bool = False


_CONTRACT = Term(Period(3, Unit.YEARS), Anchor.CONTRACT_END)
_TELECOM = Bounds(Period(3, Unit.YEARS), Period(10, Unit.YEARS))

DEFAULT_TERMS: Mapping[Kind, Term] = {Kind.CDR: _CONTRACT, Kind.SMS: _CONTRACT, Kind.CONSENT: _CONTRACT}
DEFAULT_BILLING = Term(Period(10, Unit.YEARS), Anchor.FINANCIAL_YEAR_END)
DEFAULT_BOUNDS: Mapping[Kind, Bounds] = {
    Kind.RECORDING: Bounds(Period(1, Unit.DAYS), Period(10, Unit.YEARS)),
    Kind.CDR: _TELECOM,
    Kind.SMS: _TELECOM,
    Kind.CONSENT: _TELECOM,
}
UTC_CALENDAR = OfficeCalendar()
BILLING_BOUNDS = Bounds(Period(10, Unit.YEARS), Period(20, Unit.YEARS))


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force, by the names of policies and by kinds."""

    policies: Mapping[str, PolicyTerms]
    terms: Mapping[Kind, Term] = field(default_factory=lambda: DEFAULT_TERMS)
    billing: Term = DEFAULT_BILLING
    bounds: Mapping[Kind, Bounds] = field(default_factory=lambda: DEFAULT_BOUNDS)
    billing_floor: Period = BILLING_BOUNDS.floor
    calendar: OfficeCalendar = UTC_CALENDAR

    @property
    def missing(self) -> tuple[Kind, ...]:
        """The kinds that no rule speaks of; recordings have theirs from the policies."""
        silent = tuple(kind for kind in DEFAULT_TERMS if kind not in self.terms)
        return silent if self.policies else (Kind.RECORDING, *silent)

    def of_call(self, policy: str, origin: Origin) -> Expiry:
        """When the record of a call goes, and with it the evidence of its decisions: when the last of all their terms has ended."""
        own = self.policies.get(policy)
        terms = {**self.terms, **(own.own if own else {})}
        billing = (self.billing,) if own and own.billing else ()
        return self._latest((terms.get(Kind.CDR), terms.get(Kind.CONSENT), *billing), origin)

    def of_message(self, origin: Origin) -> Expiry:
        """When the record of a message goes."""
        return self._latest((self.terms.get(Kind.SMS),), origin)

    def of_recording(self, policy: str, started_at: datetime) -> Expiry | None:
        """When a recording of that policy goes; ``None`` when there is no such policy any more."""
        own = self.policies.get(policy)
        return None if own is None else self._latest((Term(own.recording, Anchor.CALL_START),), Origin(started_at))

    def at_floor(self) -> "RuleSet":
        """The same with every period as short as the law allows: what ends before it by these was not to be."""

        def shortest(terms: Mapping[Kind, Term]) -> Mapping[Kind, Term]:
            return {kind: replace(term, period=self.bounds[kind].floor) for kind, term in terms.items()}

        policies = {
            name: replace(policy, recording=self.bounds[Kind.RECORDING].floor, own=shortest(policy.own))
            for name, policy in self.policies.items()
        }
        return replace(self, policies=policies, terms=shortest(self.terms), billing=replace(self.billing, period=self.billing_floor))

    def _latest(self, terms: Sequence[Term | None], origin: Origin) -> Expiry:
        """What no rule speaks of is kept."""
        known = [term for term in terms if term is not None]
        return latest(known, origin, self.calendar) if len(known) == len(terms) else Expiry(None, "there is no rule for it")


def may_be_shorter(period: Period, other: Period) -> bool:
    """Whether the period may end before the other one, for some day on which both begin: 90 days are not always 3 months."""
    if (period.unit is Unit.DAYS) == (other.unit is Unit.DAYS):
        return _size(period) < _size(other)
    if period.unit is Unit.DAYS:
        return period.count < max(_days(_size(other), day=1))
    return min(_days(_size(period), day=31)) < other.count


def _size(period: Period) -> int:
    return period.count * 12 if period.unit is Unit.YEARS else period.count


def _days(months: int, day: int) -> list[int]:
    """How many days so many months are, by the month they begin in, over a century with the year that is no leap year at its end.

    The first of a month gives the longest spans, the last of one, where a shorter month cuts them off, the shortest.
    """
    begins = (add_months(datetime(2000, 1, day, tzinfo=UTC), month) for month in range(1, 1213))
    return [(add_months(begin, months) - begin).days for begin in begins]
