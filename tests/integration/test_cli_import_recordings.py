"""`import recordings` as it is typed (issue 4)."""

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callguard.adoption.judging import Action
from callguard.adoption.walking import count
from callguard.cli import main
from callguard.cli.adopting import Telling
from callguard.cli.report import Lines
from callguard.errors import PartialFailure
from callguard.store.database import Database
from callguard.store.listing import list_calls
from tests.integration.adoption_place import LONG_AGO, UUID, freepbx, new_place, sound
from tests.integration.cli_site import BOUND_S, Site, new_site

AT = datetime(2026, 8, 31, 11, 30, 15, tzinfo=UTC)
IN = freepbx("in", "0213334444", "0722000111", AT)
PLAIN = f"{int(AT.timestamp()) + 60}.5.wav"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        for name in (IN, PLAIN, "notes.txt", f"archive/2026/Aug/31/{UUID}.wav"):
            path = tmp_path / "monitor" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sound(name))
            os.utime(path, (LONG_AGO, LONG_AGO))
        yield made


def monitor(site: Site) -> str:
    return str(site.folder / "monitor")


def typed(site: Site, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """In this process, where each needs one of its own would take ten times as long; the exit status."""
    monkeypatch.setattr(sys, "argv", ["callguard", "--config", str(site.config), "import", "recordings", *arguments])
    try:
        return main()
    except SystemExit as end:
        return int(end.code or 0)


def test_a_dry_run_says_what_a_run_does(site: Site) -> None:
    """Exit 3 when something was left; an import in three steps, each file once."""
    planned = site.json("import", "recordings", monitor(site), "--dry-run")
    with site.database.read() as connection:
        assert list_calls(connection, limit=1) == []
    done = site.json("import", "recordings", monitor(site), status=3)
    assert done == {**planned, "dry_run": False}
    assert (done["adopted"], done["already"], done["left"], done["originals"], done["folder"]) == (1, 0, 3, 1, monitor(site))
    (adopted,) = [one for one in done["verdicts"] if one["verdict"] == "adopt"]
    (call,) = site.json("calls", "--number", "0722 000 111")
    assert adopted == {
        "path": IN,
        "verdict": "adopt",
        "reason": "of a call at 2026-08-31T11:30:15.000Z by its name, until 2027-02-28T11:30:15.000Z by policy inbound",
        "recording": call["recordings"][0]["id"],
        "started_at": "2026-08-31T11:30:15.000Z",
        "start_from": "name",
        "policy": "inbound",
        "expires_at": "2027-02-28T11:30:15.000Z",
        "original": True,
        "fault": None,
    }
    assert (call["source"], [one["decision"] for one in call["parties"]]) == ("backfill", [None, "not_required"])
    cdr = site.folder / "cdr.csv"
    cdr.write_text(f"xml_cdr_uuid,start_epoch,duration,direction\n{UUID},{int(AT.timestamp()) + 90},10,inbound\n", "utf-8")
    again = site.json("import", "recordings", monitor(site), "--cdr", str(cdr), "--policy", "outbound", "--pbx", "main", "--move", status=3)
    assert (again["adopted"], again["already"], again["left"], again["originals"]) == (2, 1, 1, 0)
    assert [path.name for path in (site.folder / "monitor").rglob("*") if path.is_file()] == ["notes.txt"]
    with site.database.read() as connection:
        kept = {(one.direction, one.policy) for one in list_calls(connection, limit=9)}
    assert kept == {("inbound", "outbound"), ("outbound", "outbound"), ("inbound", "inbound")}
    assert site.json("ledger", "verify")["broken"] == 0


def test_people_read_what_became_of_each_and_what_still_lies_outside(site: Site) -> None:
    """Names of files hold numbers: stdout has them, stderr and with it the journal has not."""
    done = site.run("import", "recordings", monitor(site))
    lines = done.stdout.splitlines()
    assert done.returncode == 3
    assert f"adopt    {IN}  of a call at 2026-08-31T11:30:15.000Z by its name, until 2027-02-28T11:30:15.000Z by policy inbound" in lines
    assert lines[-2:] == [
        "1 adopted, 0 adopted before, 3 left",
        f"1 originals still lie in {monitor(site)}: no sweep deletes those; --move removes them",
    ]
    assert done.stderr.splitlines() == [
        f"callguard: {monitor(site)}: 3 files were left; stdout tells which and why",
        "    look into them, and import again",
    ]
    assert "in progress" not in site.run("calls").stdout


def test_another_zone_is_told(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    name = "20260831-143015-0722000111.wav"
    path = site.folder / "more" / name
    path.parent.mkdir()
    path.write_bytes(sound("zone"))
    started = []
    for more in ((), ("--zone", "UTC"), ("--zone", "Asia/Kolkata")):
        assert typed(site, monkeypatch, str(path.parent), "--policy", "inbound", "--dry-run", "--json", *more) == 0
        started.append(json.loads(capsys.readouterr().out)["verdicts"][0]["started_at"])
    assert started == ["2026-08-31T11:30:15.000Z", "2026-08-31T14:30:15.000Z", "2026-08-31T09:00:15.000Z"]


REFUSED = [
    (("none",), "none: cannot be read: No such file or directory"),
    (("callguard.toml",), "callguard.toml: is no folder"),
    (("recordings",), "recordings: is not apart from the recordings root"),
    (("recordings/day",), "day: is not apart from the recordings root"),
    ((".",), ": is not apart from the recordings root"),
    (("monitor", "--policy", "sales"), "sales: there is no such policy"),
    (("monitor", "--zone", "Europe/Nowhere"), "Europe/Nowhere: is no time zone of this machine"),
    (("monitor", "--pbx", "Old PBX"), "--pbx: is not said"),
    (("monitor", "--cdr", "{folder}/none.csv"), "none.csv: cannot be read: No such file or directory"),
    (("monitor", "--cdr", "{folder}/other.csv"), "other.csv:1: has no columns by which a recording can be found"),
    (("monitor", "--cdr", "{folder}/half.csv"), "half.csv:3: has 2 columns and not 3"),
]


def test_what_cannot_be_is_refused_as_a_whole(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the place, and nothing imported."""
    (site.root / "day").mkdir()
    (site.folder / "other.csv").write_text("number,end\n", "utf-8")
    (site.folder / "half.csv").write_text("calldate,src,uniqueid\n2026-08-31 14:30:15,1,1788175815.123\n2026-08-31 14:3,1\n", "utf-8")
    for (folder, *options), told in REFUSED:
        named = [option.format(folder=site.folder) for option in options]
        status, said = typed(site, monkeypatch, str(site.folder / folder), *named), capsys.readouterr()
        assert (status, said.out) == (2, "")
        assert told in said.err.splitlines()[0]
    with site.database.read() as connection:
        assert list_calls(connection, limit=1) == []


def test_an_unmounted_root_is_a_matter_for_the_guards(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4; nothing is copied into a mount point."""
    assert typed(site, monkeypatch, monitor(site)) == 3
    (site.root / ".callguard-root").write_text("another\n", "ascii")
    capsys.readouterr()
    assert (typed(site, monkeypatch, monitor(site)), capsys.readouterr().out) == (4, "")


def test_a_bar_is_shown_on_a_terminal_alone(site: Site) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "callguard", "--config", str(site.config), "import", "recordings", monitor(site), "--dry-run"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}
    ) as running:
        os.close(theirs)
        out, _ = running.communicate(timeout=BOUND_S)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "import" in shown
    assert "import" not in out.decode()
    assert out.decode().splitlines()[-1] == "1 adopted, 0 adopted before, 3 left; nothing was changed: dry run"


def test_an_import_that_is_stopped_says_so_and_can_go_on(sqlite_file: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C and SIGTERM end it between two files; and an original that could not be removed is told apart."""
    with closing(sqlite_file):
        place = new_place(sqlite_file, tmp_path)
        first = place.record(IN)
        place.record(freepbx("in", "0213334444", "0722000111", AT + timedelta(seconds=1)))
        os.link(first, tmp_path / "elsewhere.wav")
        with pytest.raises(PartialFailure) as stopped:
            Telling(place.plan(moving=True), Lines()).execute(lambda: True)
        assert [fault.message for fault in stopped.value.faults] == [
            "1 originals were to be removed and are not; stdout tells which and why",
            "stopped before the end",
        ]
        Telling(place.plan(moving=True), Lines()).execute(lambda: False)
        assert (len(place.calls()), place.left()) == (2, [])
    assert "the original is removed, and has another name somewhere" in capsys.readouterr().out


MANY, SOUND = 10_000, 10
"""So many files, one in ten of them a recording."""


def test_a_folder_of_ten_thousand_takes_the_memory_of_one_file(sqlite_file: Database, tmp_path: Path) -> None:
    """But for the hash of each, which a dry run notes; counted in blocks of the interpreter's, from the thousandth file to the last."""
    blocks = {}
    with closing(sqlite_file):
        place = new_place(sqlite_file, tmp_path)
        for number in range(MANY):
            name = freepbx("in", "0213334444", "0722000111", AT + timedelta(seconds=number), number)
            path = place.monitor / Path(name).name
            if number % SOUND == 0:
                path.write_bytes(sound(name))
                other = path
            else:
                os.link(other, path.with_suffix(".txt"))
        actions = Counter[Action]()
        for number, outcome in enumerate(place.plan().preview()):
            actions[outcome.verdict.action] += 1
            if number in {1000, MANY - 1}:
                blocks[number] = sys.getallocatedblocks()
        assert count(place.monitor) == MANY
    assert actions == {Action.ADOPT: MANY // SOUND, Action.LEAVE: MANY - MANY // SOUND}
    assert blocks[MANY - 1] - blocks[1000] < 3 * MANY
