"""A private FreeSWITCH for the tests and the bench, beside the private Asterisk of `asterisk.py` and used as that one.

It runs from an installation that is there already: the prefix in $CALLGUARD_FREESWITCH, else the `freeswitch` on PATH. Debian has none,
so where there is none the tests that need it are reported as not run. Everything it writes is in one temporary folder, and all its ports
are on 127.0.0.1.

    with PrivateFreeswitch(prefix, phones={"caller": 40001, "agent": 40002}, outside={"caller"}, extra_dialplan=XML) as pbx:
        …

`extra_dialplan` are `<context>` elements; the calls of outside phones begin in `from-outside`, all others in `from-inside`. To dial a
phone: `sofia/rig/NUMBER@$${phone_NAME}`, or `sofia/gateway/NAME/NUMBER` for an outside one. `messages` are contexts of the chatplan; every
text begins in `rig`.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath, PurePosixPath
from types import TracebackType
from typing import Self

from tests.rig.asterisk_config import PhoneLine, write_hold_tone
from tests.rig.asterisk_folder import SharedFolder
from tests.rig.asterisk_ports import PortSlot, claim_ports
from tests.rig.freeswitch_config import Plans, write_configuration
from tests.rig.freeswitch_esl import Esl, EslError

START_BOUND_S = 60.0
"""It measures its timers first: four seconds on a quiet machine, over twenty on one with a load of eight."""
STOP_BOUND_S = 10.0

CALLGUARD_DIALPLAN = Path(__file__).parents[2] / "dialplan" / "freeswitch" / "callguard.xml"

_FOLDERS = ("conf", "log", "run", "db", "sounds", "recordings", "hold", "spool")
_SPOOLED = ("-temp", "-storage", "-cache", "-scripts", "-htdocs", "-grammar", "-certs")


class FreeswitchError(RuntimeError):
    """FreeSWITCH did not start, stop or answer; the message ends with the tail of its log."""


def find_freeswitch() -> Path | None:
    """The prefix of an installed FreeSWITCH; None when there is none."""
    named = os.environ.get("CALLGUARD_FREESWITCH")
    if named:
        return Path(named) if (Path(named) / "bin" / "freeswitch").exists() else None
    found = shutil.which("freeswitch")
    return Path(found).resolve().parents[1] if found else None


class PrivateFreeswitch:
    """One FreeSWITCH, running between `start()` and `stop()`, or for the length of a `with` block."""

    def __init__(
        self,
        prefix: Path,
        *,
        phones: Mapping[str, int] | None = None,
        outside: Collection[str] = (),
        extra_dialplan: str = "",
        messages: str = "",
        dialplan: Path | None = CALLGUARD_DIALPLAN,
    ) -> None:
        """Choose ports and a folder; nothing is started yet.

        Args:
            prefix: where it is installed: `bin/freeswitch` and its modules are below.
            phones: name of each SIP phone and its UDP port on 127.0.0.1.
            outside: the phones whose calls begin in `from-outside`; those of all others begin in `from-inside`.
            extra_dialplan: the test's own contexts, read after callguard's.
            messages: the test's own contexts of the chatplan.
            dialplan: callguard's own file; None for a FreeSWITCH that was never told of callguard.
        """
        self._prefix = prefix
        self._folder = Path(tempfile.mkdtemp(prefix="callguard-fs-"))
        self._phones = [
            PhoneLine(name, port, "from-outside" if name in outside else "from-inside") for name, port in (phones or {}).items()
        ]
        self._plans = Plans(dialplan, extra_dialplan, messages)
        self._ports: PortSlot = claim_ports()
        self._running: subprocess.Popen[bytes] | None = None
        self.esl_password = secrets.token_hex(12)

    @property
    def sip_port(self) -> int:
        """UDP, on 127.0.0.1, as all of them are."""
        return self._ports.sip

    @property
    def esl_port(self) -> int:
        """TCP; ESL knows no users and no TLS, only `esl_password`."""
        return self._ports.ami

    @property
    def rtp_ports(self) -> range:
        """UDP, two to a leg: RTP and RTCP."""
        return self._ports.rtp

    @property
    def sounds(self) -> SharedFolder:
        """Where tests put sounds; its two names are the same, as FreeSWITCH sees the machine as it is."""
        return self._shared("sounds")

    @property
    def recordings(self) -> SharedFolder:
        """Where recordings go: `root` and `pbx_root` of the daemon's configuration."""
        return self._shared("recordings")

    @property
    def pid(self) -> int:
        """Its process id; FreeswitchError when it is not running."""
        if self._running is None or self._running.poll() is not None:
            raise FreeswitchError(f"FreeSWITCH is not running\n{self.log_tail()}")
        return self._running.pid

    def path_inside(self, outside: PurePath) -> PurePosixPath:
        """The name that the PBX has for a path: the same."""
        return PurePosixPath(outside)

    def path_outside(self, inside: PurePath | str) -> Path:
        """The name on this machine of a path of the PBX: the same."""
        return Path(inside)

    def cpu_seconds(self) -> float:
        """User and system time of all threads so far, ended ones included; proc(5): fields 14 and 15 of stat."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def esl(self, events: str = "") -> Esl:
        """A connection that sees these events, to be used in a `with` block."""
        return Esl(self.esl_port, self.esl_password, events)

    def cli(self, command: str) -> str:
        """What the command prints on the FreeSWITCH console."""
        with self.esl() as link:
            answer = link.api(command)
        if answer.startswith(("-ERR", "-USAGE")):
            raise FreeswitchError(f"{command!r}: {answer}\n{self.log_tail()}")
        return answer

    def loads(self, module: str) -> bool:
        """Whether the installation has this module; from then on it is there."""
        return "-ERR" not in self.cli(f"load {module}")

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what FreeSWITCH wrote, to its log or, before that was open, to its console."""
        for written in (self._folder / "log" / "freeswitch.log", self._console):
            if written.exists() and written.stat().st_size:
                return "\n".join(written.read_text("utf-8", "replace").splitlines()[-lines:])
        return "(nothing was logged)"

    def start(self) -> None:
        """Start it and wait until ESL and SIP answer; FreeswitchError, with nothing left running, when they do not in a minute."""
        self._write()
        with self._console.open("ab") as console:
            self._running = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "HOME": str(self._folder)},
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.kill()
            raise

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
        """End it at once, as an orderly end takes four seconds of its own; then remove its folder and give its ports back."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._ports.release()

    @property
    def _console(self) -> Path:
        return self._folder / "log" / "console"

    def _shared(self, name: str) -> SharedFolder:
        return SharedFolder(self._folder / name, PurePosixPath(self._folder / name))

    def _write(self) -> None:
        for name in _FOLDERS:
            (self._folder / name).mkdir(exist_ok=True)
        write_hold_tone(self._folder / "hold")
        blanks = {
            "instance": str(self._folder),
            "esl_port": str(self.esl_port),
            "esl_password": self.esl_password,
            "sip_port": str(self.sip_port),
            "rtp_first": str(self.rtp_ports.start),
            "rtp_last": str(self.rtp_ports.stop - 2),  # the RTCP port is the odd one behind it
        }
        write_configuration(self._folder / "conf", blanks, self._phones, self._plans)

    def _command(self) -> list[str]:
        own = [("-" + name, name) for name in ("conf", "log", "run", "db", "sounds", "recordings")]
        folders = [*own, *((option, "spool") for option in _SPOOLED)]
        told = [text for option, name in folders for text in (option, str(self._folder / name))]
        # In the foreground without a console, at a normal priority, and without a look for a router.
        return [str(self._prefix / "bin" / "freeswitch"), "-nf", "-nc", "-np", "-nonat", *told]

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_BOUND_S
        while not self._is_up():
            if self._running is None or self._running.poll() is not None:
                raise FreeswitchError(f"FreeSWITCH ended while starting\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise FreeswitchError(f"FreeSWITCH was not up after {START_BOUND_S:.0f} s\n{self.log_tail()}")
            time.sleep(0.05)

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError, EslError, TimeoutError), self.esl() as link:
            return "is ready" in link.api("status") and "RUNNING" in link.api("sofia status")
        return False

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
