"""What the service manager hears, on real datagram sockets; see sd_notify(3)."""

import os
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from callguard import systemd


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end."""
    name = f"{tmp_path}/notify" if request.param == "path" else f"@callguard-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        listening.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def test_ready_comes_with_a_status(listener: socket.socket) -> None:
    assert systemd.ready("1 link, 0 calls")
    assert heard(listener) == ["READY=1", "STATUS=1 link, 0 calls"]


def test_each_message_is_one_datagram(listener: socket.socket) -> None:
    assert systemd.alive()
    assert systemd.stopping()
    assert systemd.status("stopping: 2 recordings to close")
    assert [heard(listener) for _ in range(3)] == [["WATCHDOG=1"], ["STOPPING=1"], ["STATUS=stopping: 2 recordings to close"]]


def test_a_reload_says_when_it_began(listener: socket.socket) -> None:
    """Type=notify-reload demands the time, in microseconds of the monotonic clock."""
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert systemd.reloading()
    first, second = heard(listener)
    assert first == "RELOADING=1"
    assert before - 0.001 <= int(second.removeprefix("MONOTONIC_USEC=")) / 1e6 <= time.clock_gettime(time.CLOCK_MONOTONIC)


def test_a_newline_in_a_status_is_not_another_assignment(listener: socket.socket) -> None:
    assert systemd.status("bad\nSTOPPING=1\r\nx")
    assert heard(listener) == ["STATUS=bad STOPPING=1 x"]


@pytest.mark.parametrize("name", [None, "", "vsock:2:1234", "/nonexistent/notify", "@callguard-nobody-listens"])
def test_without_a_service_manager_nothing_is_sent_and_nothing_raised(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if name is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", name)
    assert not systemd.ready("…")
    assert not systemd.alive()


def test_a_service_manager_that_does_not_read_holds_nothing_up(listener: socket.socket) -> None:
    sent = [systemd.alive() for _ in range(5000)]
    assert sent[0]
    assert not sent[-1]
    assert heard(listener) == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    ("period", "watched", "expected"),
    [
        ("30000000", str(os.getpid()), timedelta(seconds=30)),
        ("30000000", None, timedelta(seconds=30)),
        ("30000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
    ids=["ours", "anybody's", "another's", "none", "no number", "unset"],
)
def test_the_watchdog_period(period: str | None, watched: str | None, expected: timedelta | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WATCHDOG_USEC", period), ("WATCHDOG_PID", watched)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert systemd.watchdog_period() == expected
