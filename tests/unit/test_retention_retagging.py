"""What a changed rule does to one record, and what keeps it from doing so (C6c, design rule 5)."""

from datetime import UTC, datetime, timedelta

import pytest

from callguard.call.period import Period, Unit
from callguard.retention.holds import Hold, Matter, Scope
from callguard.retention.retagging import Retag, Step, Tagged, judge_retag
from callguard.retention.rules import stamp
from callguard.retention.ruleset import PolicyTerms, RuleSet
from callguard.retention.terms import Anchor, Expiry, Kind, Origin, Term

STARTED = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
UNTIL, LATER = datetime(2027, 2, 28, 9, 30, tzinfo=UTC), datetime(2027, 8, 31, 9, 30, tzinfo=UTC)
EARLIER = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
RULE = "1 year from the start of the call"
HOLD = Hold(id=3, scope=Scope(call="c"), reason="fraud", reference="12/P", placed_by="Ana", placed_at=STARTED)


def tagged(*, until: datetime | None = UNTIL, settled: bool = True, held: bool = False) -> Tagged:
    return Tagged(Kind.RECORDING, "r", until, settled, held, Matter(call="c", since=STARTED, until=STARTED))


CASES = [
    (tagged(), UNTIL, None, (), Step.SAME, "its end is the same by the rules in force"),
    (tagged(settled=False), LATER, None, (), Step.KEEP, "its call is not over, its file not measured yet, or its deletion begun"),
    (tagged(), LATER, None, (HOLD,), Step.KEEP, "under legal hold 3, reference 12/P"),
    (tagged(), EARLIER, None, (HOLD,), Step.KEEP, "under legal hold 3, reference 12/P"),
    (tagged(held=True), EARLIER, None, (), Step.KEEP, "under legal hold"),
    (tagged(), LATER, LATER, (), Step.CHANGE, f"from {stamp(UNTIL)} to {stamp(LATER)}: {RULE}"),
    (tagged(), EARLIER, EARLIER, (), Step.CHANGE, f"from {stamp(UNTIL)} to {stamp(EARLIER)}: {RULE}"),
    (
        tagged(),
        EARLIER,
        EARLIER + timedelta(milliseconds=1),
        (),
        Step.REFUSE,
        f"{stamp(EARLIER)} is before 2026-11-30T09:30:00.001Z, where its floor ends",
    ),
    (tagged(), None, LATER, (), Step.CHANGE, f"from {stamp(UNTIL)} to no known end: {RULE}"),
    (tagged(until=None), LATER, None, (), Step.CHANGE, f"from no known end to {stamp(LATER)}: {RULE}"),
    (tagged(until=None), None, None, (), Step.SAME, "its end is the same by the rules in force"),
]


@pytest.mark.parametrize(("one", "end", "floor", "holds", "step", "reason"), CASES)
def test_what_becomes_of_a_record(
    one: Tagged, end: datetime | None, floor: datetime | None, holds: tuple[Hold, ...], step: Step, reason: str
) -> None:
    later = end if step is Step.CHANGE else one.until
    assert judge_retag(one, Expiry(end, RULE), floor, holds) == Retag(Kind.RECORDING, "r", step, reason, one.until, later, RULE)


def test_what_no_rule_speaks_of_any_more_stays_as_it_is() -> None:
    done = judge_retag(tagged(), None, None, ())
    assert (done.step, done.reason, done.later) == (Step.KEEP, "no policy of its name is configured any more", UNTIL)


def test_at_their_floors_the_rules_are_as_short_as_the_law_allows() -> None:
    five = Term(Period(5, Unit.YEARS), Anchor.CALL_START)
    rules = RuleSet({"p": PolicyTerms(Period(6, Unit.MONTHS), {Kind.CDR: five, Kind.CONSENT: five}, billing=True)})
    floors = rules.at_floor()
    assert floors.of_recording("p", STARTED) == Expiry(STARTED + timedelta(days=1), "1 day from the start of the call")
    assert (
        floors.of_call("p", Origin(STARTED)).rule == "3 years from the start of the call, and 10 years from the end of the financial year"
    )
    assert floors.of_message(Origin(STARTED)).rule.startswith("3 years from the end of the contract")
