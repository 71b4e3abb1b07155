"""The driver of FreeSWITCH over a socket: what it makes of a snapshot, when it gives an order, and what a refusal comes to.

Rules 1, 2, 9 and 11 of the design; C1.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import quote

import pytest

from callguard import numbers
from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.policy import Announcement
from callguard.clock import utc_now
from callguard.pbx.border import Border
from callguard.pbx.esl import EslAddress
from callguard.pbx.esl_orders import Folders
from callguard.pbx.freeswitch import Freeswitch, FreeswitchSite
from callguard.pbx.switch import Fact, HeartbeatHeard, LinkDown, LinkUp
from tests.integration.esl_server import SECRET, EslServer, event
from tests.integration.freeswitch_pbx import LEG, OTHER, ROOT, Headers, Pbx, leg
from tests.integration.pbx_server import until

PATH = "2026/11/22/a-1.wav"
RECORDED = f"<media-bugs><media-bug><function>session_record</function><target>{ROOT}/{PATH}</target></media-bug></media-bugs>"
WAITING = "silence_stream://5000"

Wanted = TypeVar("Wanted")


@dataclass
class Told:
    """The driver, the PBX that it drives, and what it has delivered."""

    pbx: Pbx
    server: EslServer
    switch: Freeswitch
    facts: list[Fact] = field(default_factory=list)

    def wait(self, kind: type[Wanted], count: int = 1) -> Wanted:
        """The fact of this kind, when there are so many; the last."""
        until(lambda: sum(isinstance(fact, kind) for fact in self.facts) >= count)
        return [fact for fact in self.facts if isinstance(fact, kind)][-1]

    def tell(self, name: str, headers: Headers) -> None:
        """An event of the PBX."""
        self.server.last.send(event(name, *(f"{key}: {quote(value)}" for key, value in headers.items())))

    def wait_order(self, order: str) -> None:
        until(lambda: order in self.pbx.orders())


@contextmanager
def driven(pbx: Pbx, *, stereo: bool = True) -> Iterator[Told]:
    """Up, and its snapshot delivered."""
    with EslServer(pbx) as server:
        border = Border("fs", partial(numbers.parse, region="RO"), frozenset({"provider"}), utc_now)
        folders = Folders(PurePosixPath(ROOT), PurePosixPath("/sounds"), stereo=stereo)
        facts: list[Fact] = []
        switch = Freeswitch(FreeswitchSite(EslAddress("127.0.0.1", server.port, SECRET), border, folders), facts.append, lambda: False)
        switch.start()
        told = Told(pbx, server, switch, facts)
        try:
            told.wait(LinkUp)
            yield told
        finally:
            switch.stop()


def where(one: str = LEG) -> dict[str, str]:
    return {"pbx": "fs", "linkedid": LEG, "leg": one, "channel": "x"}


def announce(step: int, interrupt: str = "9") -> do.Announce:
    sound = Announcement("v", "inbound-notice", "ro", 1600, "callguard/ro/notice")
    return do.Announce(**where(), step=step, announcement=sound, interrupt=interrupt, net_ms=4600)


def recording(kind: Callable[..., do.ChannelCommand]) -> do.ChannelCommand:
    return kind(**where(), recording="a-1", path=PATH)


def held(**headers: str) -> Headers:
    return leg(variable_callguard_hand="inbound", variable_callguard_call=LEG, **headers)


def test_an_idle_pbx() -> None:
    with driven(Pbx()) as told:
        assert told.wait(ev.SnapshotTaken).sightings == ()
        assert [type(fact) for fact in told.facts] == [LinkUp, ev.SnapshotTaken]


def test_of_all_sounds_the_pbx_tells_the_silence_alone_in_which_a_leg_waits() -> None:
    """What a busy switch plays to others never crosses the socket; asked for before the first event can come."""
    with driven(Pbx()) as told:
        asked = [(one.way, one.argument) for one in told.server.last.commands if one.way in {"auth", "filter", "event"}]
    assert [way for way, _ in asked] == ["auth", "filter", "filter", "filter", "filter", "event"]
    assert [argument for way, argument in asked if way == "filter"] == [
        "Event-Name /^(?!(?:PLAYBACK_START|MEDIA_BUG_START|MEDIA_BUG_STOP)$)/",
        "Playback-File-Path silence_stream://5000",
        "Playback-File-Path silence_stream://3000",
        "Media-Bug-Function displace",
    ]


def test_nothing_is_subscribed_to_but_what_is_used() -> None:
    """C1: no `MESSAGE`, which has the text in it; and FreeSWITCH ends a listener that cannot follow, so nothing of what a call executes."""
    with driven(Pbx()) as told:
        (asked,) = (one.argument for one in told.server.last.commands if one.way == "event")
    assert asked == (
        "plain BACKGROUND_JOB CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_DESTROY CHANNEL_PROGRESS_MEDIA CHANNEL_UNBRIDGE DTMF MEDIA_BUG_START"
        " MEDIA_BUG_STOP PLAYBACK_START RECORD_START RECORD_STOP SHUTDOWN CUSTOM callguard::back callguard::inbound callguard::outbound"
    )


def test_a_caller_who_waits_is_seen_with_all_that_his_start_would_have_told() -> None:
    """Rule 11: an unanswered one is in our hands as well; nothing was said to him yet."""
    with driven(Pbx({LEG: held(Answer_State="ringing", variable_current_application="sleep")})) as told:
        (seen,) = told.wait(ev.SnapshotTaken).sightings
        assert (seen.leg, seen.linkedid, seen.in_hand, seen.bridge, seen.joined) == (LEG, LEG, True, None, None)
        assert seen.started is not None
        assert seen.handed_over is not None
        assert (seen.started.caller.e164, seen.started.dialled) == ("+40722000111", "700")
        assert seen.started.started_at == datetime.fromtimestamp(1795291210.733364, UTC)
        told.switch.perform([announce(1)])
        told.wait_order(f"uuid_setvar {LEG} callguard_order announce:1:9:/sounds/callguard/ro/notice.wav")
        told.wait_order(f"uuid_break {LEG}")


def test_an_order_to_a_leg_that_does_not_wait_is_kept_until_it_does() -> None:
    """It would cut what an earlier daemon had it play, and be lost. The newest counts."""
    with driven(Pbx({LEG: held(variable_current_application="playback")})) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([announce(2), do.Release(**where())])
        told.switch.beat(6)
        told.wait(HeartbeatHeard)
        assert told.pbx.orders() == []
        told.tell("PLAYBACK_START", held(Playback_File_Path=WAITING, variable_callguard_step="1"))
        until(lambda: len(told.pbx.orders()) == 2)
        assert told.pbx.orders() == [f"uuid_setvar {LEG} callguard_order release", f"uuid_break {LEG}"]


def test_an_order_for_a_leg_that_is_not_ours_is_not_sent() -> None:
    with driven(Pbx({LEG: leg()})) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([announce(1), do.AskDigit(**where(), step=2, timeout_ms=1000, net_ms=2000), do.Release(**where())])
        told.switch.perform([do.HangUp(**where())])
        told.wait_order(f"uuid_kill {LEG} NORMAL_CLEARING")
        assert len(told.pbx.orders()) == 1


def test_a_conversation_is_seen_with_the_file_that_is_written() -> None:
    legs = {
        LEG: leg(),
        OTHER: leg(OTHER, Call_Direction="outbound", Caller_Destination_Number="0744555666", variable_sip_gateway_name="provider"),
    }
    with driven(Pbx(legs, [(LEG, OTHER)], {LEG: RECORDED})) as told:
        first, second = told.wait(ev.SnapshotTaken).sightings
        assert (first.bridge, first.recording_path, first.in_hand) == (second.bridge, f"{ROOT}/{PATH}", False)
        assert second.recording_path is None
        assert first.joined is not None
        assert second.joined is not None
        assert (first.joined.outside, second.joined.outside, second.joined.number.e164) == (False, True, "+40744555666")
        answered = told.wait(ev.LegAnswered, 2)
        assert answered.at == datetime.fromtimestamp(1795291211.733364, UTC)
        told.tell("CHANNEL_UNBRIDGE", leg(Bridge_A_Unique_ID=LEG, Bridge_B_Unique_ID=OTHER))
        assert told.wait(ev.LegLeft, 2).bridge == first.bridge


def test_a_recording_elsewhere_is_somebody_elses() -> None:
    bugs = {LEG: RECORDED.replace(ROOT, "/elsewhere")}
    with driven(Pbx({LEG: leg(), OTHER: leg(OTHER)}, [(LEG, OTHER)], bugs)) as told:
        assert [one.recording_path for one in told.wait(ev.SnapshotTaken).sightings] == [None, None]


def test_a_leg_that_hung_up_during_the_snapshot_is_left_out() -> None:
    with driven(Pbx({LEG: leg(), OTHER: leg(OTHER)}, [(LEG, OTHER)], refused=(f"uuid_dump {OTHER}",))) as told:
        (seen,) = told.wait(ev.SnapshotTaken).sightings
        assert (seen.leg, seen.bridge) == (LEG, None)


@pytest.mark.parametrize("channels", ["-ERR no\n", "no JSON", "[]", '{"rows": 7}'])
def test_a_pbx_that_does_not_list_its_channels_is_told(channels: str) -> None:
    with driven(Pbx(channels=channels)) as told:
        assert told.wait(LinkDown).reason == "the PBX does not list its channels"


def test_dumps_that_are_none_are_left_out() -> None:
    class Odd(Pbx):
        def _answer(self, argument: str) -> str:
            return "[1]" if argument.startswith("uuid_dump") else super()._answer(argument)

    with driven(Odd({LEG: leg()})) as told:
        assert told.wait(ev.SnapshotTaken).sightings == ()


def test_a_recording_begins_without_pre_buffer_and_only_in_a_bridge() -> None:
    """S1, S3: and what the PBX refuses to record is told."""
    with driven(Pbx(refused=("uuid_record",))) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.StartRecording)])
        assert told.wait(ev.RecordingRefused).recording == "a-1"
        assert told.pbx.orders() == [
            f"uuid_setvar_multi {LEG} RECORD_STEREO=true;RECORD_PRE_BUFFER_FRAMES=0;RECORD_BRIDGE_REQ=true",
            f"uuid_record {LEG} start {ROOT}/{PATH}",
        ]


def test_a_site_may_have_the_two_sides_mixed() -> None:
    with driven(Pbx(), stereo=False) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.StartRecording)])
        told.wait_order(f"uuid_setvar_multi {LEG} RECORD_STEREO=false;RECORD_PRE_BUFFER_FRAMES=0;RECORD_BRIDGE_REQ=true")


def test_a_yes_to_a_start_is_no_recording() -> None:
    """S8: FreeSWITCH says it also where it does nothing, as for a path that is being recorded; the event alone tells that it began."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.StartRecording)])
        told.switch.perform([recording(do.StartRecording)])
        told.switch.beat(6)
        told.wait(HeartbeatHeard)
        until(lambda: sum(order.startswith("uuid_record") for order in told.pbx.orders()) == 2)
        assert not any(isinstance(fact, ev.RecordingStarted | ev.RecordingRefused) for fact in told.facts)
        told.tell("RECORD_START", leg(Record_File_Path=f"{ROOT}/{PATH}"))
        assert told.wait(ev.RecordingStarted).recording == "a-1"


