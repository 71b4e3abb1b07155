"""Whether what a PBX tells is news: a voicemail more than before, an address that an account was not seen at (C4).

An address that an account was not seen at for :data:`REMEMBERED` is forgotten when a new one comes: no history of whereabouts grows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from callguard.call.events import EquipmentSeen, MailboxCounted
from callguard.store.mail_tables import equipment, mailboxes

REMEMBERED = timedelta(days=365)

STILL_THERE = timedelta(hours=1)
"""A phone registers every few minutes; it is written down no more often than this."""


def count_mailbox(connection: sa.Connection, seen: MailboxCounted) -> bool:
    """Keep the count; whether it is more than before. A mailbox not counted yet had none."""
    here = (mailboxes.c.pbx == seen.pbx) & (mailboxes.c.mailbox == seen.mailbox)
    before = connection.scalar(sa.select(mailboxes.c.unheard).where(here))
    if before is None:
        connection.execute(sa.insert(mailboxes).values(pbx=seen.pbx, mailbox=seen.mailbox, unheard=seen.unheard))
    elif before != seen.unheard:
        connection.execute(sa.update(mailboxes).where(here).values(unheard=seen.unheard))
    return seen.unheard > (before or 0)


def note_address(connection: sa.Connection, seen: EquipmentSeen) -> bool:
    """Keep the address; whether it is new to an account that was seen at another one."""
    of_account = (equipment.c.pbx == seen.pbx) & (equipment.c.account == seen.account)
    wanted = sa.select(equipment.c.address, equipment.c.last_seen_at).where(of_account)
    known = {row.address: row.last_seen_at for row in connection.execute(wanted)}
    agent = {"user_agent": seen.user_agent} if seen.user_agent else {}
    if seen.address in known:
        if seen.at - known[seen.address] >= STILL_THERE:
            here = of_account & (equipment.c.address == seen.address)
            connection.execute(sa.update(equipment).where(here).values(last_seen_at=seen.at, **agent))
        return False
    row = {"pbx": seen.pbx, "account": seen.account, "address": seen.address, "first_seen_at": seen.at, "last_seen_at": seen.at}
    connection.execute(sa.insert(equipment).values(row | agent))
    connection.execute(sa.delete(equipment).where(of_account, equipment.c.last_seen_at < seen.at - REMEMBERED))
    return bool(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """An address that an account was used from, and the kind of phone where it was told."""

    pbx: str
    account: str
    address: str
    user_agent: str | None
    first_seen_at: datetime
    last_seen_at: datetime


def equipment_of(connection: sa.Connection, theirs: Callable[[str], bool]) -> Sequence[Equipment]:
    """What was seen of the accounts that are ``theirs``, the latest first; accounts are few, since notices name each of them."""
    accounts = [one for one in connection.scalars(sa.select(equipment.c.account).distinct()) if theirs(one)]
    wanted = sa.select(equipment).where(equipment.c.account.in_(accounts)).order_by(equipment.c.last_seen_at.desc(), equipment.c.address)
    return [Equipment(**row) for row in connection.execute(wanted).mappings()]


def forget_equipment(connection: sa.Connection, seen: Equipment) -> None:
    """Delete one of these."""
    itself = (getattr(equipment.c, name) == getattr(seen, name) for name in ("pbx", "account", "address"))
    connection.execute(sa.delete(equipment).where(*itself))


def forget_others(connection: sa.Connection, wanted_mailbox: Callable[..., object], wanted_account: Callable[..., object]) -> None:
    """Delete what is remembered of mailboxes and accounts that nobody wants to be told of any more."""
    for column, wanted in ((mailboxes.c.mailbox, wanted_mailbox), (equipment.c.account, wanted_account)):
        for name in connection.scalars(sa.select(column).distinct()).all():
            if not wanted(name, name.partition("@")[0]):
                connection.execute(sa.delete(column.table).where(column == name))
