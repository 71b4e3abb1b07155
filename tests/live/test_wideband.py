"""Evidence of how much was heard on wideband legs, where Asterisk plays the 16 kHz sound and counts in its samples."""

from pathlib import Path

import pytest

from tests.rig.observer import Observer
from tests.rig.site import QUESTION_SECONDS, both_ways, site

pytestmark = pytest.mark.live


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
