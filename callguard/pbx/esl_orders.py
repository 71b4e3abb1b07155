"""Orders of the core as ESL commands, and what their answers mean.

===============  =========================================================================================================
Announce         `announce` of our dialplan: answers where that is not done, plays, and only the interrupting keys cut it
AskDigit         `ask` of our dialplan: one key is read
Release          `release`: our dialplan goes on
…InCall          `uuid_displace`: mixed into what the leg is sent (:mod:`callguard.pbx.esl_whispers`)
StartRecording   `uuid_record start`, written only while the leg is in a bridge, and without FreeSWITCH's half second of pre-buffer,
                 which a pause would leave in the clear
Pause, Resume    `mask` and `unmask`: the timeline goes on in silence. A recording that cannot be masked is stopped
StopRecording    `uuid_record stop`
===============  =========================================================================================================

`+OK` to `uuid_record` does not even say that anything happened. So what a person has heard, and which file is open or closed, is told by
events (:mod:`callguard.pbx.esl_events`); of the answers only a refusal means something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.errors import ActionRefused
from callguard.pbx.border import Where
from callguard.pbx.esl import EslCommand, Outcome, api, job
from callguard.pbx.esl_hands import Hands
from callguard.pbx.esl_whispers import Whispers

_RECORD_BOUND_S: Final = 10.0
"""For opening or closing a file on a slow disk."""

_REFUSED: Final = "refused by the PBX"

OfRecording = do.StartRecording | do.PauseRecording | do.ResumeRecording | do.StopRecording


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a FreeSWITCH sees the recordings root and the sounds, and whether it keeps the two sides of a conversation apart."""

    recordings: PurePosixPath
    sounds: PurePosixPath
    stereo: bool


class Orders:
    """The translation for one FreeSWITCH."""

    def __init__(self, hands: Hands, whispers: Whispers, folders: Folders) -> None:
        self._hands = hands
        self._folders = folders
        self._translate: Mapping[type[do.ChannelCommand], Callable[[Any], tuple[EslCommand, ...]]] = {
            do.Announce: self._announce,
            do.AskDigit: self._ask_digit,
            do.AnnounceInCall: whispers.order,
            do.AskInCall: whispers.order,
            do.Release: self._release,
            do.HangUp: _hang_up,
            do.StartRecording: self._start_recording,
            do.PauseRecording: lambda order: (self._record(order, "mask"),),
            do.ResumeRecording: lambda order: (self._record(order, "unmask"),),
            do.StopRecording: lambda order: (self._record(order, "stop"),),
        }

    def commands(self, command: do.ChannelCommand) -> tuple[EslCommand, ...]:
        """What to send now for this order; nothing for a leg that has to wait first, or is no longer in our hands."""
        return self._translate[type(command)](command)

    def _announce(self, order: do.Announce) -> tuple[EslCommand, ...]:
        sound = self._folders.sounds / f"{order.announcement.file}.wav"
        text = f"announce:{order.step}:{order.interrupt or 'none'}:{sound}"
        return self._hands.order(order.leg, text, order.step, order.announcement.duration_ms)

    def _ask_digit(self, order: do.AskDigit) -> tuple[EslCommand, ...]:
        return self._hands.order(order.leg, f"ask:{order.step}:{order.timeout_ms}", order.step)

    def _release(self, order: do.Release) -> tuple[EslCommand, ...]:
        return self._hands.order(order.leg, "release")

    def _start_recording(self, order: do.StartRecording) -> tuple[EslCommand, ...]:
        settings = f"RECORD_STEREO={str(self._folders.stereo).lower()};RECORD_PRE_BUFFER_FRAMES=0;RECORD_BRIDGE_REQ=true"
        return api("uuid_setvar_multi", f"{order.leg} {settings}", lane=order.leg), self._record(order, "start")

    def _record(self, order: OfRecording, what: str) -> EslCommand:
        path = self._folders.recordings / order.path
        return job("uuid_record", f"{order.leg} {what} {path}", lane=order.leg, bound_s=_RECORD_BOUND_S)


def follow_up(command: do.ChannelCommand, sent: EslCommand, outcome: Outcome) -> tuple[EslCommand, ...]:
    """A recording that cannot be silenced must end."""
    if isinstance(command, do.PauseRecording) and isinstance(outcome, ActionRefused) and " mask " in sent.argument:
        return (job(sent.name, sent.argument.replace(" mask ", " stop ", 1), lane=sent.lane, bound_s=_RECORD_BOUND_S),)
    return ()


def result(command: do.ChannelCommand, sent: EslCommand, outcome: Outcome, now: datetime) -> ev.Event | None:
    """The event that a refusal is. A lost link says nothing of what the PBX did: the snapshot after it will."""
    if not isinstance(outcome, ActionRefused):
        return None
    where: Where = {"pbx": command.pbx, "linkedid": command.linkedid, "leg": command.leg, "at": now, "received_at": now}
    if isinstance(command, do.StartRecording) and sent.name == "uuid_record":
        return ev.RecordingRefused(**where, recording=command.recording, reason=_REFUSED)
    if isinstance(command, do.StopRecording):
        return ev.RecordingStopped(**where, recording=command.recording)
    if isinstance(command, do.Announce | do.AskDigit) or (isinstance(command, do.InCall) and _starts(sent)):
        return ev.StepFailed(**where, step=command.step, reason=_REFUSED)
    return None


def _starts(sent: EslCommand) -> bool:
    """That there was nothing to stop before is no failure."""
    return " start " in sent.argument


def _hang_up(order: do.HangUp) -> tuple[EslCommand, ...]:
    return (job("uuid_kill", f"{order.leg} NORMAL_CLEARING"),)
