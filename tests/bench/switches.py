"""The two PBXs as the bench measures them: where each is installed, how a site of it is opened, and what passes on its socket.

The Asterisk is that of $CALLGUARD_ASTERISK_ROOT, else of `.sandbox/asterisk22`; its daemon logs in as the AMI user that ships, with its
classes and filters. The FreeSWITCH is one that is installed here ($CALLGUARD_FREESWITCH, else on PATH); where there is none, what is
measured on it is said to be not run.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.wires import AMI, ESL, Wire
from tests.rig import freeswitch_site
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.freeswitch import PrivateFreeswitch, find_freeswitch
from tests.rig.site import DIALPLAN, Login, Site, both_ways, noise_prompts, settled, site, write_config, write_settings

SHIPPED_LOGIN: Final = Path(__file__).parents[2] / "config" / "asterisk" / "manager.d" / "callguard.conf"
_SANDBOX: Final = Path(__file__).parents[2] / ".sandbox" / "asterisk22"

Ports = Mapping[str, int]
"""Of phones that somebody else is, by name; `caller` is outside."""


@dataclass(frozen=True, slots=True)
class BenchSwitch:
    """`find` says where it is installed; `open` opens a site with phones elsewhere under a notice, `with_phones` one with its own."""

    name: str
    link: str
    find: Callable[[], Path | None]
    open: Callable[[Path, Path, Ports], AbstractContextManager[Site]]
    with_phones: Callable[[Path, Path, str], AbstractContextManager[Site]]
    wire: Wire


def find_asterisk() -> Path | None:
    """None where there is none, or this user could not start it."""
    root = Path(os.environ.get("CALLGUARD_ASTERISK_ROOT") or _SANDBOX)
    return root if os.geteuid() == 0 and (root / "usr" / "sbin" / "asterisk").exists() else None


@contextmanager
def open_asterisk(root: Path, folder: Path, phones: Ports) -> Iterator[Site]:
    """No daemon runs yet."""
    with PrivateAsterisk(root, phones=phones, outside={"caller"}, extra_dialplan=DIALPLAN) as pbx:
        use_shipped_login(pbx)
        catalogue = noise_prompts(folder)
        with settled(Site(pbx, {}, folder, catalogue, write_config(pbx, folder, catalogue, both_ways("notice")))) as here:
            yield here


def use_shipped_login(pbx: PrivateAsterisk) -> None:
    """The daemon's user in place of the rig's own: `config/asterisk/manager.d/callguard.conf` as an administrator installs it."""
    folder = pbx.recordings.outside.parent / "etc"
    with_secret = re.sub(r"(?m)^;secret = .*", f"secret = {pbx.ami_secret}", SHIPPED_LOGIN.read_text("utf-8"))
    (folder / "manager-callguard.conf").write_text(with_secret, "utf-8")
    own = (folder / "manager.conf").read_text("utf-8").replace("[callguard]", "[not-callguard]")
    (folder / "manager.conf").write_text(f"{own}\n#include manager-callguard.conf\n", "utf-8")
    pbx.cli("manager reload")


@contextmanager
def open_freeswitch(prefix: Path, folder: Path, phones: Ports) -> Iterator[Site]:
    """No daemon runs yet."""
    with PrivateFreeswitch(prefix, phones=phones, outside={"caller"}, extra_dialplan=freeswitch_site.DIALPLAN) as pbx:
        catalogue = noise_prompts(folder)
        login = Login("freeswitch", pbx.esl_port, pbx.esl_password)
        config = write_settings(folder, login, pbx.recordings, catalogue, pbx.sounds.outside, both_ways("notice"))
        with settled(Site(pbx, {}, folder, catalogue, config)) as here:
            yield here


ASTERISK: Final = BenchSwitch("Asterisk", "ami", find_asterisk, open_asterisk, site, AMI)
FREESWITCH: Final = BenchSwitch("FreeSWITCH", "esl", find_freeswitch, open_freeswitch, freeswitch_site.freeswitch_site, ESL)
SWITCHES: Final = {"asterisk": ASTERISK, "freeswitch": FREESWITCH}
