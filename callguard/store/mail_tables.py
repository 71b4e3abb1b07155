"""Mails to be sent and what became of them, and what notices of calls have to remember (C4).

No two mails of one ``key`` are sent; ``next_at`` is when one is due. Unheard voicemails are counted, and the addresses of an account kept
(C2, C3), only where somebody has asked to be told of them.
"""

from sqlalchemy import Column, Integer, String, Table, Text

from callguard.store.base import metadata, partial
from callguard.store.types import Moment

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("recipient", String, nullable=False),
    Column("subject", String),
    Column("body", Text),
    Column("made_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("settled_at", Moment),
    Column("fault", String),
)
partial("ix_mails_next_at", mails.c.next_at.is_not(None), mails.c.next_at)
partial("ix_mails_unsettled", mails.c.settled_at.is_(None), mails.c.id)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("pbx", String, primary_key=True),
    Column("mailbox", String, primary_key=True),
    Column("unheard", Integer, nullable=False),
)

equipment = Table(
    "equipment",
    metadata,
    Column("pbx", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("user_agent", String),
    Column("first_seen_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
)
