"""The AMI link against a real Asterisk: what our own AMI server only imitates."""

from pathlib import Path

import pytest

from callguard.errors import ActionRefused
from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, Headers
from tests.integration.ami_owner import SHORT, Owner
from tests.integration.pbx_server import until
from tests.rig.asterisk import PrivateAsterisk

pytestmark = pytest.mark.live

DIALPLAN = """
[ami-link]
exten => agi,1,Answer()
 same => n,AGI(agi:async)
 same => n,Hangup()
exten => wait,1,Answer()
 same => n,Wait(20)
"""


def test_a_real_pbx_is_logged_in_to_asked_lost_and_found_again(asterisk_root: Path) -> None:
    """MD5 login with the daemon's few classes, an AGI command and its event, a list, and a kill in mid-call."""
    owner, executed = Owner(), list[Headers]()
    with PrivateAsterisk(asterisk_root, extra_dialplan=DIALPLAN) as pbx:
        address = AmiAddress("127.0.0.1", pbx.ami_port, pbx.ami_username, pbx.ami_secret)
        link = AmiLink(address, owner.callbacks(("AsyncAGIStart", "Hangup"), {"AsyncAGIExec": executed.append}), SHORT)
        link.start()
        try:
            until(lambda: owner.ups == 1)
            channel = _call(link, owner)
            command = (("Channel", channel), ("Command", "GET VARIABLE CALLERID(name)"), ("CommandID", "our-own-1"))
            link.ask(AmiAction("AGI", command), 2.0)
            until(lambda: executed)
            assert executed[0].get("CommandID") == "our-own-1"
            assert (executed[0].get("Result") or "").startswith("200%20result%3D1%20(%C8%98tefan)")
            names = [headers.get("Channel") for headers in link.ask_list(AmiAction("CoreShowChannels"), 2.0)]
            assert channel in names
            with pytest.raises(ActionRefused, match="does not exist"):
                link.ask(AmiAction("AGI", (("Channel", "none"), *command[1:])), 2.0)
            pbx.kill()
            until(lambda: owner.downs)
            pbx.restart()
            until(lambda: owner.ups == 2)
            assert link.ask_list(AmiAction("CoreShowChannels"), 2.0) == []
        finally:
            link.stop()


def _call(link: AmiLink, owner: Owner) -> str:
    """A call that waits for AGI commands; its channel's name."""
    headers = (("Channel", "Local/agi@ami-link"), ("Context", "ami-link"), ("Exten", "wait"), ("Priority", "1"), ("Async", "true"))
    link.ask(AmiAction("Originate", (*headers, ("CallerID", "Ștefan <0722000111>"))), 2.0)
    until(lambda: owner.heard)
    return owner.heard[0][1].get("Channel") or ""
