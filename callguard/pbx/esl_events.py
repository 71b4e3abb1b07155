"""ESL events become call events here, by an allow-list: named headers are copied into frozen values and the event dies.

The names of the handlers are the subscription, so nothing else crosses the socket, least of all `MESSAGE`, which has the text of an SMS in
it (C1). Caller-controlled text passes only as a :class:`~callguard.call.state.Number` or as one printable line.

FreeSWITCH quotes every value, and the link tells lines apart before it un-quotes; what the switch itself says stands before the channel's
variables, and the first header of a name wins. So no caller can write a header, and none of ours is a variable that he could set.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from callguard.call import events as ev
from callguard.call.state import Direction
from callguard.pbx.border import Border, Where, direction_of, uri_user
from callguard.pbx.causes import dial_status, known_cause
from callguard.pbx.esl import EslCommand, Headers
from callguard.pbx.esl_facts import (
    WAITING,
    call_started,
    hand_of,
    handed_over,
    leg_of,
    moment,
    occasion,
    played_ms,
)
from callguard.pbx.esl_hands import Hands
from callguard.pbx.esl_lines import Lines
from callguard.pbx.esl_whispers import FUNCTION, STARTED, STOPPED, Whispers

Deliver = Callable[[ev.Event | ev.MessageSeen], None]
Handler = Callable[[Headers], None]
Send = Callable[[Sequence[EslCommand]], None]

FILTERS: Final = (
    "Event-Name /^(?!(?:PLAYBACK_START|MEDIA_BUG_START|MEDIA_BUG_STOP)$)/",
    *(f"Playback-File-Path {sound}" for sound in WAITING),
    f"Media-Bug-Function {FUNCTION}",
)
"""Of all sounds that begin on the switch, music for people on hold among them, the silence in which a leg waits for us is told alone; and
of all that hangs on the sound of a leg, recordings among it, what is mixed into it."""

_FRAME_MS: Final = 20
_MESSAGE: Final = "callguard-message"


class EslEvents:
    """The handlers of one PBX's events, by name in :attr:`handlers`; they also keep :attr:`hands` and :attr:`lines`."""

    def __init__(self, border: Border, recordings: PurePosixPath, whispers: Whispers, deliver: Deliver, send: Send) -> None:
        self.hands = Hands()
        self.lines = Lines(border)
        self._whispers = whispers
        self._border = border
        self._recordings = f"{recordings}/"
        self._deliver = deliver
        self._send = send
        self.handlers: Mapping[str, Handler] = {
            "CUSTOM callguard::outbound": self._outbound,
            "CUSTOM callguard::inbound": self._inbound,
            "CUSTOM callguard::back": self._back,
            "BACKGROUND_JOB": self._job,
            "CHANNEL_ANSWER": self._answer,
            "CHANNEL_PROGRESS_MEDIA": self._early_media,
            "CHANNEL_BRIDGE": self._bridge,
            "CHANNEL_UNBRIDGE": self._unbridge,
            "CHANNEL_DESTROY": self._destroy,
            "DTMF": self._dtmf,
            "PLAYBACK_START": self._playback_start,
            "RECORD_START": self._record_start,
            "RECORD_STOP": self._record_stop,
            STARTED: self._whisper_start,
            STOPPED: self._whisper_stop,
        }

    def _outbound(self, told: Headers) -> None:
        """One of ours calls out."""
        self._deliver(call_started(told, Direction.OUTBOUND, self._border))

    def _inbound(self, told: Headers) -> None:
        """Somebody calls in, and waits for us."""
        self.hands.take(leg_of(told))
        self._deliver(call_started(told, Direction.INBOUND, self._border))
        self._deliver(handed_over(told, self._border))

    def _playback_start(self, told: Headers) -> None:
        """The silence in which a leg waits for us: at first (a callee's leg), or after what it was told has come to its end."""
        if told.get("Playback-File-Path") not in WAITING or hand_of(told) is None:
            return
        leg, step = leg_of(told), _step(told)
        self._conclude(told, leg, step)
        self._send(self.hands.wait(leg))
        if not step:
            self._deliver(handed_over(told, self._border))

    def _conclude(self, told: Headers, leg: str, step: int) -> None:
        """Only the variables that our dialplan sets are believed; `read_result` says success of keys that were never meant."""
        ended, where = self.hands.conclude(leg, step), self._where(told)
        key = told.get("variable_callguard_key") or None
        if ended is None:
            return
        if not ended.duration_ms:
            self._deliver(ev.DigitCollected(**where, step=step, key=key))
            return
        heard_ms = min(played_ms(told, "variable_callguard_heard"), ended.duration_ms)
        whole = key is None and heard_ms >= ended.duration_ms - _FRAME_MS
        self._deliver(ev.AnnouncementEnded(**where, step=step, heard_ms=heard_ms, complete=whole, key=key))

    def _back(self, told: Headers) -> None:
        self.hands.give(leg_of(told))
        self._deliver(ev.HandedBack(**self._where(told)))

    def _job(self, told: Headers) -> None:
        """A text passed. Our line in the chatplan says so by a job that does nothing: direction, to and from are its arguments.

        A chatplan can fire no event that is without the text itself; this one never had it.
        """
        word, _, rest = (told.get("Job-Command-Arg") or "").partition(" ")
        direction_word, _, parties = rest.partition(" ")
        recipient, _, sender = parties.partition(" ")
        direction = direction_of(direction_word)
        if told.get("Job-Command") != "echo" or word != _MESSAGE or direction is None:
            return
        received_at = self._border.now()
        self._deliver(
            ev.MessageSeen(
                pbx=self._border.pbx,
                at=moment(told.get("Event-Date-Timestamp")) or received_at,
                received_at=received_at,
                direction=direction,
                sender=self._border.parse(uri_user(sender)),
                recipient=self._border.parse(uri_user(recipient)),
            )
        )

    def _answer(self, told: Headers) -> None:
        self._deliver(ev.LegAnswered(**self._where(told)))
        self._tell(self.lines.answer(told))

    def _early_media(self, told: Headers) -> None:
        """Sound before the answer: the leg may be joined now."""
        self.lines.know(told)

    def _bridge(self, told: Headers) -> None:
        self._tell(self.lines.join(told))

    def _unbridge(self, told: Headers) -> None:
        self._tell(self.lines.part(told))

    def _dtmf(self, told: Headers) -> None:
        self._deliver(ev.DigitPressed(**self._where(told), key=told.get("DTMF-Digit") or ""))

    def _destroy(self, told: Headers) -> None:
        """The last word of a leg, after its recording is closed: `CHANNEL_HANGUP_COMPLETE` can come before the prompt that it cut is over.

        Our dialplan tells nothing more when it is cut, so how much was heard stands here.
        """
        leg, where = leg_of(told), self._where(told)
        cut = self.hands.conclude(leg, _step(told))
        if cut is not None and cut.duration_ms:
            heard_ms = min(played_ms(told, "variable_playback_last_offset_pos"), cut.duration_ms)
            self._deliver(ev.AnnouncementEnded(**where, step=cut.step, heard_ms=heard_ms, complete=False))
        self.hands.give(leg)
        self.lines.end(leg)
        self._whispers.end(leg)
        attempt = known_cause(told.get("variable_originate_disposition"))
        if attempt and attempt != "SUCCESS":
            self._deliver(ev.DialEnded(**where, status=dial_status(attempt)))
        self._deliver(ev.LegGone(**where, cause=known_cause(told.get("Hangup-Cause"))))

    def _whisper_start(self, told: Headers) -> None:
        self._whispers.started(leg_of(told), told.get("Media-Bug-Target") or "", self._where(told)["at"])

    def _whisper_stop(self, told: Headers) -> None:
        """Of one that is cut by a hang-up before the hang-up itself."""
        hung_up = bool(told.get("Hangup-Cause"))
        ended = self._whispers.stopped(told.get("Media-Bug-Target") or "", self._where(told), hung_up=hung_up)
        if ended is not None:
            self._deliver(ended)

    def _record_start(self, told: Headers) -> None:
        recording = self._recording(told)
        if recording:
            self._deliver(ev.RecordingStarted(**self._where(told), recording=recording))

    def _record_stop(self, told: Headers) -> None:
        """`success-maxtime` for our own stop, `success-silence` at a hang-up: of all it says, it is true that the file is closed.

        `uri-failure` says that not all could be written, whatever was the matter; the file's header does not show it.
        """
        recording = self._recording(told)
        if recording:
            whole = told.get("Record-Completion-Cause") != "uri-failure"
            self._deliver(ev.RecordingStopped(**self._where(told), recording=recording, whole=whole))

    def _recording(self, told: Headers) -> str | None:
        """Our name of it; a recording elsewhere is somebody else's."""
        path = told.get("Record-File-Path") or ""
        return PurePosixPath(path).stem if path.startswith(self._recordings) else None

    def _where(self, told: Headers) -> Where:
        return occasion(told, self._border)

    def _tell(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            self._deliver(event)


def _step(told: Headers) -> int:
    """Which of our questions our dialplan is at; 0 for none."""
    text = told.get("variable_callguard_step") or ""
    return int(text) if text.isdecimal() else 0
