"""Whether a hold or a restriction keeps what a reconciliation would destroy, or what lies in quarantine; asked in the deleting transaction.

Of a recording with a row its call is known, and the holds are asked as by a sweep. Of a file that no row knows nobody can say whose it is:
every hold in force may ask for it, but one that names another recording, and so it stays until that hold is released.
"""

from dataclasses import replace

import sqlalchemy as sa

from callguard.retention.differences import Row
from callguard.retention.holds import holding, reason
from callguard.store.hold_rows import holds_in_force, matters


def stays(connection: sa.Connection, row: Row | None, recording: str | None) -> str | None:
    """Why it stays; ``None`` when it need not. Without a row, ``recording`` is what is told of the file."""
    if row is None:
        return _may_be_asked_for(connection, recording)
    if row.restricted:
        return "restricted at the person's request (GDPR art. 18)"
    if row.held:
        return "under legal hold"
    in_force = holds_in_force(connection)
    about = matters(connection, [row.call_id]).get(row.call_id) if in_force else None
    if about is None:
        return _may_be_asked_for(connection, row.id)
    return next(map(reason, holding(in_force, replace(about, recordings=frozenset({row.id})))), None)


def _may_be_asked_for(connection: sa.Connection, recording: str | None) -> str | None:
    asking = (hold for hold in holds_in_force(connection) if hold.scope.recording in {None, recording})
    return next((f"{reason(hold)}, which may ask for it: whose it is, is not known" for hold in asking), None)
