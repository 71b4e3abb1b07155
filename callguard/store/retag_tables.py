"""Who had changed periods applied to what was there, and when: a register that only grows (:mod:`callguard.store.register_tables`)."""

from sqlalchemy import Column, Integer, String, Table

from callguard.store.base import metadata
from callguard.store.types import Moment

retags = Table(
    "retags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)
