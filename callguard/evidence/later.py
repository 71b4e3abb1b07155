"""Sealing what was kept plain until now: recordings made before a master key was named, and those whose sealing failed (S13, C7).

Held and restricted ones are sealed as well: nothing of them is lost by it. Only what the engine has done with is touched: its call is over,
and it was measured. Of a file it is told in the plan whether it is there and as long as it was; whether it is the very sound that was
measured is found out while it is encrypted, and if it is not, it stays as it is and is told.

No transaction is open meanwhile, since a long recording would keep the engine from writing. First the file, then the row: cut off in
between, the row still says ``stopped``, and the next run finds the sealed file, opens it, compares it with what was measured, and says so
in the row. A sweep that deletes the recording at the same time wins: it removes what there is by then, and what is not there any more
cannot be finished.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa

from callguard.errors import FileFault
from callguard.evidence.heads import note_head
from callguard.evidence.keeping_entries import sealed_later
from callguard.evidence.sealing import Sound
from callguard.evidence.undertaking import Judged, Step
from callguard.evidence.vault import Vault
from callguard.retention.execution import LONGEST_REST_S
from callguard.retention.files import inspect
from callguard.retention.rules import Finding
from callguard.store.database import Database
from callguard.store.ledger_rows import append
from callguard.store.seal_rows import PlainRecording, count_plain, mark_sealed, plain_page, plain_recording


@dataclass(frozen=True, slots=True)
class LaterSealing:
    """The plan, made anew from rows and files whenever it is read."""

    database: Database
    vault: Vault
    verb: str = "seal"
    past: str = "sealed"

    def count(self) -> int:
        """How many are plain by their rows."""
        with self.database.read() as connection:
            return count_plain(connection)

    def verdicts(self) -> Iterator[Judged]:
        """One for each recording that stopped and is not sealed. Raises :class:`callguard.errors.StoreError`."""
        last = ""
        while True:
            with self.database.read() as connection:
                page = plain_page(connection, last)
            if not page:
                return
            yield from map(self._judge, page)
            last = page[-1].id

    def begin(self) -> None:
        """Raises :class:`FileFault` when the key store cannot be used."""
        self.vault.prepare()

    def carry_out(self, planned: Judged) -> Judged:
        """Seal it, and say so in its row. Raises :class:`callguard.errors.CallguardError`; then it can be heard as before."""
        begun = time.monotonic()
        try:
            with self.database.read() as connection:
                found = plain_recording(connection, planned.recording)
            judged = self._judge(found) if found else replace(planned, step=Step.KEEP, reason=_GONE)
            return self._seal(found, judged) if found and judged.step is Step.DO else judged
        finally:
            time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))

    def end(self, done: int, *, whole: bool) -> None:
        """The head of the ledger is noted elsewhere."""
        del whole
        if done:
            note_head(self.database)

    def _judge(self, one: PlainRecording) -> Judged:
        step, reason = self._verdict(one)
        return Judged(one.id, one.path, step, reason)

    def _verdict(self, one: PlainRecording) -> tuple[Step, str]:
        if one.ended_at is None:
            return Step.KEEP, "its call is not over"
        if one.size is None or one.sha256 is None:
            return Step.KEEP, "it was not measured yet, or could not be"
        return self._verdict_on_file(one, inspect(self.vault.root, one.path), self.vault.plain_size(one.path))

    def _verdict_on_file(self, one: PlainRecording, found: Finding, size: int | None) -> tuple[Step, str]:
        if found not in {Finding.PRESENT, Finding.LINKED}:
            return Step.FAIL, f"its file: {found}"
        if size is None:
            return Step.DO, "it was sealed before, and its row does not say so yet"
        if size != one.size:
            return Step.FAIL, f"it was changed since it was measured: {size} bytes in the place of {one.size}"
        return Step.DO, "plain; another name of its file stays in the clear" if found is Finding.LINKED else "plain"

    def _seal(self, one: PlainRecording, judged: Judged) -> Judged:
        sound = Sound(one.size or 0, one.sha256 or "")
        if self.vault.plain_size(one.path) is not None:
            self.vault.seal(one.order, sound, lambda: None)
        elif self.vault.sound_of(one.path, one.id) != sound:
            raise FileFault("what was sealed is not what was measured", place=one.path)
        with self.database.write() as connection:
            return judged if _close(connection, one) else replace(judged, step=Step.KEEP, reason=_GONE)


_GONE = "it was deleted meanwhile, or sealed by another hand"


def _close(connection: sa.Connection, one: PlainRecording) -> bool:
    closed = mark_sealed(connection, one.id)
    if closed:
        append(connection, [sealed_later(one.id, one.sha256 or "")])
    return closed
