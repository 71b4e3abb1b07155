"""An SMTP server on a free port: it keeps what it takes, and misbehaves as it is told."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from callguard.mail.delivery import Server
from tests.bench.load import free_port

CERTIFICATE = Path(__file__).with_name("ami_tls.pem")
"""Of 127.0.0.1, signed by itself."""

LOGIN = ("callguard", "correct horse")


@dataclass
class Postbox:
    """What arrived, and what the next mails are answered: ``rcpt`` and ``data`` by code, or ``drop`` to hang up without a word."""

    taken: list[Message] = field(default_factory=list)
    offered: int = 0
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        self.offered += 1
        answer = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer == "drop":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return ""
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return answer

    @property
    def subjects(self) -> list[str]:
        return [str(one["Subject"]) for one in self.taken]


@dataclass(frozen=True)
class Place:
    """Where the server listens, and what is in it."""

    port: int
    box: Postbox

    def server(self, **changes: Any) -> Server:  # noqa: ANN401 - the fields of Server
        told: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "sender": "callguard@example.com",
            "patience_s": 2.0,
        }
        return Server(**{**told, **changes})


@contextmanager
def smtp_server(box: Postbox | None = None, port: int | None = None, **options: Any) -> Iterator[Place]:  # noqa: ANN401 - aiosmtpd's options
    place = Place(port or free_port(), box or Postbox())
    controller = Controller(place.box, hostname="127.0.0.1", port=place.port, **options)
    controller.start()
    try:
        yield place
    finally:
        controller.stop()


def starttls() -> dict[str, Any]:
    """Options of a server that wants STARTTLS, and then a login."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": _known}


def _known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any) -> AuthResult:  # noqa: ANN401 - of the mechanism
    said = isinstance(login, LoginPassword) and (login.login.decode(), login.password.decode())
    return AuthResult(success=said == LOGIN)
