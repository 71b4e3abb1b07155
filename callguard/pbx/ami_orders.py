"""Orders of the core as AMI actions, and what their answers mean.

===============  =========================================================================================================
Announce         `ANSWER` where the leg is not up, the net armed anew by `AbsoluteTimeout`, `STREAM FILE`: one write, no round trip
AskDigit         the net armed anew, `WAIT FOR DIGIT`
Release          `ASYNCAGI BREAK`: the dialplan goes on
…InCall          `Originate` of a channel that whispers (:mod:`callguard.pbx.ami_whispers`)
StartRecording   `MixMonitor` with `b`: sound is written only while the leg is in a bridge; its id stays in a channel variable
Pause, Resume    that variable is read, then `MixMonitorMute` of that one MixMonitor in both directions
StopRecording    that variable is read, then `StopMixMonitor` of that one
===============  =========================================================================================================

The id is asked of the channel each time, so that a restarted daemon stops the right recording and never one that somebody else began.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.errors import ActionRefused
from callguard.pbx.ami import AmiAction, Outcome, Reply
from callguard.pbx.ami_agi import CommandId
from callguard.pbx.ami_whispers import Whispers
from callguard.pbx.border import Where

RECORDING_VARIABLE = "CALLGUARD_MIXMONITOR"

_NARROWBAND_HZ = 8_000
_WIDEBAND_HZ = 16_000


@dataclass(slots=True)
class Hand:
    """A leg in our hands: at which rate Asterisk counts what it plays on it, and whether it is answered."""

    rate: int
    answered: bool


@dataclass(slots=True)
class Hands:
    """The legs in our hands. Written in the link's thread and read in the engine's; each step is one operation on a dict."""

    legs: dict[str, Hand] = field(default_factory=dict)

    def take(self, leg: str, *, wideband: bool, answered: bool) -> None:
        """The leg's async AGI has started."""
        self.legs[leg] = Hand(_WIDEBAND_HZ if wideband else _NARROWBAND_HZ, answered)

    def hold(self, leg: str, *, wideband: bool) -> None:
        """A snapshot shows the leg waiting for us. Answering it again does no harm."""
        self.legs.setdefault(leg, Hand(_WIDEBAND_HZ if wideband else _NARROWBAND_HZ, answered=False))

    def give(self, leg: str) -> None:
        """The leg's async AGI has ended."""
        self.legs.pop(leg, None)

    def empty(self) -> None:
        """A new link: the snapshot will say what is ours."""
        self.legs.clear()


class Orders:
    """The translation for one Asterisk."""

    def __init__(self, hands: Hands, whispers: Whispers, pbx_root: PurePosixPath) -> None:
        self._hands = hands
        self._root = pbx_root
        self._translate: Mapping[type[do.ChannelCommand], Callable[[Any], tuple[AmiAction, ...]]] = {
            do.Announce: self._announce,
            do.AskDigit: self._ask_digit,
            do.AnnounceInCall: whispers.order,
            do.AskInCall: whispers.order,
            do.Release: self._release,
            do.HangUp: _hang_up,
            do.StartRecording: self._start_recording,
            do.PauseRecording: _read_recording,
            do.ResumeRecording: _read_recording,
            do.StopRecording: _read_recording,
        }

    def actions(self, command: do.ChannelCommand) -> tuple[AmiAction, ...]:
        """What to send first for this order; nothing for a leg that is no longer in our hands."""
        return self._translate[type(command)](command)

    def _announce(self, order: do.Announce) -> tuple[AmiAction, ...]:
        hand = self._hands.legs.get(order.leg)
        if hand is None:
            return ()
        answer = () if hand.answered else (_agi(order, "ANSWER", "callguard"),)
        hand.answered = True
        identity = CommandId(order.step, order.announcement.duration_ms, hand.rate)
        play = f'STREAM FILE {order.announcement.file} "{order.interrupt}"'
        return *answer, _net(order, order.net_ms), _agi(order, play, str(identity))

    def _ask_digit(self, order: do.AskDigit) -> tuple[AmiAction, ...]:
        if order.leg not in self._hands.legs:
            return ()
        return _net(order, order.net_ms), _agi(order, f"WAIT FOR DIGIT {order.timeout_ms}", str(CommandId(order.step)))

    def _release(self, order: do.Release) -> tuple[AmiAction, ...]:
        return (_agi(order, "ASYNCAGI BREAK", "callguard"),) if order.leg in self._hands.legs else ()

    def _start_recording(self, order: do.StartRecording) -> tuple[AmiAction, ...]:
        headers = (
            ("Channel", order.channel),
            ("File", str(self._root / order.path)),
            ("Options", f"bi({RECORDING_VARIABLE})"),
        )
        return (AmiAction("MixMonitor", headers),)


def follow_up(command: do.ChannelCommand, action: AmiAction, outcome: Outcome) -> tuple[AmiAction, ...]:
    """What to send next, once the channel has told the id of its recording; without one there is none of ours to stop or mute."""
    identity = outcome.headers.get("Value") if action.name == "Getvar" and isinstance(outcome, Reply) else None
    if not identity:
        return ()
    where = (("Channel", command.channel), ("MixMonitorID", identity))
    if isinstance(command, do.StopRecording):
        return (AmiAction("StopMixMonitor", where),)
    state = "1" if isinstance(command, do.PauseRecording) else "0"
    return (AmiAction("MixMonitorMute", (*where, ("Direction", "both"), ("State", state))),)


def result(command: do.ChannelCommand, action: AmiAction, outcome: Outcome, now: datetime) -> ev.Event | None:
    """The event that the answer to an order is, if it means something.

    A lost link says nothing of what the PBX did: the snapshot after it will. An answer that never came on a living link fails a step,
    whose own timer would have said so a little later.
    """
    where: Where = {"pbx": command.pbx, "linkedid": command.linkedid, "leg": command.leg, "at": now, "received_at": now}
    refused = isinstance(outcome, ActionRefused)
    if isinstance(command, do.StartRecording):
        return _recording_result(command, where, outcome)
    if isinstance(command, do.StopRecording) and (refused or isinstance(outcome, Reply)):
        return ev.RecordingStopped(**where, recording=command.recording)
    if isinstance(command, do.Announce | do.AskDigit | do.InCall) and refused and action.name != "Hangup":
        return ev.StepFailed(**where, step=command.step, reason="refused by the PBX")
    return None


def _recording_result(command: do.StartRecording, where: Where, outcome: Outcome) -> ev.Event | None:
    if isinstance(outcome, Reply):
        return ev.RecordingStarted(**where, recording=command.recording)
    if isinstance(outcome, ActionRefused):
        return ev.RecordingRefused(**where, recording=command.recording, reason="refused by the PBX")
    return None


def _agi(order: do.ChannelCommand, command: str, identity: str) -> AmiAction:
    return AmiAction("AGI", (("Channel", order.channel), ("Command", command), ("CommandID", identity)))


def _net(order: do.ChannelCommand, net_ms: int) -> AmiAction:
    return AmiAction("AbsoluteTimeout", (("Channel", order.channel), ("Timeout", f"{net_ms / 1000:.1f}")))


def _hang_up(order: do.HangUp) -> tuple[AmiAction, ...]:
    return (AmiAction("Hangup", (("Channel", order.channel), ("Cause", "16"))),)


def _read_recording(order: do.ChannelCommand) -> tuple[AmiAction, ...]:
    return (AmiAction("Getvar", (("Channel", order.channel), ("Variable", RECORDING_VARIABLE))),)
