"""What the daemon tells of itself is found by whoever has the same configuration, and believed only while it is fresh."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callguard import status_file
from callguard.config import Settings
from callguard.status_file import LinkStatus, Status
from tests.other_user import as_ordinary_user

NOW = datetime(2026, 11, 21, 20, 37, 5, 123_000, tzinfo=UTC)
STATUS = Status(
    pid=os.getpid(),
    version="0.1.0",
    started_at=NOW - timedelta(hours=1),
    written_at=NOW,
    links=(LinkStatus(pbx="main", up=False, since=NOW, reason="cannot connect"), LinkStatus(pbx="b", up=True, since=NOW, reason=None)),
    calls_now=3,
    recordings_now=1,
    queue=0,
    lag_ms=0.75,
    disk_free=2**40,
    last_sweep=None,
    next_sweep=NOW + timedelta(days=1),
    alarms=("the sweep failed",),
)


def settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "store": {"url": url},
            "pbx": [{"name": "main", "kind": "asterisk", "secret_env": "S"}],
            "recordings": {"root": "/r", "country": "RO"},
        }
    )


@pytest.fixture(autouse=True)
def _no_runtime_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(status_file, "RUNTIME", tmp_path / "absent")


def test_what_is_written_is_read_whole(tmp_path: Path) -> None:
    chosen = settings(f"sqlite:///{tmp_path}/callguard.db")
    place = status_file.path(chosen)
    assert place.parent == tmp_path
    assert status_file.write(place, STATUS)
    assert status_file.read(place) == STATUS == status_file.latest(chosen)
    assert [one.name for one in tmp_path.iterdir()] == [place.name]


def test_the_file_of_the_service_is_found_without_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon has $RUNTIME_DIRECTORY, who asks has not."""
    runtime = tmp_path / "run"
    runtime.mkdir()
    chosen = settings("postgresql+psycopg://callguard@db/callguard")
    monkeypatch.setattr(status_file, "RUNTIME", runtime)
    with monkeypatch.context() as service:
        service.setenv("RUNTIME_DIRECTORY", f"{runtime}:/run/another")
        assert status_file.write(status_file.path(chosen), STATUS)
    assert status_file.latest(chosen) == STATUS


def test_the_newest_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once run as a service and once by hand: the older file is a leftover."""
    chosen = settings(f"sqlite:///{tmp_path}/callguard.db")
    by_hand = status_file.path(chosen)
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setattr(status_file, "RUNTIME", runtime)
    as_service = status_file.path(chosen)
    assert as_service.parent == runtime
    newer = replace(STATUS, written_at=NOW + timedelta(seconds=2))
    for place, status in ((by_hand, newer), (as_service, STATUS)):
        assert status_file.write(place, status)
    assert status_file.latest(chosen) == newer


def test_daemons_on_two_databases_keep_apart_and_a_changed_password_does_not(tmp_path: Path) -> None:
    names = [
        status_file.path(settings(url)).name
        for url in (
            f"sqlite:///{tmp_path}/a.db",
            f"sqlite:///{tmp_path}/b.db",
            "postgresql+psycopg://one:old@db/callguard",
            "postgresql+psycopg://one:new@db/callguard",
            "postgresql+psycopg://one:new@db:5433/callguard",
        )
    ]
    assert names[2] == names[3]
    assert len(set(names)) == 4


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff\xfe", b'{"pid": "many"}'])
def test_a_file_that_says_nothing_is_none(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "status.json"
    place.write_bytes(content)
    assert status_file.read(place) is None


def test_nothing_written_yet_is_none(tmp_path: Path) -> None:
    assert status_file.read(tmp_path / "status.json") is None


def test_a_status_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    assert not status_file.write(tmp_path / "absent" / "status.json", STATUS)


def test_a_fresh_status_of_a_living_process_is_believed() -> None:
    assert STATUS.fault(NOW + timedelta(seconds=9)) is None


def test_a_silent_daemon_is_not_believed() -> None:
    assert STATUS.fault(NOW + timedelta(seconds=61)) == "nothing was heard of it for 61 s"


def test_a_status_from_the_future_is_not_believed() -> None:
    """Written before the clock was set back, it would look fresh for ever."""
    assert STATUS.fault(NOW - timedelta(hours=1)) == "its last word is from the future: the clock was set back"


def test_a_process_that_is_gone_is_not_believed() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert replace(STATUS, pid=gone.pid).fault(NOW) == f"its last run, {gone.pid}, is over"


def test_the_process_of_another_user_exists() -> None:
    """Process 1 is root's; whoever is not root may not signal it and must not take that for its absence."""
    with as_ordinary_user():
        assert replace(STATUS, pid=1).fault(NOW) is None
