"""The mails that wait, and what became of the others.

A mail is ``waiting``, then ``handing`` while the server may be taking it, then ``sent``, ``failed`` or ``unsure``. Its key is unique, so
that what two threads or two restarts both want to tell is told once. A settled mail keeps no text; its address and key go with the sweep
after :data:`KEPT`, long after the last moment at which anybody could want to tell the same again. So does one that waits in vain, since
nobody sends mails here any more. Only what is still late after so long a time is then told anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from callguard.store.mail_tables import mails

KEPT = timedelta(days=30)
"""From a mail's making on, for who asks what became of it."""

WAITING, HANDING, SENT, FAILED, UNSURE = "waiting", "handing", "sent", "failed", "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is to be sent, to one address; ``key`` is the same for the same news to the same address."""

    key: str
    recipient: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A mail that is due; ``attempts`` counts those made before."""

    id: int
    mail: Mail
    made_at: datetime
    attempts: int


_QUEUE = sa.text(
    "INSERT INTO mails (key, recipient, subject, body, made_at, state, attempts, next_at)"
    " VALUES (:key, :recipient, :subject, :body, :at, 'waiting', 0, :at) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("at", type_=mails.c.made_at.type))


def queue_mail(connection: sa.Connection, mail: Mail, at: datetime) -> bool:
    """Let it be sent from ``at`` on; ``False`` when one of that key was queued before."""
    row = {"key": mail.key, "recipient": mail.recipient, "subject": mail.subject, "body": mail.body, "at": at}
    return connection.execute(_QUEUE, row).rowcount > 0


def due_mails(connection: sa.Connection, now: datetime, limit: int) -> Sequence[WaitingMail]:
    """The mails whose time has come, the one that waited longest first."""
    wanted = sa.select(mails).where(mails.c.next_at <= now).order_by(mails.c.next_at, mails.c.id).limit(limit)
    return [_waiting(row) for row in connection.execute(wanted).mappings()]


def mark_handing(connection: sa.Connection, identifier: int) -> None:
    """From now on the server may have it."""
    attempts = mails.c.attempts + 1
    connection.execute(sa.update(mails).where(mails.c.id == identifier).values(state=HANDING, next_at=None, attempts=attempts))


def put_off(connection: sa.Connection, waiting: WaitingMail, until: datetime, fault: str) -> None:
    """Try it again then; the server does not have it."""
    later = {"state": WAITING, "next_at": until, "attempts": waiting.attempts + 1, "fault": fault}
    connection.execute(sa.update(mails).where(mails.c.id == waiting.id).values(later))


def settle(connection: sa.Connection, identifier: int, state: str, at: datetime, fault: str | None) -> None:
    """It is sent, or never will be: ``state`` says which. Its text goes."""
    settled = {"state": state, "next_at": None, "settled_at": at, "fault": fault, "subject": None, "body": None}
    connection.execute(sa.update(mails).where(mails.c.id == identifier).values(settled))


def interrupted_mails(connection: sa.Connection) -> Sequence[int]:
    """Those that were being handed over when whoever did it ended."""
    return connection.scalars(sa.select(mails.c.id).where(mails.c.settled_at.is_(None), mails.c.state == HANDING)).all()


def forget_mails(connection: sa.Connection, now: datetime) -> int:
    """Delete what is older than :data:`KEPT`; how many there were."""
    return connection.execute(sa.delete(mails).where(mails.c.made_at < now - KEPT)).rowcount


def count_mails(connection: sa.Connection) -> Mapping[str, int]:
    """How many there are in each state."""
    counted = connection.execute(sa.select(mails.c.state, sa.func.count().label("mails")).group_by(mails.c.state))
    return {row.state: row.mails for row in counted}


def _waiting(row: sa.RowMapping) -> WaitingMail:
    mail = Mail(key=row["key"], recipient=row["recipient"], subject=row["subject"], body=row["body"])
    return WaitingMail(id=row["id"], mail=mail, made_at=row["made_at"], attempts=row["attempts"])
