"""`sweep`: the plan that `--dry-run` prints is the one that is carried out, and what was not done is told."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callguard.call.state import Recording
from callguard.clock import utc_now
from tests.integration.cli_site import Site, inbound, new_site, recording

AFTER = "2027-02-28T09:30:00.250Z"
DESPITE = "--delete-even-though-guards-object"
BEFORE = "2027-02-28T09:30:00.249Z"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One call with four recordings: plain, held, one whose file is gone, one whose file is a link."""
    files = {name: recording(name, "ca11") for name in ("a-plain", "b-held", "c-gone", "d-link")}
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=list(files.values())))
        change(made, "UPDATE recordings SET held = 1 WHERE id = 'b-held'")
        lying(made, files["c-gone"]).unlink()
        lying(made, files["d-link"]).unlink()
        lying(made, files["d-link"]).symlink_to("/etc/hostname")
        yield made


def lying(site: Site, one: Recording) -> Path:
    return site.root / one.path


def change(site: Site, statement: str) -> None:
    """Another hand in the database."""
    with closing(sqlite3.connect(site.folder / "callguard.db")) as connection, connection:
        connection.execute(statement)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {one["recording"]: one["verdict"] for one in document["verdicts"]}


PLAN = {"a-plain": "delete", "b-held": "keep", "c-gone": "delete", "d-link": "keep"}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(site: Site) -> None:
    """S8: due at the millisecond of six calendar months. The interface, key by key."""
    plan = site.json("sweep", "--dry-run", "--as-of", AFTER)
    assert list(plan) == ["as_of", "dry_run", "considered", "verdicts", "deleted", "failed"]
    assert (plan["as_of"], plan["dry_run"], plan["considered"], plan["deleted"], plan["failed"]) == (AFTER, True, 4, 0, 0)
    assert verdicts(plan) == PLAN
    assert plan["verdicts"][0] == {
        "kind": "recording",
        "record": "a-plain",
        "recording": "a-plain",
        "verdict": "delete",
        "reason": "expired on 2027-02-28T09:30:00.250Z",
        "expires_at": "2027-02-28T09:30:00.250Z",
    }
    assert (site.root / "2026/08/31/a-plain.wav").exists()
    assert {one["status"] for one in site.json("recordings")} == {"stopped"}


def test_nothing_is_due_a_millisecond_earlier(site: Site) -> None:
    assert site.json("sweep", "--as-of", BEFORE) == {
        "as_of": BEFORE,
        "dry_run": False,
        "considered": 0,
        "verdicts": [],
        "deleted": 0,
        "failed": 0,
    }


def test_what_the_dry_run_says_is_done_and_what_is_not_is_told(site: Site) -> None:
    """C6c, C7: held ones stay; a link is not followed; status 3, since a person has to see to it."""
    planned = site.json("sweep", "--dry-run", "--as-of", AFTER)
    done = site.json("sweep", "--as-of", AFTER, status=3)
    assert done["verdicts"] == planned["verdicts"]
    assert (done["dry_run"], done["considered"], done["deleted"], done["failed"]) == (False, 4, 2, 1)
    assert not (site.root / "2026/08/31/a-plain.wav").exists()
    assert (site.root / "2026/08/31/d-link.wav").is_symlink()
    status = {one["id"]: one["status"] for one in site.json("recordings")}
    assert status == {"a-plain": "deleted", "b-held": "stopped", "c-gone": "deleted", "d-link": "stopped"}
    again = site.run("sweep", "--as-of", AFTER)
    assert (again.returncode, again.stderr.splitlines()[0]) == (
        3,
        "callguard: recording d-link: expired on 2027-02-28T09:30:00.250Z, but its path leads through a symbolic link",
    )


def test_people_read_a_line_for_each_and_one_for_all(site: Site) -> None:
    lines = site.run("sweep", "--dry-run", "--as-of", AFTER).stdout.splitlines()
    assert [line.split()[:3] for line in lines[:-1]] == [
        ["delete", "recording", "a-plain"],
        ["keep", "recording", "b-held"],
        ["delete", "recording", "c-gone"],
        ["keep", "recording", "d-link"],
    ]
    assert lines[1].endswith("under legal hold")
    assert lines[-1] == "as of 2027-02-28 09:30:00Z: 4 due, nothing was deleted: dry run"
    assert site.run("sweep", "--as-of", AFTER).stdout.splitlines()[-1] == "as of 2027-02-28 09:30:00Z: 4 due, 2 deleted, 1 failed"


def test_without_a_time_it_is_now(tmp_path: Path) -> None:
    """A date alone is its first moment."""
    with new_site(tmp_path) as fresh:
        hour = timedelta(hours=1)
        fresh.add(inbound("ca11", recordings=[recording("due", "ca11", expires_at=utc_now() - hour)]))
        fresh.add(inbound("ca12", recordings=[recording("not-due", "ca12", expires_at=utc_now() + hour)]))
        assert verdicts(fresh.json("sweep", "--dry-run")) == {"due": "delete"}
        assert fresh.json("sweep", "--dry-run", "--as-of", "2027-03-01")["as_of"] == "2027-03-01T00:00:00.000Z"


