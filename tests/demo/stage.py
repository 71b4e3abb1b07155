"""Brings everything up: a private Asterisk, a phone outside and one inside, the announcements, the daemon; and takes it all down again.

Announcements are built and installed by callguard's own commands from the texts that ship, by espeak-ng, with a company's name filled in.
There are no policies in the configuration, so the built-in ones hold: inbound a notice with refusal key 9, outbound a question with 1
and 2, both kept for 6 months.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from callguard.announcements import Catalogue
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.phone import Phone
from tests.rig.site import Site, write_config

COMPANY: Final = "Exemplu SRL"
COMPANY_NUMBER: Final = "700"
AGENT: Final = "200"
COMMAND_BOUND_S: Final = 120

DIALPLAN: Final = """
[from-outside]
exten => 700,1,Gosub(callguard-inbound,s,1(sales))
 same => n,Dial(PJSIP/agent,20)
 same => n,Hangup()

[from-inside]
; the agent's line is open before anybody answers, so that what should not pass could pass
exten => _0X.,1,Progress()
 same => n,Gosub(callguard-outbound,s,1(PJSIP/${EXTEN}@caller,20))
 same => n,Hangup()

[messages]
exten => _0X.,1,Gosub(callguard-message,s,1(outbound))
 same => n,MessageSend(pjsip:caller,${MESSAGE(from)})
exten => agent,1,Gosub(callguard-message,s,1(inbound))
 same => n,MessageSend(pjsip:agent,${MESSAGE(from)})
"""

Tell = Callable[[str, str], None]
"""Says what has been done: a word for the part, and a sentence."""


def command(config: Path, *arguments: str) -> str:
    """What a callguard command prints; AssertionError when it fails. Nobody is there to be asked anything."""
    called = [sys.executable, "-m", "callguard", "--config", str(config), *arguments]
    done = subprocess.run(called, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_BOUND_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"callguard {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def stage(root: Path, folder: Path, tell: Tell) -> Iterator[Site]:
    """Everything, with the daemon ready; afterwards nothing of it runs."""
    with (
        Phone("caller", user_agent="Outside/1") as caller,
        Phone("agent", user_agent="Desk/2") as agent,
        PrivateAsterisk(root, phones={"caller": caller.port, "agent": agent.port}, outside={"caller"}, extra_dialplan=DIALPLAN) as pbx,
    ):
        version = pbx.cli("core show version").split()[1].partition("+")[0]
        tell("Asterisk", f"{version}, private, in a folder, on 127.0.0.1: SIP {pbx.sip_port}, AMI {pbx.ami_port}")
        config = write_config(pbx, folder, Catalogue(folder / "announcements", ()), f'company = "{COMPANY}"')
        site = Site(pbx, {"caller": caller, "agent": agent}, folder, announced(config, folder / "announcements", tell), config)
        try:
            begun = time.monotonic()
            daemon = site.start_daemon()
            tell("daemon", f"callguard run, process {daemon.pid}, on SQLite; ready after {time.monotonic() - begun:.1f} s")
            yield site
        finally:
            for started in site.daemons:
                started.stop()


def announced(config: Path, folder: Path, tell: Tell) -> Catalogue:
    """Build the announcements and put them where the PBX looks."""
    begun = time.monotonic()
    command(config, "announcements", "build")
    command(config, "announcements", "install")
    catalogue = Catalogue.load(folder)
    how = f"{len(catalogue.current)} in Romanian and English for {COMPANY}, built by espeak-ng"
    tell("prompts", f"{how}, installed at the PBX; {time.monotonic() - begun:.0f} s")
    return catalogue


def recording_files(site: Site) -> list[Path]:
    """What lies below the recordings root."""
    return sorted(path for path in site.recordings.rglob("*") if path.is_file() and not path.name.startswith("."))


def free(folder: Path) -> None:
    """Remove the folder of the run."""
    shutil.rmtree(folder, ignore_errors=True)
