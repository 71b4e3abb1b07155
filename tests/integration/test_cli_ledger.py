"""`ledger`: says what it found, names the first bad entry, and gives strangers what they need."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.cli.proving import given_head
from callguard.errors import UsageError
from callguard.evidence.heads import heads_file, note_head, noted_heads
from tests.integration.cli_site import Site, new_site
from tests.integration.ledger_place import fill

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A ledger with a call of each of three people; its head is noted."""
    with new_site(tmp_path) as made:
        fill(made.database, "c1", "c2", "c3")
        note_head(made.database)
        yield made


def change(site: Site, *statements: str) -> None:
    """Another hand in the database."""
    with site.database.write() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_ledger_that_is_whole(site: Site) -> None:
    found = site.json("ledger", "verify")
    file = heads_file(site.database.url)
    assert found == {
        "entries": 11,
        "head": {"sequence": 11, "hash": noted_heads(file)[0].head.hash},
        "heads": {"file": str(file), "noted": 1, "agreed": 1},
        "proven": {
            "consent": 3,
            "deletion": 3,
            "record-deletion": 0,
            "sweep": 1,
            "hold": 0,
            "hold-release": 0,
            "access": 0,
            "optout": 0,
            "register": 0,
            "optout-removal": 0,
            "policy": 2,
            "announcement": 1,
        },
        "whole": True,
        "first_bad": None,
        "broken": 0,
        "breaks": [],
    }
    done = site.run("ledger", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(rf"^head +{found['head']['hash']}@11$", done.stdout, re.MULTILINE)
    assert "nothing: the ledger is what was written" in done.stdout


def test_one_that_is_not_names_the_first_bad_entry_and_fails(site: Site) -> None:
    change(site, "UPDATE consents SET decision = 'granted' WHERE call_id = 'c2'", "DELETE FROM ledger WHERE sequence = 9")
    found = site.json("ledger", "verify", status=1)
    assert (found["whole"], found["first_bad"], found["broken"]) == (False, 7, 3)
    done = site.run("ledger", "verify")
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("callguard: ")] == [
        "callguard: ledger entry 9: it is missing: the next one is 10",
        "callguard: ledger entry 7: its row, a decision in call c2, was changed",
        "callguard: no ledger entry: a decision in call c3 has no entry: another hand has put it in",
    ]


def test_what_was_noted_elsewhere_shows_what_was_cut_off(site: Site) -> None:
    """The file of heads was changed by the same hand; the journal's copy was not."""
    head = noted_heads(heads_file(site.database.url))[0].head
    change(site, "DELETE FROM ledger WHERE sequence = 11", "DELETE FROM sweeps")
    heads_file(site.database.url).write_bytes(b"")
    assert site.json("ledger", "verify")["whole"]
    found = site.json("ledger", "verify", "--head", f"{head.hash}@11", status=1)
    assert (found["first_bad"], found["heads"]["noted"]) == (11, 1)


@pytest.mark.parametrize("head", ["11", "f" * 64, f"{'F' * 64}@1", f"{'f' * 64}@0", f"{'f' * 64}@-1", "\u0661" * 64 + "@1"])
def test_what_is_no_head_is_refused(head: str) -> None:
    with pytest.raises(UsageError, match="no HASH@SEQUENCE"):
        given_head(head)


def test_a_head_that_is_none_is_a_usage_error(site: Site) -> None:
    done = site.run("ledger", "verify", "--head", "11")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("callguard: --head: this is no HASH@SEQUENCE\n")


def stranger(export: str) -> "subprocess.CompletedProcess[str]":
    """The script in README, by a Python that has no callguard."""
    (script,) = re.findall(r"(?ms)^```python\n(.*?)^```$", README)
    return subprocess.run([sys.executable, "-I", "-S", "-c", script], input=export, capture_output=True, text=True, timeout=30, check=False)


def test_a_stranger_can_check_the_export(site: Site) -> None:
    """And nothing in it is of any person."""
    export = site.run("ledger", "export").stdout
    assert stranger(export).returncode == 0
    assert len(export.splitlines()) == 12
    assert "722000111" not in export


def test_a_stranger_finds_what_was_changed(site: Site) -> None:
    export = site.run("ledger", "export").stdout
    for old, new in (("c2-r", "c2-s"), ('"sequence":5}', '"sequence":6}'), ('"at":"20', '"at":"19')):
        assert stranger(export.replace(old, new, 1)).returncode == 1


def test_a_stranger_finds_what_was_cut_off(site: Site) -> None:
    lines = site.run("ledger", "export").stdout.splitlines(keepends=True)
    for kept in (lines[:-1], [*lines[:-2], lines[-1]]):
        assert stranger("".join(kept)).returncode == 1


def test_the_export_goes_to_a_new_file_of_ones_own(site: Site, tmp_path: Path) -> None:
    to = tmp_path / "ledger.jsonl"
    assert site.run("ledger", "export", "--to", str(to)).returncode == 0
    assert [json.loads(line).get("sequence") for line in to.read_text("utf-8").splitlines()] == [*range(1, 12), 11]
    assert to.stat().st_mode & 0o777 == 0o600
    again = site.run("ledger", "export", "--to", str(to))
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_the_daemon_enters_its_configuration_and_notes_the_head(site: Site) -> None:
    """At its start, and at its stop; what another process appended meanwhile is in the second."""
    assert site.run("announcements", "build").returncode == 0
    file = heads_file(site.database.url)
    daemon = subprocess.Popen([sys.executable, "-m", "callguard", "--config", str(site.config), "run"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while len(noted_heads(file)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    fill(site.database, "c4")
    daemon.send_signal(signal.SIGTERM)
    _, told = daemon.communicate(timeout=20)
    assert daemon.returncode == 0, told
    lines = [json.loads(line) for line in told.splitlines()]
    noted = [line["count"] for line in lines if line["event"] == "ledger head"]
    assert noted == [one.head.sequence for one in noted_heads(file)][1:]
    assert noted[-1] == noted[0] + 3
    found = site.json("ledger", "verify")
    assert (found["whole"], found["heads"]["agreed"]) == (True, 1 + len(noted))
    exported = site.run("ledger", "export").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in exported[:-1]].count("configuration") == 1


def test_of_many_breaks_the_first_are_told_and_the_rest_are_counted(site: Site) -> None:
    fill(site.database, *(f"d{number}" for number in range(8)))
    change(site, "UPDATE ledger SET at = at + 1")
    done = site.run("ledger", "verify")
    told = [line for line in done.stderr.splitlines() if line.startswith("callguard: ")]
    assert (done.returncode, len(told)) == (1, 21)
    assert told[0].startswith("callguard: ledger entry 1: ")
    assert told[-1] == "callguard: ledger: 8 more do not fit either"
