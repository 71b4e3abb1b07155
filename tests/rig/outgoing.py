"""A call that the phone makes: INVITE, its answers, CANCEL before and BYE after the answer.

Source: RFC 3261, 13.2 and 17.1.1 (INVITE), 9.1 (a CANCEL waits for a provisional answer; an answer that overtakes it gets ACK and BYE).
"""

import time
from collections.abc import Sequence

from tests.rig.call import Ending, PhoneCall
from tests.rig.dialog import Dialog, of_same_transaction
from tests.rig.g711 import Codec
from tests.rig.line import Line
from tests.rig.sip import Message, q850_cause, uri_of
from tests.rig.udp import Address


class OutgoingCall(PhoneCall):
    """A call from us; it is being made as soon as it is constructed."""

    def __init__(self, line: Line, dialog: Dialog, codecs: tuple[Codec, ...], headers: Sequence[tuple[str, str]]) -> None:
        super().__init__(line, dialog, codecs)
        self._provisional = False
        self._given_up = False
        self._invite = dialog.invite(self.offer().encode(), tuple(headers))

    def begin(self) -> None:
        """Send the INVITE; it is said again until somebody answers."""
        self.line.repeat(self.key("invite"), self._invite, self.dialog.peer, self._nobody_there)

    def hang_up(self) -> None:
        with self.line.changed:
            if self.state == "answered":
                self.say_bye()
            elif self.state != "ended" and not self._given_up:
                self._given_up = True
                if self._provisional:
                    self._cancel()

    def on_request(self, request: Message, sender: Address, arrival: float) -> None:
        self.on_dialog_request(request, sender, arrival)

    def on_response(self, answer: Message, arrival: float) -> None:
        if answer.method != "INVITE":
            self.line.settle(self.key(answer.method.lower()))
        elif answer.status < 200:
            self._on_provisional(answer, arrival)
        elif answer.status < 300:
            self._on_answered(answer, arrival)
        else:
            self._on_refused(answer, arrival)

    def _on_provisional(self, answer: Message, arrival: float) -> None:
        self.line.settle(self.key("invite"))
        first, self._provisional = not self._provisional, True
        self.note(str(answer.status), arrival)
        if answer.status > 100 and self.state == "calling":
            self.state = "ringing"
        if self.take_session(answer.body):
            self.media.start()
        if first and self._given_up:
            self._cancel()

    def _on_answered(self, answer: Message, arrival: float) -> None:
        """Each 200 gets its ACK, the first one makes the call."""
        self.line.settle(self.key("invite"))
        self.dialog.remote = answer.get("To")
        self.dialog.target = uri_of(answer.get("Contact")) or self.dialog.target
        self._acknowledge(self.dialog.request("ACK"))
        if self.answered_at is not None:
            return
        self.state, self.answered_at = "answered", arrival
        if self.take_session(answer.body):
            self.media.start()
        self.note("answered", arrival)
        if self._given_up:
            self.say_bye()

    def _on_refused(self, answer: Message, arrival: float) -> None:
        self.line.settle(self.key("invite"))
        self._acknowledge(of_same_transaction(self._invite, "ACK", answer.get("To")))
        self.finish(Ending(answer.status, q850_cause(answer), "us" if self._given_up else "them"), arrival)

    def _acknowledge(self, ack: Message) -> None:
        self.line.send(ack, self.dialog.peer)

    def _cancel(self) -> None:
        cancel = of_same_transaction(self._invite, "CANCEL", self._invite.get("To"))
        self.line.repeat(self.key("cancel"), cancel, self.dialog.peer, self._nobody_there)

    def _nobody_there(self) -> None:
        self.finish(Ending(408, None, "us"), time.monotonic())
