"""What of a notice in a conversation on Asterisk counts as heard: by its end, packets sent, hold and hang-up (design rules 1, 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.policy import Announcement
from callguard.errors import ActionRefused, LinkLost
from callguard.pbx.ami import AmiAction, Headers, OnOutcome, Reply
from callguard.pbx.ami_agi import CommandId
from callguard.pbx.ami_whispers import Whispers, is_whisper
from callguard.pbx.border import Occasion

LEG, CALL, PERSON = "1799999999.4", "1799999999.1", "PJSIP/trunk-00000004"
HALF, SPY = f"Local/3.{LEG}@callguard-joined-00000007;2", f"Local/3.{LEG}@callguard-joined-00000007;1"
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
NOTICE = Announcement("v", "inbound-notice", "ro", 1600, "callguard/ro/notice")
WHOLE = "200 result=0 endpos=12800"


@dataclass
class Pbx:
    """Does as it is told; ``sent`` is what it answers when asked how many packets went out, one after the other."""

    sent: list[int | None]
    asked: list[AmiAction] = field(default_factory=list)
    told: list[ev.Event] = field(default_factory=list)

    def send(self, actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        for action in actions:
            self.asked.append(action)
            if action.name == "Getvar":
                count = self.sent.pop(0)
                on_outcome(action, LinkLost("gone") if count is None else Reply(Headers(f"Value: {count}".encode())))
            else:
                on_outcome(action, ActionRefused("gone"))

    @property
    def names(self) -> list[str]:
        return [action.name for action in self.asked]


def order(step: int = 3, call: str = CALL, leg: str = LEG) -> do.AnnounceInCall:
    return do.AnnounceInCall(pbx="pbx", linkedid=call, leg=leg, channel=PERSON, step=step, announcement=NOTICE, net_ms=4600)


def seen(leg: str, channel: str, after_ms: int = 0) -> Occasion:
    at = AT + timedelta(milliseconds=after_ms)
    return Occasion("pbx", "another", leg, channel, at, at)


def begun(*sent: int | None) -> tuple[Whispers, Pbx]:
    """The notice is being said."""
    pbx = Pbx(list(sent))
    whispers = Whispers(pbx.send, pbx.told.append)
    (originate,) = whispers.order(order())
    assert dict(originate.headers)["Channel"] == f"Local/3.{LEG}@callguard-joined/n"
    whispers.waits(seen("7", HALF))
    assert pbx.asked == []
    whispers.attached(SPY, LEG, AT)
    return whispers, pbx


def end(whispers: Whispers, answer: str = WHOLE) -> None:
    whispers.ended(seen("7", HALF, 1600), CommandId(3, 1600, 8000), answer)


def heard(pbx: Pbx) -> tuple[int, bool]:
    (told,) = pbx.told
    assert isinstance(told, ev.AnnouncementEnded)
    assert (told.linkedid, told.leg, told.step) == (CALL, LEG, 3)
    return told.heard_ms, told.complete


def test_heard_is_what_went_out_to_the_person() -> None:
    whispers, pbx = begun(57, 137)
    end(whispers)
    assert heard(pbx) == (1600, True)
    assert pbx.names == ["Getvar", "AbsoluteTimeout", "AGI", "Getvar", "Hangup"]
    assert whispers == Whispers(pbx.send, pbx.told.append)


def test_what_was_lost_of_the_others_sound_is_lost_to_the_whisper() -> None:
    """One packet in twenty may be missing; more is no notice."""
    for sent, complete in ((76, True), (75, False), (0, False)):
        whispers, pbx = begun(10, 10 + sent)
        end(whispers)
        assert heard(pbx) == (20 * sent, complete)


def test_what_cannot_be_asked_for_was_not_heard() -> None:
    for sent in ((None, 137), (57, None)):
        whispers, pbx = begun(*sent)
        end(whispers)
        assert heard(pbx) == (0, False)


def test_a_missing_sound_is_no_notice() -> None:
    whispers, pbx = begun(57)
    end(whispers, "200 result=-1 endpos=0")
    assert heard(pbx) == (0, False)


def test_who_puts_the_conversation_on_hold_hears_music_of_his_own() -> None:
    """Also when he had done so before, and when he comes back before the end."""
    whispers, pbx = begun(57, 137)
    whispers.hold(seen(LEG, PERSON))
    whispers.unhold(seen(LEG, PERSON))
    end(whispers)
    assert heard(pbx) == (1600, False)
    whispers.hold(seen(LEG, PERSON))
    whispers.order(order(4))
    assert whispers.legs[LEG].held


def test_a_hang_up_in_the_middle_is_told_with_what_was_heard() -> None:
    whispers, pbx = begun(57)
    whispers.detached(SPY, AT + timedelta(milliseconds=700), AT)
    whispers.over(seen(LEG, PERSON))
    end(whispers)
    assert heard(pbx) == (700, False)


def test_a_whisper_that_ends_by_itself_fails_the_step() -> None:
    """The net took it, or it never came about."""
    whispers, pbx = begun(57)
    whispers.over(seen("7", HALF))
    assert [type(one) for one in pbx.told] == [ev.StepFailed]
    pbx = Pbx([])
    early = Whispers(pbx.send, pbx.told.append)
    early.order(order())
    early.attached(SPY, LEG, AT)
    early.detached(SPY, AT, AT)
    assert [type(one) for one in pbx.told] == [ev.StepFailed]


def test_a_new_order_of_the_same_call_cuts_off_the_old_one() -> None:
    whispers, pbx = begun(57)
    assert [action.name for action in whispers.order(order(4))] == ["Hangup", "Originate"]
    end(whispers)
    whispers.detached(SPY, AT, AT)
    assert pbx.told == []


def test_nobody_is_spoken_to_by_two_calls_at_once() -> None:
    """Nor is a leg whose name could be more than one."""
    whispers, _ = begun(57)
    assert whispers.order(order(call="another")) == ()
    assert whispers.order(order(leg="1@context/n")) == ()


def test_what_an_earlier_daemon_began_is_ended() -> None:
    pbx = Pbx([])
    whispers = Whispers(pbx.send, pbx.told.append)
    whispers.waits(seen("7", HALF))
    assert [(action.name, dict(action.headers)["Channel"]) for action in pbx.asked] == [("Hangup", HALF)]
    assert (whispers.stray(PERSON), is_whisper(PERSON)) == ((), False)
