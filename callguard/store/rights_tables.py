"""What the rights of a person need beside the tables of the calls: who redirected a call, so that they are found as its caller is."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from callguard.store.base import metadata

redirections = Table(
    "redirections",
    metadata,
    Column("call_id", String, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", String, nullable=False),
    Column("ending", String, nullable=False),
)
Index("ix_redirections_ending", redirections.c.ending, redirections.c.number)
