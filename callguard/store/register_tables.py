"""Registers that only grow: each row is a fact with who, when and on what paper, and is never changed.

A request of a person (S15t) is opened by a row of ``requests``; its extension and its end are rows of ``request_steps``. The day on which
it is due follows from these and is nowhere stored. ``denials`` says which account was refused which command, and when (S10). Each row has
an entry in the ledger, which :mod:`callguard.store.register_rows` makes.
"""

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table

from callguard.store.base import metadata
from callguard.store.types import Moment

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("right", String, nullable=False),
    Column("number", String, nullable=False),
    Column("number_e164", String, index=True),
    Column("way", String, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("reference", String, nullable=False),
    Column("opened_by", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

request_steps = Table(
    "request_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", Integer, ForeignKey("requests.id"), nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("outcome", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

denials = Table(
    "denials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("command", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

REGISTERS = (requests, request_steps, denials)
"""All of them; the ledger is held against their rows."""
