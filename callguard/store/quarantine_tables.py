"""What lay in the recordings root and belonged to nobody, and where it was put.

``name`` is random, and that of the file in the quarantine's folder; ``path`` is where it lay, below the root. A PBX writes numbers into
names, so the path is taken away as soon as the file is gone or given back. ``recording_id`` is what the file says it is of, where it does.
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from callguard.store.base import metadata, partial
from callguard.store.types import Moment

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("path", String, index=True),
    Column("reason", String, nullable=False),
    Column("recording_id", String),
    Column("size", BigInteger),
    Column("sha256", String),
    Column("moved_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("rule", String, nullable=False),
    Column("ended_at", Moment),
    Column("ending", String),
    Column("released_by", String),
    Column("release_reason", String),
    Column("salt", String, nullable=False),
)
partial("ix_quarantine_due", quarantine.c.ended_at.is_(None), quarantine.c.expires_at, quarantine.c.id)
