"""One call of a test phone: what a test can do with it, wait for, and ask about it afterwards.

The public methods are called from the test's thread and the `on_…` methods from the phone's; both hold the line's lock. Waiting looks
again every 20 ms instead of trusting notifications alone, so that a test may wait for anything it can compute, the sound included.
How a call comes about differs by side: see `outgoing` and `incoming`.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from tests.rig import sdp
from tests.rig.dialog import Dialog
from tests.rig.g711 import Codec, Samples
from tests.rig.line import Headers, Line
from tests.rig.rtp import RtpStream, Voice
from tests.rig.sip import Message, parameter, q850_cause, response
from tests.rig.udp import Address

State = Literal["calling", "ringing", "answered", "ended"]

_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: the final SIP status (200 when it had been answered, 408 when nobody spoke to us), the Q.850 cause if one was
    told, and which side ended it."""

    status: int
    cause: int | None
    by: Literal["us", "them"]


class CallEndedError(TimeoutError):
    """The call is over, so what is waited for cannot happen any more."""


class PhoneCall(ABC):
    """A call from the side of one phone; times are monotonic seconds."""

    def __init__(self, line: Line, dialog: Dialog, codecs: tuple[Codec, ...]) -> None:
        self.line = line
        self.dialog = dialog
        self.codecs = codecs
        self.started_at = time.monotonic()
        self.answered_at: float | None = None
        self.ending: Ending | None = None
        self.ended_at: float | None = None
        self.state: State = "calling"
        self.events: list[tuple[float, str]] = []
        self.media = RtpStream(line.host, self.started_at, self.note)

    @abstractmethod
    def hang_up(self) -> None:
        """End the call, in the way of its state."""

    @abstractmethod
    def on_request(self, request: Message, sender: Address, arrival: float) -> None:
        """A request inside this call has come."""

    @abstractmethod
    def on_response(self, answer: Message, arrival: float) -> None:
        """An answer to a request of this call has come."""

    @property
    def keys_received(self) -> str:
        """The keys that the other side pressed (RFC 4733), in order."""
        return self.media.keys_received

    def speak(self, voice: Voice) -> None:
        """Say this from the next frame on: a frequency in Hz, a clip, a `Loop`, or None for silence."""
        with self.line.changed:
            self.media.speak(voice)

    def press(self, keys: str, duration_ms: int = 100) -> None:
        """Press keys one after the other and return when the last is on the wire; ValueError for what is no key."""
        with self.line.changed:
            self.media.press(keys, duration_ms / 1000)
        bound = len(keys) * (duration_ms / 1000 + 0.2) + 2
        self._wait(f"the keys {keys!r} to be sent", lambda: not self.media.pressing, bound, lambda: self.ended_at is not None)

    def heard(self, start: float | None = None, end: float | None = None) -> Samples:
        """The sound between two monotonic times, by default all of it, as float ±1.0 at 8 kHz."""
        with self.line.changed:
            until = end if end is not None else self.ended_at or time.monotonic()
            return self.media.timeline.heard(start, until)

    def wait_ringing(self, timeout: float) -> None:
        """Until 180, 183 or the answer."""
        ringing = {"180", "183", "answered"}
        self._wait("ringing", lambda: any(what in ringing for _, what in self.events), timeout, lambda: self.ended_at is not None)

    def wait_answered(self, timeout: float) -> None:
        """Until the call is answered; CallEndedError as soon as it cannot be any more."""
        self._wait("the answer", lambda: self.answered_at is not None, timeout, lambda: self.ended_at is not None)

    def wait_ended(self, timeout: float) -> Ending:
        """Until the call is over."""
        self._wait("the end", lambda: self.ending is not None, timeout, lambda: False)
        assert self.ending is not None
        return self.ending

    def wait_until(self, what: str, condition: Callable[[], bool], timeout: float) -> None:
        """Until a condition of the test's own holds; `what` stands in the TimeoutError."""
        self._wait(what, condition, timeout, lambda: self.ended_at is not None)

    def at(self, what: str) -> float:
        """When an event first happened; LookupError when it did not."""
        for when, event in self.events:
            if event == what:
                return when
        raise LookupError(f"{self.line.name}: no {what!r} among {self.events}")

    def note(self, what: str, when: float) -> None:
        """Write down an event and tell whoever waits."""
        self.events.append((when, what))
        self.line.changed.notify_all()

    def take_session(self, body: bytes) -> sdp.Session | None:
        """Send where this session says; None when the body has none."""
        if not body:
            return None
        session = sdp.parse(body)
        answer = session.answered_by(self.line.host, self.media.port, self.codecs)
        sending = session.direction in ("sendrecv", "recvonly")
        self.media.agree((session.host, session.port), answer.codecs[0], session.event_type, sending=sending)
        self.line.wake()
        return answer

    def offer(self) -> sdp.Session:
        """The session as we would offer it."""
        return sdp.Session(self.line.host, self.media.port, self.codecs, sdp.TELEPHONE_EVENT)

    def on_dialog_request(self, request: Message, sender: Address, arrival: float) -> None:
        """What both sides of a call answer alike."""
        if request.method == "BYE":
            self.line.reply(request, self.built_answer(request, 200), sender)
            self.finish(Ending(200, q850_cause(request), "them"), arrival)
        elif request.method in ("INVITE", "UPDATE"):
            self._agree_anew(request, sender)
        elif request.method == "ACK":
            self.line.settle(self.key("final"))
            self.take_session(request.body)
        else:
            self.line.reply(request, self.built_answer(request, 200), sender)

    def built_answer(self, request: Message, status: int, body: bytes = b"") -> Message:
        """An answer inside this dialog."""
        content: Headers = (("Content-Type", "application/sdp"),) if body else ()
        headers = (("Contact", self.line.contact), *content)
        plain = response(request, status, to_tag=parameter(self.dialog.local, "tag"), headers=headers)
        return replace(plain, body=body)

    def _agree_anew(self, request: Message, sender: Address) -> None:
        """Answer a re-INVITE or UPDATE; an INVITE without a session gets our offer (RFC 3261, 14.2)."""
        agreed = self.take_session(request.body)
        if request.method == "UPDATE":
            self.line.reply(request, self.built_answer(request, 200, agreed.encode() if agreed else b""), sender)
        else:
            answer = self.built_answer(request, 200, (agreed or self.offer()).encode())
            self.line.reply_until(self.key("final"), request, answer, sender)

    def key(self, what: str) -> str:
        """The name under which the line repeats something of this call."""
        return f"{self.dialog.call_id} {what}"

    def say_bye(self) -> None:
        """End an answered call from our side."""
        self.line.repeat(self.key("bye"), self.dialog.request("BYE"), self.dialog.peer, lambda: None)
        self.finish(Ending(200, None, "us"), time.monotonic())

    def finish(self, ending: Ending, when: float) -> None:
        """The call is over; the first ending counts."""
        if self.ending is None:
            self.media.close()
            self.state = "ended"
            self.ended_at = when
            self.ending = ending
            self.note("ended", when)

    def _wait(self, what: str, condition: Callable[[], bool], timeout: float, hopeless: Callable[[], bool]) -> None:
        bound = time.monotonic() + timeout
        while not condition():
            if self.line.failure is not None:
                raise RuntimeError(f"{self.line.name}: the phone's thread has died") from self.line.failure
            if hopeless() and not condition():
                raise CallEndedError(self._not_seen(f"ended ({self.ending}) before {what}"))
            if time.monotonic() > bound:
                raise TimeoutError(self._not_seen(f"waited {timeout:.1f} s in vain for {what}"))
            with self.line.changed:
                self.line.changed.wait(_LOOK_AGAIN_S)

    def _not_seen(self, what: str) -> str:
        return f"{self.line.name}: {what}; events {self.events}; SIP:\n{self.line.told(self.dialog.call_id)}"
