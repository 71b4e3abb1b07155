"""Sending what waits, and trying again what could not be sent.

After a failure a mail waits longer each time, for a day in all; then it is given up, which `callguard status` tells. One server answers for
all mails, so while it cannot be reached the other mails are not tried either before the next look.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from callguard.clock import utc_now
from callguard.mail.delivery import Attempt, Fate, Server, deliver
from callguard.store.database import Database
from callguard.store.mail_rows import FAILED, SENT, UNSURE, WaitingMail, due_mails, interrupted_mails, mark_handing, put_off, settle

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""Between the first attempts; later ones are an hour apart."""

GIVEN_UP_AFTER = timedelta(days=1)

_AT_ONCE = 50

LOG = structlog.get_logger(__name__)


class Post:
    """Sends the mails of one database through one server; ``stopped`` is asked before each mail."""

    def __init__(self, database: Database, server: Server, stopped: Callable[[], bool] = lambda: False) -> None:
        self._database = database
        self._server = server
        self._stopped = stopped
        self._begun = False

    def __call__(self, _now: datetime) -> None:
        """Send what is due; the first time, settle as unsure what was being handed over when the last run ended. Raises ``StoreError``."""
        if not self._begun:
            self._settle_interrupted()
            self._begun = True
        self._send_due()

    def _settle_interrupted(self) -> None:
        with self._database.write() as connection:
            for identifier in interrupted_mails(connection):
                settle(connection, identifier, UNSURE, utc_now(), "the daemon ended while it was being handed over")

    def _send_due(self) -> None:
        with self._database.read() as connection:
            due = due_mails(connection, utc_now(), _AT_ONCE)
        for waiting in due:
            if self._stopped() or not self._send(waiting):
                return

    def _send(self, waiting: WaitingMail) -> bool:
        """Whether the server can be reached, so that the next one is worth a try."""
        attempt = deliver(self._server, waiting.mail, lambda: self._mark(waiting))
        now = utc_now()
        with self._database.write() as connection:
            if attempt.fate is Fate.LATER and now - waiting.made_at < GIVEN_UP_AFTER:
                put_off(connection, waiting, now + _pause(waiting.attempts), attempt.fault or "")
            else:
                settle(connection, waiting.id, _SETTLED[attempt.fate], now, attempt.fault)
        _tell(waiting, attempt)
        return attempt.fate is not Fate.LATER

    def _mark(self, waiting: WaitingMail) -> None:
        with self._database.write() as connection:
            mark_handing(connection, waiting.id)


_SETTLED = {Fate.SENT: SENT, Fate.REFUSED: FAILED, Fate.LATER: FAILED, Fate.UNSURE: UNSURE}


def _pause(attempts: int) -> timedelta:
    return PAUSES[min(attempts, len(PAUSES) - 1)]


def _tell(waiting: WaitingMail, attempt: Attempt) -> None:
    if attempt.fate is Fate.SENT:
        LOG.info("a mail was sent", mail=waiting.id)
    else:
        LOG.warning("a mail was not sent", mail=waiting.id, attempts=waiting.attempts + 1, fate=attempt.fate, fault=attempt.fault)
