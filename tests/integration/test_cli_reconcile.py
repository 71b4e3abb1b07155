"""`reconcile` and `quarantine` as they are typed: what is shown, exit statuses, and that no number gets into complaints or the ledger."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.retention.marker import NAME, mark_root
from callguard.store.ledger_rows import links
from callguard.store.quarantine_rows import all_quarantined
from callguard.store.tables import recordings
from tests.integration.cli_site import Site, after, inbound, new_site, recording
from tests.integration.test_cli_sweep import on_a_terminal

DAY = "2026/08/31"
NUMBERED = f"{DAY}/out-0722000111-200-20260831-093000-1.wav"
HOURS = timedelta(hours=2)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two recordings: one in order, one whose file is gone; and a file that no row knows, by the naming of another PBX."""
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=[recording(name, "ca11") for name in ("a-there", "b-gone")]))
        mark_root(made.database, made.root)
        (made.root / DAY / "b-gone.wav").unlink()
        written_at(made.root / DAY / "a-there.wav", after(70.35))
        put(made, NUMBERED)
        yield made


def put(site: Site, path: str, age: timedelta = HOURS) -> Path:
    """A file that was written that long ago."""
    file = site.root / path
    file.write_bytes(b"RIFF")
    written_at(file, utc_now() - age)
    return file


def written_at(file: Path, moment: datetime) -> None:
    os.utime(file, (moment.timestamp(), moment.timestamp()))


def status_of(site: Site, name: str) -> str:
    with site.database.read() as connection:
        return str(connection.scalar(sa.select(recordings.c.status).where(recordings.c.id == name)))


def entered(site: Site) -> str:
    with site.database.read() as connection:
        return "\n".join(f"{link.kind} {link.body}" for link in links(connection))


def test_a_dry_run_is_what_is_done_unasked_and_fix_does_the_same(site: Site) -> None:
    """The interface, key by key; 0, as nothing is left for a person."""
    planned = site.json("reconcile")
    assert list(planned) == [
        *("dry_run", "hashes", "differences", "rows", "files", "keys"),
        *("kept", "left", "marked", "removed", "destroyed", "quarantined", "for_a_person"),
    ]
    assert [planned[name] for name in ("dry_run", "hashes", "rows", "files", "marked", "quarantined")] == [True, False, 2, 2, 1, 1]
    assert planned["differences"] == [
        {
            "side": "row",
            "place": f"{DAY}/b-gone.wav",
            "recording": "b-gone",
            "step": "mark",
            "ground": "missing",
            "reason": "its file is gone, and no sweep removed it",
        },
        {"side": "file", "place": NUMBERED, "recording": None, "step": "quarantine", "ground": "unknown", "reason": "no row knows it"},
    ]
    assert ((site.root / NUMBERED).exists(), status_of(site, "b-gone")) == (True, "stopped")
    done = site.json("reconcile", "--fix")
    assert (done["dry_run"], done["differences"]) == (False, planned["differences"])
    assert ((site.root / NUMBERED).exists(), status_of(site, "b-gone")) == (False, "missing")
    (last,) = site.run("reconcile").stdout.splitlines()
    assert last.startswith("2 rows, 1 files, 0 keys, 0 kept, 0 left, 0 marked, ")
    assert last.endswith("0 for a person; nothing was changed: dry run, --fix does it")


def test_a_file_is_taken_back_out_of_quarantine(site: Site) -> None:
    """After its term of the configuration, or when a person says so; by then the ledger has told nobody its number."""
    site.config.write_text(site.config.read_text("utf-8").replace("[recordings]", '[recordings]\nquarantine = "2 months"'), "utf-8")
    site.run("reconcile", "--fix")
    (one,) = site.json("quarantine", "list")
    assert (one["id"], one["path"], one["size"], one["rule"]) == (1, NUMBERED, 4, "2 months in quarantine")
    release = ("quarantine", "release", "1", "--by", "Ana Pop", "--reason", "ours")
    assert (site.json(*release), (site.root / NUMBERED).exists()) == ({"id": 1, "path": NUMBERED}, True)
    again = site.run(*release)
    told = "callguard: quarantine 1: there is no such file in quarantine, or no longer"
    assert (again.returncode, again.stderr.splitlines()[0]) == (2, told)
    assert site.run("quarantine", "list").stdout == "nothing is in quarantine\n"
    assert "0722000111" not in entered(site)


def test_what_is_for_a_person_ends_with_3_and_is_named_without_its_number(site: Site) -> None:
    put(site, NUMBERED, age=timedelta())
    for number in range(24):
        put(site, f"{DAY}/s{number:02}.wav", age=timedelta())
    done = site.run("reconcile", "--fix")
    complaints = [line for line in done.stderr.splitlines() if line.startswith("callguard: ")]
    assert (done.returncode, len(complaints), complaints[-1]) == (3, 21, "callguard: 5 more")
    assert complaints[0].startswith(f"callguard: file {DAY}/out-*****")
    assert "0722000111" not in done.stderr
    assert f"{NUMBERED}  written to at" in done.stdout


def test_an_unmounted_root_stops_it_whoever_insists(site: Site) -> None:
    (site.root / NAME).unlink()
    done = site.run("reconcile", "--fix-even-though-guards-object")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[0] == "callguard: recordings root: is not the folder that callguard marked"


def test_too_much_at_once_is_refused_and_may_be_insisted_on(site: Site) -> None:
    """The ledger tells of it."""
    for number in range(26):
        put(site, f"{DAY}/s{number:02}.wav")
    told = "callguard: files: would move or destroy 27 of 28 at once, more than 25 in a hundred"
    done = site.run("reconcile", "--fix")
    assert (done.returncode, done.stderr.splitlines()[0], len(list((site.root / DAY).iterdir()))) == (4, told, 28)
    assert site.json("reconcile", "--fix-even-though-guards-object")["quarantined"] == 27
    assert "guards-overridden" in entered(site)


def test_one_failure_never_stops_the_rest(site: Site) -> None:
    """A file in the place of the quarantine's folder: nothing can be moved, the row is marked all the same."""
    (site.root / ".quarantine").write_bytes(b"")
    done = site.run("reconcile", "--fix")
    assert done.returncode == 3
    assert "could not be moved" in done.stderr
    assert status_of(site, "b-gone") == "missing"
    assert (site.root / NUMBERED).exists()


def test_it_can_be_stopped_between_two(site: Site) -> None:
    for number in range(200):
        put(site, f"{DAY}/s{number:03}.wav")
    command = [sys.executable, "-m", "callguard", "--config", str(site.config), "reconcile", "--fix-even-though-guards-object"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        _, complaint = running.communicate(timeout=30)
    assert (running.returncode, "stopped before the end" in complaint) == (3, True)
    with site.database.read() as connection:
        moved, left = len(list(all_quarantined(connection))), len(list((site.root / DAY).iterdir()))
    assert moved < 201
    assert moved + left == 202


def test_the_guards_would_object_is_said_by_a_dry_run_too_and_the_bar_is_for_terminals(site: Site) -> None:
    for number in range(26):
        put(site, f"{DAY}/s{number:02}.wav")
    status, seen = on_a_terminal(site, "", "reconcile")
    assert "\x1b[?25l" in seen, "no bar: the cursor was never hidden"
    assert (status, "would move or destroy 27 of 28 at once" in seen) == (4, True)
