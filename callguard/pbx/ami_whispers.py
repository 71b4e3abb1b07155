"""Speaking to one person in a conversation, on Asterisk: a channel that nobody else hears whispers into that person's leg.

`Originate` makes a Local channel. One half of it runs `ChanSpy` on the leg, in which it may speak and does not listen; the other half is in
`callguard-joined` of our dialplan, where it is handed to us by async AGI and told what to play. Both halves are named after the leg
and the step, so that whatever is told of them says what it is about, to a restarted daemon too, which ends what an earlier one began.

Nothing is played before `ChanSpyStart` has told that the leg can hear it. The end is that of the sound; but a whisper is mixed into what
Asterisk sends to the leg, and where nothing is sent (the others' phones are silent, without a single packet) it is lost without an error:
measured on 22.10. So how many packets went out to the person meanwhile is asked of his channel, and no more is counted as heard. A person
who has put the conversation on hold hears his own music. What cannot be asked for (a channel that is not PJSIP's) was not heard.

Asked for a key, the same channel is silent for so long; the keys themselves are told of the leg.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.pbx.ami import AmiAction, OnOutcome, Outcome, Reply
from callguard.pbx.ami_agi import CommandId
from callguard.pbx.border import Occasion, Where

PREFIX: Final = "Local/"
CONTEXT: Final = "callguard-joined"

_NAME: Final = re.compile(rf"Local/([0-9]+)\.([A-Za-z0-9_.-]+)@{CONTEXT}-[0-9a-f]+;[12]")
_LEG: Final = re.compile(r"[A-Za-z0-9_.-]+")
_RATE_HZ: Final = 8_000
_PACKET_MS: Final = 20
_SENT: Final = "CHANNEL(rtcp,txcount)"
_LOST: Final = 0.05
"""The part of a prompt that may be missing in packets: what the others' lines lose is lost to the whisper as well."""


@dataclass(slots=True)
class Whisper:
    """What is said to a leg: by whose order, and how far it has come. ``half`` is the channel that plays."""

    order: do.InCall
    half: str = ""
    attached: bool = False
    begun_at: datetime | None = None
    sent: int | None = None
    held: bool = False

    @property
    def identity(self) -> CommandId:
        """A question has no sound to be counted."""
        if isinstance(self.order, do.AskInCall):
            return CommandId(self.order.step)
        return CommandId(self.order.step, self.order.announcement.duration_ms, _RATE_HZ)

    @property
    def command(self) -> str:
        """As async AGI."""
        if isinstance(self.order, do.AskInCall):
            return f"WAIT FOR DIGIT {self.order.timeout_ms}"
        return f'STREAM FILE {self.order.announcement.file} ""'


