"""The do-not-record register (S4): an entry is made and removed, and its row stays.

``number`` is who is not to be recorded, in E.164 or as it is shown where it has no such form; ``written`` is as it came. A number is
listed once at a time, which the database itself sees to. ``change`` numbers the makings and removings of all entries in the order of their
commits, so that who remembers the last one it saw can ask for those behind it.
"""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table

from callguard.store.base import metadata, partial
from callguard.store.types import Moment

optouts = Table(
    "optouts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String, nullable=False, index=True),
    Column("written", String, nullable=False),
    Column("way", String, nullable=False),
    Column("wished_on", Date, nullable=False),
    Column("reference", String, nullable=False),
    Column("entered_by", String, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("removed_by", String),
    Column("removed_at", Moment),
    Column("removal_reason", String),
    Column("change", BigInteger, nullable=False),
    Column("salt", String, nullable=False),
)
Index("ix_optouts_change", optouts.c.change, unique=True)
partial("ix_optouts_listed", optouts.c.removed_at.is_(None), optouts.c.number, unique=True)
