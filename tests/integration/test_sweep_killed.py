"""A sweep that is killed with -9, at the worst point and at any point: rows and files agree, and the next sweep finishes what was begun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callguard.retention.execution import Result
from callguard.retention.rules import stamp
from callguard.store.database import Database
from tests.integration.sweep_place import DUE, Place, new_place

SWEEP = """
import sys, time
from datetime import datetime
from pathlib import Path
from callguard.evidence.keys import KeyStore
from callguard.retention import execution, going, sweep
from callguard.store import retention_rows
from callguard.store.database import open_database

url, root, keys, as_of, slow = sys.argv[1:]
if slow:
    remove = going.delete_all
    def remove_and_wait(root, found):
        remove(root, found)
        print("removed", flush=True)
        time.sleep(60)
    going.delete_all = remove_and_wait
retention_rows.PAGE = 20
print("begun", flush=True)
execution.execute(sweep.plan_sweep(open_database(url), Path(root), datetime.fromisoformat(as_of), KeyStore(Path(keys))))
print("ended", flush=True)
"""


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return new_place(database, tmp_path)


def begin(place: Place, slow: str = "") -> subprocess.Popen[str]:
    arguments = [place.database.place, str(place.root), str(place.keys.folder), DUE.isoformat(), slow]
    return subprocess.Popen([sys.executable, "-c", SWEEP, *arguments], stdout=subprocess.PIPE, text=True)


def wait_for(running: subprocess.Popen[str], word: str) -> None:
    assert running.stdout is not None
    while (line := running.stdout.readline()) != f"{word}\n":
        assert line, "it ended"


def kill(running: subprocess.Popen[str]) -> None:
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()


def test_killed_between_the_file_and_its_row(place: Place) -> None:
    """The files of a group are gone and their rows say that they may be; the next sweep says so and closes the rows."""
    path = place.add("a")
    place.add("b")
    running = begin(place, "slow")
    wait_for(running, "removed")
    kill(running)
    assert (path.exists(), place.row("a")["deleted_at"], place.row("a")["status"], place.proofs()) == (False, None, "removing", {})
    totals, outcomes = place.sweep()
    assert (totals.deleted, outcomes["a"].result) == (2, Result.DELETED)
    assert outcomes["a"].verdict.reason == f"expired on {stamp(DUE)}; the deletion was begun before, and cut off"
    assert place.proofs()["a"]["file"] == "missing"
    assert place.agree()


def test_killed_anywhere(place: Place) -> None:
    names = [f"r{number:03d}" for number in range(400)]
    paths = [place.add(name) for name in names]
    for _ in range(5):
        running = begin(place)
        wait_for(running, "begun")
        done = len(place.proofs())
        while len(place.proofs()) < done + 40:
            time.sleep(0.001)
        kill(running)
        assert place.agree()
        gone = {name for name, path in zip(names, paths, strict=True) if not path.exists()} - place.proofs().keys()
        assert len(gone) <= 20
        assert {place.row(name)["status"] for name in gone} <= {"removing"}
    assert 200 <= len(place.proofs()) < 400
    place.sweep()
    assert place.agree()
    assert place.proofs().keys() == set(names)
    cut_off = [proof["reason"] for proof in place.proofs().values() if proof["file"] == "missing"]
    assert set(cut_off) <= {f"expired on {stamp(DUE)}; the deletion was begun before, and cut off"}
    assert len(cut_off) <= 5 * 20
