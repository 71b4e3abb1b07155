"""What is to be written to FreeSWITCH: handed over without waiting, written by a greenlet of its own, bounded."""

from collections.abc import Callable

from callguard.pbx.esl_greenswitch import Event


class Outbox:
    """Bytes on their way out. `length` counts those that the kernel has not taken."""

    def __init__(self) -> None:
        self._wires: list[bytes] = []
        self._something = Event()
        self._closed = False
        self.length = 0

    def put(self, wire: bytes) -> None:
        """Hands over; the writer takes all there is in one go."""
        self._wires.append(wire)
        self.length += len(wire)
        self._something.set()

    def close(self) -> None:
        """Ends the writer; what was not written will not be."""
        self._closed = True
        self._something.set()

    def write(self, send: Callable[[bytes], None]) -> None:
        """The writer: until it is closed.

        Raises:
            OSError: the socket's.
        """
        while self._something.wait() and not self._closed:
            self._something.clear()
            wires, self._wires = b"".join(self._wires), []
            send(wires)
            self.length -= len(wires)
