"""Speaking to one person in a conversation, on FreeSWITCH: the prompt is mixed into what that leg is sent (`uuid_displace`).

The others do not hear it, and both sides go on hearing each other (measured on 1.10.12). The start and the end are told of the leg by
`MEDIA_BUG_START` and `MEDIA_BUG_STOP`. The sound runs by what is written to the leg: it stands still while the person has put the
conversation on hold, and where it was cut short, by a hang-up or otherwise, no more time has passed than was heard. A missing file is
refused.

Asked for a key, the leg is mixed with silence that lasts so long; the keys themselves are told of the leg.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.pbx.border import Where
from callguard.pbx.esl import EslCommand, job

STARTED, STOPPED = "MEDIA_BUG_START", "MEDIA_BUG_STOP"
FUNCTION: Final = "displace"

_FRAME_MS: Final = 20


@dataclass(slots=True)
class Whisper:
    """What is said to a leg, by whose order, and since when; ``sound`` is FreeSWITCH's name of it."""

    order: do.InCall
    sound: str
    begun_at: datetime | None = None


@dataclass(slots=True)
class Whispers:
    """Those under way, by leg. Orders come from the engine's thread, all else from the link's; each step is one operation on a dict."""

    sounds: PurePosixPath
    legs: dict[str, Whisper] = field(default_factory=dict)

    def order(self, order: do.InCall) -> tuple[EslCommand, ...]:
        """What to send. What was said before, by an earlier daemon too, is cut off; to whom another call speaks nothing is said."""
        former = self.legs.get(order.leg)
        if former and former.order.linkedid != order.linkedid:
            return ()
        sound = self._sound(order)
        self.legs[order.leg] = Whisper(order, sound)
        before = dict.fromkeys((*((former.sound,) if former else ()), sound))
        return *(_displace(order.leg, "stop", one) for one in before), _displace(order.leg, "start", f"{sound} 0 m")

    def _sound(self, order: do.InCall) -> str:
        if isinstance(order, do.AskInCall):
            return f"silence_stream://{order.timeout_ms}"
        return str(self.sounds / f"{order.announcement.file}.wav")

    def started(self, leg: str, sound: str, at: datetime) -> None:
        """The leg hears it from now on."""
        whisper = self.legs.get(leg)
        if whisper is not None and whisper.sound == sound:
            whisper.begun_at = at

    def stopped(self, sound: str, where: Where, *, hung_up: bool) -> ev.Event | None:
        """What its end means; nothing when what stopped is not what was ordered last."""
        whisper = self.legs.get(where["leg"])
        if whisper is None or whisper.sound != sound or whisper.begun_at is None:
            return None
        self.end(where["leg"])
        order = whisper.order
        told: Where = {**where, "pbx": order.pbx, "linkedid": order.linkedid}
        passed_ms = int((where["at"] - whisper.begun_at).total_seconds() * 1000)
        lasts_ms = order.timeout_ms if isinstance(order, do.AskInCall) else order.announcement.duration_ms
        whole = not hung_up and passed_ms >= lasts_ms - _FRAME_MS
        if isinstance(order, do.AnnounceInCall):
            return ev.AnnouncementEnded(**told, step=order.step, heard_ms=max(0, min(passed_ms, lasts_ms)), complete=whole)
        if whole:
            return ev.DigitCollected(**told, step=order.step, key=None)
        return ev.StepFailed(**told, step=order.step, reason="the wait for a key was cut short")

    def end(self, leg: str) -> None:
        """Nothing is said to the leg any more."""
        self.legs.pop(leg, None)

    def empty(self) -> None:
        """A new link: what an earlier one began is cut off by what is ordered next."""
        self.legs.clear()


def _displace(leg: str, what: str, sound: str) -> EslCommand:
    return job("uuid_displace", f"{leg} {what} {sound}", lane=leg)
