"""One SMTP session for one mail, and what came of it (RFC 5321).

What can be known of a mail is this. Until its text is offered (``DATA``) the server has nothing. An answer behind the text says whether it
was taken. No answer behind it says nothing: the server may have it. An address that is refused for good (5yz to ``RCPT``) stays refused;
all else that fails before the text (no connection, a certificate, a login, a sender) is a matter of the configuration or of the day, and is
tried again.

The connection is encrypted, and the server's name checked, but for a server on this machine (:mod:`callguard.config.mail`). Every wait is
bounded by :data:`PATIENCE_S`.
"""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Literal

from callguard.clock import utc_now
from callguard.store.mail_rows import Mail

PATIENCE_S = 30.0
"""Seconds for each answer of the server."""

_REFUSED, _FOR_GOOD = 400, 500
"""Answers from here on are refusals, and final ones (RFC 5321, 4.2.1)."""

_POLICY = SMTP.clone(max_line_length=400)
"""A subject stays on one line: RFC 5322 (2.1.1) allows 998 characters, and folded ones come out with odd blanks at some readers."""

Security = Literal["starttls", "tls", "none"]


class Fate(StrEnum):
    """What came of an attempt."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The fate, and why: the server's code or the kind of failure, never its words, which may quote the mail."""

    fate: Fate
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mails go out: the server and how to talk to it, the login if there is one, and the sender's address."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    patience_s: float = PATIENCE_S

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


def deliver(server: Server, mail: Mail, about_to_hand_over: Callable[[], None]) -> Attempt:
    """Try once. ``about_to_hand_over`` is called before the server can have taken it; what it raises ends the attempt, and is raised."""
    try:
        with _session(server) as session:
            refused = _offer(session, server, mail)
            if refused is not None:
                return refused
            about_to_hand_over()
            return _hand_over(session, _text(server, mail))
    except smtplib.SMTPResponseException as answer:
        return Attempt(Fate.LATER, f"answered {answer.smtp_code} to {type(answer).__name__.removeprefix('SMTP')}")
    except (OSError, smtplib.SMTPException) as failure:
        return Attempt(Fate.LATER, type(failure).__name__)


@contextmanager
def _session(server: Server) -> Iterator[smtplib.SMTP]:
    """Connected, encrypted, logged in. Raises ``OSError`` and ``SMTPException``."""
    context = ssl.create_default_context(cafile=server.ca_file)
    session: smtplib.SMTP
    if server.security == "tls":
        session = smtplib.SMTP_SSL(server.host, server.port, timeout=server.patience_s, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=server.patience_s)
    try:
        if server.security == "starttls":
            session.starttls(context=context)
        if server.username is not None:
            session.login(server.username, server.password or "")
        yield session
    finally:
        with suppress(OSError, smtplib.SMTPException):
            session.quit()
        session.close()


def _offer(session: smtplib.SMTP, server: Server, mail: Mail) -> Attempt | None:
    """Sender and recipient; an attempt that ends there, or ``None`` to go on."""
    session.ehlo_or_helo_if_needed()
    code, _ = session.mail(server.sender)
    if code >= _REFUSED:
        return Attempt(Fate.LATER, f"answered {code} to the sender")
    code, _ = session.rcpt(mail.recipient)
    if code >= _FOR_GOOD:
        return Attempt(Fate.REFUSED, f"answered {code} to the recipient")
    return Attempt(Fate.LATER, f"answered {code} to the recipient") if code >= _REFUSED else None


def _hand_over(session: smtplib.SMTP, text: bytes) -> Attempt:
    try:
        code, _ = session.data(text)
    except smtplib.SMTPDataError as answer:
        code = answer.smtp_code
    except (OSError, smtplib.SMTPException) as failure:
        return Attempt(Fate.UNSURE, f"no answer behind the text ({type(failure).__name__})")
    if code < _REFUSED:
        return Attempt(Fate.SENT)
    return Attempt(Fate.REFUSED if code >= _FOR_GOOD else Fate.LATER, f"answered {code} to the text")


def _text(server: Server, mail: Mail) -> bytes:
    """The message; its id follows from its key, so that it is the same whoever tries. ``Auto-Submitted`` keeps answers away (RFC 3834)."""
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"], message["Subject"] = server.sender, mail.recipient, mail.subject
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = f"<{sha256(mail.key.encode()).hexdigest()[:32]}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message.as_bytes()
