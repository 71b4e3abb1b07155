"""Which call records, messages and decisions go, and why (C6a, C6b, C6c); and the whole of it by Hypothesis, from rules to verdicts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.period import Period, Unit
from callguard.call.state import Number
from callguard.retention.holds import Hold, Matter, Scope
from callguard.retention.records import Record, judge_record
from callguard.retention.rules import Action, Ground, stamp
from callguard.retention.ruleset import PolicyTerms, RuleSet
from callguard.retention.terms import Anchor, Kind, OfficeCalendar, Origin, Term
from tests.unit.call_plays import widely

DUE = datetime(2029, 1, 31, 22, 0, tzinfo=UTC)
STARTED = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MATTER = Matter(recordings=frozenset({"r"}), call="c", numbers=frozenset({"+40722000111"}), since=STARTED, until=STARTED)
HOLD = Hold(id=3, scope=Scope(call="c"), reason="fraud", reference="12/P", placed_by="Ana Pop", placed_at=STARTED)
RULE = "3 years from the end of the contract"


def record(
    *, kind: Kind = Kind.CDR, until: datetime | None = DUE, goes_on: bool = False, recording: str | None = None, rule: str = RULE
) -> Record:
    return Record(
        kind=kind, id="c", until=until, rule=rule, goes_on=goes_on, matter=MATTER, recording=recording, consents=("1", "2")
    )  # fmt: skip


CASES = [
    (record(), DUE, (), Ground.EXPIRED, "expired on 2029-01-31T22:00:00.000Z"),
    (record(), DUE - MILLISECOND, (), Ground.NOT_DUE, "not due until 2029-01-31T22:00:00.000Z"),
    (record(), DUE, (HOLD,), Ground.HELD, "under legal hold 3, reference 12/P"),
    (record(recording="r"), DUE, (), Ground.NEEDED, "its recording r is still there"),
    (record(recording="r"), DUE, (HOLD,), Ground.HELD, "under legal hold 3, reference 12/P"),
    (record(goes_on=True), DUE, (HOLD,), Ground.RUNNING, "the call goes on"),
    (
        record(until=None, rule=f"{RULE}; no contract of its numbers is known"),
        DUE,
        (),
        Ground.NO_END,
        "kept: 3 years from the end of the contract; no contract of its numbers is known",
    ),
]


@pytest.mark.parametrize(("one", "now", "holds", "ground", "reason"), CASES)
def test_a_call_and_its_decisions_share_one_verdict(
    one: Record, now: datetime, holds: tuple[Hold, ...], ground: Ground, reason: str
) -> None:
    verdicts = judge_record(one, now, holds)
    assert [(verdict.kind, verdict.record) for verdict in verdicts] == [(Kind.CDR, "c"), (Kind.CONSENT, "1"), (Kind.CONSENT, "2")]
    assert {(verdict.ground, verdict.reason, verdict.expires_at) for verdict in verdicts} == {(ground, reason, one.until)}
    assert {verdict.action for verdict in verdicts} == {Action.DELETE if ground is Ground.EXPIRED else Action.KEEP}


zones = st.sampled_from(["UTC", "Europe/Bucharest", "Europe/Lisbon", "Atlantic/Azores", "Asia/Nicosia"]).map(ZoneInfo)
edges = st.sampled_from(
    [
        *("2026-12-31T21:59:59.999", "2026-12-31T22:00:00", "2026-12-31T23:59:59.999", "2027-01-01T00:00:00"),  # year ends
        *("2028-02-29T00:00:00", "2028-02-29T23:59:59.999", "2027-02-28T22:00:00"),  # leap days
        *("2026-08-31T09:30:00", "2026-10-31T22:30:00"),  # month ends
        *("2026-03-29T00:59:59.999", "2026-03-29T01:00:00", "2026-10-25T00:30:00", "2026-10-25T01:00:00"),  # nights of 23 and 25 hours
    ]
).map(lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC))
moments = edges | st.timedeltas(timedelta(), timedelta(days=3000)).map(lambda age: datetime(2025, 1, 1, tzinfo=UTC) + age)
periods = st.builds(Period, st.integers(1, 24), st.sampled_from(Unit))
terms = st.builds(Term, periods, st.sampled_from(Anchor))
rule_sets = st.builds(
    lambda cdr, sms, consent, zone, month, billing: RuleSet(
        {"p": PolicyTerms(Period(6, Unit.MONTHS), billing=billing)},
        {Kind.CDR: cdr, Kind.SMS: sms, Kind.CONSENT: consent},
        calendar=OfficeCalendar(zone, month),
    ),
    *(terms, terms, terms, zones, st.integers(1, 12), st.booleans()),
)
scopes = st.builds(
    Scope,
    call=st.none() | st.sampled_from(["c0", "c1"]),
    number=st.none() | st.just(Number("0722000111", "+40722000111")),
    since=st.none() | moments,
    until=st.none() | moments,
    queue=st.none() | st.just("sales"),
)
holds_in_force = st.lists(
    scopes.map(lambda scope: Hold(id=1, scope=scope, reason="r", reference="f", placed_by="a", placed_at=STARTED)), max_size=3
)
facts = st.tuples(
    moments,
    st.lists(st.none() | moments.map(lambda moment: moment.date()), max_size=2),
    st.sampled_from(["+40722000111", "+40722000112"]),
    st.none() | st.just("sales"),
    st.none() | st.just("r"),
    st.integers(0, 2),
)


def built(rules: RuleSet, position: int, fact: tuple[datetime, list[date | None], str, str | None, str | None, int]) -> Record:
    """A record as the sweep makes it: its end by the rules, and what it is about."""
    started, contracts, number, queue, recording, consents = fact
    origin = Origin(started, tuple(contracts))
    kind = Kind.CDR if position % 2 == 0 else Kind.SMS
    expiry = rules.of_call("p", origin) if kind is Kind.CDR else rules.of_message(origin)
    matter = Matter(call=f"c{position}", numbers=frozenset({number}), since=started, until=started, queue=queue)
    parts = tuple(map(str, range(consents))) if kind is Kind.CDR else ()
    left = recording if kind is Kind.CDR else None
    return Record(
        kind=kind, id=f"c{position}", until=expiry.until, rule=expiry.rule, goes_on=False, matter=matter, recording=left, consents=parts
    )


@widely
@given(rule_sets, st.lists(facts, max_size=5), holds_in_force, moments)
def test_everything_is_kept_or_deleted_for_a_reason(
    rules: RuleSet, many: list[tuple[datetime, list[date | None], str, str | None, str | None, int]], holds: list[Hold], now: datetime
) -> None:
    """Keep + delete = all; no held one goes, none a millisecond early, and none is left after its sweep."""
    records = [built(rules, position, fact) for position, fact in enumerate(many)]
    verdicts = [verdict for record in records for verdict in judge_record(record, now, holds)]
    kept = [verdict for verdict in verdicts if verdict.action is Action.KEEP]
    gone = [verdict for verdict in verdicts if verdict.action is Action.DELETE]
    assert len(kept) + len(gone) == sum(1 + len(record.consents) for record in records)
    assert all(verdict.reason for verdict in verdicts)
    for one in records:
        unhindered = one.until is not None and one.until <= now and one.recording is None and not any_catches(holds, one)
        verdict = judge_record(one, now, holds)[0]
        assert (verdict.action is Action.DELETE) == unhindered
        if one.until is not None and verdict.action is Action.DELETE:
            assert judge_record(one, one.until - MILLISECOND, holds)[0].reason == f"not due until {stamp(one.until)}"


def any_catches(holds: list[Hold], one: Record) -> bool:
    """Told again in other words than the rules'."""
    about = one.matter
    for scope in (hold.scope for hold in holds):
        asked = {
            "call": scope.call in (None, about.call),
            "number": scope.number is None or scope.number.e164 in about.numbers,
            "time": (scope.since or about.until) <= about.until and (scope.until is None or about.since < scope.until),
            "queue": scope.queue in (None, about.queue),
        }
        if all(asked.values()) and any((scope.call, scope.number, scope.since, scope.until, scope.queue)):
            return True
    return False