def test_a_recording_that_cannot_be_masked_is_stopped() -> None:
    """S3: silence was ordered because somebody present did not agree."""
    with driven(Pbx(refused=(f"uuid_record {LEG} mask",))) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.PauseRecording)])
        told.wait_order(f"uuid_record {LEG} stop {ROOT}/{PATH}")


def test_pause_and_resume_write_silence_and_sound() -> None:
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.PauseRecording), recording(do.ResumeRecording), recording(do.StopRecording)])
        until(lambda: len(told.pbx.orders()) == 3)
        assert [order.split(" ")[2] for order in told.pbx.orders()] == ["mask", "unmask", "stop"]


def test_a_recording_that_is_stopped_already_is_closed() -> None:
    with driven(Pbx(refused=("uuid_record",))) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([recording(do.StopRecording)])
        assert told.wait(ev.RecordingStopped).recording == "a-1"


def test_the_end_of_a_recording_is_its_event() -> None:
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        for path in ("/elsewhere/b-1.wav", f"{ROOT}/{PATH}"):
            for name in ("RECORD_START", "RECORD_STOP"):
                told.tell(name, leg(Record_File_Path=path))
        assert told.wait(ev.RecordingStopped).recording == "a-1"
        assert [fact.recording for fact in told.facts if isinstance(fact, ev.RecordingStarted)] == ["a-1"]


