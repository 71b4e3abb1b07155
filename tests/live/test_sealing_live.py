"""A call that a real PBX records, sealed by the daemon, heard by the command, and gone by the sweep."""

import time
from pathlib import Path

import pytest

from tests.live.consent_house import SWITCHES
from tests.live.sites import open_site, seal_by_key
from tests.live.staging import Tone
from tests.rig.site import both_ways
from tests.rig.sound import read_wav, tone_seconds

pytestmark = pytest.mark.live


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_call_is_sealed_heard_by_the_command_and_then_gone(switch: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """S13, C7, S10: the PBX's own file is gone when the row says so, and what is heard is what was said."""
    with open_site(switch, request, tmp_path, both_ways("notice", "opt-in")) as here:
        seal_by_key(here)
        here.start_daemon()
        outside = here.caller.dial("700", here.pbx.sip_port)
        inside = here.agent.wait_call(10)
        inside.answer()
        outside.speak(Tone.TALK)
        time.sleep(1.0)
        inside.hang_up()
        call = here.wait_call(lambda told: [one["status"] for one in told["recordings"]] == ["sealed"])

        (recording,) = call["recordings"]
        assert [path.name for path in here.recordings.rglob("*.wav*")] == [f"{recording['id']}.wav.sealed"]
        here.run("listen", recording["id"], "--reason", "complaint 12", "--output", str(tmp_path / "heard.wav"))
        assert (tmp_path / "heard.wav").stat().st_size == recording["size"]
        assert tone_seconds(read_wav(tmp_path / "heard.wav")[1], Tone.TALK) > 0.6
        here.run("sweep", "--as-of", "2030-01-01", "--delete-even-though-guards-object")
        assert not list(here.recordings.rglob("*.wav*"))
        assert not list((tmp_path / "keys").rglob("*.wav*"))
        assert here.run("listen", recording["id"], "--reason", "complaint 12", check=False).returncode == 1
