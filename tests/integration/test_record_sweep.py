"""The sweep of call records, messages and decisions on a real database: what is dated when, what goes, what stays and why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.retention.dating import date_all
from callguard.retention.execution import Result, execute, verdicts
from callguard.retention.rules import Action, Ground, stamp
from callguard.retention.ruleset import PolicyTerms
from callguard.store.contract_rows import import_contracts, unending
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from callguard.store.record_rows import PAGE
from callguard.store.tables import calls, messages, record_deletions
from tests.integration.record_place import ADA, BEA, ENDED, GONE, RULES, RecordPlace, new_record_place
from tests.integration.store_plans import plan_of, scans
from tests.integration.sweep_place import DUE, STARTED

MILLISECOND = timedelta(milliseconds=1)
BY_CONTRACT = "3 years from the end of the contract"


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    return new_record_place(sqlite_file, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> RecordPlace:
    """On each kind of database: for what depends on it."""
    return new_record_place(database, tmp_path)


def test_a_call_goes_with_its_decisions_three_years_after_the_contract(either: RecordPlace) -> None:
    """C6a: and not a millisecond before. The call of the place goes on, and stays."""
    place = either
    place.call("c1", people=[ADA, "200"], decisions=2)
    place.contract()
    totals, outcomes = place.sweep(GONE - MILLISECOND)
    assert (totals.considered, outcomes, place.kept("c1")) == (0, {}, (GONE, BY_CONTRACT))
    totals, outcomes = place.sweep()
    assert (totals.considered, totals.deleted, totals.failed) == (3, 3, 0)
    assert {name: one.verdict.reason for name, one in outcomes.items()} == dict.fromkeys(
        ("cdr c1", "consent 1", "consent 2"), f"expired on {stamp(GONE)}"
    )
    assert place.left() == {"calls": 1, "parties": 0, "consents": 0, "recordings": 0, "messages": 0, "record_deletions": 3}


def test_the_proof_stays_and_holds_nothing_of_a_person(either: RecordPlace) -> None:
    """C7: in a row and in the ledger, which also knows that the decisions were removed lawfully."""
    place = either
    place.call("c1", decisions=1)
    place.contract()
    place.sweep()
    proofs = place.rows(record_deletions)
    assert [(row["kind"], row["record_id"], row["rule"], row["kept_until"]) for row in proofs] == [
        ("cdr", "c1", BY_CONTRACT, GONE),
        ("consent", "1", BY_CONTRACT, GONE),
    ]
    with place.database.read() as connection:
        entered = [(link.kind, link.body) for link in links(connection)]
    told = f'"kept_until":"{stamp(GONE)}","kind":"cdr","record":"c1","rule":"{BY_CONTRACT}"'
    assert [kind for kind, _ in entered][-4:] == ["consents-removed", "record-deletion", "record-deletion", "sweep"]
    assert entered[-3] == ("record-deletion", f"{{{told}}}")
    assert not any(ADA.removeprefix("+4") in f"{proofs}{body}" for _, body in entered)


@pytest.mark.parametrize(
    ("caller", "people", "contracts", "until", "why"),
    [
        (ADA, [], {}, None, "; no contract of its numbers is known"),
        (ADA, [], {ADA: None}, None, "; a contract of its numbers goes on"),
        (ADA, [BEA], {ADA: ENDED, BEA: None}, None, "; a contract of its numbers goes on"),
        (ADA, [BEA], {ADA: ENDED}, GONE, ""),
        (ADA, [BEA], {ADA: ENDED, BEA: date(2027, 12, 31)}, datetime(2031, 1, 1, tzinfo=UTC), ""),
        (None, [], {ADA: ENDED}, None, "; no contract of its numbers is known"),
    ],
)
def test_the_contract_is_that_of_any_number_in_the_call(
    place: RecordPlace, caller: str | None, people: list[str], contracts: dict[str, date | None], until: datetime | None, why: str
) -> None:
    """C6a: no end known is kept, and says so."""
    place.call("c1", caller, people)
    for number, end in contracts.items():
        place.contract(number, end)
    place.sweep(STARTED)
    assert place.kept("c1") == (until, f"{BY_CONTRACT}{why}")


def test_what_is_kept_without_a_known_end_is_listed(either: RecordPlace) -> None:
    """C6a."""
    place = either
    place.call("c1")
    place.call("c2", started_at=STARTED - timedelta(days=1))
    place.call("c3", "200", callee=BEA, callee_e164=BEA, caller_e164=None, direction="outbound")
    place.message(BEA, sender_e164=BEA)
    place.contract(BEA, None)
    place.sweep()
    with place.database.read() as connection:
        listed = [(one.number, one.records, one.since, one.rule) for one in unending(connection)]
    assert listed == [
        (ADA, 2, STARTED - timedelta(days=1), f"{BY_CONTRACT}; no contract of its numbers is known"),
        (BEA, 2, STARTED, f"{BY_CONTRACT}; a contract of its numbers goes on"),
    ]


def test_billing_evidence_stays_ten_years_after_the_financial_year(database: Database, tmp_path: Path) -> None:
    """C6b: by its policy, whatever became of the contract."""
    rules = replace(RULES, policies={"inbound": PolicyTerms(Period(6, Unit.MONTHS), billing=True)})
    place = new_record_place(database, tmp_path, rules)
    place.call("c1")
    place.contract()
    assert place.sweep()[0].considered == 0
    end = datetime(2037, 1, 1, tzinfo=UTC)
    assert place.kept("c1") == (end, f"{BY_CONTRACT}, and 10 years from the end of the financial year")
    assert (place.sweep(end - MILLISECOND)[0].deleted, place.sweep(end)[0].deleted) == (0, 1)


def test_messages_go_as_calls_do(either: RecordPlace) -> None:
    """C6a: the numbers to which SMS were sent are telecom data."""
    place = either
    place.message()
    place.message(BEA, sender_e164=BEA)
    place.contract()
    assert place.sweep(GONE - MILLISECOND)[0].considered == 0
    totals, outcomes = place.sweep()
    assert (totals.deleted, list(outcomes)) == (1, ["sms 1"])
    assert [row["sender"] for row in place.rows(messages)] == [BEA]
    assert [(row["kind"], row["record_id"]) for row in place.rows(record_deletions)] == [("sms", "1")]


def test_evidence_outlives_its_recording(place: RecordPlace) -> None:
    """GDPR art. 7(1): while a recording is there, so is what allowed it; then all rows of the call go together."""
    place.call("c1", decisions=1)
    place.files.add("r1", call_id="c1", expires_at=GONE + timedelta(days=1))
    place.contract()
    totals, outcomes = place.sweep()
    assert (totals.considered, totals.deleted) == (2, 0)
    assert {one.verdict.ground for one in outcomes.values()} == {Ground.NEEDED}
    assert outcomes["consent 1"].verdict.reason == "its recording r1 is still there"
    totals, outcomes = place.sweep(GONE + timedelta(days=1))
    assert (totals.deleted, list(outcomes)) == (3, ["recording r1", "cdr c1", "consent 1"])
    assert place.left()["recordings"] == 0
    assert place.files.proofs()["r1"]["reason"]


def test_dry_run_shows_what_a_sweep_does_and_dates_nothing(place: RecordPlace) -> None:
    """Design rule 10; also for what was never dated."""
    place.call("c1", decisions=1)
    place.call("c2")
    place.message()
    place.files.add("r1", call_id="c2")
    place.contract()
    shown = list(verdicts(place.plan()))
    assert [(one.kind, one.action, one.ground) for one in shown] == [
        ("recording", Action.DELETE, Ground.EXPIRED),
        ("cdr", Action.DELETE, Ground.EXPIRED),
        ("consent", Action.DELETE, Ground.EXPIRED),
        ("cdr", Action.KEEP, Ground.NEEDED),
        ("sms", Action.DELETE, Ground.EXPIRED),
    ]
    assert place.kept("c1") == (None, None)
    _, outcomes = place.sweep()
    assert [one.verdict.record for one in outcomes.values()] == [one.record for one in shown]
    assert all(one.result is Result.DELETED for one in outcomes.values())  # the recording of c2 went first


def test_a_call_that_goes_on_is_not_dated(place: RecordPlace) -> None:
    place.call("c1", ended_at=None)
    place.contract()
    place.sweep()
    assert place.kept("c1") == (None, None)


def test_one_that_is_dated_keeps_its_term_when_the_rules_change(place: RecordPlace) -> None:
    """Design rule 5: only a retag, or news of the contract, changes what is there."""
    place.call("c1")
    place.contract()
    place.sweep(STARTED)
    other = replace(place, rules=replace(RULES, terms={}))
    other.sweep(STARTED)
    assert other.kept("c1") == (GONE, BY_CONTRACT)


def test_an_import_dates_anew_what_it_speaks_of(either: RecordPlace) -> None:
    """C6a: an end that is told later, or told otherwise; calls of others keep their dates."""
    place = either
    place.call("c1", people=[BEA])
    place.call("c2", "+40722000333")
    place.message(BEA)
    place.contract()
    place.contract("+40722000333")
    place.sweep(STARTED)
    with place.database.write() as connection:
        done = import_contracts(connection, {ADA: ENDED, BEA: date(2028, 6, 30)}, STARTED)
    assert (done.new, done.changed, done.unchanged, done.records) == (1, 0, 1, 2)
    assert (place.kept("c1"), place.kept("c2")) == ((None, None), (GONE, BY_CONTRACT))
    place.sweep(STARTED)
    assert place.kept("c1") == (datetime(2031, 7, 1, tzinfo=UTC), BY_CONTRACT)


def test_a_hold_placed_between_plan_and_deletion_wins(either: RecordPlace) -> None:
    """C6c; a recording's hold keeps the record of its call as well."""
    place = either
    place.call("c1", decisions=1)
    place.contract()
    date_all(place.database, RULES, lambda: False)
    (unit,) = place.plan().records.units()
    with place.database.write() as connection:
        connection.execute(
            sa.text("INSERT INTO holds (call, reason, reference, placed_by, placed_at, salt) VALUES ('c1', 'fraud', '12/P', 'Ana', 0, 's')")
        )
    assert [one.action for one in verdicts(place.plan())] == [Action.KEEP, Action.KEEP]
    held = place.plan().delete(unit)
    assert {one.verdict.reason for one in held} == {"under legal hold 1, reference 12/P"}
    assert place.sweep()[0].deleted == 0


