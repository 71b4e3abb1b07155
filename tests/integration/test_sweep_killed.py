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
from callguard.retention import execution, sweep
from callguard.store.database import open_database

url, root, keys, as_of, slow = sys.argv[1:]
if slow:
    remove = sweep.delete
    def remove_and_wait(root, path):
        found = remove(root, path)
        print("removed", flush=True)
        time.sleep(60)
        return found
    sweep.delete = remove_and_wait
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
    """The file is gone and no row claims it; the next sweep says so and closes the row."""
    path = place.add("a")
    running = begin(place, "slow")
    wait_for(running, "removed")
    kill(running)
    assert (path.exists(), place.row("a")["deleted_at"], place.proofs()) == (False, None, {})
    totals, outcomes = place.sweep()
    assert (totals.deleted, outcomes["a"].result) == (1, Result.DELETED)
    assert outcomes["a"].verdict.reason == f"expired on {stamp(DUE)}; the file was missing"
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
        assert sum(not path.exists() for path in paths) - len(place.proofs()) in {0, 1}
    assert 200 <= len(place.proofs()) < 400
    place.sweep()
    assert place.agree()
    assert place.proofs().keys() == set(names)
    assert sum(proof["file"] == "missing" for proof in place.proofs().values()) <= 5
