"""A whole site: a private PBX with our dialplan, announcements, a database, and the daemon beside it.

Outside is the phone `caller`, inside the phone `agent`; `700` is the company's number, answered by the agent, and what begins with 0 goes
out to the caller; `0733000222` does so without a line of ours, as a transfer may. Prompts are noise that sounds like speech, short and
unmistakable, unless a test wants real ones.
"""

import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from callguard.announcements import BuildSettings, Catalogue, build, install, shipped
from callguard.announcements.text import LANGUAGES, NAMES
from callguard.call.policy import Announcement
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.asterisk_folder import SharedFolder
from tests.rig.daemon import DaemonProcess
from tests.rig.freeswitch import PrivateFreeswitch
from tests.rig.g711 import Samples
from tests.rig.phone import Phone
from tests.rig.sound import read_wav, write_wav

DIALPLAN: Final = """
[from-outside]
exten => 700,1,Gosub(callguard-inbound,s,1(sales))
 same => n,Dial(PJSIP/agent,20)
 same => n,Hangup()
exten => 0213334444,1,Goto(700,1)

[from-inside]
exten => 0733000222,1,Dial(PJSIP/${EXTEN}@caller,20)
 same => n,Hangup()
exten => _0X.,1,Gosub(callguard-outbound,s,1(PJSIP/${EXTEN}@caller,20))
 same => n,Hangup()

[messages]
exten => _0X.,1,Gosub(callguard-message,s,1(outbound))
 same => n,MessageSend(pjsip:${EXTEN}@caller,${MESSAGE(from)})
exten => agent,1,Gosub(callguard-message,s,1(inbound))
 same => n,MessageSend(pjsip:agent,${MESSAGE(from)})
"""

Seen = TypeVar("Seen")

PROMPT_SECONDS: Final = {"thank-you": 0.6, "refused": 0.6, "not-recorded": 0.6}
QUESTION_SECONDS: Final = 1.6

BOTH_WAYS: Final = """
[policy.in]
direction = "inbound"
mode = "{inbound}"
timeout = "1500ms"

[policy.out]
direction = "outbound"
mode = "{outbound}"
timeout = "1500ms"
"""


def both_ways(inbound: str = "notice", outbound: str = "opt-in", more: str = "") -> str:
    """Policies in these modes; `more` is added to the outbound one."""
    return BOTH_WAYS.format(inbound=inbound, outbound=outbound) + more


def speechlike(seconds: float, seed: int, rate: int = 16_000) -> Samples:
    """Noise in the telephone band, in syllables, that resembles no other of its kind."""
    noise = np.random.default_rng(seed).standard_normal(int(seconds * rate))
    spectrum = np.fft.rfft(noise)
    frequencies = np.fft.rfftfreq(noise.size, 1 / rate)
    spectrum[(frequencies < 400) | (frequencies > 3000)] = 0
    shaped = np.fft.irfft(spectrum, noise.size)
    syllables = 0.65 + 0.35 * np.sin(2 * np.pi * 4 * np.arange(noise.size) / rate)
    return np.asarray(0.2 * shaped / np.abs(shaped).max() * syllables * 2.5, dtype=np.float64)


def noise_prompts(folder: Path) -> Catalogue:
    """A catalogue whose prompts are recordings: the shipped texts, each with a WAV beside it."""
    sources = folder / "sources"
    for number, (language, name) in enumerate((language, name) for language in LANGUAGES for name in NAMES):
        (sources / language).mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped.sources() / language / f"{name}.txt", sources / language)
        write_wav(sources / language / f"{name}.wav", speechlike(PROMPT_SECONDS.get(name, QUESTION_SECONDS), number), 16_000)
    return build(BuildSettings(), sources, folder / "catalogue").catalogue


class PrivatePbx(Protocol):
    """What a site needs of its PBX, whichever it is."""

    @property
    def sip_port(self) -> int:
        """UDP."""

    @property
    def pid(self) -> int:
        """Of its process."""

    @property
    def recordings(self) -> SharedFolder:
        """Where they go."""

    def cli(self, command: str) -> str:
        """What its console answers."""

    def log_tail(self) -> str:
        """What it said last."""

    def cpu_seconds(self) -> float:
        """Used so far."""

    def start(self) -> None:
        """Up when it returns."""

    def kill(self) -> None:
        """Without a word."""

    def restart(self) -> None:
        """In order."""


