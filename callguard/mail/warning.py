"""Warnings of what is due: to the people whom `[mail] warn` names, once when it comes into sight, once when a day is left, once when it is
late; and then once more every thirty days for as long as it is late, when the mail before is forgotten (:mod:`callguard.store.mail_rows`).

What is in sight says :mod:`callguard.rights.deadlines`. No mail names a person: who may, looks the request or the incident up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from callguard.rights.deadlines import Deadline, deadlines
from callguard.store.database import Database
from callguard.store.mail_rows import Mail, queue_mail

NEAR = timedelta(days=1)

_BODY = """\
{words}.

  callguard {command}

tells more; callguard status tells all that is due. Nothing else is in this mail, so that it may be read anywhere.
"""


@dataclass(frozen=True, slots=True)
class Warnings:
    """Queues the mails; ``zone`` is where the office is."""

    database: Database
    recipients: Sequence[str]
    zone: ZoneInfo

    def __call__(self, now: datetime) -> None:
        """Queue what has to be told by now and was not yet. Raises :class:`callguard.errors.StoreError`."""
        with self.database.read() as connection:
            due = list(self._mails(deadlines(connection, self.zone, now), now))
        if due:
            with self.database.write() as connection:
                for mail in due:
                    queue_mail(connection, mail, now)

    def _mails(self, due: Sequence[Deadline], now: datetime) -> Iterator[Mail]:
        for one in due:
            words = one.words(now)
            body = _BODY.format(words=words[0].upper() + words[1:], command=_command(one))
            for recipient in self.recipients:
                key = f"{one.what}, {one.todo}, {stage(one, now)}, {one.due_at:%Y-%m-%d}, {recipient}"
                yield Mail(key=key, recipient=recipient, subject=f"callguard: {words}", body=body)


def stage(one: Deadline, now: datetime) -> str:
    """``late``, ``near`` or ``open``: each is told once."""
    if one.late(now):
        return "late"
    return "near" if one.due_at - now <= NEAR else "open"


def _command(one: Deadline) -> str:
    kind, number = one.what.split()
    return f"incident show {number}" if kind == "incident" else "request list --open"
