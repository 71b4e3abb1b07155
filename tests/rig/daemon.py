"""The daemon as a process, watched as systemd watches it: by its notify socket."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_BOUND_S = 10.0


class DaemonProcess:
    """One run of `callguard run`; leaving its `with` block stops it in order, and kills it if that does not help."""

    def __init__(self, config: Path, log: Path, environment: Mapping[str, str], program: Sequence[str] = ("callguard",)) -> None:
        """`program` is the module to run, and what comes before callguard's own arguments."""
        self.log = log
        self._told = b""
        self._socket_path = log.with_suffix(".notify")
        self._socket_path.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self._socket_path))
        with log.open("ab") as sink:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *program, "--config", str(config), "run"],
                stdout=sink,
                stderr=sink,
                env={**os.environ, "NOTIFY_SOCKET": str(self._socket_path), **environment},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._running.poll()

    @property
    def told_so_far(self) -> str:
        """What it has told systemd, as far as it was read; all of it once it has stopped."""
        return self._told.decode()

    def told(self) -> str:
        """All that it has told systemd so far."""
        self._notify.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._told += self._notify.recv(4096) + b"\n"
        return self.told_so_far

    def wait_told(self, what: str, bound_s: float = 15.0) -> Self:
        """Until it has told this, READY=1 for one."""
        end = time.monotonic() + bound_s
        while what not in self.told():
            if self.exit_status is not None or time.monotonic() > end:
                raise AssertionError(f"the daemon did not tell {what} (exit status {self.exit_status}):\n{self.log_tail()}")
            time.sleep(0.01)
        return self

    def wait_ready(self) -> Self:
        return self.wait_told("READY=1")

    def cpu_seconds(self) -> float:
        """User and system time of all threads; proc(5): fields 14 and 15 of stat."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """proc(5): second field of statm, in pages."""
        return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def reload(self) -> None:
        self._running.send_signal(signal.SIGHUP)

    def wait_dead(self, bound_s: float = 15.0) -> None:
        """Until it has died by itself."""
        self._running.wait(bound_s)

    def kill(self) -> None:
        """As a crash or the OOM killer would."""
        self._running.kill()
        self._running.wait(STOP_BOUND_S)

    def stop(self) -> int:
        """In order, as systemd would; the exit status."""
        if self._notify.fileno() < 0:
            return self._running.returncode
        if self.exit_status is None:
            self._running.terminate()
            try:
                self._running.wait(STOP_BOUND_S)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait(STOP_BOUND_S)
        self.told()
        self._notify.close()
        self._socket_path.unlink(missing_ok=True)
        return self._running.returncode

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()
