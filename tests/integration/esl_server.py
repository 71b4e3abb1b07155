"""An ESL server of our own, on a real TCP socket, that behaves or misbehaves as a test asks.

It speaks the wire format of FreeSWITCH 1.10: the greeting, `auth`, `event`, then whatever the test's `Script` does with a command. A thread
serves each connection; all of them end with the `with` block. What arrived is kept, for each connection apart, byte for byte.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote

from tests.integration.ami_server import WAIT_S, until

SECRET = "s3cret-canary-93b1"  # noqa: S105 - the server's own, made up
GREETING = b"Content-Type: auth/request\n\n"
GOODBYE = (
    b"Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
)
ACCEPTED, INVALID, LISTENING = "+OK accepted", "-ERR invalid", "+OK event listener enabled plain"


def block(kind: str, body: bytes) -> bytes:
    """A block with a body, its length in front as FreeSWITCH has it."""
    return f"Content-Length: {len(body)}\nContent-Type: {kind}\n\n".encode() + body


def reply(text: str) -> bytes:
    """The answer to a command that is no `api`."""
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def output(text: str) -> bytes:
    """The answer to an `api`."""
    return f"Content-Type: api/response\nContent-Length: {len(text.encode())}\n\n{text}".encode()


def event(name: str, *lines: str, body: bytes = b"", **headers: str) -> bytes:
    """One event: headers by name (`_` stands for `-`, but in a variable's), values quoted; then raw lines, then the body."""
    named = {key if key.startswith("variable_") else key.replace("_", "-"): value for key, value in headers.items()}
    first = [f"Event-Name: {name}", *(f"{key}: {quote(value)}" for key, value in named.items()), *lines]
    length = [f"Content-Length: {len(body)}"] if body else []
    return block("text/event-plain", "\n".join([*first, *length, "", ""]).encode() + body)


def events(name: str, count: int) -> list[bytes]:
    """Events numbered from 0 in `Unique-ID`, of half a kilobyte each."""
    return [event(name, Core_UUID="b11c8405", Unique_ID=str(number), variable_padding="x" * 380) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Received:
    """A command as it arrived: its first word, the rest of the line, and the headers below."""

    way: str
    argument: str
    headers: dict[str, str]

    @property
    def job(self) -> str:
        return self.headers.get("Job-UUID", "")


@dataclass(slots=True)
class Connection:
    """One client: what it sent, and the means to send to it."""

    socket: socket.socket
    wire: bytearray = field(default_factory=bytearray)
    commands: list[Received] = field(default_factory=list)
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def send(self, *segments: bytes, apart_s: float = 0.0) -> None:
        """Sends each segment by itself; a client that is gone ends it quietly."""
        with contextlib.suppress(OSError):
            for segment in segments:
                self.socket.sendall(segment)
                self.sent += len(segment)
                time.sleep(apart_s)

    def lines(self) -> list[str]:
        """Every command but login and subscription, filters too: its way, and its first line from there."""
        return [f"{one.way} {one.argument}" for one in list(self.commands) if one.way not in {"auth", "event", "filter"}]

    def hang_up(self) -> None:
        """Closes the connection from the PBX's side."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def read_commands(self) -> Iterator[Received]:
        """Every command of this client, until it goes away."""
        rest = b""
        with contextlib.suppress(OSError):
            while segment := self.socket.recv(65536):
                self.wire += segment
                *blocks, rest = (rest + segment).split(b"\n\n")
                for one in blocks:
                    first, *lines = one.decode().split("\n")
                    way, _, argument = first.partition(" ")
                    received = Received(way, argument, dict(line.split(": ", 1) for line in lines if ": " in line))
                    self.commands.append(received)
                    yield received


Script = Callable[[Connection, Received], None]


def done(job: str, text: str) -> bytes:
    """The event that a job is done, with its output as body."""
    return event("BACKGROUND_JOB", Core_UUID="b11c8405", Job_UUID=job, body=text.encode())


def obey(connection: Connection, command: Received) -> None:
    """The script of a PBX in good health: every command succeeds."""
    if command.way == "bgapi":
        connection.send(reply(f"+OK Job-UUID: {command.job}") + done(command.job, "+OK\n"))
    else:
        connection.send(output("+OK\n"))


def echo(connection: Connection, command: Received) -> None:
    """The script of a PBX that answers with the last word of the command."""
    said = command.argument.rpartition(" ")[2]
    if command.way == "bgapi":
        connection.send(reply(f"+OK Job-UUID: {command.job}"), done(command.job, said))
    else:
        connection.send(output(said))


def ignore(_connection: Connection, _command: Received) -> None:
    """The script of a PBX that never answers."""


class EslServer:
    """Listens on the port, a free one by default, of 127.0.0.1 while in its `with` block."""

    def __init__(
        self,
        script: Script = obey,
        *,
        greeting: bytes = GREETING,
        listening: bytes = reply(LISTENING),
        secret: str = SECRET,
        port: int = 0,
    ) -> None:
        self.script = script
        self.mute = False
        self.connections: list[Connection] = []
        self.times_s: list[float] = []
        self._greeting, self._listening, self._secret = greeting, listening, secret
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
    def last(self) -> Connection:
        """The newest connection, logged in or not; waits for the first."""
        until(lambda: self.connections)
        return self.connections[-1]

    def lines(self) -> list[str]:
        """The commands of all connections, in order of connections."""
        return [line for connection in list(self.connections) for line in connection.lines()]

    def logins(self) -> int:
        """How often somebody tried to log in."""
        return sum(command.way == "auth" for connection in list(self.connections) for command in list(connection.commands))

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
        connection = Connection(client)
        self.connections.append(connection)
        connection.send(self._greeting)
        for command in connection.read_commands():
            if not self.mute:
                self._answer(connection, command)
        connection.ended.set()
        connection.hang_up()

    def _answer(self, connection: Connection, command: Received) -> None:
        if command.way == "event":
            connection.send(self._listening)
        elif command.way == "filter":
            connection.send(reply("+OK filter added. " + "=".join(f"[{word}]" for word in command.argument.split(" ", 1))))
        elif command.way != "auth":
            self.script(connection, command)
        elif command.argument == self._secret:
            connection.send(reply(ACCEPTED))
        else:
            connection.send(reply(INVALID), GOODBYE)
            connection.hang_up()
