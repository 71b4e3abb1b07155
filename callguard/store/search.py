"""Which calls and messages are meant: by number, by time, by name.

A number is looked for in E.164 on the caller's, the callee's and every party's side, and in the form it was shown in only where the stored
one has no E.164. Each side is an index of its own, read from its late end no further than the limit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.store.tables import calls, messages, parties

MATCHES = 20
"""Calls that one abbreviated name may stand for before nobody wants to read them all."""


def call_ids(connection: sa.Connection, since: datetime | None, number: Number | None, limit: int) -> Sequence[str]:
    """The latest calls, latest first."""
    late = sa.select(calls.c.id, calls.c.started_at)
    sides = [late] if number is None else sides_of(late, number)
    if since is not None:
        sides = [side.where(calls.c.started_at >= since) for side in sides]
    return connection.scalars(_latest(sides, "started_at", limit)).all()


def message_rows(since: datetime | None, number: Number | None, limit: int) -> sa.Select[Any]:
    """The latest messages, latest first."""
    late = sa.select(messages)
    if number is not None:
        late = late.where(names_in_message(number))
    if since is not None:
        late = late.where(messages.c.at >= since)
    return late.order_by(messages.c.at.desc(), messages.c.id.desc()).limit(limit)


def find_calls(connection: sa.Connection, name: str) -> Sequence[str]:
    """The calls meant by a linkedid or by the beginning of an id, at most :data:`MATCHES`."""
    by_linkedid = connection.scalars(sa.select(calls.c.id).where(calls.c.linkedid == name)).all()
    if by_linkedid or not name:
        return by_linkedid
    # Ids are hexadecimal, so that "z" ends the range under any collation; LIKE would not use SQLite's index.
    return connection.scalars(sa.select(calls.c.id).where(calls.c.id.between(name, name + "z")).order_by(calls.c.id).limit(MATCHES)).all()


def sides_of(late: sa.Select[Any], number: Number) -> list[sa.Select[Any]]:
    """The calls that the number called, that called it, and those with it on a leg, each call once on a side."""
    return [
        late.where(is_number(number, calls.c.caller, calls.c.caller_e164)),
        late.where(is_number(number, calls.c.callee, calls.c.callee_e164)),
        late.join(parties, parties.c.call_id == calls.c.id).where(is_number(number, parties.c.number, parties.c.number_e164)).distinct(),
    ]


def names_in_message(number: Number) -> sa.ColumnElement[bool]:
    """The messages from the number, or to it."""
    sender = is_number(number, messages.c.sender, messages.c.sender_e164)
    return sender | is_number(number, messages.c.recipient, messages.c.recipient_e164)


def is_number(number: Number, raw: sa.Column[str], e164: sa.Column[str]) -> sa.ColumnElement[bool]:
    """By E.164, or as it was shown where the stored one has none."""
    return e164 == number.e164 if number.e164 else sa.and_(raw == number.raw, e164.is_(None))


def _latest(sides: Sequence[sa.Select[Any]], moment: str, limit: int) -> sa.Select[Any]:
    """The latest of what any of the sides finds, each once."""
    bounded = [sa.select(side.order_by(sa.desc(moment)).limit(limit).subquery()) for side in sides]
    found = sa.union(*bounded).subquery()
    return sa.select(found.c.id).order_by(found.c[moment].desc(), found.c.id).limit(limit)
