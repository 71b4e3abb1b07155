"""An ESL server of our own, on a real TCP socket, that behaves or misbehaves as a test asks.

It speaks the wire format of FreeSWITCH 1.10: the greeting, `auth`, `event`, then whatever the test's `Script` does with a command. A thread
serves each connection; all of them end with the `with` block. What arrived is kept, for each connection apart, byte for byte.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.integration.pbx_server import Client, PbxServer

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
class Connection(Client):
    """One client, and its commands."""

    commands: list[Received] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Every command but login and subscription, filters too: its way, and its first line from there."""
        return [f"{one.way} {one.argument}" for one in list(self.commands) if one.way not in {"auth", "event", "filter"}]

    def read_commands(self) -> Iterator[Received]:
        """Every command of this client, until it goes away."""
        for block in self.blocks(b"\n\n"):
            first, *lines = block.split("\n")
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


class EslServer(PbxServer[Connection]):
    """Says it is FreeSWITCH."""

    def __init__(
        self,
        script: Script = obey,
        *,
        greeting: bytes = GREETING,
        listening: bytes = reply(LISTENING),
        secret: str = SECRET,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.script = script
        self.mute = False
        self._greeting, self._listening, self._secret = greeting, listening, secret

    def lines(self) -> list[str]:
        """The commands of all connections, in order of connections."""
        return [line for connection in list(self.connections) for line in connection.lines()]

    def logins(self) -> int:
        """How often somebody tried to log in."""
        return sum(command.way == "auth" for connection in list(self.connections) for command in list(connection.commands))

    def welcome(self, client: socket.socket) -> Connection:
        return Connection(client)

    def serve(self, connection: Connection) -> None:
        connection.send(self._greeting)
        for command in connection.read_commands():
            if not self.mute:
                self._answer(connection, command)

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
