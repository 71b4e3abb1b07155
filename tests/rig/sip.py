"""SIP messages as a test phone needs them: a frozen value that is built, written and read back.

Only the wire is here: no sockets, no clock, no dialogs. Two decisions: a header keeps its place and its exact text, as the tests send
hostile caller names and look at what comes back; and a line break in a header is refused, since it would be another header (a test that
wants one inside a user part gets it percent-encoded, which is how it travels in real attacks).

Source: RFC 3261 (7 messages, 25 grammar), RFC 3326 (Reason), RFC 5806 (Diversion).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

REASON_PHRASES = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    405: "Method Not Allowed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    603: "Decline",
}

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
_NAME_ADDR = re.compile(r'\s*(?P<display>"(?:[^"\\]|\\.)*"|[^<"]*?)\s*<(?P<uri>[^>]*)>(?P<rest>.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response; `start` is its first line, headers stand in the order of the wire."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every header of that name, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers (from CSeq)."""
        return self.get("CSeq").split(" ")[-1] if self.status else self.start.split(" ")[0]

    @property
    def uri(self) -> str:
        """Where a request is addressed to."""
        return self.start.split(" ")[1]

    @property
    def transaction(self) -> str:
        """What a request and its responses share: the branch of the topmost Via and the method (RFC 3261, 17.1.3)."""
        return f"{parameter(self.get('Via'), 'branch')} {self.method}"

    def encode(self) -> bytes:
        """The message as it stands in the datagram, with its Content-Length."""
        fields = (*self.headers, ("Content-Length", str(len(self.body))))
        lines = [self.start, *(f"{name}: {value}" for name, value in fields)]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError(f"a line break inside a SIP header: {lines!r}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + self.body


def parse(datagram: bytes) -> Message:
    """Read one datagram; ValueError when it is no SIP message."""
    head, blank, body = datagram.partition(b"\r\n\r\n")
    unfolded = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape"))
    start, *lines = unfolded.split("\r\n")
    if not blank or not (start.startswith("SIP/2.0 ") or start.endswith(" SIP/2.0")):
        raise ValueError(f"not a SIP message: {datagram[:80]!r}")
    headers = tuple(_header(line) for line in lines)
    return Message(start, tuple(pair for pair in headers if pair[0].lower() != "content-length"), body)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"a SIP header without a colon: {line!r}")
    return _COMPACT.get(name.strip().lower(), name.strip()), value.strip()


def response(request: Message, status: int, *, to_tag: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Message:
    """An answer without a body; the To header gets our tag unless it has one (RFC 3261, 8.2.6)."""
    to = request.get("To")
    if to_tag and not parameter(to, "tag"):
        to = f"{to};tag={to_tag}"
    copied = [("Via", via) for via in request.all("Via")]
    copied += [("From", request.get("From")), ("To", to), ("Call-ID", request.get("Call-ID")), ("CSeq", request.get("CSeq"))]
    return Message(f"SIP/2.0 {status} {REASON_PHRASES.get(status, 'Answer')}", (*copied, *headers))


def address(user: str, host: str, display: str = "") -> str:
    """A name-addr; quotes and backslashes of the display name are escaped, other than unreserved characters of the user are %-encoded."""
    userinfo = f"{quote(user, safe='+*-_.!~()&=$,;?/')}@" if user else ""
    quoted = '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '" ' if display else ""
    return f"{quoted}<sip:{userinfo}{host}>"


def uri_of(header: str) -> str:
    """The URI of a From, To, Contact or Diversion header."""
    match = _NAME_ADDR.match(header)
    return match["uri"] if match else header.split(";", maxsplit=1)[0].strip()


def user_of(header: str) -> str:
    """The user part, without scheme and host, its %-encoding undone."""
    userinfo, at, _ = uri_of(header).partition("@")
    return unquote(userinfo.removeprefix("sip:").removeprefix("sips:")) if at else ""


def display_of(header: str) -> str:
    """The display name with its quotes and escapes undone."""
    match = _NAME_ADDR.match(header)
    display = match["display"].strip() if match else ""
    return re.sub(r"\\(.)", r"\1", display[1:-1]) if display.startswith('"') else display


def parameter(header: str, name: str) -> str:
    """A parameter behind the address, such as `tag` or `branch`; empty when it is not there."""
    match = _NAME_ADDR.match(header)
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*([^;,\s]*)", match["rest"] if match else header)
    return found[1] if found else ""


def q850_cause(message: Message) -> int | None:
    """The hang-up cause of a Reason header (RFC 3326), or None."""
    for reason in message.all("Reason"):
        if reason.strip().upper().startswith("Q.850") and parameter(reason, "cause").isdigit():
            return int(parameter(reason, "cause"))
    return None
