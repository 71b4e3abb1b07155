"""How a command ends that did not come about."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callguard.cli import failing
from callguard.errors import CallguardError, ConfigError, Fault, GuardRefusal, PartialFailure, StoreLocked, UsageError

CANARY = "0722 000 111"


class Told:
    """What a command raised became."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreLocked("x"), 1),
        (CallguardError("x"), 1),
        (ConfigError("x"), 2),
        (UsageError("x"), 2),
        (PartialFailure("x"), 3),
        (GuardRefusal("x"), 4),
        (KeyError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_status(error: Exception, status: int) -> None:
    assert failing.reported(Told(error)) == status


def test_a_command_that_came_about_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing.reported(lambda: None) == 0
    assert capsys.readouterr() == ("", "")


def test_an_error_says_what_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    failing.reported(Told(StoreLocked("is locked", place="sqlite:////x.db", remedy="try again")))
    assert capsys.readouterr() == ("", "callguard: sqlite:////x.db: is locked\n    try again\n")


def test_all_faults_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Fault(f"fault {number}", f"key {number}") for number in range(10)]
    failing.reported(Told(ConfigError("10 faults", faults=faults)))
    assert capsys.readouterr().err.splitlines() == [f"callguard: key {number}: fault {number}" for number in range(10)]


def test_no_fault_can_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failing.reported(Told(CallguardError("a\x1b[31mb\nc", remedy="d\re")))
    assert capsys.readouterr().err == "callguard: a\ufffd[31mb\ufffdc\n    d\ufffde\n"


@pytest.fixture
def system_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A system log of our own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(2)
        monkeypatch.setattr(failing, "SYSTEM_LOG", tmp_path / "log")
        yield log


def test_a_defect_is_one_line_here_and_its_places_in_the_journal(system_log: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing.reported(Told(ValueError(CANARY))) == 1
    line, remedy = capsys.readouterr().err.splitlines()
    assert line == "callguard: unexpected ValueError; the journal has it"
    assert "journalctl" in remedy
    logged = system_log.recv(4096).decode()
    assert logged.startswith("<11>callguard[")
    assert "unexpected ValueError test_cli_failing.py:" in logged
    assert CANARY not in logged


def test_without_a_journal_the_line_itself_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(failing, "SYSTEM_LOG", tmp_path / "none")
    assert failing.reported(Told(ValueError(CANARY))) == 1
    told = capsys.readouterr().err
    assert told.startswith("callguard: unexpected ValueError test_cli_failing.py:")
    assert CANARY not in told
    assert "Traceback" not in told
