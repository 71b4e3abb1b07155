"""One daemon with an Asterisk and a FreeSWITCH: calls on both, told apart by the name of the PBX alone, and neither waits for the other.

The recordings lie in one root, which each PBX sees under a name of its own (`recordings_root`).
"""

import json
import os
import signal
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from callguard.config import load_settings
from callguard.premises import pbx_behind
from tests.rig.freeswitch import PrivateFreeswitch
from tests.rig.freeswitch_site import DIALPLAN
from tests.rig.phone import IncomingCall, OutgoingCall
from tests.rig.site import Site, both_ways, site
from tests.rig.sound import contains_tone

pytestmark = pytest.mark.live

SOON_S: Final = 0.8
"""From the INVITE to the answer that a prompt begins with: the daemon's part of it is a few milliseconds."""

CLOSE: Final = timedelta(milliseconds=200)
"""Between clocks that are one, on a loaded machine."""

VOICE: Final = 1500
AGENT: Final = 1100

SECOND_PBX: Final = """
[[pbx]]
name = "freeswitch"
kind = "freeswitch"
port = {port}
secret_file = "{secret}"
trunks = ["caller"]
recordings_root = "{root}"
recording = "mono"

[recordings]
"""


@dataclass(frozen=True, slots=True)
class Both:
    """Asterisk's site, and the FreeSWITCH that the same daemon serves with the same phones."""

    site: Site
    freeswitch: PrivateFreeswitch

    def sip_port(self, pbx: str) -> int:
        return self.site.pbx.sip_port if pbx == "asterisk" else self.freeswitch.sip_port

    def pid(self, pbx: str) -> int:
        return self.site.pbx.pid if pbx == "asterisk" else self.freeswitch.pid

    def dial(self, pbx: str, number: str) -> OutgoingCall:
        return self.site.caller.dial("700", self.sip_port(pbx), caller=number, voice=VOICE)

    def agent(self, number: str) -> IncomingCall:
        def ringing() -> IncomingCall | None:
            calls = tuple(self.site.agent.calls)
            return next((one for one in calls if isinstance(one, IncomingCall) and one.caller == number), None)

        return self.site.wait(f"the agent's phone to ring for {number}", ringing)

    def told(self, number: str) -> dict[str, Any]:
        """The call with this number, when its recording is measured."""

        def look() -> dict[str, Any] | None:
            found = (call for call in self.site.calls() if call["caller"] == number)
            return next((call for call in found if call["ended_at"] and call["recordings"] and call["recordings"][0]["sha256"]), None)

        return self.site.wait(f"the call with {number}", look)


