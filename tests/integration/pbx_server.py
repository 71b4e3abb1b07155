"""What a server of our own needs on a real TCP socket, whichever PBX it plays: it listens, serves each client in a thread, and ends with
its `with` block. What it says is the matter of :mod:`tests.integration.ami_server` and :mod:`tests.integration.esl_server`.
"""

import contextlib
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, Self, TypeVar

WAIT_S = 8.0


def until(condition: Callable[[], object], within_s: float = WAIT_S) -> None:
    """Waits for the condition; fails the test when it does not come."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {within_s} s"
        time.sleep(0.005)


@dataclass(slots=True)
class Client:
    """One connection: what it sent, byte for byte, and the means to send to it."""

    socket: socket.socket
    wire: bytearray = field(default_factory=bytearray)
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def send(self, *segments: bytes, apart_s: float = 0.0) -> None:
        """Sends each segment by itself; a client that is gone ends it quietly."""
        with contextlib.suppress(OSError):
            for segment in segments:
                self.socket.sendall(segment)
                self.sent += len(segment)
                time.sleep(apart_s)

    def hang_up(self) -> None:
        """Closes the connection from the PBX's side."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def blocks(self, end: bytes) -> Iterator[str]:
        """Every block of this client that ends so, until it goes away."""
        rest = b""
        with contextlib.suppress(OSError):
            while segment := self.socket.recv(65536):
                self.wire += segment
                *blocks, rest = (rest + segment).split(end)
                for block in blocks:
                    yield block.decode()


ClientT = TypeVar("ClientT", bound=Client)


class PbxServer(ABC, Generic[ClientT]):
    """Listens on the port, a free one for 0, of 127.0.0.1 while in its `with` block."""

    def __init__(self, port: int) -> None:
        self.connections: list[ClientT] = []
        self.times_s: list[float] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.in_background(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.hang_up()
        for thread in self._threads:
            thread.join(WAIT_S)

    @property
    def last(self) -> ClientT:
        """The newest connection, logged in or not; waits for the first."""
        until(lambda: self.connections)
        return self.connections[-1]

    def in_background(self, target: Callable[..., None], *args: object) -> threading.Thread:
        """Runs something in a thread that ends with the `with` block."""
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    @abstractmethod
    def welcome(self, client: socket.socket) -> ClientT | None:
        """The connection of a client that has just come; ``None`` when it came to nothing."""

    @abstractmethod
    def serve(self, connection: ClientT) -> None:
        """Greet and answer, until the client goes away."""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.in_background(self._attend, client)

    def _attend(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.times_s.append(time.monotonic())
        connection = self.welcome(client)
        if connection is None:
            client.close()
            return
        self.connections.append(connection)
        self.serve(connection)
        connection.ended.set()
        connection.hang_up()
