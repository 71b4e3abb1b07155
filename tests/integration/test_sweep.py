"""The sweep on real files and a real database: what goes, what stays and why, and that no failure stops the rest."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.clock import utc_now
from callguard.retention import going, sweep
from callguard.retention.execution import Outcome, Result, SweepTotals, execute, verdicts
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.rules import Action, Ground, Verdict, stamp
from callguard.store import retention_rows
from callguard.store.database import Database
from callguard.store.retention_rows import PAGE, last_sweep
from callguard.store.tables import deletions, recordings
from tests.integration.sweep_place import DAY, DUE, Place, new_place


def before(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, do: Callable[[], object]) -> None:
    """Have something done once, at the last moment before a step of the sweep."""
    step, left = getattr(module, name), [do]

    def then(*arguments: object) -> object:
        if left:
            left.pop()()
        return step(*arguments)

    monkeypatch.setattr(module, name, then)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return new_place(database, tmp_path)


EXPIRED = f"expired on {stamp(DUE)}"
MILLISECOND = timedelta(milliseconds=1)


def test_a_recording_goes_at_its_expiry_and_not_a_millisecond_before(place: Place) -> None:
    """S8."""
    path = place.add("a")
    assert place.sweep(DUE - MILLISECOND) == (SweepTotals(DUE - MILLISECOND, 0, 0, 0, finished=True), {})
    assert path.exists()
    totals, outcomes = place.sweep(DUE)
    assert totals == SweepTotals(DUE, 1, 1, 0, finished=True)
    assert outcomes == {"a": Outcome(Verdict("a", Action.DELETE, Ground.EXPIRED, EXPIRED, DUE), Result.DELETED)}
    assert not path.exists()


def test_the_proof_stays_and_holds_nothing_of_a_person(place: Place) -> None:
    """C7."""
    place.add("a")
    before = utc_now()
    place.sweep()
    proof = place.proofs()["a"]
    deleted_at = proof.pop("deleted_at")
    assert before - MILLISECOND <= deleted_at <= utc_now()
    assert proof == {
        "id": 1,
        "recording_id": "a",
        "reason": EXPIRED,
        "rule": "6 months from the start of the call, by policy inbound p1",
        "expires_at": DUE,
        "sha256": "f" * 64,
        "size": 204,
        "file": "present",
    }
    assert (place.row("a")["status"], place.row("a")["deleted_at"]) == ("deleted", deleted_at)


def test_dry_run_and_real_run_give_the_same_verdicts(place: Place) -> None:
    """Design rule 10: the plan that is shown is the plan that is carried out."""
    place.add("gone", content=None)
    place.add("held", held=True)
    place.add("restricted", restricted=True)
    place.add("running", status="recording")
    place.add("plain")
    place.add("later", expires_at=DUE + MILLISECOND)
    shown = list(verdicts(place.plan()))
    assert place.plan().count() == len(shown) == 5
    assert place.proofs() == {}
    totals, outcomes = place.sweep()
    assert [outcome.verdict for outcome in outcomes.values()] == shown
    assert totals == SweepTotals(DUE, 5, 2, 0, finished=True)
    assert {name: (outcome.result, outcome.verdict.reason) for name, outcome in outcomes.items()} == {
        "gone": (Result.DELETED, f"{EXPIRED}; the file was missing"),
        "held": (Result.KEPT, "under legal hold"),
        "restricted": (Result.KEPT, "restricted at the person's request (GDPR art. 18)"),
        "running": (Result.KEPT, "still recording"),
        "plain": (Result.DELETED, EXPIRED),
    }
    assert place.proofs()["gone"]["file"] == "missing"
    assert all((place.root / DAY / f"{name}.wav").exists() for name in ("held", "restricted", "running", "later"))


def test_one_failure_never_stops_the_rest(place: Place) -> None:
    """A thousand files, forty of them with something wrong: each has its verdict, all others go."""
    names = [f"r{number:04d}" for number in range(1000)]
    paths = {name: place.add(name) for name in names}
    for name in names[0:1000:100]:
        paths[name].unlink()
        paths[name].symlink_to("/etc/hostname")
    for name in names[1:1000:100]:
        paths[name].unlink()
        paths[name].mkdir()
    for name in names[2:1000:100]:
        place.change(name, path=f"../outside/{name}.wav")
    for name in names[3:1000:100]:
        place.change(name, path=f"1999/01/01/{name}.wav")
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 1000, 960, 40, finished=True)
    failed = {name: outcome.verdict.reason for name, outcome in outcomes.items() if outcome.result is Result.FAILED}
    assert {name: reason.removeprefix(f"{EXPIRED}, but ").split(":")[0] for name, reason in failed.items()} == {
        **dict.fromkeys(names[0:1000:100], "its path leads through a symbolic link"),
        **dict.fromkeys(names[1:1000:100], "what lies at its path is not a regular file"),
        **dict.fromkeys(names[2:1000:100], "its path leads outside the recordings root"),
        **dict.fromkeys(names[3:1000:100], "its folder is not there"),
    }
    assert sum(path.is_file() and not path.is_symlink() for path in paths.values()) == 20  # those whose rows name another path
    assert len(place.proofs()) == 960
    assert Path("/etc/hostname").exists()
    again, _ = place.sweep()
    assert again == SweepTotals(DUE, 40, 0, 40, finished=True)


def test_a_root_that_is_not_mounted_closes_no_row(place: Place) -> None:
    path = place.add("a")
    place.root.rename(place.root.parent / "elsewhere")
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed) == (0, 1)
    assert "root is not there" in outcomes["a"].verdict.reason
    place.root.mkdir()
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed) == (0, 1)
    assert "mount the disk" in outcomes["a"].verdict.reason
    place.root.rmdir()
    (place.root.parent / "elsewhere").rename(place.root)
    assert place.sweep()[0].deleted == 1
    assert not path.exists()


def test_a_recording_that_never_had_a_file_needs_no_folder(place: Place) -> None:
    place.add("a", content=None, status="failed", size=None, sha256=None, path="2026/09/01/a.wav")
    totals, outcomes = place.sweep()
    assert totals.deleted == 1
    assert outcomes["a"].verdict.reason == f"{EXPIRED}; there never was a file"
    assert (place.proofs()["a"]["file"], place.proofs()["a"]["sha256"]) == ("folder missing", None)


def test_another_name_of_the_file_is_reported_once_and_proven_as_what_it_is(place: Place) -> None:
    """C7: a copy that lingers is said to linger."""
    path = place.add("a")
    os.link(path, place.root / "copy.wav")
    totals, outcomes = place.sweep()
    assert (totals.considered, totals.deleted, totals.failed) == (1, 0, 1)
    assert (outcomes["a"].verdict.action, outcomes["a"].result) == (Action.DELETE, Result.FAILED)
    assert "another name" in outcomes["a"].verdict.reason
    assert place.proofs()["a"]["file"] == "linked"
    assert place.agree()
    assert place.sweep()[0].considered == 0


def test_what_another_hand_writes_between_reading_and_deletion_counts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """C6c: the row is not any more as it was read; the others go all the same."""
    first, second = place.add("a"), place.add("b")
    before(monkeypatch, sweep, "mark", lambda: place.change("b", held=True))
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 2, 1, 0, finished=True)
    assert (first.exists(), second.exists(), outcomes["b"].verdict.reason) == (False, True, "under legal hold")
    assert place.row("b")["status"] == "stopped"


@pytest.mark.parametrize("step", ["mark", "finish"])
def test_a_hold_placed_at_any_moment_before_the_deletion_wins(place: Place, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """C6c: judged by other holds than those that are in force now, nothing goes."""
    paths = {name: place.add(name) for name in "abc"}
    hold = partial(place_hold, place.database, Scope(recording="b"), by="Ana Pop", reason="fraud", reference="12/P")
    before(monkeypatch, sweep, step, hold)
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 3, 2, 0, finished=True)
    assert outcomes["b"].verdict.reason == "under legal hold 1, reference 12/P"
    assert [name for name, path in paths.items() if path.exists()] == ["b"]
    assert place.agree()


def test_what_another_sweep_or_erasure_did_meanwhile_is_not_done_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        place.add(name)

    def meanwhile() -> None:
        place.change("b", deleted_at=DUE, status="deleted")
        with place.database.write() as connection:
            connection.execute(sa.delete(recordings).where(recordings.c.id == "c"))

    before(monkeypatch, sweep, "mark", meanwhile)
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 4, 2, 0, finished=True)
    assert {name: one.verdict.reason for name, one in outcomes.items()} == {
        "a": EXPIRED,
        "b": f"already deleted on {stamp(DUE)}",
        "c": "its row is gone",
        "d": EXPIRED,
    }


def test_a_file_that_turns_into_a_link_after_it_was_judged_is_not_followed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add("a")
    path = place.add("b")

    def swap() -> None:
        path.unlink()
        path.symlink_to("/etc/hostname")

    before(monkeypatch, sweep, "finish", swap)
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 2, 1, 1, finished=True)
    assert outcomes["b"].verdict.reason == f"{EXPIRED}, but it changed while it was being deleted"
    assert (path.is_symlink(), place.agree()) == (True, True)


def test_a_file_that_cannot_be_removed_is_due_again(place: Place) -> None:
    path = place.add("a")
    (path.parent / "a.wav.json").mkdir()  # where the tag should be, and what unlink refuses
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed) == (0, 1)
    assert outcomes["a"].verdict.reason == f"{EXPIRED}, but could not be removed: Is a directory"
    assert (outcomes["a"].verdict.action, path.exists(), place.proofs(), place.row("a")["status"]) == (Action.KEEP, True, {}, "stopped")
    (path.parent / "a.wav.json").rmdir()
    assert place.sweep()[0].deleted == 1


def test_more_than_a_page_is_swept_in_order_of_expiry(place: Place) -> None:
    for number in range(PAGE + 3):
        place.add(f"r{number:04d}", expires_at=DUE - timedelta(minutes=number % 7), held=number % 2 == 0)
    totals, outcomes = place.sweep()
    assert (totals.considered, totals.deleted) == (PAGE + 3, (PAGE + 3) // 2)
    expiries = [outcome.verdict.expires_at or DUE for outcome in outcomes.values()]
    assert expiries == sorted(expiries)
    assert len(outcomes) == PAGE + 3


def test_a_sweep_can_be_stopped_between_two_groups_and_is_not_counted_then(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_rows, "PAGE", 1)
    place.add("a")
    place.add("b")
    over = threading.Event()
    totals = execute(place.plan(), lambda _: over.set(), over.is_set)
    assert totals == SweepTotals(DUE, 1, 1, 0, finished=False)
    with place.database.read() as connection:
        assert last_sweep(connection) is None
    assert place.sweep()[0].considered == 1


def test_every_finished_sweep_leaves_a_row(place: Place) -> None:
    place.add("a")
    place.add("held", held=True)
    before = utc_now()
    place.sweep()
    with place.database.read() as connection:
        row = last_sweep(connection)
    assert row is not None
    assert (row.as_of, row.considered, row.deleted, row.failed) == (DUE, 2, 1, 0)
    assert before - MILLISECOND <= row.finished_at <= utc_now()


def test_a_plan_for_the_future_says_so(place: Place) -> None:
    plan = place.plan(DUE)
    assert replace(plan, planned_at=DUE - MILLISECOND).ahead
    assert not replace(plan, planned_at=DUE).ahead


@pytest.mark.parametrize("status", [RecordingStatus.STOPPED, RecordingStatus.SEALED, RecordingStatus.FAILED, RecordingStatus.BLOCKED])
def test_whatever_became_of_it_its_file_goes(place: Place, status: RecordingStatus) -> None:
    """S8: a recording that failed half-way is a recording."""
    path = place.add("a", status=status.value)
    assert place.sweep()[0].deleted == 1
    assert not path.exists()


def test_a_database_that_cannot_keep_the_proof_keeps_the_file(place: Place) -> None:
    """C7: no deletion without its proof."""
    path = place.add("a")
    with place.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE deletions RENAME TO elsewhere"))
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed, path.exists()) == (0, 1, True)
    assert outcomes["a"].verdict.reason.startswith(f"{EXPIRED}, but a table")
    with place.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO deletions"))
    assert place.sweep()[0].deleted == 1


@pytest.mark.alone
def test_a_sweep_lets_other_writers_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine commits consents and withdrawals beside it: between two groups it has its turn, and none takes long."""
    monkeypatch.setattr(retention_rows, "PAGE", 10)
    for number in range(300):
        place.add(f"r{number:03d}")
    place.add("engine", expires_at=DUE + MILLISECOND)
    beside = threading.Thread(target=place.sweep)
    beside.start()
    times = []
    while beside.is_alive():
        begun = time.perf_counter()
        place.change("engine", status="stopped")
        times.append(time.perf_counter() - begun)
    assert len(times) >= 3
    assert max(times) < 1


