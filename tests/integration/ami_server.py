"""An AMI server of our own, on a real TCP socket, that behaves or misbehaves as a test asks.

It speaks the wire format of Asterisk 22: greeting, `Challenge` and `Login` (MD5 or plain), then whatever the test's `Script` does with
an action. A thread serves each connection; all of them end with the `with` block. What arrived is kept, for each connection apart,
byte for byte, so that a test can say what was on the wire and not only what was meant.
"""

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.integration.pbx_server import Client, PbxServer

USERNAME = "callguard"
SECRET = "s3cret-canary-71c0"  # noqa: S105 - the server's own, made up
CHALLENGE = "840415273"
GREETING = b"Asterisk Call Manager/9.0.0\r\n"
FULLY_BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 10\r\nLastReload: 10\r\nStatus: Fully Booted\r\n\r\n"


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
class Connection(Client):
    """One client, and its actions."""

    actions: list[Received] = field(default_factory=list)

    def names(self) -> list[str]:
        return [action.name for action in self.actions]

    def read_actions(self) -> Iterator[Received]:
        """Every action of this client, until it goes away."""
        for block in self.blocks(b"\r\n\r\n"):
            pairs = (line.partition(": ") for line in block.split("\r\n"))
            received = Received({key.lower(): value for key, _, value in pairs})
            self.actions.append(received)
            yield received


Script = Callable[[Connection, Received], None]


def obey(connection: Connection, action: Received) -> None:
    """The script of a PBX in good health: every action succeeds."""
    connection.send(action.reply("Ping: Pong") if action.name == "ping" else action.reply())


def ignore(_connection: Connection, _action: Received) -> None:
    """The script of a PBX that never answers."""


class AmiServer(PbxServer[Connection]):
    """Says it is Asterisk."""

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
        super().__init__(port)
        self.script = script
        self.secret = secret
        self._greeting, self._after_login, self._tls = greeting, after_login, tls

    def received(self) -> list[str]:
        """The names of all actions on all connections, in order of connections."""
        return [name for connection in list(self.connections) for name in connection.names()]

    def welcome(self, client: socket.socket) -> Connection | None:
        if self._tls is None:
            return Connection(client)
        try:
            return Connection(self._tls.wrap_socket(client, server_side=True))
        except OSError:
            return None

    def serve(self, connection: Connection) -> None:
        connection.send(self._greeting)
        for action in connection.read_actions():
            self._answer(connection, action)

    def _answer(self, connection: Connection, action: Received) -> None:
        if action.name == "challenge":
            connection.send(action.reply(f"Challenge: {CHALLENGE}"))
        elif action.name != "login":
            self.script(connection, action)
        elif self._accepts(action.headers):
            connection.send(action.reply("Message: Authentication accepted"), self._after_login)
        else:
            connection.send(action.reply("Message: Authentication failed", response="Error"))
            connection.hang_up()

    def _accepts(self, headers: dict[str, str]) -> bool:
        key = hashlib.md5((CHALLENGE + self.secret).encode(), usedforsecurity=False).hexdigest()
        return headers.get("username") == USERNAME and (headers.get("key") == key or headers.get("secret") == self.secret)