@dataclass(slots=True)
class Whispers:
    """Those under way, by leg, and who has put us on hold. Orders come from the engine's thread, all else from the link's."""

    send: Callable[[Sequence[AmiAction], OnOutcome], None]
    deliver: Callable[[ev.Event], None]
    legs: dict[str, Whisper] = field(default_factory=dict)
    holding: set[str] = field(default_factory=set)

    def order(self, order: do.InCall) -> tuple[AmiAction, ...]:
        """What to send first. What the same call said to the leg before is cut off; while another call speaks to it nothing is."""
        former = self.legs.get(order.leg)
        if (former and former.order.linkedid != order.linkedid) or not _LEG.fullmatch(order.leg):
            return ()
        self.legs[order.leg] = Whisper(order, held=order.leg in self.holding)
        return *(_hang_up(former.half) if former else ()), _originate(order)

    def waits(self, occasion: Occasion) -> None:
        """The playing half is in our hands. One that nobody here has ordered is of an earlier daemon, or of an order that was replaced."""
        whisper = self._named(occasion.channel)
        if whisper is None:
            self.send(self.stray(occasion.channel), ignore)
            return
        whisper.half = occasion.channel
        self._begin(whisper, occasion.at)

    def attached(self, spy: str, leg: str, at: datetime) -> None:
        """The leg hears the other half from now on."""
        whisper = self._named(spy)
        if whisper is not None and whisper.order.leg == leg:
            whisper.attached = True
            self._begin(whisper, at)

    def _begin(self, whisper: Whisper, at: datetime) -> None:
        if not (whisper.half and whisper.attached) or whisper.begun_at:
            return
        whisper.begun_at = at
        net = AmiAction("AbsoluteTimeout", (("Channel", whisper.half), ("Timeout", f"{whisper.order.net_ms / 1000:.1f}")))
        play = (("Channel", whisper.half), ("Command", whisper.command), ("CommandID", str(whisper.identity)))

        self.send([_ask_sent(whisper.order)], partial(_count_in, whisper))
        self.send([net, AmiAction("AGI", play)], ignore)

    def ended(self, occasion: Occasion, command: CommandId, answer: str) -> None:
        """The sound, or the silence, has come to its end; how much of it went out is asked before the whisper goes."""
        whisper = self._named(occasion.channel)
        if whisper is None or whisper.half != occasion.channel or command.step != whisper.order.step:
            return
        told = command.outcome(answer, _where(whisper.order, occasion))
        self._forget(whisper)

        if isinstance(told, ev.AnnouncementEnded) and told.complete:
            self.send([_ask_sent(whisper.order)], partial(self._count_out, whisper, told))
        else:
            self.deliver(told)
        self.send(_hang_up(whisper.half), ignore)

    def _count_out(self, whisper: Whisper, told: ev.AnnouncementEnded, _action: AmiAction, outcome: Outcome) -> None:
        self.deliver(_heard(told, whisper, _count(outcome)))

    def detached(self, spy: str, at: datetime, received_at: datetime) -> None:
        """The leg hears nothing more: it hung up, in the middle of a prompt if that was not over yet."""
        whisper = self._named(spy)
        if whisper is None or not whisper.attached:
            return
        self._forget(whisper)
        order = whisper.order
        where = _where(order, Occasion(order.pbx, order.linkedid, order.leg, order.channel, at, received_at))
        if isinstance(order, do.AnnounceInCall) and whisper.begun_at:
            heard_ms = min(int((at - whisper.begun_at).total_seconds() * 1000), order.announcement.duration_ms)
            self.deliver(ev.AnnouncementEnded(**where, step=order.step, heard_ms=max(0, heard_ms), complete=False))
        else:
            self.deliver(ev.StepFailed(**where, step=order.step, reason="the leg could not be spoken to any more"))

    def over(self, occasion: Occasion) -> None:
        """A channel hung up: the leg itself, or the playing half before it came to its end."""
        self.holding.discard(occasion.leg)
        self.legs.pop(occasion.leg, None)
        whisper = self._named(occasion.channel)
        if whisper is not None and whisper.half in ("", occasion.channel):
            self._forget(whisper)
            where = _where(whisper.order, occasion)
            self.deliver(ev.StepFailed(**where, step=whisper.order.step, reason="the prompt could not be said in the conversation"))

    def hold(self, occasion: Occasion) -> None:
        """The person listens to music of his own phone."""
        self.holding.add(occasion.leg)
        whisper = self.legs.get(occasion.leg)
        if whisper is not None:
            whisper.held = True

    def unhold(self, occasion: Occasion) -> None:
        """The person is back; of a prompt that was said meanwhile the part remains unheard."""
        self.holding.discard(occasion.leg)

    def stray(self, channel: str) -> tuple[AmiAction, ...]:
        """What ends a channel of a snapshot that nobody here has ordered; nothing for any other."""
        return _hang_up(channel) if is_whisper(channel) and self._named(channel) is None else ()

    def empty(self) -> None:
        """A new link: what an earlier one began is not ours any more."""
        self.legs.clear()
        self.holding.clear()

    def _named(self, channel: str) -> Whisper | None:
        """The whisper that this half is of, if it is the one that was ordered last for its leg."""
        found = _NAME.fullmatch(channel)
        whisper = self.legs.get(found[2]) if found else None
        return whisper if whisper and found and whisper.order.step == int(found[1]) else None

    def _forget(self, whisper: Whisper) -> None:
        if self.legs.get(whisper.order.leg) is whisper:
            del self.legs[whisper.order.leg]


def is_whisper(channel: str) -> bool:
    """Whether the channel is one half of one, by its name."""
    return _NAME.fullmatch(channel) is not None


def _count_in(whisper: Whisper, _action: AmiAction, outcome: Outcome) -> None:
    whisper.sent = _count(outcome)


def _heard(told: ev.AnnouncementEnded, whisper: Whisper, sent: int | None) -> ev.AnnouncementEnded:
    """What was played, as far as it went out."""
    out_ms = 0 if sent is None or whisper.sent is None else max(0, sent - whisper.sent) * _PACKET_MS
    heard_ms = min(told.heard_ms, out_ms)
    return replace(told, heard_ms=heard_ms, complete=heard_ms >= told.heard_ms * (1 - _LOST) and not whisper.held)


def _originate(order: do.InCall) -> AmiAction:
    headers = (
        ("Channel", f"{PREFIX}{order.step}.{order.leg}@{CONTEXT}/n"),
        ("Application", "ChanSpy"),
        ("Data", f"{order.leg},qEuW"),
        ("Variable", "CDR_PROP(disable)=1"),
        ("Async", "true"),
    )
    return AmiAction("Originate", headers)


def _ask_sent(order: do.InCall) -> AmiAction:
    return AmiAction("Getvar", (("Channel", order.channel), ("Variable", _SENT)))


def _count(outcome: Outcome) -> int | None:
    value = (outcome.headers.get("Value") or "") if isinstance(outcome, Reply) else ""
    return int(value) if value.isdecimal() else None


def _hang_up(half: str) -> tuple[AmiAction, ...]:
    return (AmiAction("Hangup", (("Channel", half), ("Cause", "16"))),) if half else ()


def _where(order: do.InCall, occasion: Occasion) -> Where:
    """The order's leg and call, at the time of what was told of the whisper."""
    return {"pbx": order.pbx, "linkedid": order.linkedid, "leg": order.leg, "at": occasion.at, "received_at": occasion.received_at}


def ignore(_action: AmiAction, _outcome: Outcome) -> None:
    """A whisper that is over says so itself."""
