"""A call that comes to the phone: ring, answer, refuse, and the caller's CANCEL.

Source: RFC 3261, 13.3 (answering an INVITE), 9.2 (CANCEL gets 200, the INVITE 487).
"""

import time

from tests.rig.call import Ending, PhoneCall
from tests.rig.dialog import Dialog
from tests.rig.g711 import Codec
from tests.rig.line import Line
from tests.rig.sip import Message, display_of, q850_cause, response, uri_of, user_of
from tests.rig.udp import Address


class IncomingCall(PhoneCall):
    """A call to us; `invite` is the request as it came."""

    def __init__(self, line: Line, invite: Message, sender: Address, codecs: tuple[Codec, ...]) -> None:
        ours = response(invite, 200, to_tag=f"in{time.monotonic_ns():x}").get("To")
        dialog = Dialog(line, sender, invite.get("Call-ID"), ours, invite.get("From"), uri_of(invite.get("Contact")))
        super().__init__(line, dialog, codecs)
        self.invite = invite
        self._agreed = self.take_session(invite.body) or self.offer()
        self.line.reply(invite, response(invite, 100), sender)

    @property
    def caller(self) -> str:
        """The user part of the From header."""
        return user_of(self.invite.get("From"))

    @property
    def display(self) -> str:
        """The display name of the From header."""
        return display_of(self.invite.get("From"))

    def ring(self) -> None:
        """Say 180."""
        self._provisional(180, b"")

    def progress(self) -> None:
        """Say 183 with a session: sound passes before the answer."""
        with self.line.changed:
            self.media.start()
            self._provisional(183, self._agreed.encode())

    def answer(self) -> None:
        """Answer; nothing happens when the call is answered or over already."""
        with self.line.changed:
            if self.state in ("answered", "ended"):
                return
            self.state, self.answered_at = "answered", time.monotonic()
            self._final(200, self._agreed.encode())
            self.media.start()
            self.note("answered", self.answered_at)

    def reject(self, status: int = 603) -> None:
        """Refuse the call with this status."""
        with self.line.changed:
            if self.state not in ("answered", "ended"):
                self._final(status, b"")
                self.finish(Ending(status, None, "us"), time.monotonic())

    def hang_up(self) -> None:
        with self.line.changed:
            if self.state == "answered":
                self.say_bye()
            else:
                self.reject()

    def on_request(self, request: Message, sender: Address, arrival: float) -> None:
        if request.method == "CANCEL":
            self.line.reply(request, self.built_answer(request, 200), sender)
            if self.state not in ("answered", "ended"):
                self._final(487, b"")
                self.finish(Ending(487, q850_cause(request), "them"), arrival)
        else:
            self.on_dialog_request(request, sender, arrival)

    def on_response(self, answer: Message, arrival: float) -> None:
        del arrival
        self.line.settle(self.key(answer.method.lower()))

    def _provisional(self, status: int, body: bytes) -> None:
        with self.line.changed:
            if self.state in ("calling", "ringing"):
                self.state = "ringing"
                self.line.reply(self.invite, self.built_answer(self.invite, status, body), self.dialog.peer)
                self.note(str(status), time.monotonic())

    def _final(self, status: int, body: bytes) -> None:
        answer = self.built_answer(self.invite, status, body)
        self.line.reply_until(self.key("final"), self.invite, answer, self.dialog.peer)
