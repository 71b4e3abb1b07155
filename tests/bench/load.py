"""A whole site under load: SIPp as the outside callers and as the agent, both with sound, so that the load itself costs little.

A call is an inbound one under a notice of 1.6 seconds: announced, put through, recorded while the two talk (a tone each, G.711), hung up
by the agent. SIPp comes with Debian's `sip-tester`.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.switches import BenchSwitch
from tests.rig.g711 import encode
from tests.rig.site import Site
from tests.rig.sound import tone

SCENARIOS: Final = Path(__file__).parent
BEFORE_TALK_S: Final = 2.0
"""The notice, and the ringing of the agent."""

MARGIN_S: Final = 30.0
FILED_BOUND_S: Final = 10.0


@contextmanager
def loaded_site(switch: BenchSwitch, where: Path, folder: Path, talk_s: float) -> Iterator[Site]:
    """A PBX whose agent ends each call after so long, with prompts and configuration; no daemon runs yet, and nobody calls."""
    agent_port = free_port()
    (folder / "voice.ul").write_bytes(encode(tone(1000, 1.0), "PCMU"))
    with switch.open(where, folder, {"caller": free_port(), "agent": agent_port}) as site:
        answering = _sipp(folder, "agent", agent_port, "-d", f"{talk_s * 1000:.0f}", "-mp", "36000")
        try:
            yield site
        finally:
            answering.kill()
            answering.wait()


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


def wait_filed(site: Site, calls: int) -> None:
    """Until the recordings of so many calls are whole."""
    site.wait("all recordings filed", lambda: _filed(site) == calls or None, FILED_BOUND_S)


def _filed(site: Site) -> int:
    return sum(one["status"] == "stopped" and one["size"] is not None for one in site.json("recordings"))


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
