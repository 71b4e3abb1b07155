"""Rows and folders made to agree where that is safe: planned and shown by :mod:`callguard.retention.comparing`, carried out here.

One difference is one transaction (design rule 10). Everything is looked at and judged again in it, so that what happened since the plan
counts: a hold, a call that began, a file that vanished; what was read counts while the file is the one that was read. Then the entry in the
ledger, then the deed, then the commit. Cut off in between, the next run finds what is left and goes on. Between two there is a rest as long
as the last one took (:mod:`callguard.retention.execution`), since the daemon goes on recording meanwhile.

A root without its mark, and a root in which a great share would be marked, moved or destroyed at once, stop all of it before it begins.

Only what lies below the recordings root can be seen. A recording that another part of the PBX makes elsewhere is in no folder of ours.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from callguard.call.period import Period
from callguard.clock import utc_now
from callguard.errors import Fault, FileFault, GuardRefusal
from callguard.evidence.reconcile_entries import mended
from callguard.evidence.retention_entries import guards_overridden
from callguard.retention.comparing import Comparison
from callguard.retention.contents import content
from callguard.retention.differences import Difference, Judgment, Side, Step
from callguard.retention.execution import LONGEST_REST_S
from callguard.retention.files import discard, remove_plain
from callguard.retention.guards import RootState, of_root
from callguard.retention.marker import look
from callguard.retention.naming import Form, named, sidecars
from callguard.retention.paths import Spot, spot
from callguard.retention.quarantine import take_in
from callguard.retention.reconciling import Count
from callguard.retention.terms import Kind
from callguard.store.hold_rows import shut
from callguard.store.ledger_rows import append
from callguard.store.quarantine_rows import NewQuarantined
from callguard.store.reconcile_rows import mark
from callguard.store.root_rows import count_kept
from callguard.store.types import to_millis

DOING = frozenset({Step.MARK, Step.REMOVE, Step.DESTROY, Step.QUARANTINE})


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What is compared, for how long what nobody knows is kept in quarantine, and the largest share in percent that is believed."""

    comparison: Comparison
    term: Period
    largest_share: int

    def require_root(self) -> None:
        """Raises :class:`GuardRefusal` unless the root is the one that callguard marked: else a million rows would have no file."""
        with self.comparison.database.read() as connection:
            state, word = look(connection, self.comparison.root)
        faults = [*of_root(state, word)]
        if state is RootState.UNMARKED:
            faults = [
                Fault("was never marked by callguard", "recordings root", "start the daemon, which marks it, or correct recordings.root")
            ]
        if faults:
            raise GuardRefusal("the root is not to be believed", faults=faults)

    def count(self) -> Count:
        """What it would come to. Raises :class:`callguard.errors.StoreError`."""
        counted = Count()
        for one in self.comparison.differences(counted.look):
            counted.add(one)
        return counted

    def expected(self) -> int:
        """How much there is to look at, about: each row, and a file for each. Raises :class:`callguard.errors.StoreError`."""
        with self.comparison.database.read() as connection:
            return 2 * count_kept(connection, Kind.RECORDING)

    def override(self, objections: Sequence[Fault]) -> None:
        """Enter what the guards said and nobody heeded."""
        if objections:
            with self.comparison.database.write() as connection:
                told = [f"{fault.place}: {fault.message}" for fault in objections]
                append(connection, [guards_overridden(told, to_millis(self.comparison.now))])

    def carry_out(self, planned: Difference) -> Difference:
        """Judge again and do it; the difference as it stood then.

        Raises :class:`callguard.errors.CallguardError`, and then it is as it was.
        """
        begun = time.monotonic()
        try:
            return self._move(planned) if planned.judgment.step is Step.QUARANTINE else self._mend(planned)
        finally:
            time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))

    def _mend(self, planned: Difference) -> Difference:
        with self.comparison.database.write() as connection:
            shut(connection)
            found = self._again(connection, planned)
            step, recording = found.judgment.step, found.recording
            if step in DOING and step is planned.judgment.step:
                append(connection, [mended(step.value, found.judgment.ground, recording, _what(found))])
                self._do(connection, found)
                return found
        return found if found.judgment.step not in DOING else replace(found, judgment=_CHANGED)

    def _do(self, connection: sa.Connection, found: Difference) -> None:
        if found.judgment.step is Step.MARK and found.recording is not None and found.judgment.status is not None:
            mark(connection, found.recording, found.judgment.status)
        elif found.side is Side.KEY:
            self.comparison.keys.destroy(found.place)
        else:
            self._take_away(found)

    def _take_away(self, found: Difference) -> None:
        """A sealed form goes after its key, wherever that came from. A file goes after its tag, by which it is known."""
        form = _form(found.place)
        if form is Form.SEALED and found.judgment.step is Step.DESTROY:
            self.comparison.keys.destroy(found.place.removesuffix(".sealed"))
        try:
            with spot(self.comparison.root, found.place) as at:
                _remove(at, form)
        except OSError as failure:
            raise FileFault(f"could not be removed: {failure.strerror}") from failure

    def _move(self, planned: Difference) -> Difference:
        read = planned.content or content(self.comparison.root, planned.place, _form(planned.place))
        planned = found = replace(planned, content=read)

        def still(connection: sa.Connection) -> bool:
            nonlocal found
            found = self._again(connection, planned)
            return found.judgment.step is Step.QUARANTINE

        now = utc_now()
        new = NewQuarantined(
            path=planned.place,
            reason=planned.judgment.reason,
            recording_id=planned.recording,
            size=planned.size,
            sha256=read.sha256,
            moved_at=now,
            expires_at=self.term.after(now),
            rule=f"{self.term} in quarantine",
        )
        take_in(self.comparison.database, self.comparison.root, new, still)
        return found if found.judgment.step not in DOING or found.judgment.step is Step.QUARANTINE else replace(found, judgment=_CHANGED)

    def _again(self, connection: sa.Connection, planned: Difference) -> Difference:
        return self.comparison.again(connection, planned) or replace(planned, judgment=Judgment(Step.KEEP, "gone", "it is gone meanwhile"))


_CHANGED = Judgment(Step.LEAVE, "busy", "it changed meanwhile: run it again")


def _form(path: str) -> Form:
    return named(path.rpartition("/")[2]).form


def _what(found: Difference) -> str:
    if found.judgment.status is not None:
        return found.judgment.status.value
    return "key" if found.side is Side.KEY else _form(found.place).value


def _remove(at: Spot, form: Form) -> None:
    if form is Form.PLAIN:
        remove_plain(at)
        return
    tags = sidecars(at.name) if form is Form.SEALED else ()
    for name in (*tags, at.name):
        discard(Spot(at.folder, name))
    os.fsync(at.folder)
