"""`status`: what the daemon says of itself, believed only while it lives, and what the database knows in any case."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from callguard import status_file
from callguard.clock import utc_now
from callguard.config import load_settings
from callguard.status_file import LinkStatus, Status
from tests.integration.cli_site import Site, inbound, new_site, recording


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """One call that ended, one that goes on, one recording that is due."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=[recording("r", "ca11", expires_at=utc_now() - timedelta(days=1))]))
        made.add(inbound("ca12", ended_at=None))
        yield made


def status_of(pid: int) -> Status:
    now = utc_now()
    return Status(
        pid=pid,
        version="0.1.0",
        started_at=now - timedelta(hours=1),
        written_at=now,
        links=(LinkStatus(pbx="main", up=False, since=now, reason="cannot connect (ConnectionRefusedError)"),),
        calls_now=2,
        recordings_now=1,
        queue=7,
        lag_ms=0.75,
        disk_free=5 * 2**30,
        last_sweep=None,
        next_sweep=now + timedelta(hours=6),
        alarms=(),
    )


def write(site: Site, status: Status) -> None:
    """As the daemon does: into the database's folder, since the test has no runtime folder."""
    assert status_file.write(status_file.path(load_settings(site.config)), status)


def test_a_running_daemon_speaks_for_itself(site: Site) -> None:
    write(site, status_of(os.getpid()))
    told = site.json("status")
    assert list(told) == [
        "running",
        "reason",
        "pid",
        "version",
        "started_at",
        "written_at",
        "links",
        "calls_now",
        "recordings_now",
        "queue",
        "lag_ms",
        "disk_free",
        "last_sweep",
        "next_sweep",
        "alarms",
        "database",
    ]
    assert (told["running"], told["reason"], told["pid"], told["calls_now"], told["queue"]) == (True, None, os.getpid(), 2, 7)
    assert told["links"] == [
        {"pbx": "main", "up": False, "since": told["written_at"], "reason": "cannot connect (ConnectionRefusedError)"},
    ]
    assert told["started_at"].endswith("Z")
    assert told["database"] == {"open_calls": 1, "recordings_due": 1, "last_sweep": None, "deadlines": [], "mails": {}}


def test_people_read_a_line_for_each_thing(site: Site) -> None:
    write(site, status_of(os.getpid()))
    done = site.run("status")
    assert done.returncode == 0
    lines = {line[:16].rstrip(): line[16:] for line in done.stdout.splitlines()}
    assert lines["daemon"].startswith(f"runs as {os.getpid()}, version 0.1.0, since 20")
    assert lines["link main"].startswith("down: cannot connect (ConnectionRefusedError), since 20")
    assert lines["calls now"].rstrip() == "2, 1 of them recorded"
    assert lines["queue"].rstrip() == "7 facts, 0.8 ms from event to order"
    assert lines["recordings due"].rstrip() == "1"


def test_a_daemon_that_never_ran_is_told_with_what_the_database_knows(site: Site) -> None:
    site.run("sweep")
    told = site.json("status", status=1)
    assert (told["running"], told["reason"], told["pid"], told["links"]) == (False, "no status file of it was found", None, [])
    assert told["disk_free"] > 0
    assert told["database"]["open_calls"] == 1
    assert told["database"]["recordings_due"] == 0
    assert (told["database"]["last_sweep"]["deleted"], told["database"]["last_sweep"]["failed"]) == (1, 0)
    done = site.run("status")
    assert done.returncode == 1
    assert "does not run: no status file of it was found" in done.stdout
    assert done.stderr.startswith("callguard: the daemon does not run: no status file of it was found\n")


def test_what_a_dead_daemon_said_is_not_shown_as_true(site: Site) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write(site, status_of(gone.pid))
    told = site.json("status", status=1)
    assert (told["running"], told["reason"]) == (False, f"its last run, {gone.pid}, is over")
    assert (told["calls_now"], told["queue"], told["next_sweep"]) == (None, None, None)


def test_a_daemon_that_hangs_is_told(site: Site) -> None:
    hanging = status_of(os.getpid())
    write(site, replace(hanging, written_at=hanging.written_at - timedelta(minutes=5)))
    assert site.json("status", status=1)["reason"].startswith("nothing was heard of it for 30")


def test_without_a_database_the_daemon_is_still_shown(site: Site) -> None:
    write(site, status_of(os.getpid()))
    (site.folder / "callguard.db").rename(site.folder / "moved.db")
    done = site.run("status", "--json")
    assert done.returncode == 1
    assert '"running": true' in done.stdout
    assert '"database": null' in done.stdout
    assert f"callguard: sqlite:///{site.folder}/callguard.db: " in done.stderr


def test_an_alarm_is_shown_and_ends_with_one(site: Site) -> None:
    """A sweep that its guards have stopped must not go unnoticed."""
    write(site, replace(status_of(os.getpid()), alarms=("the sweep failed: clock: is 400 days ahead of the last sweep",)))
    done = site.run("status")
    assert (done.returncode, "alarm           the sweep failed: clock" in done.stdout) == (1, True)
    assert done.stderr.splitlines()[0] == "callguard: the sweep failed: clock: is 400 days ahead of the last sweep"
