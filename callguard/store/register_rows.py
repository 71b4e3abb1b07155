"""Adding to registers that only grow, each row with its entry in the ledger, and reading them back as that entry."""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from callguard.evidence.chain import Entry
from callguard.evidence.register_entries import registered
from callguard.store.ledger_rows import PAGE, append, read_page
from callguard.store.register_tables import REGISTERS


def enter(connection: sa.Connection, register: sa.Table, row: Mapping[str, Any]) -> int:
    """Add the row, and its entry in the ledger; its number in the register. Columns left out are unknown."""
    whole = dict.fromkeys(set(register.c.keys()) - {"id"}) | dict(row) | {"salt": secrets.token_hex(16)}
    (identifier,) = connection.execute(sa.insert(register).returning(register.c.id), whole).one()
    append(connection, [registered(register.name, identifier, whole)])
    return int(identifier)


def registered_rows(connection: sa.Connection) -> Iterator[Entry]:
    """Each row of each register as the entry that it must have."""
    for register in REGISTERS:
        yield from _entries(connection, register)


def _entries(connection: sa.Connection, register: sa.Table) -> Iterator[Entry]:
    wanted = sa.select(register).order_by(register.c.id).limit(PAGE)
    page = read_page(connection, wanted)
    while page:
        for row in page:
            yield _entry(register, row._asdict())
        page = read_page(connection, wanted.where(register.c.id > page[-1].id))


def _entry(register: sa.Table, row: dict[str, Any]) -> Entry:
    """What another hand has left in a row may have no form at all; it is then something that was never entered."""
    identifier = row.pop("id")
    try:
        return registered(register.name, identifier, row)
    except (TypeError, ValueError, OverflowError):
        return Entry("", json.dumps({"entry": f"{register.name} {identifier}"}))
