"""Calls read back from their rows, whole."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import RowMapping

from callguard.call.policy import Policy
from callguard.call.state import Call, Consent, Party, Recording
from callguard.store.call_rows import call_from, consent_from, party_from, recording_from
from callguard.store.policy_rows import load_policy
from callguard.store.tables import calls, consents, parties, recordings

_AT_ONCE = 500
"""Calls read by one statement; SQLite takes 32 766 parameters, older ones 999."""

_Item = TypeVar("_Item")


def load_calls(connection: sa.Connection, ids: Sequence[str]) -> list[Call]:
    """The calls with these ids, in the order of the ids; an id that no call has is passed over."""
    archive: dict[str, Policy] = {}
    found = {call.id: call for some in in_chunks(ids) for call in _load(connection, some, archive)}
    return [found[one] for one in ids if one in found]


def in_chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """As many at once as one statement takes."""
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _load(connection: sa.Connection, ids: Sequence[str], archive: dict[str, Policy]) -> Iterator[Call]:
    people = _parties(connection, ids)
    files = _recordings(connection, ids)
    for row in connection.execute(sa.select(calls).where(calls.c.id.in_(ids))).mappings():
        version = row["policy_version"]
        policy = archive.get(version) or load_policy(connection, version)
        if policy is None:
            raise LookupError(f"no policy {version}: the foreign key of calls does not hold")
        archive[version] = policy
        yield call_from(row, policy, people[row["id"]], files[row["id"]])


def _parties(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Party]]:
    decisions: dict[tuple[str, str], list[Consent]] = defaultdict(list)
    for row in _rows(connection, consents, ids):
        decisions[row["call_id"], row["leg"]].append(consent_from(row))
    people: dict[str, list[Party]] = defaultdict(list)
    for row in _rows(connection, parties, ids):
        people[row["call_id"]].append(party_from(row, decisions[row["call_id"], row["leg"]]))
    return people


def _recordings(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
    files: dict[str, list[Recording]] = defaultdict(list)
    for row in _rows(connection, recordings, ids):
        files[row["call_id"]].append(recording_from(row))
    return files


def _rows(connection: sa.Connection, table: sa.Table, ids: Sequence[str]) -> Iterator[RowMapping]:
    return iter(connection.execute(sa.select(table).where(table.c.call_id.in_(ids)).order_by(table.c.position)).mappings())