def test_what_is_gone_meanwhile_is_no_failure(place: RecordPlace) -> None:
    place.call("c1")
    place.contract()
    date_all(place.database, RULES, lambda: False)
    (unit,) = place.plan().records.units()
    with place.database.write() as connection:
        connection.execute(sa.delete(calls).where(calls.c.id == "c1"))
    (outcome,) = place.plan().delete(unit)
    assert (outcome.result, outcome.verdict.reason) == (Result.KEPT, "its row is gone")


def test_one_failure_never_stops_the_rest(either: RecordPlace) -> None:
    """A table of another program that refers to a call: that call is told, and all others go."""
    place = either
    for name in ("c1", "c2", "c3"):
        place.call(name)
    place.contract()
    with place.database.reshape() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (call_id VARCHAR REFERENCES calls (id))")
        connection.exec_driver_sql("INSERT INTO theirs VALUES ('c2')")
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed) == (2, 1)
    assert (outcomes["cdr c2"].result, outcomes["cdr c2"].verdict.ground) == (Result.FAILED, Ground.OBSTRUCTED)
    assert {row["id"] for row in place.rows(calls)} == {"c", "c2"}


def test_more_than_a_page_is_dated_and_swept(either: RecordPlace) -> None:
    place = either
    place.call("a")
    with place.database.write() as connection:
        (row,) = connection.execute(sa.select(calls).where(calls.c.id == "a")).mappings()
        many = [{**row, "id": f"n{number:04d}", "linkedid": f"n{number}"} for number in range(PAGE + 2)]
        connection.execute(sa.insert(calls), many)
    assert sum(1 for _ in verdicts(place.plan())) == 0
    place.contract()
    assert sum(1 for _ in verdicts(place.plan())) == PAGE + 3
    date_all(place.database, RULES, lambda: False)
    assert place.plan().count() == sum(1 for _ in verdicts(place.plan())) == PAGE + 3
    assert execute(place.plan(), stopped=lambda: True).finished is False


def test_an_empty_sweep_reads_no_table_from_end_to_end(sqlite_file: Database, tmp_path: Path) -> None:
    """A million records must not make an empty sweep slow."""
    place = new_record_place(sqlite_file, tmp_path)
    place.call("c1")
    place.sweep()

    def ask(_connection: sa.Connection) -> None:
        list(verdicts(place.plan()))

    assert scans(plan_of(place.database, ask), "calls", "messages", "recordings", "parties", "consents") == []


def test_the_dues_are_those_of_their_day(place: RecordPlace) -> None:
    """The plan of a day in the past is that of what had expired by then."""
    place.files.add("r1", expires_at=DUE)
    assert (place.plan(DUE - MILLISECOND).count(), place.plan(DUE).count()) == (0, 1)
