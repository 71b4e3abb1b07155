"""What belongs to a call and goes with it, and the proof that it went.

A ``record_deletions`` row stands alone as the proof: it says the rule in words, and nothing of a person.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from callguard.store.loading import in_chunks
from callguard.store.tables import calls, consents, messages, parties, record_deletions, recordings


def parts_of(connection: sa.Connection, call_ids: Sequence[str]) -> Mapping[str, tuple[str | None, tuple[str, ...]]]:
    """Of each call a recording that is not deleted yet, and its decisions."""
    found: dict[str, tuple[str | None, tuple[str, ...]]] = dict.fromkeys(call_ids, (None, ()))
    for some in in_chunks(call_ids):
        left = sa.select(recordings.c.call_id, recordings.c.id).where(recordings.c.call_id.in_(some), recordings.c.deleted_at.is_(None))
        decided = sa.select(consents.c.call_id, consents.c.id).where(consents.c.call_id.in_(some)).order_by(consents.c.id)
        files = {row.call_id: row.id for row in connection.execute(left)}
        decisions: dict[str, list[str]] = defaultdict(list)
        for call, consent in connection.execute(decided):
            decisions[call].append(str(consent))
        found |= {call: (files.get(call), tuple(decisions[call])) for call in some}
    return found


def prove_deletion(connection: sa.Connection, proofs: Sequence[Mapping[str, Any]]) -> None:
    """Add a proof for each record that goes."""
    connection.execute(sa.insert(record_deletions), list(proofs))


def remove_call(connection: sa.Connection, identifier: str) -> None:
    """The call, its people, their decisions, and the rows of its recordings, all of which must be deleted."""
    for table in (consents, parties, recordings):
        connection.execute(sa.delete(table).where(table.c.call_id == identifier))
    connection.execute(sa.delete(calls).where(calls.c.id == identifier))


def remove_message(connection: sa.Connection, identifier: str) -> None:
    """The message."""
    connection.execute(sa.delete(messages).where(messages.c.id == int(identifier)))
