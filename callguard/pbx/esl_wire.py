"""ESL bytes: where a block ends, and what the headers of an event say.

Nothing here knows sockets, threads or greenswitch. A block is a head of plain lines up to a blank line and then, if the head has a
`Content-Length`, exactly so many bytes, whatever they look like: the text of an SMS can hold blank lines and lines that read as headers.
The same again inside an event: its headers, a blank line, and perhaps a body, which is cut off here and never becomes a `Headers`.

FreeSWITCH percent-encodes the values of an event. Its lines are therefore told apart first and a value un-quoted only when somebody asks
for it, so that a `%0A` in a caller's name stays a part of that name. Most headers nobody asks for, and that is where the speed comes from.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from callguard.errors import ProtocolFault

BLANK_LINE = b"\n\n"
_BODY_LENGTH = b"\nContent-Length:"
_EMPTY = b"_undef_"
_MOST_HEADS = 4096
_MOST_DIGITS = 10


class Block(NamedTuple):
    """One block: its `Content-Type`, its head, and its body (empty where there is none)."""

    kind: bytes
    head: bytes
    body: bytes


class Splitter:
    """Cuts a byte stream into blocks, in time linear in the bytes and in memory bounded by the bounds plus one segment."""

    __slots__ = ("_body_bound", "_head_bound", "_held", "_known", "_length", "_wanted")

    def __init__(self, head_bound: int, body_bound: int) -> None:
        self._head_bound = head_bound
        self._body_bound = body_bound
        self._held: list[bytes] = []
        self._length = 0
        self._wanted = 0
        self._known: dict[bytes, tuple[bytes, int]] = {}

    def feed(self, segment: bytes) -> list[Block]:
        """The blocks that this segment completes.

        Raises:
            ProtocolFault: a head or a body over its bound, or something that is no head of a block.
        """
        self._held.append(segment)
        self._length += len(segment)
        if self._length < self._wanted:
            return []
        try:
            return self._cut(b"".join(self._held))
        except ProtocolFault:
            self._hold(b"", 0)
            raise

    def _cut(self, stream: bytes) -> list[Block]:
        blocks, at, wanted = [], 0, 0
        while (end := stream.find(BLANK_LINE, at)) >= 0:
            head = stream[at:end]
            kind, length = self._known.get(head) or self._learn(head)
            begin, after = end + len(BLANK_LINE), end + len(BLANK_LINE) + length
            if after > len(stream):
                wanted = after - at
                break
            blocks.append(Block(kind, head, stream[begin:after]))
            at = after
        rest = stream[at:]
        if not wanted and len(rest) > self._head_bound:
            raise ProtocolFault(f"a head of more than {self._head_bound} bytes")
        self._hold(rest, wanted)
        return blocks

    def _hold(self, rest: bytes, wanted: int) -> None:
        self._held = [rest] if rest else []
        self._length = len(rest)
        self._wanted = wanted

    def _learn(self, head: bytes) -> tuple[bytes, int]:
        """What a head says; remembered, as the heads of a stream repeat themselves."""
        if len(head) > self._head_bound:
            raise ProtocolFault(f"a head of more than {self._head_bound} bytes")
        kind = head_value(head, b"Content-Type")
        if kind is None:
            raise ProtocolFault("a head without a Content-Type")
        length = head_value(head, b"Content-Length")
        length = b"0" if length is None else length
        if not length.isdigit() or len(length) > _MOST_DIGITS or int(length) > self._body_bound:
            raise ProtocolFault(f"a body of a length that is none, or over {self._body_bound} bytes")
        if len(self._known) < _MOST_HEADS and b"Reply-Text" not in head:
            self._known[head] = kind, int(length)
        return kind, int(length)


def head_value(head: bytes, name: bytes) -> bytes | None:
    """A value of a head, as it is; the first of a name wins, `None` where there is none."""
    for line in head.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon and key == name:
            return value.strip()
    return None


class Headers:
    """The headers of one event, read by name, in the letters that FreeSWITCH writes it with.

    The first header of a name wins, so that nothing further down overrides it. A value is un-quoted, and may then hold anything that a
    caller wrote, line ends too; what is not UTF-8 shows as U+FFFD. A header that is there but empty, which FreeSWITCH writes as
    `_undef_`, is `''`; one that is not there is `None`.

    What was read is remembered: the facts that are made of one event ask for the same few headers.
    """

    __slots__ = ("_lines", "_read")

    def __init__(self, event: bytes) -> None:
        self._lines = b"".join((b"\n", event[: _headers_end(event)], b"\n"))
        self._read: dict[str, str | None] = {}

    def get(self, name: str) -> str | None:
        """The first value of the header, `None` when the event has no such header."""
        if name not in self._read:
            needle = _NEEDLES[name]
            at = self._lines.find(needle)
            self._read[name] = None if at < 0 else self._value(at + len(needle))
        return self._read[name]

    def all(self, name: str) -> list[str]:
        """Every value of a repeated header, in order."""
        needle, values = _NEEDLES[name], []
        at = self._lines.find(needle)
        while at >= 0:
            values.append(self._value(at + len(needle)))
            at = self._lines.find(needle, at + len(needle))
        return values

    def count(self, name: str) -> int:
        """How often the header is there."""
        return self._lines.count(_NEEDLES[name])

    def __repr__(self) -> str:
        return f"<Headers of {len(self._lines) - 2} bytes>"

    def _value(self, begin: int) -> str:
        quoted = self._lines[begin : self._lines.find(b"\n", begin)].strip()
        if quoted == _EMPTY:
            return ""
        return (unquote_to_bytes(quoted) if b"%" in quoted else quoted).decode("utf-8", "replace")


def _headers_end(event: bytes) -> int:
    """Where the first blank line is. To look for it in every event would cost more than all else that is done with one (6 of 7 µs), so it
    is only looked for where there may be a body: FreeSWITCH writes the length of one in front of it, and without one ends with the line.
    """
    if event.endswith(BLANK_LINE) and event.rfind(_BODY_LENGTH) < 0:
        return len(event) - len(BLANK_LINE)
    end = event.find(BLANK_LINE)
    return len(event) if end < 0 else end


class _Needles(dict[str, bytes]):
    """What to look for, by header name; names come from our own code, so there are few."""

    def __missing__(self, name: str) -> bytes:
        needle = f"\n{name}:".encode()
        if len(self) < _MOST_NEEDLES:
            self[name] = needle
        return needle


_MOST_NEEDLES = 256
_NEEDLES = _Needles()
