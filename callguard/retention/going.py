"""How recordings go: marked, keys destroyed, files removed, proven and closed, each step durable before the next one begins.

1. In a transaction: each row says that its recording may be gone by now, ``deleting`` for a sealed one and ``removing`` for a plain one.
2. In another: the rows are closed and the proofs written, not yet committed, so that a database that cannot keep them is found out while
   the files still exist.
3. The keys are destroyed. A sealed recording is gone with its key, wherever it was copied to (C7).
4. The files are removed, their folders made durable, and the names looked for once more.
5. The transaction of 2 is committed.

So no row ever says that a recording can be heard when its key is gone, and none that it is deleted while it exists. Cut off before 5, the
next sweep finds the mark, judges once more and goes on: where the file is missing by then, the proof says that the deletion was begun
before and cut off, since it cannot know more. Under a hold that has come meanwhile it leaves what is there.

Both transactions shut the table of holds, and make sure that rows and holds are still those that were judged: a hold comes either before
the deletion or after it.

What could not be removed is left out of the proofs, which takes a second transaction for the others; it is due again at the next sweep. A
plain one that still lies there gets its old status back. One of which the key is gone does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from callguard.call.state import BEGUN, RecordingStatus
from callguard.clock import utc_now
from callguard.errors import FileFault, StoreOvertaken
from callguard.evidence.keys import KeyStore
from callguard.retention.files import delete_all
from callguard.retention.holds import Hold
from callguard.retention.looking import Found, look
from callguard.retention.naming import SEALED
from callguard.retention.rules import Finding
from callguard.store.database import Database
from callguard.store.deletion_rows import Deletion, mark_all, prove_all
from callguard.store.hold_rows import holds_in_force, shut
from callguard.store.retention_rows import StoredRecording

_THERE = frozenset({Finding.PRESENT, Finding.LINKED})


class Site(NamedTuple):
    """Where it happens, and the holds under which it was judged."""

    database: Database
    root: Path
    keys: KeyStore
    holds: Sequence[Hold]


class Going(NamedTuple):
    """A recording as it was judged: its row, what lies there, what its proof will say, and the status that it has once it is marked."""

    recording: StoredRecording
    found: Found
    reason: str
    rule: str
    marked: RecordingStatus


class _Remaining(Exception):  # noqa: N818 - no error: it ends a transaction
    """Not all of them are gone."""

    def __init__(self, faults: Mapping[str, FileFault]) -> None:
        super().__init__()
        self.faults = faults


def going(recording: StoredRecording, found: Found, reason: str, rule: str) -> Going:
    """What is to be deleted, as it was judged. Of what is not there nothing can go, and it needs no mark."""
    if found.finding not in _THERE or recording.status in BEGUN:
        return Going(recording, found, reason, rule, recording.status)
    mark = RecordingStatus.DELETING if recording.status in SEALED else RecordingStatus.REMOVING
    return Going(recording, found, reason, rule, mark)


def mark(site: Site, group: Sequence[Going]) -> None:
    """Step 1. Raises :class:`callguard.errors.StoreError`, and then nothing was done."""
    marks = [(one.recording, one.marked) for one in group if one.marked is not one.recording.status]
    if marks:
        with _shutting(site) as connection:
            mark_all(connection, marks)


def finish(site: Site, group: Sequence[Going]) -> Mapping[str, FileFault]:
    """Steps 2 to 5; by path, what kept any of them from being gone. Raises :class:`callguard.errors.StoreError`."""
    try:
        with _shutting(site) as connection:
            _prove(connection, group)
            _remove(site, group)
    except _Remaining as remaining:
        _prove_the_others(site, group, remaining.faults)
        return remaining.faults
    return {}


@contextmanager
def _shutting(site: Site) -> Iterator[sa.Connection]:
    with site.database.write() as connection:
        shut(connection)
        if tuple(site.holds) != holds_in_force(connection):
            raise StoreOvertaken("a hold was placed or released while it was being deleted")
        yield connection


def _prove(connection: sa.Connection, group: Sequence[Going]) -> None:
    proofs = [Deletion(one.recording._replace(status=one.marked), one.reason, _file(one), one.rule) for one in group]
    prove_all(connection, proofs, utc_now())


def _file(one: Going) -> str:
    found = one.found.finding.value
    return f"{found}, sealed; the key is destroyed" if one.marked in SEALED else found


def _remove(site: Site, group: Sequence[Going]) -> None:
    """Keys and files; a plain one may have a key as well, of a sealing that was cut off. Raises :class:`_Remaining`."""
    found = {one.recording.path: one.found for one in group}
    locked = site.keys.destroy_all(found)
    faults = {**locked, **delete_all(site.root, {path: one for path, one in found.items() if path not in locked})}
    if faults:
        raise _Remaining(faults)


def _prove_the_others(site: Site, group: Sequence[Going], faults: Mapping[str, FileFault]) -> None:
    plain = [one for one in group if one.recording.path in faults and one.marked is RecordingStatus.REMOVING]
    lying = look(site.root, (one.recording.path for one in plain))
    with _shutting(site) as connection:
        _give_back(connection, [one for one in plain if lying[one.recording.path].finding in _THERE])
        _prove(connection, [one for one in group if one.recording.path not in faults])


def _give_back(connection: sa.Connection, group: Sequence[Going]) -> None:
    """The status that they had."""
    mark_all(connection, [(one.recording._replace(status=one.marked), one.recording.status) for one in group])
