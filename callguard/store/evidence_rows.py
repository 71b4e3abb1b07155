"""The rows that the ledger proves, each as the entry that it must have there, in the order in which they were written."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from callguard.evidence import access_entries, entries, optout_entries, retention_entries
from callguard.evidence.chain import Entry
from callguard.evidence.entries import Kind
from callguard.store.ledger_rows import PAGE, read_page
from callguard.store.optout_tables import optouts
from callguard.store.register_rows import registered_rows
from callguard.store.tables import accesses, announcements, consents, deletions, holds, policies, record_deletions, sweeps
from callguard.store.types import Moment

_RECORD_DELETION = ("kind", "record_id", "rule", "kept_until")
_HOLD = ("id", *retention_entries.HOLD_COLUMNS)
_ACCESS = ("id", *access_entries.ACCESS_COLUMNS)
_OPTOUT = ("id", *optout_entries.OPTOUT_COLUMNS)


def proven_rows(connection: sa.Connection) -> Mapping[Kind, Iterator[Entry]]:
    """For each kind that has rows, what they must have been entered as; read a page at a time, as it is asked for.

    What another hand has left in a row may have no form at all. It is then something that was never entered.
    """
    return {
        Kind.CONSENT: _entered(entries.consent, _rows(connection, consents, entries.CONSENT_COLUMNS)),
        Kind.DELETION: _entered(entries.deletion, _rows(connection, deletions, entries.DELETION_COLUMNS)),
        Kind.RECORD_DELETION: _entered(_record_deletion, _rows(connection, record_deletions, _RECORD_DELETION)),
        Kind.SWEEP: _entered(entries.sweep, _rows(connection, sweeps, entries.SWEEP_COLUMNS, sweeps.c.deleted > 0)),
        Kind.HOLD: _entered(_placed, _rows(connection, holds, _HOLD)),
        Kind.HOLD_RELEASE: _entered(_released, _rows(connection, holds, _HOLD, holds.c.released_at.is_not(None))),
        Kind.ACCESS: _entered(_access, _rows(connection, accesses, _ACCESS)),
        Kind.OPTOUT: _entered(_listed, _rows(connection, optouts, _OPTOUT)),
        Kind.OPTOUT_REMOVAL: _entered(_delisted, _rows(connection, optouts, _OPTOUT, optouts.c.removed_at.is_not(None))),
        Kind.REGISTER: registered_rows(connection),
        Kind.POLICY: _entered(_policy, _archive(connection, policies)),
        Kind.ANNOUNCEMENT: _entered(entries.announcement, _archive(connection, announcements)),
    }


def _entered(entry: Callable[[entries.Row], Entry], rows: Iterator[entries.Row]) -> Iterator[Entry]:
    for row in rows:
        try:
            yield entry(row)
        except (TypeError, ValueError, LookupError, OverflowError, AttributeError):
            numbered = dict.fromkeys(("hold", "access", "optout"), row.get("id"))
            names = {"call": row.get("call_id"), "record": row.get("record_id"), **numbered}
            yield Entry("", json.dumps({**names, **row}, default=repr))


def _rows(connection: sa.Connection, table: sa.Table, names: Sequence[str], *where: sa.ColumnElement[bool]) -> Iterator[entries.Row]:
    """Along ``id``, with values as the database holds them."""
    wanted = sa.select(table.c.id, *(_as_held(table.c[name]) for name in names)).where(*where).order_by(table.c.id).limit(PAGE)
    page = read_page(connection, wanted)
    while page:
        for row in page:
            yield dict(zip(names, row[1:], strict=True))
        page = read_page(connection, wanted.where(table.c.id > page[-1].id))


def _archive(connection: sa.Connection, table: sa.Table) -> Iterator[entries.Row]:
    """One version after the other; there are few, and some are large."""
    columns = [_as_held(column) for column in table.c]
    for (version,) in read_page(connection, sa.select(table.c.version).order_by(table.c.first_seen, table.c.version)):
        for row in read_page(connection, sa.select(*columns).where(table.c.version == version)):
            yield dict(zip(table.c.keys(), row, strict=True))


def _record_deletion(row: entries.Row) -> Entry:
    return retention_entries.record_deletion(row["kind"], row["record_id"], row["rule"], row["kept_until"])


def _placed(row: entries.Row) -> Entry:
    """As the row was when the hold was placed."""
    return retention_entries.hold(Kind.HOLD.value, row["id"], {**row, "released_by": None, "released_at": None, "release_reason": None})


def _released(row: entries.Row) -> Entry:
    return retention_entries.hold(Kind.HOLD_RELEASE.value, row["id"], row)


def _access(row: entries.Row) -> Entry:
    return access_entries.access(row["id"], row)


def _listed(row: entries.Row) -> Entry:
    """As the row was when the number was entered."""
    return optout_entries.optout(Kind.OPTOUT.value, row["id"], {**row, "removed_by": None, "removed_at": None, "removal_reason": None})


def _delisted(row: entries.Row) -> Entry:
    return optout_entries.optout(Kind.OPTOUT_REMOVAL.value, row["id"], row)


def _policy(row: entries.Row) -> Entry:
    return entries.policy(row["version"], row["name"], json.loads(row["content"]))


def _as_held(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, Moment | sa.Boolean):
        return sa.type_coerce(column, sa.BigInteger)
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON | sa.Date) else column
