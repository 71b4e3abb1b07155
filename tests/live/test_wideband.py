"""Wideband legs: each PBX plays the 16 kHz sound, counts in its samples, and what it counted is the same evidence as on any other leg."""

import time
from pathlib import Path
from typing import Final

import pytest

from callguard.announcements import BuildSettings, Catalogue, build
from tests.live.staging import Tone
from tests.rig.freeswitch_site import DIALPLAN, freeswitch_site
from tests.rig.observer import Observer
from tests.rig.site import QUESTION_SECONDS, both_ways, noise_prompts, site, speechlike
from tests.rig.sound import read_wav, tone, tone_seconds, write_wav

pytestmark = pytest.mark.live

WIDE: Final = 16_000
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


def test_a_wideband_caller_of_freeswitch_hears_and_is_recorded_at_16_khz(freeswitch_prefix: Path, tmp_path: Path) -> None:
    """S1, S3, S8: over real RTP (L16 at 16 kHz), by tones that 8 kHz cannot carry. FreeSWITCH calls itself, as a phone that it knows."""
    catalogue = prompts_with_a_high_tone(tmp_path)
    with freeswitch_site(freeswitch_prefix, tmp_path, both_ways("notice"), dialplan=NARROW_AGENT, catalogue=catalogue) as here:
        here.start_daemon()
        heard = tmp_path / "heard.wav"
        phone = (
            "sip_h_X-Rig-Phone=caller,absolute_codec_string='L16@16000h@20i',"
            f"RECORD_READ_ONLY=true,execute_on_answer='record_session {heard}'"
        )
        called = f"sofia/rig/700@127.0.0.1:{here.pbx.sip_port}"
        here.pbx.cli(f"bgapi originate {{{phone}}}{called} '&playback(tone_stream://%(60000,0,{SPOKEN}))'")
        inside = here.agent.wait_call(6)
        inside.answer()
        inside.speak(Tone.REPLY)
        time.sleep(1.0)
        inside.hang_up()
        call = here.wait_call(lambda call: bool(call["recordings"] and call["recordings"][0]["size"]))

        assert (call["parties"][0]["heard_ms"], call["parties"][0]["complete"]) == (QUESTION_SECONDS * 1000, True)
        rate, recorded = read_wav(here.recordings / call["recordings"][0]["path"])
        assert rate == WIDE
        assert min(tone_seconds(recorded, frequency, WIDE) for frequency in (SPOKEN, Tone.REPLY)) > 0.8
        assert tone_seconds(recorded, IN_PROMPT, WIDE) == 0
        rate, announced = read_wav(heard)
        assert (rate, tone_seconds(announced, IN_PROMPT, WIDE) > QUESTION_SECONDS - 0.1) == (WIDE, True)


def prompts_with_a_high_tone(folder: Path) -> Catalogue:
    """The prompts of every site, but that the notice can be told from its own 8 kHz form."""
    noise_prompts(folder)
    sound = speechlike(QUESTION_SECONDS, 9_001) + tone(IN_PROMPT, QUESTION_SECONDS, WIDE)
    write_wav(folder / "sources" / "ro" / "inbound-notice.wav", sound, WIDE)
    return build(BuildSettings(), folder / "sources", folder / "catalogue").catalogue
