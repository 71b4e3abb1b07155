"""A private Asterisk 22 for the demo, the tests and the bench.

It runs from the folder that `tests/rig/unpack-asterisk` makes, as root by chroot, and keeps everything it writes in one folder of its
own inside that root: configuration, database, spool, log, sounds, recordings. So several run side by side, nothing else of the machine
is touched, and a stopped one leaves nothing behind. All its ports are on 127.0.0.1.

    with PrivateAsterisk(root, phones={"caller": 40001, "agent": 40002}, outside={"caller"}, extra_dialplan=TEXT) as pbx:
        …

A phone is known by the SIP header `X-Rig-Phone: NAME`, which it sends in every request, and not by its From user: an outside caller
may call himself anything. Whoever sends no such header is an outside caller without a name.

Asterisk has its own process group: Ctrl-C in a terminal ends the test, and the test then stops Asterisk in order.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath, PurePosixPath
from types import TracebackType
from typing import Self

from tests.rig.asterisk_config import Dialplan, PhoneLine
from tests.rig.asterisk_folder import InstanceFolder, SharedFolder
from tests.rig.asterisk_ports import PortSlot, claim_ports
from tests.rig.asterisk_probe import is_fully_booted

START_BOUND_S = 20.0
STOP_BOUND_S = 5.0
CLI_BOUND_S = 10.0

PHONE_HEADER = "X-Rig-Phone"

_REPOSITORY_DIALPLAN = Path(__file__).parents[2] / "dialplan" / "asterisk" / "callguard.conf"
CALLGUARD_DIALPLAN = _REPOSITORY_DIALPLAN if _REPOSITORY_DIALPLAN.exists() else None


class AsteriskError(RuntimeError):
    """Asterisk did not start, stop or answer; the message ends with the tail of its log."""


class PrivateAsterisk:
    """One Asterisk, running between `start()` and `stop()`, or for the length of a `with` block."""

    ami_username = "callguard"
    observer_username = "observer"

    def __init__(
        self,
        root: Path,
        *,
        phones: Mapping[str, int] | None = None,
        outside: Collection[str] = (),
        extra_dialplan: str = "",
        dialplan: Path | None = CALLGUARD_DIALPLAN,
    ) -> None:
        """Choose ports and folders; nothing is started or written yet.

        Args:
            root: the folder made by `unpack-asterisk`.
            phones: name of each SIP phone and its UDP port on 127.0.0.1.
            outside: the phones whose calls begin in `from-outside`; those of all others begin in `from-inside`.
            extra_dialplan: the text of an extensions file, read after callguard's own.
            dialplan: callguard's own extensions file; None for an Asterisk that was never told of callguard.
        """
        self._folder = InstanceFolder.new_below(root)
        self._phones = [
            PhoneLine(name, port, "from-outside" if name in outside else "from-inside") for name, port in (phones or {}).items()
        ]
        self._dialplan = Dialplan(dialplan, extra_dialplan)
        self._ports: PortSlot = claim_ports()
        self._running: subprocess.Popen[bytes] | None = None
        self.ami_secret = secrets.token_hex(12)
        self.observer_secret = secrets.token_hex(12)

    @property
    def sip_port(self) -> int:
        """UDP, on 127.0.0.1, as all of them are."""
        return self._ports.sip

    @property
    def ami_port(self) -> int:
        """TCP, without TLS; `ami_username` is the daemon's user there, `observer_username` that of tests which watch."""
        return self._ports.ami

    @property
    def rtp_ports(self) -> range:
        """UDP, two to a leg: RTP and RTCP."""
        return self._ports.rtp

    @property
    def sounds(self) -> SharedFolder:
        """Where tests put sounds; the dialplan plays them as `<inside>/<name>` without a suffix."""
        return self._folder.shared("sounds")

    @property
    def recordings(self) -> SharedFolder:
        """Where recordings go: `root` and `pbx_root` of the daemon's configuration."""
        return self._folder.shared("recordings")

    @property
    def pid(self) -> int:
        """Its process id; AsteriskError when it is not running."""
        if self._running is None or self._running.poll() is not None:
            raise AsteriskError(f"Asterisk is not running\n{self.log_tail()}")
        return self._running.pid

    def path_inside(self, outside: PurePath) -> PurePosixPath:
        """The name that the PBX has for a path below the root; ValueError when it is not below it."""
        return self._folder.inside(outside)

    def path_outside(self, inside: PurePath | str) -> Path:
        """The name on this machine of an absolute path of the PBX; ValueError when it is not absolute."""
        return self._folder.outside(inside)

    def cpu_seconds(self) -> float:
        """User and system time of all threads so far, ended ones included; proc(5): fields 14 and 15 of stat."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cli(self, command: str) -> str:
        """What the command prints on the Asterisk console."""
        answer = subprocess.run(
            [*self._asterisk(), "-r", "-x", command], capture_output=True, timeout=CLI_BOUND_S, check=False, env=_ENVIRONMENT
        )
        if answer.returncode != 0:
            raise AsteriskError(f"{command!r}: {answer.stderr.decode(errors='replace')}\n{self.log_tail()}")
        return answer.stdout.decode("utf-8", "replace")

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what Asterisk wrote, to its log or, before that was open, to its console."""
        return self._folder.log_tail(lines)

    def start(self) -> None:
        """Start it and wait until AMI and SIP answer; AsteriskError, with nothing left running, when they do not in 20 s."""
        self._folder.write(self._blanks(), self._phones, self._dialplan)
        with self._folder.console.open("ab") as console:
            self._running = subprocess.Popen(
                [*self._asterisk(), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.kill()
            raise

    def _asterisk(self) -> list[str]:
        return ["chroot", str(self._folder.root), "/usr/sbin/asterisk", "-C", str(self._folder.configuration)]

    def _blanks(self) -> dict[str, str]:
        return {
            "ami_port": str(self.ami_port),
            "ami_secret": self.ami_secret,
            "observer_secret": self.observer_secret,
            "sip_port": str(self.sip_port),
            "rtp_first": str(self.rtp_ports.start),
            "rtp_last": str(self.rtp_ports.stop - 1),
        }

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_BOUND_S
        while time.monotonic() < deadline:
            if self._running is None or self._running.poll() is not None:
                raise AsteriskError(f"Asterisk ended while starting\n{self.log_tail()}")
            if is_fully_booted(self.ami_port, self.observer_username, self.observer_secret):
                break
            time.sleep(0.05)
        else:
            raise AsteriskError(f"Asterisk was not up after {START_BOUND_S:.0f} s\n{self.log_tail()}")
        if f"127.0.0.1:{self.sip_port}" not in self.cli("pjsip show transports"):
            raise AsteriskError(f"Asterisk has no SIP transport\n{self.log_tail()}")

    def kill(self) -> None:
        """Kill it with SIGKILL, as a crash would; its folder stays, and `restart()` brings it back."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def restart(self) -> None:
        """Start it anew on the same ports, folders and database, after an orderly end if it is still running."""
        self._end()
        self.start()

    def stop(self) -> None:
        """End it in order, then remove its folder and give its ports back."""
        self._end()
        self._folder.remove()
        self._ports.release()

    def _end(self) -> None:
        if self._running is None:
            return
        self._running.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._running.wait(STOP_BOUND_S)
        self.kill()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
