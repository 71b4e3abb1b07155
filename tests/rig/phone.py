"""A SIP phone for tests, the demo and the bench: it calls, rings, speaks, listens, presses keys and sends messages, over real UDP.

The PBX needs no
registration: it knows the phone by the header `X-Rig-Phone` and by its fixed contact `127.0.0.1:port`. What the phone does with a call
that comes in is `on_invite`; everything else a test does by hand on the `PhoneCall`.
"""

import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from tests.rig import sdp, sip, udp
from tests.rig.call import CallEndedError, Ending, PhoneCall, State
from tests.rig.dialog import Dialog
from tests.rig.g711 import Codec
from tests.rig.incoming import IncomingCall
from tests.rig.line import Line
from tests.rig.outgoing import OutgoingCall
from tests.rig.rtp import TICK, Loop, Voice
from tests.rig.serving import Serving

__all__ = ["CallEndedError", "Ending", "IncomingCall", "Loop", "OnInvite", "OutgoingCall", "Phone", "PhoneCall", "State", "Text", "Voice"]

OnInvite = Literal["ring", "answer", "busy", "decline", "silent"]
"""Ring (180) and wait; answer at once; 486; 603; or nothing but 100."""

FAREWELL_S = 1.0
MESSAGE_BOUND_S = 10.0


@dataclass(frozen=True, slots=True)
class Text:
    """A message that has come (RFC 3428)."""

    sender: str
    body: str
    at: float


