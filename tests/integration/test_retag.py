"""A changed policy applied to what exists: rows, ledger and file tags agree, whatever stands in the way (S8, C6c, design rule 5)."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.call.state import Number
from callguard.errors import FileFault, GuardRefusal, UsageError
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.measure import retag_file
from callguard.retention.retag import Retagging
from callguard.retention.retagging import Retag, Step
from callguard.retention.rules import stamp
from callguard.retention.ruleset import PolicyTerms, RuleSet
from callguard.retention.tag import Tag
from callguard.retention.terms import Anchor, Kind, Term
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from callguard.store.retag_rows import PAGE
from callguard.store.retag_tables import retags
from callguard.store.tables import recordings
from tests.integration.ledger_place import found_in
from tests.integration.record_place import ADA, GONE, RULES, RecordPlace, new_record_place
from tests.integration.sweep_place import DUE, STARTED

LATER = datetime(2027, 8, 31, 9, 30, tzinfo=UTC)
YEAR = replace(RULES, policies={"inbound": PolicyTerms(Period(1, Unit.YEARS))})
RULE = "1 year from the start of the call"
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    return new_record_place(sqlite_file, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> RecordPlace:
    """On each kind of database: for what depends on it."""
    return new_record_place(database, tmp_path)


def retag(place: RecordPlace, rules: RuleSet = YEAR) -> list[Retag]:
    plan = Retagging(place.database, place.files.root, rules)
    plan.require_floors()
    plan = plan.ordered("Ana Pop")
    return [plan.carry_out(one) for one in plan.verdicts() if one.step is Step.CHANGE]


def verdicts(place: RecordPlace, rules: RuleSet = YEAR) -> Sequence[Retag]:
    return list(Retagging(place.database, place.files.root, rules).verdicts())


def tagged(place: RecordPlace, name: str) -> Path:
    """A due recording whose file carries its tag, as filing leaves it."""
    path = place.files.add(name)
    retag_file(place.files.root, f"2026/08/31/{name}.wav", Tag(name, DUE, "f" * 64))
    return path


def tag_of(path: Path) -> str:
    return os.getxattr(path, "user.callguard.expires").decode()


def test_a_longer_policy_lengthens_what_is_there(either: RecordPlace) -> None:
    """Row, file tag and ledger say the same, and the sweep obeys: no recording goes by the rule that held before."""
    place = either
    path = tagged(place, "r1")
    (done,) = retag(place)
    assert (done.step, done.reason) == (Step.CHANGE, f"from {stamp(DUE)} to {stamp(LATER)}: 1 year from the start of the call")
    assert (place.files.row("r1")["expires_at"], tag_of(path)) == (LATER, stamp(LATER))
    with place.database.read() as connection:
        last = list(links(connection))[-1]
    assert (last.kind, last.body) == (
        "retag",
        f'{{"from":"{stamp(DUE)}","kind":"recording","order":1,"record":"r1","rule":"{RULE}","to":"{stamp(LATER)}"}}',
    )
    assert {one.step for one in verdicts(place)} == {Step.SAME}
    assert place.sweep(LATER - MILLISECOND)[0].considered == 0
    assert place.sweep(LATER)[0].deleted == 1
    assert place.files.proofs()["r1"]["rule"] == "1 year from the start of the call, by retag; made under policy inbound p1"


def test_who_ordered_it_is_kept_and_proven(either: RecordPlace) -> None:
    """In a row, and in the ledger without any name (S10)."""
    place = either
    tagged(place, "r1")
    retag(place)
    with place.database.read() as connection:
        assert [(row.id, row.by) for row in connection.execute(sa.select(retags))] == [(1, "Ana Pop")]
        entered = [link.body for link in links(connection) if link.kind == "register"]
    assert (len(entered), '"entry":"retags 1"' in entered[0], "Ana" in entered[0], found_in(place.database).broken) == (1, True, False, 0)
    with place.database.write() as connection:
        connection.execute(sa.update(retags).values(by="Nobody"))
    assert found_in(place.database).broken == 1
    with pytest.raises(UsageError, match="is no line of text"):
        Retagging(place.database, place.files.root, YEAR).ordered(" ")


def test_as_many_verdicts_as_were_counted(place: RecordPlace) -> None:
    place.files.add("r1")
    place.files.add("r2", deleted_at=DUE, status="deleted")
    place.call("c1")
    place.message()
    place.sweep(STARTED)
    plan = Retagging(place.database, place.files.root, YEAR)
    assert plan.count() == len(list(plan.verdicts())) > 2


def test_a_plan_changes_nothing(place: RecordPlace) -> None:
    path = tagged(place, "r1")
    assert [one.step for one in verdicts(place)] == [Step.CHANGE]
    assert (place.files.row("r1")["expires_at"], tag_of(path)) == (DUE, stamp(DUE))


def test_nothing_goes_below_its_floor_and_then_nothing_is_changed_at_all(place: RecordPlace) -> None:
    """S8: exit 4. The floor is that of the rules in force."""
    tagged(place, "r1")
    month = replace(RULES, policies={"inbound": PolicyTerms(Period(1, Unit.MONTHS))})
    floor = replace(RULES.bounds[Kind.RECORDING], floor=Period(3, Unit.MONTHS))
    with pytest.raises(GuardRefusal) as refused:
        retag(place, replace(month, bounds={**RULES.bounds, Kind.RECORDING: floor}))
    assert refused.value.exit_status == 4
    assert [fault.place for fault in refused.value.faults] == ["recording r1"]
    assert place.files.row("r1")["expires_at"] == DUE
    retag(place, month)
    assert place.files.row("r1")["expires_at"] == datetime(2026, 9, 30, 9, 30, tzinfo=UTC)


def test_a_hold_keeps_a_record_from_being_shortened(either: RecordPlace) -> None:
    """C6c: nothing beats it; also one that is placed after the plan."""
    place = either
    tagged(place, "r1")
    tagged(place, "r2")
    place.files.change("r2", held=True)
    month = replace(RULES, policies={"inbound": PolicyTerms(Period(1, Unit.MONTHS))})
    planned = verdicts(place, month)[0]
    place_hold(place.database, Scope(recording="r1"), by="Ana", reason="x", reference="7")
    assert [one.reason for one in verdicts(place, month)] == ["under legal hold 1, reference 7", "under legal hold"]
    assert Retagging(place.database, place.files.root, month).carry_out(planned).step is Step.KEEP
    assert retag(place, month) == []


def test_what_the_engine_still_writes_to_is_left_alone(place: RecordPlace) -> None:
    place.files.add("a", status="recording", size=None)
    place.files.add("b", status="stopped", size=None)
    place.files.add("c", status="missing", size=None, sha256=None, content=None)
    place.files.add("d", deleted_at=DUE, status="deleted")
    place.files.add("e", status="deleting")
    assert [(one.record, one.step) for one in verdicts(place)] == [("a", Step.KEEP), ("b", Step.KEEP), ("c", Step.CHANGE), ("e", Step.KEEP)]
    assert [one.record for one in retag(place)] == ["c"]


def test_a_file_that_cannot_be_tagged_keeps_its_end(place: RecordPlace) -> None:
    tagged(place, "r1").unlink()
    with pytest.raises(FileFault, match="No such file"):
        retag(place)
    assert place.files.row("r1")["expires_at"] == DUE
    with place.database.read() as connection:
        assert "retag" not in {link.kind for link in links(connection)}


def test_what_is_gone_meanwhile_is_left_alone(place: RecordPlace) -> None:
    place.files.add("r1")
    planned = verdicts(place)[0]
    place.sweep(DUE)
    done = Retagging(place.database, place.files.root, YEAR).carry_out(planned)
    assert (done.step, done.reason) == (Step.KEEP, "it is gone")


def test_policies_that_are_no_longer_configured_are_told(place: RecordPlace) -> None:
    place.files.add("r1")
    other = replace(RULES, policies={"sales": PolicyTerms(Period(1, Unit.YEARS))})
    assert [one.reason for one in verdicts(place, other)] == ["no policy of its name is configured any more"]


def test_records_of_calls_and_messages_are_dated_by_the_rules_in_force(either: RecordPlace) -> None:
    """C6a: what no sweep has dated yet needs no retag; a hold on the number keeps what is dated."""
    place = either
    place.call("c1")
    place.message()
    place.call("c2", "+40722000333")
    place.contract()
    place.sweep(STARTED)
    place.call("c3")
    four = Term(Period(4, Unit.YEARS), Anchor.CONTRACT_END)
    rules = replace(RULES, terms={**RULES.terms, Kind.CDR: four, Kind.SMS: four})
    assert [(one.kind, one.record, one.step) for one in verdicts(place, rules)] == [
        ("cdr", "c1", Step.CHANGE),
        ("cdr", "c2", Step.SAME),
        ("sms", "1", Step.CHANGE),
    ]
    assert [one.later for one in retag(place, rules)] == [datetime(2031, 1, 1, tzinfo=UTC)] * 2
    assert place.kept("c1")[0] == datetime(2031, 1, 1, tzinfo=UTC)
    assert place.sweep(GONE)[0].considered == 1  # c3, dated by the rules of that sweep
    place_hold(place.database, Scope(number=Number("0722000111", ADA)), by="Ana", reason="x", reference="7")
    assert [one.step for one in verdicts(place)] == [Step.KEEP, Step.SAME, Step.KEEP]


def test_more_than_a_page(place: RecordPlace) -> None:
    for number in range(3):
        place.files.add(f"a{number}", sha256=None)
    row = place.files.row("a0")
    with place.database.write() as connection:
        many = [{**row, "id": f"n{number:04d}", "path": f"2026/08/31/n{number}.wav"} for number in range(PAGE)]
        connection.execute(sa.insert(recordings), many)
    assert len(verdicts(place)) == PAGE + 3
