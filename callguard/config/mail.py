"""The table `[mail]`: the server that mails go out through, and who is warned before a clock runs out.

The connection is encrypted and the server's name checked, since mails tell who called whom; without encryption only to a server on this
very machine. The password comes from where the other secrets come from (:mod:`callguard.config.secrets`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from callguard.config import secrets
from callguard.config.section import Flaw, Section, Table
from callguard.config.values import AbsolutePath, Address, Name, Text

PORTS = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PASSWORDS = ("password_file", "password_credential")


class MailSettings(Section):
    """`[mail]`; without the table no mail is sent."""

    server: Text = Field(examples=['server = "smtp.example.com"'])
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = Field(examples=["port = 587"])
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", examples=['security = "starttls"  # or "tls", "none"'])
    ca_file: AbsolutePath | None = Field(default=None, examples=['ca_file = "/etc/ssl/certs/our-ca.pem"'])
    username: Text | None = Field(default=None, examples=['username = "callguard"'])
    password_file: AbsolutePath | None = Field(default=None, examples=['password_file = "/etc/callguard/mail.password"'])
    password_credential: Name | None = Field(default=None, examples=['password_credential = "mail"'])
    sender: Address = Field(examples=['sender = "callguard@example.com"'])
    warn: tuple[Address, ...] = Field(default=(), examples=['warn = ["dpo@example.com"]'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """The port follows the encryption."""
        security = table.get("security", "starttls")
        return {"port": PORTS.get(security, PORTS["starttls"]) if isinstance(security, str) else PORTS["starttls"], **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """No clear text over a network, and one password with a name or none without."""
        if table.get("security") == "none" and table.get("server") not in LOOPBACK:
            yield Flaw(("security",), "would send numbers in the clear", 'write "starttls" or "tls", or a server on this machine')
        named = [key for key in PASSWORDS if key in table]
        if len(named) > 1:
            yield Flaw((named[-1],), f"{' and '.join(named)} given", f"write exactly one of {', '.join(PASSWORDS)}")
        if ("username" in table) != bool(named):
            missing = "username" if named else PASSWORDS[0]
            yield Flaw((missing,), "is missing", "write a username and its password, or neither of them")
        if "username" in table and table.get("security") == "none":
            yield Flaw(("username",), "would send the password in the clear", 'leave it out, or write security = "starttls"')

    def read_password(self) -> str | None:
        """The password, read now; ``None`` where no login is needed. Raises :class:`callguard.errors.ConfigError`."""
        found = secrets.found(self.password_file, self.password_credential, "mail.password")
        return None if found is None else found.secret