class Phone:
    """A phone on 127.0.0.1; leaving its `with` block hangs up, waits a moment for the answers, and frees port and thread."""

    def __init__(
        self,
        name: str,
        *,
        user_agent: str = "callguard-rig/1",
        auto_answer_after: float | None = None,
        on_invite: OnInvite = "ring",
        codecs: tuple[Codec, ...] = ("PCMU", "PCMA"),
    ) -> None:
        self.name = name
        self.auto_answer_after = auto_answer_after
        self.on_invite: OnInvite = on_invite
        self.codecs = codecs
        self.voice: Voice = None  # of the calls that come in, until a test lets them speak
        self.messages: list[Text] = []
        self.line = Line(name, user_agent)
        self.calls: list[PhoneCall] = []
        self._arrived: deque[IncomingCall] = deque()
        self._text_answers: dict[str, int] = {}
        self._serving = Serving(self.line, self._outside)
        self._serving.start()

    @property
    def port(self) -> int:
        """The UDP port of its SIP."""
        return self.line.port

    @property
    def trace(self) -> str:
        """The last 200 SIP messages with their times."""
        return self.line.told()

    def dial(
        self,
        number: str,
        pbx_port: int,
        *,
        caller: str = "+40722000111",
        display: str = "",
        diversion: Sequence[str] = (),
        headers: Sequence[tuple[str, str]] = (),
        voice: Voice = None,
    ) -> OutgoingCall:
        """Call a number at the PBX on that port; `diversion` are the numbers that redirected the call, `headers` go in as they are."""
        extra = [("Diversion", f"{sip.address(each, self.line.host)};reason=unconditional") for each in diversion]
        with self.line.changed:
            dialog = self._dialog(number, pbx_port, caller, display)
            call = OutgoingCall(self.line, dialog, self.codecs, [*extra, *headers])
            call.media.speak(voice)
            self.calls.append(call)
            self._serving.add(call)
            call.begin()
        return call

    def wait_call(self, timeout: float) -> IncomingCall:
        """The next call that came in and was not refused; TimeoutError when none comes."""
        with self.line.changed:
            if not self.line.changed.wait_for(lambda: self._arrived or self.line.failure, timeout):
                raise TimeoutError(f"{self.name}: no call within {timeout:.1f} s; SIP:\n{self.trace}")
            if self.line.failure:
                raise RuntimeError(f"{self.name}: the phone's thread has died") from self.line.failure
            return self._arrived.popleft()

    def message(self, to: str, text: str, pbx_port: int, *, caller: str = "+40722000111") -> int:
        """Send a text (RFC 3428) and return the final status; TimeoutError when there is none after several attempts."""
        with self.line.changed:
            dialog = self._dialog(to, pbx_port, caller, "")
            call_id = dialog.call_id
            self.line.repeat(call_id, dialog.text(text), dialog.peer, self.line.changed.notify_all)
            self.line.changed.wait_for(lambda: self.line.failure or not self.line.repeats(call_id), MESSAGE_BOUND_S)
            if call_id not in self._text_answers:
                raise TimeoutError(f"{self.name}: no answer to MESSAGE; SIP:\n{self.line.told(call_id)}") from self.line.failure
            return self._text_answers.pop(call_id)

    def close(self) -> None:
        """Hang up everything, wait up to a second for the answers, stop."""
        with self.line.changed:
            for call in self.calls:
                call.hang_up()
            over = time.monotonic() + FAREWELL_S
            while not self._at_rest() and time.monotonic() < over and self.line.failure is None:
                self.line.changed.wait(TICK)
        self._serving.stop()
        with self.line.changed:
            for call in self.calls:
                call.finish(Ending(408, None, "us"), time.monotonic())
        self.line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _at_rest(self) -> bool:
        return self.line.settled and all(call.ended_at is not None for call in self.calls)

    def _dialog(self, number: str, pbx_port: int, caller: str, display: str) -> Dialog:
        host = "anonymous.invalid" if caller == "anonymous" else self.line.host
        local = f"{sip.address(caller, host, display)};tag={secrets.token_hex(6)}"
        target = f"sip:{quote(number, safe='+*')}@{self.line.host}:{pbx_port}"
        call_id = f"{secrets.token_hex(10)}@{self.name}"
        return Dialog(self.line, (self.line.host, pbx_port), call_id, local, f"<{target}>", target)

    def _outside(self, message: sip.Message, sender: udp.Address, arrival: float) -> None:
        """What belongs to no call: the answer to a text of ours, a new call, a text, a question whether we are there."""
        if message.status:
            self._on_text_answered(message)
        elif message.method == "INVITE" and not sip.parameter(message.get("To"), "tag"):
            self._on_invite(message, sender)
        elif message.method in ("OPTIONS", "MESSAGE"):
            if message.method == "MESSAGE":
                text = message.body.decode("utf-8", "replace")
                self.messages.append(Text(sip.user_of(message.get("From")), text, arrival))
            self._refuse(message, 200, sender)
        elif message.method != "ACK":
            self._refuse(message, 481, sender)

    def _on_text_answered(self, answer: sip.Message) -> None:
        call_id = answer.get("Call-ID")
        if answer.status >= 200 and self.line.repeats(call_id):
            self.line.settle(call_id)
            self._text_answers[call_id] = answer.status
            self.line.changed.notify_all()

    def _on_invite(self, invite: sip.Message, sender: udp.Address) -> None:
        if not self._speaks_with(invite):
            self._refuse(invite, 488, sender)
            return
        call = IncomingCall(self.line, invite, sender, self.codecs)
        call.media.speak(self.voice)
        self.calls.append(call)
        self._serving.add(call)
        self._follow_policy(call)
        self.line.changed.notify_all()

    def _follow_policy(self, call: IncomingCall) -> None:
        if self.on_invite in ("busy", "decline"):
            call.reject(486 if self.on_invite == "busy" else 603)
            return
        self._arrived.append(call)
        if self.on_invite == "answer":
            call.answer()
        elif self.on_invite == "ring":
            call.ring()
            if self.auto_answer_after is not None:
                self.line.later(self.auto_answer_after, call.answer)

    def _speaks_with(self, invite: sip.Message) -> bool:
        try:
            return not invite.body or any(codec in self.codecs for codec in sdp.parse(invite.body).codecs)
        except ValueError:
            return False

    def _refuse(self, request: sip.Message, status: int, sender: udp.Address) -> None:
        self.line.reply(request, sip.response(request, status, to_tag=secrets.token_hex(6)), sender)
