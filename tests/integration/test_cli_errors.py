"""What the command line says when it cannot: always on stderr, always with a remedy, never a traceback."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callguard import __version__
from tests.integration.cli_site import Site, inbound, new_site, run

TEN_FAULTS = """
[store]
url = "mysql://root:{canary}@localhost/x"

[[pbx]]
name = "Main PBX"
kind = "asterix"
port = "5038"
secret_file = "secret"

[recordings]
root = "recordings"
country = "US"

[policy.in]
direction = "inwards"
mode = "notice"
retention = "180"

[swep]
at = "03:30"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        yield made


def test_a_configuration_with_ten_faults_gets_ten_messages(tmp_path: Path) -> None:
    """Each with file, key and what to write instead, and none with the password that stands in it."""
    config = tmp_path / "callguard.toml"
    config.write_text(TEN_FAULTS.format(canary="canary-71c0"), "utf-8")
    done = run("--config", str(config), "check", "--config-only")
    lines = done.stderr.splitlines()
    places = [line for line in lines if line.startswith(f"callguard: {config}: ")]
    remedies = [line for line in lines if line.startswith("    ")]
    assert (done.returncode, done.stdout) == (2, "")
    assert (len(places), len(remedies), len(lines)) == (10, 10, 20)
    assert any("store.url" in place for place in places)
    assert "canary-71c0" not in done.stderr


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    done = run("--config", str(tmp_path / "none.toml"), "calls")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"callguard: {tmp_path}/none.toml: cannot be read: No such file or directory\n"
        "    name the file with --config or $CALLGUARD_CONFIG, and let this user read it\n"
    )


def test_the_configuration_is_named_by_the_environment_too(site: Site) -> None:
    assert run("calls", CALLGUARD_CONFIG=str(site.config)).stdout == "no calls\n"


def test_the_version() -> None:
    assert run("--version").stdout == f"callguard {__version__}\n"


def test_help_names_every_command_and_the_exit_statuses() -> None:
    done = run("--help")
    assert done.returncode == 0
    for word in ("run", "check", "status", "calls", "show", "recordings", "sweep", "announcements", "Exit status"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments", [["call"], ["calls", "--json", "--limt", "1"], ["announcements", "make"], ["show"]])
def test_what_is_no_command_is_a_usage_error(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_help_is_plain_text_with_its_brackets() -> None:
    """And no summary is cut off at the end of a line."""
    assert "left out, that of [announcements]." in run("request", "letter", "--help", COLUMNS="120").stdout
    assert " ".join(run("--help", COLUMNS="80").stdout.split()).count("while it does, a line each, with the remedy.") == 1
    assert "cut to what that needs." in " ".join(run("person", "--help", COLUMNS="80").stdout.split())


def test_who_may_read_the_configuration_is_found_by_reading_it(site: Site) -> None:
    """And not by access(2), which asks for the real user and has no remedy to tell."""
    site.config.chmod(0o600)
    program = "import os, sys, callguard.cli\nos.geteuid() or os.setresuid(65534, 0, 0)\n"
    program += f"sys.argv[1:] = ['--config', {str(site.config)!r}, 'check', '--config-only']\nsys.exit(callguard.cli.main())\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert "not readable" not in done.stderr
    assert done.returncode in {0, 4}  # 4: whom the machine does not know has no role


def test_a_stream_that_is_closed_is_not_taken_by_a_file(site: Site) -> None:
    """`callguard sweep >&-`: what is printed goes nowhere, and above all not into the database."""
    site.add(inbound("ca11"))
    command = f"{sys.executable} -m callguard --config {site.config} calls <&- >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(site.json("calls")) == 1


def test_a_full_disk_behind_stdout(site: Site) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "callguard", "--config", str(site.config), "calls"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "callguard: stdout: cannot be written: No space left on device"


def test_ctrl_c_leaves_no_traceback_while_modules_load() -> None:
    program = "import callguard.cli, os, signal, sys, threading\n"
    program += "class Interrupting:\n    def find_spec(self, name, *_):\n        name == 'typer' and os.kill(os.getpid(), signal.SIGINT)\n"
    program += "sys.meta_path.insert(0, Interrupting())\nsys.exit(callguard.cli.main())\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-2, "", "")


def test_a_reader_that_goes_away_gets_no_traceback(site: Site) -> None:
    """`callguard calls | head -1`."""
    site.add(*(inbound(f"{number:04x}") for number in range(300)))
    command = f"{sys.executable} -m callguard --config {site.config} calls --limit 300 --json | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("[", "")


class TestDatabases:
    """Locked, read-only, of a newer schema, none at all: a clear error each, and nothing lost."""

    def _refusal(self, site: Site, *arguments: str) -> str:
        done = site.run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback" not in done.stderr
        return done.stderr

    def test_none(self, site: Site) -> None:
        (site.folder / "callguard.db").rename(site.folder / "moved.db")
        assert "check store.url" in self._refusal(site, "calls")
        assert not (site.folder / "callguard.db").exists()

    def test_something_else(self, site: Site) -> None:
        site.database.close()
        (site.folder / "callguard.db").write_bytes(b"no database, but long enough to look at" * 100)
        assert "not an SQLite database" in self._refusal(site, "recordings")

    def test_never_migrated(self, site: Site) -> None:
        (site.folder / "callguard.db").unlink()
        sqlite3.connect(site.folder / "callguard.db").close()
        (site.folder / "callguard.db").touch()
        assert "start the daemon of this version once" in self._refusal(site, "calls")

    def test_of_a_later_callguard(self, site: Site) -> None:
        with sqlite3.connect(site.folder / "callguard.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        assert "later callguard" in self._refusal(site, "sweep")

    def test_locked_by_another_writer(self, site: Site) -> None:
        """Reading goes on beside a writer."""
        site.add(inbound("ca11"))
        connection = sqlite3.connect(site.folder / "callguard.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        assert [call["id"] for call in site.json("calls")] == ["ca11"]
        connection.close()


def test_a_row_that_nobody_understands_is_one_line(site: Site) -> None:
    """A defect, or another hand in the database: type and places, and nothing of what was in the row."""
    site.add(inbound("ca11"))
    with sqlite3.connect(site.folder / "callguard.db") as connection:
        connection.execute("UPDATE calls SET direction = 'canary-71c0'")
    connection.close()
    done = site.run("calls")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 2
    assert done.stderr.startswith("callguard: unexpected ValueError")
    assert "canary-71c0" not in done.stderr
    assert "Traceback" not in done.stderr


HEAVY = ("alembic", "apscheduler", "panoramisk", "pydantic", "sqlalchemy", "structlog", "phonenumbers", "rich")
LOADED = """
import sys, callguard.cli
sys.argv = {arguments!r}
try:
    sys.exit(callguard.cli.main())
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """Which of the heavy packages a command loads."""
    program = LOADED.format(arguments=["callguard", *arguments])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    return set(HEAVY) & set(done.stderr.split())


def test_a_command_loads_only_what_it_needs(site: Site) -> None:
    """A command is often one of many in a script: `--help` loads nothing, a listing none that only the daemon needs."""
    assert loaded("--help") == set()
    assert loaded("--config", str(site.config), "check", "--config-only") <= {"pydantic", "phonenumbers"}
    assert loaded("--config", str(site.config), "calls") <= {"pydantic", "phonenumbers", "sqlalchemy"}
