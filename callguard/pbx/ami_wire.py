"""AMI bytes: where a message ends, and what its headers say.

Nothing here knows sockets, threads or panoramisk. Bytes stay bytes until a message is whole, so that a character split over two
segments is never lost; what is not UTF-8 then shows as U+FFFD instead of vanishing. A message is parsed when somebody first asks
it for a header: most of what a PBX says is thrown away unparsed, and that is where the speed comes from.
"""

from collections.abc import Iterator

from callguard.errors import ProtocolFault

EOL = b"\r\n"
END_OF_MESSAGE = b"\r\n\r\n"


class Splitter:
    """Cuts a byte stream at blank lines, in time linear in the bytes and in memory bounded by `bound` plus one segment."""

    __slots__ = ("_bound", "_rest")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._rest = bytearray()

    def feed(self, segment: bytes) -> list[bytes]:
        """The messages that this segment completes, without their blank line.

        Raises:
            ProtocolFault: more than `bound` bytes are held and still no blank line.
        """
        if self._rest:
            searched = max(len(self._rest) - len(END_OF_MESSAGE) + 1, 0)
            self._rest += segment
            if self._rest.find(END_OF_MESSAGE, searched) < 0:
                self._check_bound()
                return []
            segment = bytes(self._rest)
        messages = segment.split(END_OF_MESSAGE)
        self._rest = bytearray(messages.pop())
        self._check_bound()
        return messages

    def _check_bound(self) -> None:
        if len(self._rest) > self._bound:
            self._rest = bytearray()
            raise ProtocolFault(f"a message of more than {self._bound} bytes")


class Headers:
    """The headers of one AMI message, read by name, whatever the case of the name.

    The first header of a name wins, so that text which a caller managed to place further down overrides nothing. A header that is
    there but empty is `''`; one that is not there is `None`. Values are as on the wire: `AsyncAGI` events, for one, quote theirs.
    """

    __slots__ = ("_fields", "_message")

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._fields: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        """The first value of the header, `None` when the message has no such header."""
        if self._fields is None:
            self._fields = {}
            for key, value in self._pairs():
                self._fields.setdefault(key, value)
        return self._fields.get(name.lower())

    def all(self, name: str) -> list[str]:
        """Every value of a repeated header (`ChanVariable`, `Output`), in order; one value is a list of one."""
        wanted = name.lower()
        return [value for key, value in self._pairs() if key == wanted]

    def __repr__(self) -> str:
        return f"<Headers of {len(self._message)} bytes>"

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for line in self._message.decode("utf-8", "replace").split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                yield key.lower(), value.removeprefix(" ")