@pytest.fixture(scope="module")
def both(asterisk_root: Path, freeswitch_prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    with site(asterisk_root, folder, both_ways()) as here, second(freeswitch_prefix, here) as freeswitch:
        here.start_daemon()
        yield Both(here, freeswitch)


@contextmanager
def second(prefix: Path, here: Site) -> Iterator[PrivateFreeswitch]:
    """Running, and named in the configuration beside the first."""
    phones = {name: phone.port for name, phone in here.phones.items()}
    with PrivateFreeswitch(prefix, phones=phones, outside={"caller"}, extra_dialplan=DIALPLAN) as pbx:
        secret = here.folder / "esl.secret"
        secret.write_text(pbx.esl_password)
        secret.chmod(0o600)
        table = SECOND_PBX.format(port=pbx.esl_port, secret=secret, root=here.recordings)
        here.config.write_text(here.config.read_text().replace("\n[recordings]\n", table))
        yield pbx


def talk_and_end(both: Both, number: str, outside: OutgoingCall) -> None:
    inside = both.agent(number)
    inside.answer()
    inside.speak(AGENT)
    time.sleep(0.8)
    inside.hang_up()
    outside.wait_ended(3)


def test_calls_on_both_at_once(both: Both) -> None:
    """S1, S3, S8, C1: the same rows, and both recordings in the one root, with the two sides mixed as the setting asks."""
    numbers = {"asterisk": "+40722500001", "freeswitch": "+40722500002"}
    calls = {pbx: both.dial(pbx, number) for pbx, number in numbers.items()}
    ends = [threading.Thread(target=talk_and_end, args=(both, numbers[pbx], calls[pbx])) for pbx in numbers]
    for end in ends:
        end.start()
    for end in ends:
        end.join()
    told = {pbx: both.told(number) for pbx, number in numbers.items()}
    assert {pbx: call["pbx"] for pbx, call in told.items()} == {pbx: pbx for pbx in numbers}
    asterisk, freeswitch = (sorted(told[pbx].keys()) for pbx in ("asterisk", "freeswitch"))
    assert asterisk == freeswitch
    for call in told.values():
        assert [party["decision"] for party in call["parties"]] == ["stayed", "not_required"]
        with wave.open(str(both.site.recordings / call["recordings"][0]["path"])) as header:
            assert header.getnchannels() == 1
        sound = both.site.recorded(call)
        assert contains_tone(sound, VOICE)
        assert contains_tone(sound, AGENT)


def test_the_clocks_of_both_are_known_to_the_guards_and_to_check(both: Both) -> None:
    """S8: by a login of its own to each; here all of them run on one clock."""
    told = pbx_behind(load_settings(both.site.config).pbx)
    assert set(told) == {"asterisk", "freeswitch"}
    assert all(abs(behind) < CLOSE for behind in told.values()), told
    clocks = [one for one in both.site.json("check")["checks"] if one["check"] == "clock"]
    assert [one["outcome"] for one in clocks] == ["ok", "ok"], clocks


def test_check_finds_nothing_amiss_with_freeswitch_until_something_is(both: Both) -> None:
    """Design rule 1: without commands in variables our dialplan cannot tell whether the daemon lives, and lets every call pass."""

    def told() -> dict[str, str]:
        lines = json.loads(both.site.run("check", "--json", check=False).stdout)["checks"]
        return {one["check"]: one["outcome"] for one in lines if one["place"] == "pbx freeswitch"}

    assert set(told().values()) == {"ok"}, told()
    both.freeswitch.cli("fsctl api_expansion off")
    broken = told()
    both.freeswitch.cli("fsctl api_expansion on")
    assert [name for name, outcome in broken.items() if outcome != "ok"] == ["commands in the dialplan"]


@pytest.mark.parametrize(
    ("silent", "other", "number"), [("freeswitch", "asterisk", "+40722500003"), ("asterisk", "freeswitch", "+40722500004")]
)
def test_the_silence_of_one_does_not_hold_up_the_other(both: Both, silent: str, other: str, number: str) -> None:
    """S1: one PBX stands still; on the other a whole call is announced, recorded and ended meanwhile."""
    os.kill(both.pid(silent), signal.SIGSTOP)
    try:
        outside = both.dial(other, number)
        outside.wait_answered(3)
        assert outside.answered_at is not None
        assert outside.answered_at - outside.started_at < SOON_S
        talk_and_end(both, number, outside)
        assert both.told(number)["pbx"] == other
    finally:
        os.kill(both.pid(silent), signal.SIGCONT)


def test_a_flood_of_one_does_not_hold_up_the_other(both: Both) -> None:
    """S1: thousands of events of FreeSWITCH that the daemon has to look at, while a caller of Asterisk is told."""
    over = threading.Event()
    sent = []

    def flood() -> None:
        with both.freeswitch.esl() as link:
            while not over.is_set():
                link.send("sendevent CUSTOM\nEvent-Subclass: callguard::back\nUnique-ID: nobody")
                sent.append(1)

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        time.sleep(0.3)
        outside = both.dial("asterisk", "+40722500005")
        outside.wait_answered(3)
        assert outside.answered_at is not None
        assert outside.answered_at - outside.started_at < SOON_S
        talk_and_end(both, "+40722500005", outside)
    finally:
        over.set()
        flooding.join()
    assert both.told("+40722500005")["parties"][0]["decision"] == "stayed"
    assert len(sent) > 1_000
