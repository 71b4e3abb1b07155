"""An AMI server of our own, on a real TCP socket, that behaves or misbehaves as a test asks.

It speaks the wire format of Asterisk 22: greeting, `Challenge` and `Login` (MD5 or plain), then whatever the test's `Script` does with
an action. A thread serves each connection; all of them end with the `with` block. What arrived is kept, for each connection apart,
byte for byte, so that a test can say what was on the wire and not only what was meant.
"""

import contextlib
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

USERNAME = "callguard"
SECRET = "s3cret-canary-71c0"  # noqa: S105 - the server's own, made up
CHALLENGE = "840415273"
GREETING = b"Asterisk Call Manager/9.0.0\r\n"
FULLY_BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 10\r\nLastReload: 10\r\nStatus: Fully Booted\r\n\r\n"
WAIT_S = 8.0


def until(condition: Callable[[], object], within_s: float = WAIT_S) -> None:
    """Waits for the condition; fails the test when it does not come."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {within_s} s"
        time.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Received:
    """An action as it arrived; the last header of a name wins here, as in Asterisk for most."""

    headers: dict[str, str]

    @property
    def name(self) -> str:
        return self.headers.get("action", "").lower()

    def reply(self, *lines: str, response: str = "Success") -> bytes:
        """A response to this action with further header lines."""
        head = [f"Response: {response}", f"ActionID: {self.headers.get('actionid', '')}"]
        return "\r\n".join([*head, *lines, "", ""]).encode()


@dataclass(slots=True)
class Connection:
    """One client: what it sent, and the means to send to it."""

    socket: socket.socket
    wire: bytearray = field(default_factory=bytearray)
    actions: list[Received] = field(default_factory=list)
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def send(self, *segments: bytes, apart_s: float = 0.0) -> None:
        """Sends each segment by itself; a client that is gone ends it quietly."""
        with contextlib.suppress(OSError):
            for segment in segments:
                self.socket.sendall(segment)
                self.sent += len(segment)
                time.sleep(apart_s)

    def names(self) -> list[str]:
        return [action.name for action in self.actions]

    def read_actions(self) -> Iterator[Received]:
        """Every action of this client, until it goes away."""
        rest = b""
        with contextlib.suppress(OSError):
            while segment := self.socket.recv(65536):
                self.wire += segment
                *blocks, rest = (rest + segment).split(b"\r\n\r\n")
                for block in blocks:
                    pairs = (line.partition(": ") for line in block.decode().split("\r\n"))
                    received = Received({key.lower(): value for key, _, value in pairs})
                    self.actions.append(received)
                    yield received


Script = Callable[[Connection, Received], None]


def obey(connection: Connection, action: Received) -> None:
    """The script of a PBX in good health: every action succeeds."""
    connection.send(action.reply("Ping: Pong") if action.name == "ping" else action.reply())


def ignore(_connection: Connection, _action: Received) -> None:
    """The script of a PBX that never answers."""


class AmiServer:
    """Listens on the port, a free one by default, of 127.0.0.1 while in its `with` block."""

    def __init__(
        self,
        script: Script = obey,
        *,
        greeting: bytes = GREETING,
        after_login: bytes = FULLY_BOOTED,
        secret: str = SECRET,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.script = script
        self.secret = secret
        self.connections: list[Connection] = []
        self.times_s: list[float] = []
        self._greeting, self._after_login, self._tls = greeting, after_login, tls
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
            self.hang_up(connection)
        for thread in self._threads:
            thread.join(WAIT_S)

    @property
    def last(self) -> Connection:
        """The newest connection, logged in or not; waits for the first."""
        until(lambda: self.connections)
        return self.connections[-1]

    @staticmethod
    def hang_up(connection: Connection) -> None:
        """Closes a connection from the PBX's side."""
        with contextlib.suppress(OSError):
            connection.socket.shutdown(socket.SHUT_RDWR)
        connection.socket.close()

    def received(self) -> list[str]:
        """The names of all actions on all connections, in order of connections."""
        return [name for connection in list(self.connections) for name in connection.names()]

    def in_background(self, target: Callable[..., None], *args: object) -> threading.Thread:
        """Runs something in a thread that ends with the `with` block."""
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.in_background(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.times_s.append(time.monotonic())
        if self._tls is not None:
            try:
                client = self._tls.wrap_socket(client, server_side=True)
            except OSError:
                client.close()
                return
        connection = Connection(client)
        self.connections.append(connection)
        connection.send(self._greeting)
        for action in connection.read_actions():
            self._answer(connection, action)
        connection.ended.set()
        self.hang_up(connection)

    def _answer(self, connection: Connection, action: Received) -> None:
        if action.name == "challenge":
            connection.send(action.reply(f"Challenge: {CHALLENGE}"))
        elif action.name != "login":
            self.script(connection, action)
        elif self._accepts(action.headers):
            connection.send(action.reply("Message: Authentication accepted"), self._after_login)
        else:
            connection.send(action.reply("Message: Authentication failed", response="Error"))
            self.hang_up(connection)

    def _accepts(self, headers: dict[str, str]) -> bool:
        key = hashlib.md5((CHALLENGE + self.secret).encode(), usedforsecurity=False).hexdigest()
        return headers.get("username") == USERNAME and (headers.get("key") == key or headers.get("secret") == self.secret)
