"""The sweep: deletes what has expired, proves each deletion, and says of everything else that was due why it stays.

:func:`plan_sweep` decides and :func:`execute` does; ``--dry-run`` prints the verdicts of the very plan that a real run executes. A plan
holds no list: its verdicts are read page by page as they are asked for, so that a hundred thousand recordings need no more memory than
one page.

*Considered* are the recordings that are due and not deleted, the held, restricted and obstructed ones among them. What is not due is not
looked at; that is what keeps an empty sweep as cheap as one look at an index.

One recording is one transaction (design rule 10), in this order:

1. lock the row, look at the file again and judge again: whatever happened since the plan (a hold above all) counts;
2. write the proof and close the row, not yet committed: a database that cannot keep the proof is found out while the file still exists;
3. remove the file and make that durable; commit.

So no row ever claims a deletion over a file that exists. When it is cut off between the two halves of 3, the file is gone and the row is
not closed; the next sweep finds the file missing and closes the row, with the words "the file was missing", since it cannot know who
removed it. One failure never stops the rest; what failed is due again at the next sweep.

A sealed recording is gone as soon as its key is, wherever it was copied to (C7), and no row may say that it can be heard when it cannot. So
there is a transaction before that one, which marks the row as ``deleting``; in the second, after 2, the key is destroyed for good, and then
comes 3. A sweep that was cut off in between finds the mark, judges once more and goes on where it was; under a hold that has come meanwhile
it leaves what is there. A key store that is not there keeps its recordings, as a disk that is not mounted does.

A file that had another name is deleted under ours, its row is closed, and it counts as failed all the same: somebody has to look for the
other name, and no later sweep would speak of it again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from callguard.call.state import RecordingStatus
from callguard.clock import utc_now
from callguard.errors import FileFault
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import Outcome, Result, Unit, kept
from callguard.retention.files import delete, inspect
from callguard.retention.holds import Hold, Matter
from callguard.retention.naming import SEALED
from callguard.retention.rules import Action, Candidate, Finding, Ground, Verdict, judge
from callguard.store.database import Database
from callguard.store.hold_rows import holds_in_force, matters, shut
from callguard.store.retention_rows import Deletion, StoredRecording, count_due, due_page, lock_recording, mark_deleting, record_deletion


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What a sweep of the recordings as of a moment will do, made anew from rows and files whenever it is read."""

    database: Database
    root: Path
    as_of: datetime
    keys: KeyStore
    planned_at: datetime

    @property
    def ahead(self) -> bool:
        """Whether the plan is for the future: it deletes what would otherwise have stayed until then."""
        return self.as_of > self.planned_at

    def count(self) -> int:
        """How many verdicts there will be; for a progress bar."""
        with self.database.read() as connection:
            return count_due(connection, self.as_of)

    def units(self) -> Iterator[Unit]:
        """One verdict for each recording that is due, in order of expiry. Raises :class:`callguard.errors.StoreError`."""
        return self._judged(lambda path: inspect(self.root, path))

    def expected(self) -> Iterator[Unit]:
        """The same, as if every file were there: for who only wants to know how many will go."""
        return self._judged(lambda _: Finding.PRESENT)

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """See the steps above. Raises :class:`callguard.errors.CallguardError`."""
        (verdict,) = unit
        outcome: Outcome | None = None
        while outcome is None:
            with self.database.write() as connection:
                outcome = self._one_step(connection, verdict)
        return [outcome]

    def _one_step(self, connection: sa.Connection, verdict: Verdict) -> Outcome | None:
        """What came of it, or ``None`` when it was only marked."""
        shut(connection)
        recording = lock_recording(connection, verdict.record)
        if recording is None:
            return kept(replace(verdict, action=Action.KEEP, ground=Ground.DELETED, reason="its row is gone"))
        found = inspect(self.root, recording.path)
        holds = holds_in_force(connection)
        about = _about(connection, [recording], holds)
        verdict = judge(_candidate(recording, found, about[recording.id]), self.as_of, holds)
        if verdict.action is Action.KEEP:
            return kept(verdict)
        if recording.status in SEALED:
            self.keys.require()
        if recording.status is RecordingStatus.SEALED and found is not Finding.MISSING:
            mark_deleting(connection, recording)
            return None
        return self._delete(connection, recording, verdict, found)

    def _delete(self, connection: sa.Connection, recording: StoredRecording, verdict: Verdict, found: Finding) -> Outcome:
        """A plain one may have a key as well, of a sealing that was cut off. Another name of a sealed one does not matter any more."""
        locked = recording.status in SEALED
        file = f"{found.value}, sealed; the key is destroyed" if locked else found.value
        record_deletion(connection, Deletion(recording=recording, reason=verdict.reason, file=file, at=utc_now()))
        self.keys.destroy(recording.path)
        _remove(self.root, recording.path, found)
        return Outcome(verdict, Result.FAILED if found is Finding.LINKED and not locked else Result.DELETED)

    def _judged(self, found: Callable[[str], Finding]) -> Iterator[Unit]:
        for page, holds, about in self._pages():
            for recording in page:
                candidate = _candidate(recording, found(recording.path), about[recording.id])
                yield (judge(candidate, self.as_of, holds),)

    def _pages(self) -> Iterator[tuple[Sequence[StoredRecording], Sequence[Hold], Mapping[str, Matter]]]:
        last: StoredRecording | None = None
        while True:
            with self.database.read() as connection:
                page = due_page(connection, self.as_of, last)
                if not page:
                    return
                holds = holds_in_force(connection)
                about = _about(connection, page, holds)
            yield page, holds, about
            last = page[-1]


def plan_sweep(database: Database, root: Path, as_of: datetime, keys: KeyStore) -> SweepPlan:
    """The plan of a sweep of the recordings below ``root``, whose keys are in that store, as of an aware moment."""
    return SweepPlan(database, root, as_of, keys, planned_at=utc_now())


def _about(connection: sa.Connection, page: Sequence[StoredRecording], holds: Sequence[Hold]) -> Mapping[str, Matter]:
    """What each recording is about. Calls are read only when there is a hold that could ask for it."""
    known = matters(connection, [recording.call_id for recording in page]) if holds else {}
    return {one.id: _of(one, known.get(one.call_id)) for one in page}


def _of(recording: StoredRecording, call: Matter | None) -> Matter:
    itself = frozenset({recording.id})
    if call is None:
        return Matter(recordings=itself, call=recording.call_id, since=recording.expires_at, until=recording.expires_at)
    return replace(call, recordings=itself)


def _remove(root: Path, path: str, found: Finding) -> None:
    """Raises :class:`FileFault` when there was something else than the proof says; a folder that is not there is left alone."""
    if found is not Finding.FOLDER_MISSING and delete(root, path) is not found:
        raise FileFault("it changed while it was being deleted", place=path)


def _candidate(recording: StoredRecording, finding: Finding, matter: Matter) -> Candidate:
    return Candidate(
        recording=recording.id,
        expires_at=recording.expires_at,
        status=recording.status,
        held=recording.held,
        restricted=recording.restricted,
        size=recording.size,
        deleted_at=recording.deleted_at,
        finding=finding,
        matter=matter,
    )
