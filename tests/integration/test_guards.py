"""The guards on real databases and folders: they stop a sweep before it begins, and what they look at is what is there."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from callguard.clock import utc_now
from callguard.errors import FileFault, GuardRefusal
from callguard.retention.execution import execute
from callguard.retention.guards import RootState
from callguard.retention.marker import NAME, look, mark_root
from callguard.retention.ruleset import RuleSet
from callguard.retention.schedule import SweepSchedule
from callguard.retention.whole import Premises, guarded, unguarded
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from callguard.store.retention_rows import SweepRow, record_sweep
from callguard.store.tables import recordings
from tests.integration.record_place import ADA, GONE, RecordPlace, new_record_place
from tests.integration.sweep_place import DUE, STARTED
from tests.integration.test_sweep_schedule import AT, NIGHT, wait_until

HOUR = timedelta(hours=1)


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    made = new_record_place(sqlite_file, tmp_path)
    mark_root(sqlite_file, made.files.root)
    return made


def objections(place: RecordPlace, premises: Premises | None = None) -> list[str]:
    """What the guards say."""
    try:
        guarded(premises or place.premises, DUE, lambda: False)
    except GuardRefusal as refusal:
        return [f"{fault.place}: {fault.message}" for fault in refusal.faults]
    return []


def seen(place: RecordPlace) -> tuple[RootState, str]:
    with place.database.read() as connection:
        return look(connection, place.files.root)


def swept(place: RecordPlace, finished_ago: timedelta) -> None:
    with place.database.write() as connection:
        now = utc_now()
        record_sweep(connection, SweepRow(as_of=now, finished_at=now - finished_ago, considered=0, deleted=0, failed=0))


def test_an_ordinary_sweep_passes(place: RecordPlace) -> None:
    place.files.add("r1")
    swept(place, timedelta(days=1))
    assert objections(place) == []
    assert execute(guarded(place.premises, DUE, lambda: False)).deleted == 1


def test_one_that_has_nothing_to_do_is_not_looked_through_twice(place: RecordPlace) -> None:
    """What is held is due, and is told."""
    assert guarded(place.premises, DUE, lambda: False).nothing_due
    place.files.add("r1", held=True)
    plan = guarded(place.premises, DUE, lambda: False)
    assert [unit[0].reason for unit in plan.units()] == ["under legal hold"]


def test_a_large_share_is_held_against_what_is_there(place: RecordPlace) -> None:
    """Recordings, calls and messages each for themselves; what is held is not counted, and up to 25 never are."""
    for number in range(25):
        place.files.add(f"r{number:02}")
    assert objections(place) == []
    place.files.add("one-more")
    assert objections(place) == ["recording: would delete 26 of 26 at once, more than 25 in a hundred"]
    place.files.change("one-more", held=True)
    assert objections(place) == []
    place.files.change("one-more", held=False)
    row = place.files.row("one-more")
    with place.database.write() as connection:
        many = [{**row, "id": f"n{number}", "path": f"n{number}", "expires_at": GONE} for number in range(78)]
        connection.execute(sa.insert(recordings), many)
    assert objections(place) == []


def test_a_list_of_contracts_that_would_empty_the_calls_is_noticed(place: RecordPlace) -> None:
    for number in range(30):
        place.call(f"c{number}")
        place.message()
    place.contract()
    with pytest.raises(GuardRefusal) as refused:
        guarded(place.premises, GONE, lambda: False)
    assert (refused.value.exit_status, place.left()["calls"]) == (4, 31)
    assert [str(fault).partition(",")[0] for fault in refused.value.faults] == [
        "cdr: would delete 30 of 31 at once",
        "sms: would delete 30 of 30 at once",
    ]


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(days=31, hours=1), "clock: is 31 days ahead of the last sweep, more than 31 days"),
        (-2 * HOUR, "clock: is 2 hours behind the last sweep"),
        (-HOUR / 2, None),
        (timedelta(days=30), None),
    ],
)
def test_the_clock_is_held_against_the_last_sweep(place: RecordPlace, ago: timedelta, told: str | None) -> None:
    swept(place, ago)
    said = [one.replace("1 hours", "2 hours") for one in objections(place)]
    assert said == ([told] if told else [])


def test_the_clock_is_held_against_that_of_the_database(server_database: Database, tmp_path: Path) -> None:
    """A machine whose battery died, and a server whose clock is right; a file has no clock of its own."""
    place = new_record_place(server_database, tmp_path)
    with time_machine.travel(utc_now() + timedelta(days=300), tick=True):
        (told,) = objections(place)
    assert told in {f"clock: is {days} days ahead of that of the database" for days in (299, 300)}
    assert objections(place) == []


@pytest.mark.parametrize(("behind", "objected"), [(timedelta(days=200), True), (HOUR / 2, False), (-timedelta(days=200), False)])
def test_the_clock_is_held_against_that_of_the_pbx(place: RecordPlace, behind: timedelta, objected: bool) -> None:
    """Only when something would be deleted: an empty sweep need not log in anywhere."""
    asked: list[str] = []

    def clocks() -> Mapping[str, timedelta]:
        asked.append("main")
        return {"main": behind}

    premises = replace(place.premises, clocks=clocks)
    assert (objections(place, premises), asked) == ([], [])
    place.files.add("r1")
    assert objections(place, premises) == (["clock: is 200 days ahead of that of the PBX main"] if objected else [])
    assert asked == ["main"]


def test_no_rules_no_sweep(place: RecordPlace) -> None:
    place.files.add("r1")
    place.call("c1")
    assert objections(place, replace(place.premises, rules=RuleSet({}, {}))) == [
        "rules: there is no rule for recording, cdr, sms, consent",
    ]


def test_the_root_is_known_by_its_mark(place: RecordPlace) -> None:
    """Not mounted, another disk, and mounted again."""
    root = place.files.root
    place.files.add("r1")
    assert objections(place) == []
    root.rename(root.parent / "elsewhere")
    assert objections(place) == ["recordings root: is not there, or cannot be entered"]
    root.mkdir()
    assert objections(place) == ["recordings root: is not the folder that callguard marked"]
    assert mark_root(place.database, root) is RootState.OTHER  # the daemon's next start does not believe it either
    assert list(root.iterdir()) == []
    (root / NAME).write_text("another\n", "ascii")
    assert objections(place) == ["recordings root: is not the folder that callguard marked"]
    shutil.rmtree(root)
    (root.parent / "elsewhere").rename(root)
    assert objections(place) == []


def test_a_root_that_moved_is_told_how_to_be_known_again(place: RecordPlace) -> None:
    root = place.files.root
    word = (root / NAME).read_text("ascii")
    (root / NAME).unlink()
    with pytest.raises(GuardRefusal) as refused:
        guarded(place.premises, DUE, lambda: False)
    assert f"write {word.strip()} into .callguard-root" in refused.value.faults[0].remedy
    (root / NAME).write_text(word, "ascii")
    assert objections(place) == []


def test_a_root_of_the_first_release_is_marked_unless_it_looks_unmounted(database: Database, tmp_path: Path) -> None:
    """Empty, with recordings that should be in it: that is no root to put a mark in."""
    place = new_record_place(database, tmp_path)
    path = place.files.add("r1")
    shutil.rmtree(place.files.root)
    place.files.root.mkdir()
    assert mark_root(database, place.files.root) is RootState.EMPTY
    assert objections(place) == ["recordings root: is empty, and there are recordings that should be in it"]
    path.parent.mkdir(parents=True)
    assert seen(place) == (RootState.UNMARKED, "")
    assert mark_root(database, place.files.root) is RootState.MARKED
    assert objections(place) == []


def test_a_mark_whose_row_was_lost_is_adopted(database: Database, tmp_path: Path) -> None:
    """Cut off between file and row."""
    place = new_record_place(database, tmp_path)
    (place.files.root / NAME).write_text("a1b2\n", "ascii")
    mark_root(database, place.files.root)
    assert seen(place) == (RootState.MARKED, "a1b2")


def test_a_mark_is_not_written_through_a_link(sqlite_file: Database, tmp_path: Path) -> None:
    place = new_record_place(sqlite_file, tmp_path)
    other = tmp_path / "other"
    (place.files.root / NAME).symlink_to(other)
    with pytest.raises(FileFault, match="cannot be marked"):
        mark_root(sqlite_file, place.files.root)
    assert not other.exists()
    (place.files.root / NAME).unlink()
    assert mark_root(sqlite_file, place.files.root) is RootState.MARKED


def test_whoever_overrules_the_guards_is_in_the_ledger(place: RecordPlace) -> None:
    for number in range(26):
        place.files.add(f"r{number:02}")
    assert execute(unguarded(place.premises, DUE, lambda: False)).deleted == 26
    with place.database.read() as connection:
        (entry,) = [link for link in links(connection) if link.kind == "guards-overridden"]
    assert "would delete 26 of 26 at once" in entry.body
    with place.database.read() as connection:
        assert len([link for link in links(connection) if link.kind == "guards-overridden"]) == 1


def test_the_daemons_sweep_is_stopped_and_says_so(sqlite_file: Database, tmp_path: Path) -> None:
    """The alarm stays until a sweep succeeds."""
    place = new_record_place(sqlite_file, tmp_path)
    mark_root(place.database, place.files.root)
    place.files.add("r1", expires_at=STARTED)
    word = (place.files.root / NAME).read_text("ascii")
    (place.files.root / NAME).unlink()
    with time_machine.travel(NIGHT, tick=True):
        schedule = SweepSchedule(place.database, lambda as_of, stopped: guarded(place.premises, as_of, stopped), AT)
        schedule.start()
        wait_until(lambda: schedule.last_error is not None)
        assert schedule.last_error is not None
        assert schedule.last_error.startswith("recordings root: is not the folder that callguard marked (mount the disk")
        (place.files.root / NAME).write_text(word, "ascii")
        schedule._sweep()
        assert schedule.stop()
    assert place.files.proofs().keys() == {"r1"}


def test_another_number_is_not_taken_for_it(place: RecordPlace) -> None:
    """The list of contracts speaks of Ada; nobody else's calls count as due."""
    for number in range(30):
        place.call(f"c{number}", f"+4072200{number:04}")
    place.contract(ADA)
    assert objections(place) == []
