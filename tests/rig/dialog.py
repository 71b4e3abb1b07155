"""The names two SIP peers have agreed on for a call, and the requests built from them.

No routes are kept: on the loopback a phone speaks with one peer only, and everything goes to the address it came from.

Source: RFC 3261, 12 (dialogs), 9.1 (CANCEL), 17.1.1.3 (ACK of a refusal).
"""

from dataclasses import dataclass, replace

from tests.rig.line import Headers, Line
from tests.rig.sip import Message
from tests.rig.udp import Address


@dataclass(slots=True)
class Dialog:
    """`local` and `remote` are whole From or To values with their tags, `target` the URI that requests go to."""

    line: Line
    peer: Address
    call_id: str
    local: str
    remote: str
    target: str
    sequence: int = 1

    def request(self, method: str, body: bytes = b"", extra: Headers = ()) -> Message:
        """The next request; an ACK keeps the number of the INVITE that it belongs to."""
        if method != "ACK":
            self.sequence += 1
        return self._built(method, self.sequence, body, extra)

    def invite(self, body: bytes, extra: Headers) -> Message:
        """The request that asks for the call."""
        return self._built("INVITE", self.sequence, body, extra)

    def text(self, body: str) -> Message:
        """A text outside any call (RFC 3428, 4: no Contact)."""
        built = self._built("MESSAGE", self.sequence, b"", (("Content-Type", "text/plain;charset=UTF-8"),))
        return replace(built, headers=tuple(pair for pair in built.headers if pair[0] != "Contact"), body=body.encode())

    def _built(self, method: str, sequence: int, body: bytes, extra: Headers) -> Message:
        headers = (
            *self.line.request_headers(),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence} {method}"),
            ("Contact", self.line.contact),
            *extra,
        )
        content: Headers = (("Content-Type", "application/sdp"),) if body else ()
        return Message(f"{method} {self.target} SIP/2.0", (*headers, *content), body)


def of_same_transaction(invite: Message, method: str, to: str) -> Message:
    """A CANCEL, or the ACK of a refusal: the INVITE's own names and branch, and the To of what is answered."""
    kept = tuple((name, invite.get(name)) for name in ("Via", "Max-Forwards", "User-Agent", "X-Rig-Phone", "From", "Call-ID"))
    number = invite.get("CSeq").split(" ")[0]
    return Message(f"{method} {invite.uri} SIP/2.0", (*kept, ("To", to), ("CSeq", f"{number} {method}")))
