"""A whole site under load: SIPp as the outside callers and as the agent, both with sound, so that the load itself costs little.

A call is an inbound one under a notice of 1.6 seconds: announced, put through, recorded while the two talk (a tone each, G.711), hung up
by the agent. The daemon logs in as the AMI user that ships, with its classes and filters. SIPp comes with Debian's `sip-tester`.
"""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from callguard.announcements import install
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.g711 import encode
from tests.rig.site import DIALPLAN, Site, both_ways, noise_prompts, write_config
from tests.rig.sound import tone

SCENARIOS: Final = Path(__file__).parent
SHIPPED_LOGIN: Final = Path(__file__).parents[2] / "config" / "asterisk" / "manager.d" / "callguard.conf"
BEFORE_TALK_S: Final = 2.0
"""The notice, and the ringing of the agent."""

MARGIN_S: Final = 30.0


@contextmanager
def loaded_site(root: Path, folder: Path, talk_s: float) -> Iterator[Site]:
    """A PBX whose agent ends each call after so long, with prompts and configuration; no daemon runs yet, and nobody calls."""
    agent_port = free_port()
    phones = {"caller": free_port(), "agent": agent_port}
    (folder / "voice.ul").write_bytes(encode(tone(1000, 1.0), "PCMU"))
    with PrivateAsterisk(root, phones=phones, outside={"caller"}, extra_dialplan=DIALPLAN) as pbx:
        use_shipped_login(pbx)
        catalogue = noise_prompts(folder)
        install(catalogue, pbx.path_outside("/usr/share/asterisk/sounds"))
        site = Site(pbx, {}, folder, catalogue, write_config(pbx, folder, catalogue, both_ways("notice")))
        answering = _sipp(folder, "agent", agent_port, "-d", f"{talk_s * 1000:.0f}", "-mp", "36000")
        try:
            yield site
        finally:
            answering.kill()
            answering.wait()
            for daemon in site.daemons:
                daemon.stop()


def use_shipped_login(pbx: PrivateAsterisk) -> None:
    """The daemon's user in place of the rig's own: `config/asterisk/manager.d/callguard.conf` as an administrator installs it."""
    folder = pbx.recordings.outside.parent / "etc"
    with_secret = re.sub(r"(?m)^;secret = .*", f"secret = {pbx.ami_secret}", SHIPPED_LOGIN.read_text("utf-8"))
    (folder / "manager-callguard.conf").write_text(with_secret, "utf-8")
    own = (folder / "manager.conf").read_text("utf-8").replace("[callguard]", "[not-callguard]")
    (folder / "manager.conf").write_text(f"{own}\n#include manager-callguard.conf\n", "utf-8")
    pbx.cli("manager reload")


def call_in(site: Site, calls: int, rate: float, talk_s: float) -> bool:
    """So many calls, so many a second, to the end of the last; whether each of them went as it should."""
    many = ("-s", "700", "-r", f"{rate:g}", "-m", str(calls), "-l", "1000", "-mp", "50000")
    calling = _sipp(site.folder, "caller", free_port(), f"127.0.0.1:{site.pbx.sip_port}", *many)
    try:
        return calling.wait(calls / rate + BEFORE_TALK_S + talk_s + MARGIN_S) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        calling.kill()
        calling.wait()


def _sipp(folder: Path, scenario: str, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    """In the folder of the site, where it finds its voice and leaves its screens."""
    command = ["sipp", "-sf", str(SCENARIOS / f"sipp_{scenario}.xml"), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-nostdin"]
    with (folder / f"sipp_{scenario}.log").open("wb") as screen:
        return subprocess.Popen([*command, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)


def free_port() -> int:
    """A UDP port of 127.0.0.1 that nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
