"""An outside person who joins a conversation by a transfer is told in it, on real PBXs and by sound (S1, S3, design rules 3 and 4).

The agent's phone sends the caller to a mobile phone outside, without a line of ours. While its owner is being told, he speaks a tone of
his own: of that nothing may be in the recording, but for the frame or two that a pause takes.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.sites import open_site
from tests.live.staging import PAUSE_BOUND_S, WHOLE, Scene, Stage, Tone, hold, holds, switch, times_heard, traces
from tests.rig.phone import IncomingCall, Phone
from tests.rig.site import QUESTION_SECONDS, Site
from tests.rig.sound import tone_seconds
from tests.rig.transfer import transfer

pytestmark = pytest.mark.live

MOBILE: Final = "0733000222"
POLICIES: Final = '[policy.in]\ndirection = "inbound"\nmode = "notice"\n'
NUMBERS: Final = {"stays": "+40722600001", "hangs up": "+40722600002", "refuses": "+40722600003", "restart": "+40722600004"}
FIRST, NEXT = 10_000, 20_000
"""Where agent and mobile phone begin to count their packets; of a next speaker who counts from below, Debian's Asterisk records nothing
(`test_recording`)."""

SETTLED_S: Final = 0.7
"""From the end of the notice to when the recording goes on for certain."""


@dataclass(frozen=True, slots=True)
class House:
    """A site, and the calls that are played on it."""

    site: Site
    stage: Stage

    def told(self, name: str) -> tuple[Scene, dict[str, Any]]:
        """The scene, and the call as it came out."""
        scene = self.stage.scene(name)

        def look() -> dict[str, Any] | None:
            found = (call for call in self.site.calls() if call["caller"] == NUMBERS[name])
            return next((call for call in found if call["ended_at"] and call["recordings"][0]["sha256"]), None)

        return scene, self.site.wait(f"the call that {name}", look)


@pytest.fixture(scope="module", params=["asterisk", "freeswitch"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("joining")
    with open_site(request.param, request, folder, POLICIES) as here:
        here.start_daemon()
        plays = {"stays": stays, "hangs up": hangs_up, "refuses": refuses}
        stage = Stage({name: partial(play, here, NUMBERS[name]) for name, play in plays.items()})
        try:
            yield House(here, stage)
        finally:
            stage.close()


def ringing(phone: Phone, number: str, here: Site) -> IncomingCall:
    """The call that comes in with this number shown."""

    def look() -> IncomingCall | None:
        return next((one for one in tuple(phone.calls) if isinstance(one, IncomingCall) and one.caller == number), None)

    return here.wait(f"{phone} to ring", look)


def transferred(here: Site, number: str) -> Scene:
    """Caller and agent have talked; the caller is silent when the mobile phone is answered, whose owner speaks."""
    caller = here.caller.dial("700", here.pbx.sip_port, caller=number)
    agent = ringing(here.agent, number, here)
    agent.media.count_from(FIRST)
    agent.answer()
    caller.speak(Tone.TALK)
    time.sleep(0.8)
    switch(caller, None)
    transfer(agent, MOBILE)
    mobile = ringing(here.caller, number, here)
    mobile.media.count_from(NEXT)
    mobile.answer()
    mobile.speak(Tone.WAITING)
    agent.hang_up()
    return Scene(number, caller, mobile, {"joined": time.monotonic()})


def stays(here: Site, number: str) -> Scene:
    scene = transferred(here, number)
    assert scene.inside
    hold(scene.marks["joined"] + QUESTION_SECONDS - SETTLED_S)
    scene.inside.speak(None)
    hold(scene.marks["joined"] + QUESTION_SECONDS + SETTLED_S)
    scene.outside.speak(Tone.AFTER)
    switch(scene.inside, Tone.REPLY)
    time.sleep(0.8)
    return scene


def hangs_up(here: Site, number: str) -> Scene:
    scene = transferred(here, number)
    assert scene.inside
    hold(scene.marks["joined"] + QUESTION_SECONDS / 2)
    scene.inside.hang_up()
    time.sleep(0.3)
    return scene


def refuses(here: Site, number: str) -> Scene:
    scene = transferred(here, number)
    assert scene.inside
    hold(scene.marks["joined"] + QUESTION_SECONDS / 2)
    scene.inside.press("9")
    hold(scene.marks["joined"] + QUESTION_SECONDS + SETTLED_S)
    scene.outside.speak(Tone.AFTER)
    switch(scene.inside, Tone.REPLY)
    time.sleep(0.6)
    return scene


def joined(call: dict[str, Any]) -> dict[str, Any]:
    """The owner of the mobile phone."""
    found: dict[str, Any] = next(party for party in call["parties"] if party["role"] == "joined")
    return found


def test_who_joins_hears_the_notice_before_a_word_of_his_is_recorded(house: House) -> None:
    """S1, S3: he alone hears it, whole; the file holds nothing from his coming to its end, and goes on after it."""
    scene, call = house.told("stays")
    assert scene.inside
    prompt = house.site.sound_of("inbound-notice")
    assert times_heard(scene.inside, prompt) == 1
    assert times_heard(scene.outside, prompt) == 1
    person, (recording,) = joined(call), call["recordings"]
    assert (person["decision"], person["how"], person["complete"]) == ("stayed", "stayed", True)
    assert person["heard_ms"] >= WHOLE * QUESTION_SECONDS * 1000
    sound = house.site.recorded(call)
    assert tone_seconds(sound, Tone.WAITING) < PAUSE_BOUND_S
    assert recording["status"] == "stopped"
    assert min(tone_seconds(sound, tone) for tone in (Tone.TALK, Tone.REPLY, Tone.AFTER)) > 0.3


@pytest.mark.parametrize(("name", "decision", "how"), [("hangs up", "unanswered", "none"), ("refuses", "refused", "key")])
def test_who_does_not_hear_it_out_is_not_recorded(house: House, name: str, decision: str, how: str) -> None:
    """Design rules 1 and 4: not a word of him, nor of anybody while he is there."""
    _, call = house.told(name)
    person, sound = joined(call), house.site.recorded(call)
    assert (person["decision"], person["how"], person["complete"]) == (decision, how, False)
    assert tone_seconds(sound, Tone.WAITING) < PAUSE_BOUND_S
    assert traces(sound, Tone.REPLY, Tone.AFTER) == []
    assert traces(sound, Tone.TALK) == [Tone.TALK]


def test_who_was_being_told_when_the_daemon_died_is_told_again(house: House) -> None:
    """Design rules 4 and 11: what was heard is not known; until it was said whole nothing is recorded."""
    for name in ("stays", "hangs up", "refuses"):
        house.stage.scene(name)
    here, number = house.site, NUMBERS["restart"]
    scene = transferred(here, number)
    assert scene.inside
    hold(scene.marks["joined"] + QUESTION_SECONDS / 2)
    here.daemons[-1].kill()
    here.start_daemon()
    scene.inside.speak(None)
    told_again(here, scene, lambda call: joined(call)["decision"] == "stayed")
    scene.outside.speak(Tone.AFTER)
    switch(scene.inside, Tone.REPLY)
    time.sleep(1.2)
    scene.outside.hang_up()
    call = here.wait_call(lambda one: bool(one["ended_at"] and one["recordings"] and one["recordings"][0]["sha256"]))
    sound = here.recorded(call)
    assert joined(call)["complete"]
    assert times_heard(scene.inside, here.sound_of("inbound-notice")) >= 1
    assert tone_seconds(sound, Tone.WAITING) < PAUSE_BOUND_S
    assert holds(sound, Tone.TALK, Tone.REPLY, Tone.AFTER) == [Tone.TALK, Tone.REPLY, Tone.AFTER]


def told_again(here: Site, scene: Scene, decided: Callable[[dict[str, Any]], bool]) -> None:
    """Until the decision is in the rows; he says nothing more then."""
    here.wait_call(lambda call: call["caller"] == scene.number and decided(call))
