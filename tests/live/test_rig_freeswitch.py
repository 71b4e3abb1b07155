"""The private FreeSWITCH keeps its own promises, so that a failing live test speaks of callguard and not of its rig."""

import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.rig.freeswitch import FreeswitchError, PrivateFreeswitch
from tests.rig.phone import Phone

pytestmark = pytest.mark.live

# Where a call began can be told from the way in which it is refused.
REFUSALS: Final = """
<context name="from-outside">
  <extension name="no"><condition field="destination_number" expression="^100$">
    <action application="respond" data="403"/>
  </condition></extension>
</context>
<context name="from-inside">
  <extension name="no"><condition field="destination_number" expression="^100$">
    <action application="respond" data="486"/>
  </condition></extension>
</context>
"""


@pytest.fixture(scope="module")
def pbx(freeswitch_prefix: Path) -> Iterator[PrivateFreeswitch]:
    """One for all tests that only look at it."""
    phones = {"caller": 9, "agent": 9}  # the discard port: nobody is called
    with PrivateFreeswitch(freeswitch_prefix, phones=phones, outside={"caller"}, extra_dialplan=REFUSALS) as running:
        yield running


def answer_to(pbx: PrivateFreeswitch, phone: str, caller: str) -> int:
    """With which status a phone of that name, whoever it says it is, is refused."""
    with Phone(phone) as calling:
        return calling.dial("100", pbx.sip_port, caller=caller).wait_ended(3).status


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_complains_of_nothing(pbx: PrivateFreeswitch) -> None:
    complaints = [line for line in pbx.log_tail(10_000).splitlines() if re.search(r"\[(WARNING|ERR|CRIT)\]", line)]
    assert [line for line in complaints if "MSG Thread" not in line] == []


def test_a_phone_is_known_by_its_header_whatever_it_calls_itself(pbx: PrivateFreeswitch) -> None:
    assert [answer_to(pbx, "caller", name) for name in ("", "anonymous", "agent", "9" * 300)] == [403] * 4
    assert answer_to(pbx, "agent", "0722000000") == 486
    assert answer_to(pbx, "nobody", "agent") == 403, "without the header nobody is of the house"


def test_a_refused_command_is_an_error(pbx: PrivateFreeswitch) -> None:
    with pytest.raises(FreeswitchError, match="-ERR"):
        pbx.cli("uuid_exists_not")


def test_no_key_that_is_pressed_is_logged(pbx: PrivateFreeswitch) -> None:
    """FreeSWITCH writes them at the level of info."""
    assert "RECV DTMF" not in pbx.log_tail(10_000)
    assert "[INFO]" not in pbx.log_tail(10_000)


def test_cpu_seconds_count_the_work_of_all_threads(pbx: PrivateFreeswitch) -> None:
    before = pbx.cpu_seconds()
    deadline = time.monotonic() + 10
    while pbx.cpu_seconds() < before + 0.02:
        assert time.monotonic() < deadline, "ten seconds of commands and no CPU time"
        pbx.cli("status")


def test_two_run_side_by_side_and_one_that_is_killed_comes_back(pbx: PrivateFreeswitch, freeswitch_prefix: Path) -> None:
    second = PrivateFreeswitch(freeswitch_prefix, dialplan=None)
    with second:
        assert not {pbx.sip_port, pbx.esl_port, *pbx.rtp_ports} & {second.sip_port, second.esl_port, *second.rtp_ports}
        killed, folder = second.pid, second.recordings.outside
        (folder / "half.wav").write_bytes(b"RIFF")
        second.kill()
        assert not is_alive(killed)
        with pytest.raises(FreeswitchError, match="not running"):
            _ = second.pid
        second.restart()
        assert second.pid != killed
        assert (folder / "half.wav").exists()
        running = second.pid
        assert pbx.cli("status")
    assert not is_alive(running)
    assert not folder.exists()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as freed:
        freed.bind(("127.0.0.1", second.sip_port))
