"""The sweep: deletes what has expired, proves each deletion, and says of everything else that was due why it stays.

:func:`plan_sweep` decides and :func:`execute` does; ``--dry-run`` prints the verdicts of the very plan that a real run executes. A plan
holds no list: its verdicts are read page by page as they are asked for, so that a hundred thousand recordings need no more memory than
one page.

*Considered* are the recordings that are due and not deleted, the held, restricted and obstructed ones among them. What is not due is not
looked at; that is what keeps an empty sweep as cheap as one look at an index.

What is due goes in groups of two transactions each (:mod:`callguard.retention.going`). Design rule 10 asks for one recording a
transaction, so that one failure never stops the rest, each can be begun anew, and no row claims what is not so. All of that is kept, and
what costs most, to have the disk make something durable, is paid once for all of a group:

- one that cannot be reached, read, unlocked or removed gets a verdict of its own, and the others go on without it;
- a group that cannot be dealt with as a whole, because another hand wrote to a row of it or a constraint refused one, is dealt with one by
  one by the same steps (:mod:`callguard.retention.execution`);
- cut off anywhere, the next sweep goes on: a recording of which anything may be gone is marked as such before, durably, and closed only
  when all of it is gone, durably.

Nobody has to wait long for a sweep: a group takes a twentieth of a second on whatever disk (:mod:`callguard.retention.pace`), and between
two of them another writer finds the database free, since the sweep reads and judges outside of any transaction.

A file that had another name is deleted under ours, its row is closed, and it counts as failed all the same: somebody has to look for the
other name, and no later sweep would speak of it again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import FileFault, StoreOvertaken
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import Group, Opening, Outcome, Result, Unit, kept, obstructed
from callguard.retention.going import Going, Site, finish, going, mark
from callguard.retention.holds import Hold, Matter
from callguard.retention.looking import Found, look
from callguard.retention.naming import SEALED
from callguard.retention.pace import Pace
from callguard.retention.rules import Action, Candidate, Finding, Ground, Verdict, judge
from callguard.store import retention_rows
from callguard.store.database import Database
from callguard.store.deletion_rows import rules_of
from callguard.store.hold_rows import holds_in_force, matters
from callguard.store.retention_rows import StoredRecording, count_due, due_page, read_recordings


@dataclass(frozen=True, slots=True)
class SweepPlan(Opening):
    """What a sweep of the recordings as of a moment will do, made anew from rows and files whenever it is read."""

    root: Path
    keys: KeyStore

    def count(self) -> int:
        """How many verdicts there will be; for a progress bar."""
        with self.database.read() as connection:
            return count_due(connection, self.as_of)

    def units(self) -> Iterator[Unit]:
        """One verdict for each recording that is due, in order of expiry. Raises :class:`callguard.errors.StoreError`."""
        for page in self._pages():
            yield from self.judged(page)

    def expected(self) -> Iterator[Unit]:
        """The same, as if every file were there: for who only wants to know how many will go."""
        there = Found(Finding.PRESENT)
        for page in self._pages():
            yield from ((verdict,) for verdict in self._judge(page, *self._bearing(page), dict.fromkeys((one.path for one in page), there)))

    def groups(self) -> Iterator[Group]:
        """As many in each as the disk can delete in a short while. Raises :class:`callguard.errors.StoreError`."""
        pace = Pace()
        return (_Page(self, page, pace) for page in self._pages(lambda: pace.size))

    def delete(self, unit: Unit) -> Sequence[Outcome]:
        """The one of that verdict, as it is now. Raises :class:`callguard.errors.CallguardError`."""
        try:
            return self._delete_as_it_is(*unit)
        except StoreOvertaken:
            return self._delete_as_it_is(*unit)

    def _delete_as_it_is(self, verdict: Verdict) -> Sequence[Outcome]:
        with self.database.read() as connection:
            found = read_recordings(connection, [verdict.record])
        if not found:
            return [kept(replace(verdict, action=Action.KEEP, ground=Ground.DELETED, reason="its row is gone"))]
        return self.delete_all(found)

    def judged(self, recordings: Sequence[StoredRecording]) -> Iterator[Unit]:
        """The verdict on each of these. Raises :class:`callguard.errors.StoreError`."""
        found = look(self.root, (one.path for one in recordings))
        return ((verdict,) for verdict in self._judge(recordings, *self._bearing(recordings), found))

    def delete_all(self, recordings: Sequence[StoredRecording]) -> Sequence[Outcome]:
        """Judge these, and do it. Raises :class:`callguard.errors.StoreError`, above all :class:`callguard.errors.StoreOvertaken`."""
        with self.database.read() as connection:
            rules = rules_of(connection, recordings)
        holds, about = self._bearing(recordings)
        found = look(self.root, (one.path for one in recordings))
        verdicts = self._judge(recordings, holds, about, found)
        due = [
            going(one, found[one.path], verdict.reason, rules[one.id])
            for one, verdict in zip(recordings, verdicts, strict=True)
            if verdict.action is Action.DELETE
        ]
        faults = self._delete(due, holds)
        return [_outcome(one, verdict, found[one.path], faults) for one, verdict in zip(recordings, verdicts, strict=True)]

    def _delete(self, due: Sequence[Going], holds: Sequence[Hold]) -> Mapping[str, FileFault]:
        """What kept any of these from being deleted, by path."""
        site = Site(self.database, self.root, self.keys, holds)
        faults = self._locked_out(due)
        due = [one for one in due if one.recording.path not in faults]
        if not due:
            return faults
        mark(site, due)
        return {**faults, **finish(site, due)}

    def _locked_out(self, due: Sequence[Going]) -> Mapping[str, FileFault]:
        """A key store that is not there keeps its recordings, as a disk that is not mounted does."""
        paths = [one.recording.path for one in due if one.recording.status in SEALED]
        try:
            if paths:
                self.keys.require()
        except FileFault as fault:
            return dict.fromkeys(paths, fault)
        return {}

    def _judge(
        self, recordings: Sequence[StoredRecording], holds: Sequence[Hold], about: Mapping[str, Matter], found: Mapping[str, Found]
    ) -> Sequence[Verdict]:
        return [judge(_candidate(one, found[one.path].finding, about[one.id]), self.as_of, holds) for one in recordings]

    def _bearing(self, recordings: Sequence[StoredRecording]) -> tuple[Sequence[Hold], Mapping[str, Matter]]:
        """What may speak against their deletion."""
        with self.database.read() as connection:
            holds = holds_in_force(connection)
            return holds, _about(connection, recordings, holds)

    def _pages(self, size: Callable[[], int] = lambda: retention_rows.PAGE) -> Iterator[Sequence[StoredRecording]]:
        last: StoredRecording | None = None
        while page := self._page(last, size()):
            yield page
            last = page[-1]

    def _page(self, after: StoredRecording | None, limit: int) -> Sequence[StoredRecording]:
        with self.database.read() as connection:
            return due_page(connection, self.as_of, after, limit)


@dataclass(frozen=True, slots=True)
class _Page:
    """Recordings that go together, as they were when they were read."""

    plan: SweepPlan
    recordings: Sequence[StoredRecording]
    pace: Pace

    def delete(self) -> Sequence[Outcome]:
        begun = time.monotonic()
        try:
            return self.plan.delete_all(self.recordings)
        finally:
            self.pace.note(len(self.recordings), time.monotonic() - begun)

    def units(self) -> Iterator[Unit]:
        return self.plan.judged(self.recordings)


def plan_sweep(database: Database, root: Path, as_of: datetime, keys: KeyStore) -> SweepPlan:
    """The plan of a sweep of the recordings below ``root``, whose keys are in that store, as of an aware moment."""
    return SweepPlan(database, as_of, utc_now(), root, keys)


_UNASKED = Matter(since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC))
"""What a recording is about while there is no hold that could ask."""


def _about(connection: sa.Connection, page: Sequence[StoredRecording], holds: Sequence[Hold]) -> Mapping[str, Matter]:
    """What each recording is about. Calls are read only when there is a hold that could ask for it."""
    if not holds:
        return dict.fromkeys((one.id for one in page), _UNASKED)
    known = matters(connection, [recording.call_id for recording in page])
    return {one.id: _of(one, known.get(one.call_id)) for one in page}


def _of(recording: StoredRecording, call: Matter | None) -> Matter:
    itself = frozenset({recording.id})
    if call is None:
        return Matter(recordings=itself, call=recording.call_id, since=recording.expires_at, until=recording.expires_at)
    return replace(call, recordings=itself)


def _outcome(recording: StoredRecording, verdict: Verdict, found: Found, faults: Mapping[str, FileFault]) -> Outcome:
    """Another name of a sealed one does not matter any more."""
    if verdict.action is Action.KEEP:
        return kept(verdict)
    if fault := faults.get(recording.path):
        return kept(obstructed(verdict, fault))
    lives_on = found.finding is Finding.LINKED and recording.status not in SEALED
    return Outcome(verdict, Result.FAILED if lives_on else Result.DELETED)


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
