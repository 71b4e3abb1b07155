"""A number that was kept wrongly is set right, in every row of a call or in a message (GDPR art. 16).

The evidence of a decision names who decided, and its entry in the ledger is over that name. So a decision that is set right is entered
anew: its old row goes, lawfully and told so, and the new one has an entry and a salt of its own.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from callguard.call.state import Number
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.redirection_rows import ending
from callguard.store.rights_tables import redirections
from callguard.store.search import is_number
from callguard.store.tables import calls, consents, messages, parties
from callguard.store.types import Moment

REASON = "rectified at the person's request (GDPR art. 16)"

_SIDES = (("caller", "caller_e164"), ("callee", "callee_e164"))


def rectify_call(connection: sa.Connection, identifier: str, wrong: Number, right: Number, spellings: Sequence[str]) -> None:
    """Put the right number in place of the wrong one wherever it stands in the call; ``spellings`` are those of redirecting numbers."""
    for raw, e164 in _SIDES:
        itself = sa.and_(calls.c.id == identifier, is_number(wrong, calls.c[raw], calls.c[e164]))
        connection.execute(sa.update(calls).where(itself).values({raw: right.raw, e164: right.e164}))
    theirs = sa.and_(parties.c.call_id == identifier, is_number(wrong, parties.c.number, parties.c.number_e164))
    legs = connection.scalars(sa.select(parties.c.leg).where(theirs)).all()
    connection.execute(sa.update(parties).where(theirs).values(number=right.raw, number_e164=right.e164))
    _redirected(connection, identifier, right, spellings)
    if legs:
        _decided(connection, identifier, legs, right)


def rectify_message(connection: sa.Connection, identifier: int, wrong: Number, right: Number) -> None:
    """The same for a message."""
    for raw, e164 in (("sender", "sender_e164"), ("recipient", "recipient_e164")):
        itself = sa.and_(messages.c.id == identifier, is_number(wrong, messages.c[raw], messages.c[e164]))
        connection.execute(sa.update(messages).where(itself).values({raw: right.raw, e164: right.e164}))


def _redirected(connection: sa.Connection, identifier: str, right: Number, spellings: Sequence[str]) -> None:
    shown = right.e164 or right.raw
    theirs = sa.and_(redirections.c.call_id == identifier, redirections.c.number.in_(spellings))
    if connection.execute(sa.update(redirections).where(theirs).values(number=shown, ending=ending(shown))).rowcount:
        told = sa.select(redirections.c.number).where(redirections.c.call_id == identifier).order_by(redirections.c.position)
        connection.execute(sa.update(calls).where(calls.c.id == identifier).values(redirecting=connection.scalars(told).all()))


def _decided(connection: sa.Connection, identifier: str, legs: Sequence[str], right: Number) -> None:
    """All decisions of the call are entered anew, since the ledger tells of a call that its decisions were removed, and not of which."""
    of_call = consents.c.call_id == identifier
    rows = connection.execute(sa.select(consents).where(of_call).order_by(consents.c.id)).mappings().all()
    if not any(row["leg"] in legs for row in rows):
        return
    shown = right.e164 or right.raw
    anew = [_anew(row, shown if row["leg"] in legs else row["number"]) for row in rows]
    connection.execute(sa.delete(consents).where(of_call))
    connection.execute(sa.insert(consents), anew)
    held = sa.select(*(_as_held(consents.c[name]) for name in entries.CONSENT_COLUMNS)).where(of_call).order_by(consents.c.id)
    written = [dict(row) for row in connection.execute(held).mappings()]
    append(connection, [entries.consents_removed(identifier, REASON), *map(entries.consent, written)])


def _anew(row: sa.RowMapping, number: str) -> dict[str, Any]:
    return {name: row[name] for name in entries.CONSENT_COLUMNS} | {"number": number, "salt": secrets.token_hex(16)}


def _as_held(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, Moment | sa.Boolean):
        return sa.type_coerce(column, sa.BigInteger)
    return sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
