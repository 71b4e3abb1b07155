"""The ESL link against a real FreeSWITCH: what our own ESL server only imitates."""

from dataclasses import replace
from pathlib import Path

import pytest

from callguard.errors import ActionRefused
from callguard.pbx.esl import EslAddress, EslLink, Reply, api, job
from callguard.pbx.esl_events import FILTERS
from callguard.pbx.esl_facts import WAITING
from tests.integration.esl_owner import SHORT, Owner
from tests.integration.pbx_server import until
from tests.rig.freeswitch import PrivateFreeswitch

pytestmark = pytest.mark.live

HEARD = ("CHANNEL_CREATE", "CHANNEL_PARK", "CHANNEL_HANGUP_COMPLETE", "PLAYBACK_START", "RECORD_START", "RECORD_STOP")
LEG = "0d2f6c1e-0000-4000-8000-000000000001"
NAME = "Ștefan%0AUnique-ID: forged%0Avariable_callguard_hand: inbound"


def test_a_real_pbx_is_logged_in_to_asked_lost_and_found_again(freeswitch_prefix: Path) -> None:
    """A password, quick commands and jobs, a lane, a caller's name with `%0A` in it (S1), filtered sounds, a shutdown and a kill."""
    owner, refused = Owner(), Owner()
    with PrivateFreeswitch(freeswitch_prefix) as pbx:
        password = pbx.esl_password
        callbacks = replace(owner.callbacks(HEARD, {}), filters=FILTERS)
        link = EslLink(EslAddress("127.0.0.1", pbx.esl_port, password), callbacks, SHORT)
        stranger = EslLink(EslAddress("127.0.0.1", pbx.esl_port, f"not {password}"), refused.callbacks((), {}), SHORT)
        link.start()
        stranger.start()
        try:
            owner.wait_up(1)
            until(lambda: refused.fatals)
            assert refused.fatals == ["auth: -ERR invalid"]
            stranger.stop()
            _ask(link)
            _record(link, owner, str(pbx.recordings.inside / "link.wav"))
            pbx.restart()
            until(lambda: owner.ups == 2, within_s=30.0)
            assert owner.downs[0] == "the PBX shut down"
            pbx.kill()
            until(lambda: len(owner.downs) > 2)
            pbx.restart()
            until(lambda: owner.ups == 3, within_s=30.0)
            assert link.ask(job("show", "channels as json"), 2.0) == Reply('{"row_count": 0}')
        finally:
            link.stop()
            stranger.stop()


def _ask(link: EslLink) -> None:
    """What is there, what is empty, what is not."""
    assert link.ask(api("strepoch"), 2.0).text.isdecimal()
    assert link.ask(api("global_setvar", "callguard_link=Ștefan"), 2.0) == Reply("+OK")
    assert link.ask(api("global_getvar", "callguard_link"), 2.0) == Reply("Ștefan")
    assert link.ask(api("global_getvar", "callguard_no_such_variable"), 2.0) == Reply("")
    for command in (api("uuid_getvar", f"{LEG} x"), job("uuid_record", f"{LEG} start x.wav"), job("no_such_command")):
        with pytest.raises(ActionRefused):
            link.ask(command, 2.0)


def _play(link: EslLink, owner: Owner) -> None:
    """Of two sounds that the leg plays one after the other, the silence in which it would wait for us is told alone."""
    sounds = ("silence_stream://200", WAITING[1])
    link.send([job("uuid_broadcast", f"{LEG} {sound}", lane=LEG) for sound in sounds], owner.take)
    until(lambda: "PLAYBACK_START" in dict(owner.heard))
    begun = [headers.get("Playback-File-Path") for name, headers in owner.heard if name == "PLAYBACK_START"]
    assert begun == [WAITING[1]]
    owner.outcomes.clear()


def _record(link: EslLink, owner: Owner, path: str) -> None:
    """A leg under a name that tries to be another leg, and its recording, started and stopped in one go and in this order.

    The second start of one path is answered +OK and does nothing.
    """
    link.ask(job("originate", f"{{origination_uuid={LEG},origination_caller_id_name='{NAME}'}}null/nobody &park()"), 5.0)
    _play(link, owner)
    commands = [job("uuid_record", f"{LEG} {what} {path}", lane=LEG) for what in ("start", "start", "stop")]
    link.send([*commands, job("uuid_kill", LEG, lane=LEG)], owner.take)
    until(lambda: "CHANNEL_HANGUP_COMPLETE" in dict(owner.heard))
    told = [(name, headers) for name, headers in owner.heard if headers.get("Unique-ID") == LEG]
    assert [name for name, _ in told if name.startswith("RECORD")] == ["RECORD_START", "RECORD_STOP"]
    assert owner.kinds() == [Reply] * 4
    assert {headers.count("Unique-ID") for _, headers in owner.heard} == {1}
    assert {headers.get("variable_callguard_hand") for _, headers in owner.heard} == {None}
    assert any("forged" in (headers.get("Caller-Caller-ID-Name") or "") for _, headers in told)