def test_a_root_that_is_not_there_stops_the_sweep(site: Site) -> None:
    """A disk that is not mounted: every file is missing, and no row may be closed for it."""
    site.root.rename(site.folder / "elsewhere")
    done = site.run("sweep", "--as-of", AFTER, "--json")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines() == [
        "callguard: recordings root: is not there, or cannot be entered",
        "    mount the disk that holds it",
    ]


def test_whoever_insists_is_told_of_each(site: Site) -> None:
    """Guards can be overruled by name; what is judged of each recording cannot: its folder is not there."""
    site.root.rename(site.folder / "elsewhere")
    done = site.json("sweep", "--as-of", AFTER, DESPITE, status=3)
    assert (done["deleted"], done["failed"]) == (0, 3)
    assert verdicts(done).keys() == PLAN.keys()


def test_a_dry_run_says_what_the_guards_would_say(site: Site) -> None:
    site.root.rename(site.folder / "elsewhere")
    done = site.run("sweep", "--as-of", AFTER, "--dry-run")
    assert (done.returncode, done.stderr.splitlines()[0]) == (0, "callguard: recordings root: is not there, or cannot be entered")


def test_a_flood_of_failures_is_counted_and_not_repeated(tmp_path: Path) -> None:
    with new_site(tmp_path) as fresh:
        fresh.add(inbound("ca11", recordings=[recording(f"r{number:03}", "ca11") for number in range(25)]))
        (fresh.root / "2026/08").rename(fresh.root / "2026/09")
        done = fresh.run("sweep", "--as-of", AFTER)
    faults = [line for line in done.stderr.splitlines() if line.startswith("callguard: ")]
    assert (done.returncode, len(faults)) == (3, 21)
    assert faults[-1] == "callguard: 5 more"
    assert len(done.stdout.splitlines()) == 26


def test_a_sweep_that_is_stopped_says_so_and_leaves_the_rest_for_the_next(tmp_path: Path) -> None:
    """SIGTERM in the middle: what was deleted is proven, the document is whole, the status is 3."""
    with new_site(tmp_path) as fresh:
        fresh.add(*(inbound(f"{number:04x}", recordings=[recording(f"r{number:04}", f"{number:04x}")]) for number in range(600)))
        command = [sys.executable, "-m", "callguard", "--config", str(fresh.config), "sweep", "--as-of", AFTER, DESPITE]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline().startswith("delete  recording  r0000")
            running.send_signal(signal.SIGTERM)
            told, complaint = running.communicate(timeout=30)
        gone = [one["id"] for one in fresh.json("recordings", "--status", "deleted")]
        assert running.returncode == 3
        assert "stopped before the end" in complaint
        assert 1 <= len(gone) < 600
        assert f"{len(gone)} deleted, 0 failed" in told.splitlines()[-1]
        assert fresh.json("sweep", "--as-of", AFTER, DESPITE)["considered"] == 600 - len(gone)


def on_a_terminal(site: Site, answer: str, *arguments: str) -> tuple[int, str]:
    """The exit status, and all that a person at a terminal sees of a command."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "callguard", "--config", str(site.config), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}) as running:
        os.close(theirs)
        os.write(ours, answer.encode())
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # the other side is closed
            pass
    os.close(ours)
    return running.returncode, seen.decode()


def test_who_sweeps_ahead_of_time_at_a_terminal_is_asked_first(tmp_path: Path) -> None:
    """A wrong year would delete everything, and nothing brings it back."""
    tomorrow = utc_now() + timedelta(days=1)
    due = recording("due", "ca11", expires_at=tomorrow)
    with new_site(tmp_path) as fresh:
        fresh.add(inbound("ca11", recordings=[due]))
        arguments = ("sweep", "--as-of", tomorrow.isoformat())
        status, seen = on_a_terminal(fresh, "n\n", *arguments)
        assert (status, lying(fresh, due).exists()) == (1, True)
        assert "before its time. Go on?" in seen
        status, seen = on_a_terminal(fresh, "y\n", *arguments)
        assert (status, lying(fresh, due).exists()) == (0, False)
        assert "1 deleted, 0 failed" in seen


def test_the_bar_is_for_terminals_only(site: Site) -> None:
    _, seen = on_a_terminal(site, "", "sweep", "--dry-run", "--as-of", AFTER)
    assert "\x1b[?25l" in seen, "no bar: the cursor was never hidden"
    assert "\x1b" not in site.run("sweep", "--dry-run", "--as-of", AFTER).stdout
