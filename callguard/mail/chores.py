"""The chores of mails, as the configuration asks for them: a module of its own, since it brings SMTP, TLS and the clocks of requests.

Most daemons send no mail, and calls wait for the start of all.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from callguard.config.mail import MailSettings
from callguard.mail.delivery import Server
from callguard.mail.post import Post
from callguard.mail.warning import Warnings
from callguard.store.database import Database


def mail_chores(
    mail: MailSettings, zone: ZoneInfo, database: Database, stopped: Callable[[], bool]
) -> Iterator[Callable[[datetime], None]]:
    """Warnings first, so that they go out in the same round.

    Raises :class:`callguard.errors.ConfigError` when the password of the mail server cannot be read.
    """
    yield Warnings(database, mail.warn, zone)
    yield Post(database, _server(mail), stopped)


def _server(mail: MailSettings) -> Server:
    told = {name: getattr(mail, name) for name in ("port", "security", "sender", "username", "ca_file")}
    return Server(host=mail.server, password=mail.read_password(), **told)
