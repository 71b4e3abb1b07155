"""Mails to be sent and what became of them. No two of one ``key`` are sent; ``next_at`` is when one is due."""

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