@dataclass
class Site:
    """What a test holds: the PBX, the phones, the files, and a daemon to start, stop and kill."""

    pbx: PrivatePbx
    phones: Mapping[str, Phone]
    folder: Path
    catalogue: Catalogue
    config: Path
    daemons: list[DaemonProcess] = field(default_factory=list)

    @property
    def asterisk(self) -> PrivateAsterisk:
        """The PBX, where a test is about Asterisk."""
        assert isinstance(self.pbx, PrivateAsterisk)
        return self.pbx

    @property
    def freeswitch(self) -> PrivateFreeswitch:
        """The PBX, where a test is about FreeSWITCH."""
        assert isinstance(self.pbx, PrivateFreeswitch)
        return self.pbx

    @property
    def caller(self) -> Phone:
        return self.phones["caller"]

    @property
    def agent(self) -> Phone:
        return self.phones["agent"]

    @property
    def database(self) -> Path:
        return self.folder / "callguard.db"

    @property
    def recordings(self) -> Path:
        return self.pbx.recordings.outside

    @property
    def sounds(self) -> Path:
        """The PBX's sounds folder, as the daemon's configuration names it."""
        return Path(tomllib.loads(self.config.read_text("utf-8"))["announcements"]["pbx_sounds"])

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    def start_daemon(self, *program: str) -> DaemonProcess:
        """A daemon that has told READY; `program` runs it through another module than `callguard`."""
        daemon = DaemonProcess(self.config, self.log, {"RUNTIME_DIRECTORY": str(self.folder)}, program or ("callguard",))
        self.daemons.append(daemon)
        return daemon.wait_ready()

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A callguard command as a process."""
        command = [sys.executable, "-m", "callguard", "--config", str(self.config), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"callguard {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - a JSON document is anything
        """What a command prints with --json."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def calls(self) -> list[dict[str, Any]]:
        """All calls, newest first."""
        found: list[dict[str, Any]] = self.json("calls")
        return found

    def wait_call(self, condition: Callable[[dict[str, Any]], bool] = lambda call: call["ended_at"] is not None) -> dict[str, Any]:
        """The newest call once this is true of it: ended, unless told otherwise."""
        return self.wait(f"call with {condition}", lambda: next((call for call in self.calls()[:1] if condition(call)), None))

    def wait(self, what: str, look: Callable[[], Seen | None], bound_s: float = 20.0) -> Seen:
        """Until there is something to see."""
        end = time.monotonic() + bound_s
        while not (seen := look()):
            if time.monotonic() > end:
                status = self.run("status", check=False).stdout
                raise AssertionError(f"waited {bound_s:g} s in vain for {what}\n{status}\n{self.log_tail()}\n{self.pbx.log_tail()}")
            time.sleep(0.1)
        return seen

    def prompt(self, name: str, language: str = "ro") -> Announcement:
        return self.catalogue.find(name, language)

    def sound_of(self, name: str, language: str = "ro") -> Samples:
        """The 8 kHz audio of a prompt, as a caller should hear it."""
        stem = self.prompt(name, language).file.removeprefix("callguard/")
        return read_wav(self.catalogue.folder / f"{stem}.wav")[1]

    def recorded(self, call: dict[str, Any], number: int = 0) -> Samples:
        """The sound of a recording of a call as `calls --json` tells it."""
        return read_wav(self.recordings / call["recordings"][number]["path"])[1]

    def log_tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-4000:] if self.log.exists() else "(no daemon has run)"


@contextmanager
def site(root: Path, folder: Path, policies: str = "", *, dialplan: str = DIALPLAN, catalogue: Catalogue | None = None) -> Iterator[Site]:
    """Everything but a running daemon; all of it is gone afterwards but the folder."""
    with (
        Phone("caller", user_agent="Outside/1") as caller,
        Phone("agent", user_agent="Desk/2") as agent,
        PrivateAsterisk(root, phones={"caller": caller.port, "agent": agent.port}, outside={"caller"}, extra_dialplan=dialplan) as pbx,
    ):
        made = catalogue or noise_prompts(folder)
        with settled(Site(pbx, {"caller": caller, "agent": agent}, folder, made, write_config(pbx, folder, made, policies))) as here:
            yield here


@contextmanager
def settled(here: Site) -> Iterator[Site]:
    """The prompts installed; at the end no daemon left."""
    install(here.catalogue, here.sounds)
    try:
        yield here
    finally:
        for daemon in here.daemons:
            daemon.stop()


def write_config(pbx: PrivateAsterisk, folder: Path, catalogue: Catalogue, policies: str) -> Path:
    """The configuration file of the site."""
    login = Login("asterisk", pbx.ami_port, pbx.ami_secret, f'username = "{pbx.ami_username}"')
    return write_settings(folder, login, pbx.recordings, catalogue, pbx.path_outside("/usr/share/asterisk/sounds"), policies)


@dataclass(frozen=True, slots=True)
class Login:
    """How the daemon reaches the PBX; `kind` is its name as well."""

    kind: str
    port: int
    secret: str
    more: str = ""


def write_settings(folder: Path, login: Login, recordings: SharedFolder, catalogue: Catalogue, sounds: Path, policies: str) -> Path:
    """The configuration file of a site with one PBX of either kind."""
    secret = folder / "ami.secret"
    secret.write_text(login.secret)
    secret.chmod(0o600)
    config = folder / "callguard.toml"
    config.write_text(f"""
[store]
url = "sqlite:///{folder / "callguard.db"}"

[[pbx]]
name = "{login.kind}"
kind = "{login.kind}"
port = {login.port}
{login.more}
secret_file = "{secret}"
trunks = ["caller"]

[recordings]
root = "{recordings.outside}"
pbx_root = "{recordings.inside}"
country = "RO"

[announcements]
catalogue = "{catalogue.folder}"
pbx_sounds = "{sounds}"
{policies}
""")
    return config