@pytest.mark.parametrize(("cause", "whole"), [("success-maxtime", True), ("success-silence", True), ("uri-failure", False)])
def test_a_recording_that_could_not_be_written_is_not_whole(cause: str, whole: bool) -> None:
    """Of the causes that FreeSWITCH gives, only this one means what it says."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.tell("RECORD_STOP", leg(Record_File_Path=f"{ROOT}/{PATH}", Record_Completion_Cause=cause))
        assert told.wait(ev.RecordingStopped).whole is whole


def test_a_step_that_the_pbx_refuses_has_failed() -> None:
    with driven(Pbx({LEG: held(variable_current_application="sleep")}, refused=("uuid_setvar",))) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([announce(1)])
        assert told.wait(ev.StepFailed).step == 1


def test_an_order_without_a_link_fails_nothing_and_is_not_kept() -> None:
    """Nobody knows then what the PBX did; its next snapshot will tell."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.stop()
        told.switch.perform([recording(do.StopRecording)])
        assert not any(isinstance(fact, ev.RecordingStopped) for fact in told.facts)


def test_the_heartbeat_is_by_the_pbxs_clock() -> None:
    """Rule 9: the second one; the first has to ask for the clock."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.beat(6)
        told.wait(HeartbeatHeard)
        told.switch.beat(6)
        until(lambda: sum(one.startswith("global_setvar") for one in told.pbx.given) == 2)
        until_pbx = int(told.pbx.given[-1].rpartition("=")[2])
        assert 1795291212 + 5 <= until_pbx <= 1795291212 + 7
        assert sum(isinstance(fact, HeartbeatHeard) for fact in told.facts) == 1


def test_a_missing_sound_was_not_heard() -> None:
    """S1: our dialplan unsets what an earlier sound left, so there is nothing to count."""
    with driven(Pbx({LEG: held(variable_current_application="sleep")})) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([announce(1)])
        told.wait_order(f"uuid_break {LEG}")
        told.tell("PLAYBACK_START", held(Playback_File_Path=WAITING, variable_callguard_step="1", variable_playback_ms="1600"))
        ended = told.wait(ev.AnnouncementEnded)
        assert (ended.step, ended.heard_ms, ended.complete) == (1, 0, False)


def test_what_a_wideband_phone_heard_is_counted_at_its_rate() -> None:
    with driven(Pbx({LEG: held(variable_current_application="sleep")})) as told:
        told.wait(ev.SnapshotTaken)
        told.switch.perform([announce(1)])
        told.wait_order(f"uuid_break {LEG}")
        heard = held(Playback_File_Path=WAITING, variable_callguard_step="1", variable_callguard_heard="25600")
        told.tell("PLAYBACK_START", heard | {"Channel-Read-Codec-Rate": "16000"})
        ended = told.wait(ev.AnnouncementEnded)
        assert (ended.heard_ms, ended.complete) == (1600, True)


def test_the_net_gives_the_leg_back() -> None:
    with driven(Pbx({LEG: held(variable_current_application="sleep")})) as told:
        told.wait(ev.SnapshotTaken)
        told.tell("CUSTOM", {"Event-Subclass": "callguard::back", **leg()})
        told.wait(ev.HandedBack)
        told.switch.perform([announce(1)])
        told.switch.beat(6)
        told.wait(HeartbeatHeard)
        assert told.pbx.orders() == []


def test_early_media_is_no_conversation() -> None:
    """Two legs may be joined before one of them is answered; nobody talks yet."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        told.tell("CHANNEL_PROGRESS_MEDIA", leg(OTHER, Call_Direction="outbound", Answer_State="early"))
        told.tell("CHANNEL_BRIDGE", leg(Bridge_A_Unique_ID=LEG, Bridge_B_Unique_ID=OTHER))
        told.tell("CHANNEL_ANSWER", leg(OTHER, Call_Direction="outbound"))
        joined = told.wait(ev.LegJoined, 2)
        assert {fact.leg for fact in told.facts if isinstance(fact, ev.LegJoined)} == {LEG, OTHER}
        first = next(place for place, fact in enumerate(told.facts) if isinstance(fact, ev.LegJoined))
        assert isinstance(told.facts[first - 1], ev.LegAnswered)
        assert joined.bridge == "/".join(sorted((LEG, OTHER)))


def test_a_job_of_somebody_else_is_no_text() -> None:
    """C1: only our own line tells of texts, and of those who write and are written to."""
    with driven(Pbx()) as told:
        told.wait(ev.SnapshotTaken)
        for command, argument in (
            ("echo", "hello inbound 1 2"),
            ("originate", "callguard-message inbound 1 2"),
            ("echo", "callguard-message sideways 1 2"),
            ("echo", "callguard-message outbound 0744555666 200"),
        ):
            told.tell("BACKGROUND_JOB", {"Job-UUID": "another", "Job-Command": command, "Job-Command-Arg": argument})
        seen = told.wait(ev.MessageSeen)
        assert sum(isinstance(fact, ev.MessageSeen) for fact in told.facts) == 1
        assert (seen.direction, seen.recipient.e164, seen.sender.raw) == ("outbound", "+40744555666", "200")
