"""The recordings' disk is full: in the middle of a recording, and before one. The calls go on, and the rows say what is missing.

The disk is a small file system of its own, mounted where the PBX records; where nothing can be mounted these tests are reported as not run.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.live.consent_house import SWITCHES
from tests.live.sites import open_site
from tests.live.staging import Tone, heard_of, holds, talk
from tests.rig.phone import PhoneCall
from tests.rig.site import Site, both_ways
from tests.rig.sound import tone_seconds
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.live

DISK: Final = 3 * 2**20
LEFT: Final = 20 * 2**10
"""Less than either PBX writes at once."""

TALKED_S: Final = 2.4
IN_MID_CALL, LATER = "+40722600001", "+40722600002"


@pytest.fixture(scope="module", params=SWITCHES)
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that has been called while its disk filled up, and when it was full."""
    with (
        open_site(str(request.param), request, tmp_path_factory.mktemp("full"), both_ways()) as opened,
        small_disk(opened.recordings, DISK) as disk,
    ):
        opened.config.write_text(opened.config.read_text("utf-8").replace('country = "RO"', 'country = "RO"\nmin_free = "1 MiB"'))
        daemon = opened.start_daemon()
        outside, inside = connected(opened, IN_MID_CALL)
        opened.wait("the recording", lambda: list(disk.rglob("*.wav")))
        fill(disk, LEFT)
        talk_and_end(outside, inside, TALKED_S)
        talk_and_end(*connected(opened, LATER), 0.5)
        yield opened
        daemon.stop()


def connected(here: Site, number: str) -> tuple[PhoneCall, PhoneCall]:
    outside = here.caller.dial("700", here.pbx.sip_port, caller=number)
    inside = here.agent.wait_call(10)
    inside.answer()
    return outside, inside


def talk_and_end(outside: PhoneCall, inside: PhoneCall, seconds: float) -> None:
    talk(outside, inside, seconds)
    assert holds(inside.heard(time.monotonic() - 0.4), Tone.TALK)
    assert holds(outside.heard(time.monotonic() - 0.4), Tone.REPLY)
    inside.hang_up()
    outside.wait_ended(3)


def told(here: Site, number: str) -> dict[str, Any]:
    """The call with that number, and nothing left to be filed."""

    def look() -> dict[str, Any] | None:
        found = next((one for one in here.calls() if one["caller"] == number), None)
        return found if found and all(one["size"] or one["fault"] for one in found["recordings"]) else None

    return here.wait(f"the call with {number}", look)


def test_what_is_lost_in_mid_recording_is_told_by_the_row(here: Site) -> None:
    """S8: the file looks whole, and both PBXs say that all is well to whoever does not look closely."""
    call = told(here, IN_MID_CALL)
    (recording,) = call["recordings"]
    assert (recording["status"], recording["fault"]) == ("failed", "truncated")
    assert tone_seconds(here.recorded(call), Tone.TALK) < TALKED_S - 0.4
    assert call["parties"][0]["decision"] == "stayed"


def test_with_a_full_disk_no_recording_begins_and_the_call_is_as_any_other(here: Site) -> None:
    """Design rule 1: the caller is told, stays, talks, and is not recorded; nothing was deleted to make room."""
    call = told(here, LATER)
    (refused,) = call["recordings"]
    assert (refused["status"], refused["started_at"], refused["size"]) == ("failed", None, None)
    assert refused["fault"].endswith("bytes are free")
    assert (call["parties"][0]["decision"], call["parties"][0]["complete"], call["disposition"]) == ("stayed", True, "ANSWERED")
    outside = next(one for one in here.caller.calls if LATER in one.dialog.local)
    assert heard_of(outside, here.sound_of("inbound-notice")) > 0.9
    assert (here.recordings / told(here, IN_MID_CALL)["recordings"][0]["path"]).exists()