def test_a_file_that_goes_between_the_proof_and_its_removal_is_not_proven_as_present(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7: a proof says what was found, or is not written. Those beside it are."""
    path = place.add("a")
    place.add("b")
    before(monkeypatch, going, "delete_all", path.unlink)
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed, set(place.proofs()), place.row("a")["status"]) == (1, 1, {"b"}, "removing")
    assert outcomes["a"].verdict.reason == f"{EXPIRED}, but it changed while it was being deleted"
    assert place.sweep()[0].deleted == 1
    assert place.proofs()["a"]["file"] == "missing"


def test_a_page_that_the_database_refuses_is_dealt_with_one_by_one(place: Place) -> None:
    """One row that cannot be proven, since somebody has written a proof for it already; the others go."""
    paths = {name: place.add(name) for name in "abc"}
    with place.database.write() as connection:
        other = {"reason": "by hand", "rule": "none", "expires_at": DUE, "deleted_at": DUE, "file": "present"}
        connection.execute(sa.insert(deletions), {"recording_id": "b", **other})
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed) == (2, 1)
    assert outcomes["b"].verdict.reason.startswith(f"{EXPIRED}, but it refused a statement")
    assert [name for name, path in paths.items() if path.exists()] == ["b"]


def test_two_sweeps_at_once_delete_each_recording_once(place: Place) -> None:
    """The daemon's and one typed by hand."""
    for number in range(100):
        place.add(f"r{number:03d}")
    with ThreadPoolExecutor(2) as both:
        totals = list(both.map(lambda _: execute(place.plan()), range(2)))
    assert sum(one.deleted for one in totals) == len(place.proofs()) == 100
    assert sum(one.failed for one in totals) == 0
    assert place.agree()
