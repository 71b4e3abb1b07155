"""A PBX that ends in the middle of its calls, in order or by `kill -9`, and comes back: what the rows say, and what can still be heard.

On each site one caller is in the conversation, being recorded, and another hears the announcement. The recording is sealed, so that what
is heard of it afterwards has gone the whole way: closed or repaired, measured, sealed, opened again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest

from callguard.announcements import Catalogue
from tests.live.consent_house import SWITCHES
from tests.live.sites import open_site, seal_by_key
from tests.live.staging import Scene, Stage, Tone, holds, talk
from tests.rig.g711 import Samples
from tests.rig.phone import PhoneCall
from tests.rig.site import QUESTION_SECONDS, Site, both_ways, noise_prompts
from tests.rig.sound import read_wav, tone_seconds

pytestmark = pytest.mark.live

TALKED_S: Final = 2.6
"""Longer than the buffer of either PBX: 32 KiB of one channel, 64 KiB of two."""

LOST_S: Final = 2.1
TALKING, LISTENING, LATER = "+40722300001", "+40722300002", "+40722300003"

CUT: Final = {"asterisk": "NORMAL_CLEARING", "freeswitch": "SYSTEM_SHUTDOWN"}
"""How each switch calls what it does to its calls when it is told to end."""


def ended_in_order(here: Site) -> None:
    here.pbx.restart()


def killed(here: Site) -> None:
    here.pbx.kill()
    here.pbx.restart()


@dataclass(frozen=True, slots=True)
class Ended:
    """A site whose PBX has ended in mid-call, and is back."""

    here: Site
    stage: Stage
    name: str
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)

    def told(self, number: str) -> dict[str, Any]:
        """The call with that number, when it is over and its recording filed."""
        self.stage.scene(self.name)
        if number not in self.calls:
            self.calls.update(self.here.wait("the end of all calls", self._look))
        return self.calls[number]

    def recording(self, number: str) -> dict[str, Any]:
        (only,) = self.told(number)["recordings"]
        found: dict[str, Any] = only
        return found

    def heard(self, number: str) -> Samples:
        """The sound that the command gives of the only recording; a file whose header is not right cannot be read."""
        file = self.here.folder / f"{number}.wav"
        self.here.run("listen", self.recording(number)["id"], "--reason", "complaint 12", "--output", str(file))
        return read_wav(file)[1]

    def _look(self) -> dict[str, dict[str, Any]] | None:
        found = {call["caller"]: call for call in self.here.calls()}
        filed = all(call["ended_at"] and all(one["size"] for one in call["recordings"]) for call in found.values())
        return found if filed and LATER in found else None


def connected(here: Site, number: str) -> tuple[PhoneCall, PhoneCall]:
    outside = here.caller.dial("700", here.pbx.sip_port, caller=number)
    inside = here.agent.wait_call(10)
    inside.answer()
    return outside, inside


def play(here: Site, end: Callable[[Site], None]) -> Scene:
    here.start_daemon()
    outside, inside = connected(here, TALKING)
    talk(outside, inside, TALKED_S - QUESTION_SECONDS / 2)
    listening = here.caller.dial("700", here.pbx.sip_port, caller=LISTENING)
    listening.wait_answered(5)
    time.sleep(QUESTION_SECONDS / 2)
    end(here)
    here.wait("the link", lambda: here.json("status")["links"][0]["up"])
    later = connected(here, LATER)
    talk(*later, 0.5)
    later[1].hang_up()
    return Scene(LATER, *later)


ENDS: Final = (ended_in_order, killed)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return noise_prompts(tmp_path_factory.mktemp("prompts"))


@pytest.fixture(scope="module", params=SWITCHES)
def switch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sites(
    switch: str, request: pytest.FixtureRequest, prompts: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Ended]]:
    """By how the PBX ended. They are played side by side, as most of it is waiting."""
    with ExitStack() as opened:
        here = {
            end.__name__: opened.enter_context(open_site(switch, request, tmp_path_factory.mktemp("ends"), both_ways(), prompts))
            for end in ENDS
        }
        for one in here.values():
            seal_by_key(one)
        stage = Stage({end.__name__: partial(play, here[end.__name__], end) for end in ENDS})
        yield {name: Ended(one, stage, name) for name, one in here.items()}
        stage.close()


def test_an_orderly_end_leaves_whole_rows_and_a_whole_recording(sites: dict[str, Ended], switch: str) -> None:
    """S8, S13, design rule 11."""
    site = sites[ended_in_order.__name__]
    call, recording = site.told(TALKING), site.recording(TALKING)
    assert (call["hangup_cause"], call["disposition"]) == (CUT[switch], "ANSWERED")
    assert (recording["status"], recording["fault"]) == ("sealed", None)
    sound = site.heard(TALKING)
    assert min(tone_seconds(sound, Tone.TALK), tone_seconds(sound, Tone.REPLY)) > TALKED_S - 0.3


def test_kill_9_leaves_a_recording_that_is_repaired_sealed_and_can_be_heard(sites: dict[str, Ended]) -> None:
    """S8, S13: all but the PBX's last buffer, under a header that players take; and the row says what it is."""
    site = sites[killed.__name__]
    call, recording = site.told(TALKING), site.recording(TALKING)
    assert (call["hangup_cause"], call["parties"][0]["decision"]) == (None, "stayed")
    assert (recording["status"], recording["fault"]) == ("sealed", "repaired")
    sound = site.heard(TALKING)
    assert holds(sound, Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]
    assert len(sound) > (TALKED_S - LOST_S) * 8000
    assert f"sealed, {recording['fault']}" in site.here.run("recordings").stdout


@pytest.mark.parametrize("end", [end.__name__ for end in ENDS])
def test_who_was_hearing_the_announcement_has_not_answered(sites: dict[str, Ended], end: str) -> None:
    """S1, design rule 4: a prompt counts when its end was seen."""
    (person,) = sites[end].told(LISTENING)["parties"]
    assert (person["decision"], person["complete"], person["announced_at"]) == ("unanswered", False, None)
    assert sites[end].told(LISTENING)["recordings"] == []


@pytest.mark.parametrize("end", [end.__name__ for end in ENDS])
def test_the_next_call_is_announced_and_recorded_as_ever(sites: dict[str, Ended], end: str) -> None:
    """Design rule 11: the link is made anew, and nothing of the old calls is taken for new."""
    site = sites[end]
    assert [party["decision"] for party in site.told(LATER)["parties"]] == ["stayed", "not_required"]
    assert (site.recording(LATER)["status"], site.recording(LATER)["fault"]) == ("sealed", None)
    assert sorted(site.calls) == [TALKING, LISTENING, LATER]
