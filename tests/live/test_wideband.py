"""Wideband legs: each PBX plays the 16 kHz sound, counts in its samples, and what it counted is the same evidence as on any other leg."""

import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from callguard.announcements import BuildSettings, Catalogue, build
from tests.live.sites import seal_by_key
from tests.live.staging import Tone
from tests.rig.freeswitch_site import DIALPLAN, freeswitch_site
from tests.rig.observer import Observer
from tests.rig.phone import IncomingCall
from tests.rig.site import QUESTION_SECONDS, Site, both_ways, noise_prompts, site, speechlike
from tests.rig.sound import contains_tone, read_wav, tone, tone_seconds, write_wav

pytestmark = pytest.mark.live

WIDE: Final = 16_000
TALKED_S: Final = 1.2
IN_PROMPT, SPOKEN = 5000, 6000
"""Hz; a leg of 8 kHz carries nothing of either."""

NARROW_AGENT: Final = DIALPLAN.replace(
    '<action application="bridge" data="sofia/rig/agent',
    '<action application="export" data="nolocal:absolute_codec_string=PCMU"/><action application="bridge" data="sofia/rig/agent',
)
"""The phones of the rig know G.711 only, and FreeSWITCH offers a callee the caller's codec."""


@pytest.mark.parametrize("codec", ["ulaw", "g722", "slin16"])
def test_heard_ms_is_the_same_at_any_rate(asterisk_root: Path, tmp_path: Path, codec: str) -> None:
    """S1, design rule 4: a notice heard whole has its whole length in the consent row, never twice of it."""
    with site(asterisk_root, tmp_path, both_ways("notice")) as here, Observer(here.asterisk) as observer:
        here.start_daemon()
        observer.action("Originate", Channel="Local/700@from-outside/n", Application="Wait", Data="6", Codecs=codec, Async="true")
        inside = here.agent.wait_call(6)
        inside.answer()
        inside.hang_up()
        call = here.wait_call(lambda call: bool(call["parties"][0]["decision"]))
        assert (call["parties"][0]["heard_ms"], call["parties"][0]["complete"]) == (QUESTION_SECONDS * 1000, True)


@dataclass(frozen=True, slots=True)
class Wideband:
    """What a phone speaks, the rate of its sound in FreeSWITCH, the module that brings it, and by what number it calls."""

    codec: str
    rate: int
    module: str
    number: str


SPEECH: Final = {
    "L16": Wideband("L16@16000h@20i", 16_000, "", "+40722700001"),
    "G722": Wideband("G722@8000h@20i", 16_000, "mod_spandsp", "+40722700002"),
    "opus": Wideband("opus@48000h@20i", 48_000, "mod_opus", "+40722700003"),
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Seconds for which the two of a call could talk, and what the caller heard from the answer on."""

    talked_s: float
    heard: Path


@dataclass(frozen=True)
class Chorus:
    """The site, and the calls that were held on it at once, by codec."""

    here: Site
    calls: dict[str, Spoken]


@pytest.fixture(scope="module")
def chorus(freeswitch_prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chorus]:
    """FreeSWITCH calls itself, as a phone that it knows, over real RTP."""
    folder = tmp_path_factory.mktemp("wideband")
    catalogue = prompts_with_a_high_tone(folder)
    with freeswitch_site(freeswitch_prefix, folder, both_ways("notice"), dialplan=NARROW_AGENT, catalogue=catalogue) as here:
        spoken = [name for name, one in SPEECH.items() if not one.module or here.freeswitch.loads(one.module)]
        seal_by_key(here)
        here.start_daemon()
        yield Chorus(here, dict(zip(spoken, talk_at_once(here, folder, spoken), strict=True)))


def talk_at_once(here: Site, folder: Path, spoken: list[str]) -> list[Spoken]:
    called = f"sofia/rig/700@127.0.0.1:{here.pbx.sip_port}"
    for name in spoken:
        phone = (
            f"sip_h_X-Rig-Phone=caller,origination_caller_id_number={SPEECH[name].number},absolute_codec_string='{SPEECH[name].codec}',"
            f"RECORD_READ_ONLY=true,execute_on_answer='record_session {folder}/{name}.wav'"
        )
        here.pbx.cli(f"bgapi originate {{{phone}}}{called} '&playback(tone_stream://%(60000,0,{SPOKEN}))'")
    here.wait("all calls at the agent's", lambda: len(here.agent.calls) == len(spoken))
    rung = {call.caller: call for call in here.agent.calls if isinstance(call, IncomingCall)}
    since = {}
    for number, inside in rung.items():
        inside.answer()
        inside.speak(Tone.REPLY)
        since[number] = time.monotonic()
    time.sleep(TALKED_S)
    until = {}
    for number, inside in rung.items():
        until[number] = time.monotonic()
        inside.hang_up()
    return [Spoken(until[SPEECH[name].number] - since[SPEECH[name].number], folder / f"{name}.wav") for name in spoken]


@pytest.mark.parametrize("name", SPEECH)
def test_a_wideband_caller_of_freeswitch_hears_and_is_recorded_in_full(chorus: Chorus, name: str) -> None:
    """S1, S3, S8, S13: by tones that 8 kHz cannot carry, the person on the left, and as it comes out of the sealed file again."""
    here, speech = chorus.here, SPEECH[name]
    if name not in chorus.calls:
        pytest.skip(f"not run: this FreeSWITCH has no {speech.module}")

    def told() -> dict[str, Any] | None:
        mine = (call for call in here.calls() if call["caller"] == speech.number)
        return next((call for call in mine if [one["status"] for one in call["recordings"]] == ["sealed"]), None)

    call = here.wait("the sealed recording", told)
    assert (call["parties"][0]["heard_ms"], call["parties"][0]["complete"]) == (QUESTION_SECONDS * 1000, True)
    rate, announced = read_wav(chorus.calls[name].heard)
    assert (rate, tone_seconds(announced, IN_PROMPT, rate) > QUESTION_SECONDS - 0.1) == (speech.rate, True)

    (recording,) = call["recordings"]
    file = here.folder / f"{name}-heard.wav"
    here.run("listen", recording["id"], "--reason", "complaint 12", "--output", str(file))
    with wave.open(str(file)) as header:
        assert (header.getframerate(), header.getnchannels(), header.getsampwidth()) == (speech.rate, 2, 2)
        assert header.getnframes() / header.getframerate() == pytest.approx(chorus.calls[name].talked_s, abs=0.1)
        assert recording["size"] - header.getnframes() * 4 < 200
        outside, inside = np.frombuffer(header.readframes(header.getnframes()), "<i2").reshape(-1, 2).T.astype(np.float32) / 32768
    for side, spoken, other in ((outside, SPOKEN, Tone.REPLY), (inside, Tone.REPLY, SPOKEN)):
        assert tone_seconds(side, spoken, speech.rate) > TALKED_S - 0.2
        assert [frequency for frequency in (other, IN_PROMPT) if contains_tone(side, frequency, speech.rate)] == []


def prompts_with_a_high_tone(folder: Path) -> Catalogue:
    """The prompts of every site, but that the notice can be told from its own 8 kHz form."""
    noise_prompts(folder)
    sound = speechlike(QUESTION_SECONDS, 9_001) + tone(IN_PROMPT, QUESTION_SECONDS, WIDE)
    write_wav(folder / "sources" / "ro" / "inbound-notice.wav", sound, WIDE)
    return build(BuildSettings(), folder / "sources", folder / "catalogue").catalogue
