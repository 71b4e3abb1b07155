"""AMI bytes: where a message ends, and what its headers say.

Nothing here knows sockets, threads or panoramisk. Bytes stay bytes until a message is whole, so that a character split over two
segments is never lost; what is not UTF-8 then shows as U+FFFD instead of vanishing. A message is not parsed at all: a header is looked for
when somebody asks for it. Most of what a PBX says nobody asks about, and that is where the speed comes from.
"""

import re

from callguard.errors import ProtocolFault

EOL = b"\r\n"
END_OF_MESSAGE = b"\r\n\r\n"


class Splitter:
    """Cuts a byte stream at blank lines, in time linear in the bytes and in memory bounded by `bound` plus one segment."""

    __slots__ = ("_bound", "_held")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._held = bytearray()

    def feed(self, segment: bytes) -> list[bytes]:
        """The messages that this segment completes, without their blank line.

        Raises:
            ProtocolFault: more than `bound` bytes are held and still no blank line.
        """
        if END_OF_MESSAGE in segment:
            messages = b"".join((self._held, segment)).split(END_OF_MESSAGE)
        else:
            searched = max(len(self._held) - len(END_OF_MESSAGE) + 1, 0)
            self._held += segment
            if self._held.find(END_OF_MESSAGE, searched) < 0:
                self._check_bound()
                return []
            messages = bytes(self._held).split(END_OF_MESSAGE)
        self._held = bytearray(messages.pop())
        self._check_bound()
        return messages

    def _check_bound(self) -> None:
        if len(self._held) > self._bound:
            self._held = bytearray()
            raise ProtocolFault(f"a message of more than {self._bound} bytes")


class Headers:
    """The headers of one AMI message, read by name, whatever the case of the name.

    The first header of a name wins, so that text which a caller managed to place further down overrides nothing. A header that is
    there but empty is `''`; one that is not there is `None`. Values are as on the wire: `AsyncAGI` events, for one, quote theirs.

    A header is searched for when it is asked for: of some twenty-five in an event, few ever are.
    """

    __slots__ = ("_folded", "_length", "_lines")

    def __init__(self, message: bytes) -> None:
        self._lines = message
        self._length = len(message)
        self._folded: bytes | None = None

    def get(self, name: str) -> str | None:
        """The first value of the header, `None` when the message has no such header."""
        needle = _NEEDLES[name]
        folded = self._folded or self._fold()
        at = folded.find(needle)
        return None if at < 0 else self._value(at + len(needle))

    def all(self, name: str) -> list[str]:
        """Every value of a repeated header (`ChanVariable`, `Output`), in order; one value is a list of one."""
        needle, folded, values = _NEEDLES[name], self._folded or self._fold(), []
        at = folded.find(needle)
        while at >= 0:
            values.append(self._value(at + len(needle)))
            at = folded.find(needle, at + len(needle))
        return values

    def find_all(self, pattern: re.Pattern[bytes]) -> list[tuple[bytes, bytes]]:
        """Every header that this pattern of :func:`any_of` names, in order, each as a name and a value as on the wire."""
        return pattern.findall(self._lines)

    def __repr__(self) -> str:
        return f"<Headers of {self._length} bytes>"

    def _fold(self) -> bytes:
        """The lines in lower case, each between two line ends. Only ASCII is folded, so every offset stays."""
        self._lines = b"".join((EOL, self._lines, EOL))
        self._folded = folded = self._lines.lower()
        return folded

    def _value(self, begin: int) -> str:
        lines = self._lines
        if lines[begin] == _SPACE:
            begin += 1
        return lines[begin : lines.find(EOL, begin)].decode("utf-8", "replace")


def any_of(*names: str) -> re.Pattern[bytes]:
    """What finds these headers in one go, whatever the case of their names; the first line of a message is none of them.

    Nothing follows the value, so there is no way back to be tried. A possessive group would say so, but Python 3.11.2, that of Debian 12,
    lets one take the line end as well.
    """
    return re.compile(rb"\r\n(%s): ?([^\r]*(?:\r(?!\n)[^\r]*)*)" % "|".join(names).encode(), re.IGNORECASE)


def text(value: bytes) -> str:
    """A value as text; what is not UTF-8 shows as U+FFFD."""
    return value.decode("utf-8", "replace")


class _Needles(dict[str, bytes]):
    """What to look for, by header name; names come from our own code, so there are few."""

    def __missing__(self, name: str) -> bytes:
        needle = f"\r\n{name.lower()}:".encode()
        if len(self) < _MOST_NEEDLES:
            self[name] = needle
        return needle


_SPACE = ord(" ")
_MOST_NEEDLES = 256
_NEEDLES = _Needles()
