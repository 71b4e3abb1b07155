"""A new master key: each key in the store is wrapped by it, while recordings are made, heard and deleted as always (S13).

From the beginning on the store says that it is under the new one (:mod:`callguard.evidence.mastery`), and nobody wraps anything by the
one before it any more, a daemon that still has that included. What was wrapped by it then is found by going through the files of the
store, and not through rows: a key whose row is lost must not be left behind unseen. To whom it belongs only the row can tell, so such a key
is told as failed, and the one before stays needed.

One key is one transaction on its recording's row, so that a deletion comes before or after it and never between its reading and its
writing; in it the file is changed where it lies, as :mod:`callguard.evidence.wrapping` says. The end is written down when no key was left.
"""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from callguard.errors import ConfigError, FileFault
from callguard.evidence.heads import note_head
from callguard.evidence.keeping_entries import keys_renewed
from callguard.evidence.keys import NO_KEYS, KeyGone
from callguard.evidence.master import MasterKey
from callguard.evidence.mastery import Mastery, take_over, write_mastery
from callguard.evidence.undertaking import Judged, Step
from callguard.evidence.vault import Vault
from callguard.evidence.wrapping import LENGTH, NOTHING, PLACES, found_in, is_at_rest
from callguard.retention.execution import LONGEST_REST_S
from callguard.store.database import Database
from callguard.store.ledger_rows import append
from callguard.store.seal_rows import PAGE, ids_of_paths, lock_undeleted

UNKNOWN = "-"
"""In the place of the recording's id, when no row knows the key."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """The plan, made anew from store and rows whenever it is read."""

    database: Database
    vault: Vault
    verb: str = "renew"
    past: str = "renewed"

    def count(self) -> int:
        """How many keys there are."""
        return sum(1 for _ in self._paths())

    def verdicts(self) -> Iterator[Judged]:
        """One for each key. Raises :class:`callguard.errors.CallguardError`."""
        former = self._former()
        paths = self._paths()
        while page := list(islice(paths, PAGE)):
            with self.database.read() as connection:
                known = ids_of_paths(connection, page)
            yield from (self._judge(path, known, former) for path in page)

    def begin(self) -> None:
        """From here on nothing is wrapped by the one before. Raises :class:`ConfigError` when none is named, and :class:`FileFault`."""
        self._former()
        self.vault.keys.require()
        with self.vault.keys.alone():
            take_over(self.vault.keys.folder, self.vault.master)

    def carry_out(self, planned: Judged) -> Judged:
        """Wrap one key anew. Raises :class:`callguard.errors.CallguardError`; then it opens as before."""
        begun = time.monotonic()
        try:
            with self.database.write() as connection:
                if not lock_undeleted(connection, planned.recording):
                    return replace(planned, step=Step.KEEP, reason="it was deleted meanwhile")
                with self.vault.keys.alone():
                    self._renew(planned)
                return planned
        except KeyGone:
            return replace(planned, step=Step.KEEP, reason="it was deleted meanwhile")
        finally:
            time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))

    def end(self, done: int, *, whole: bool) -> None:
        """Enter it, and once all is done have the store say that the one before is needed no more."""
        store, name = self.vault.keys.folder, self.vault.master.name
        if not done and not whole:
            return
        with self.database.write() as connection:
            append(connection, [keys_renewed(name, self._former().name, done, ended=whole)])
        note_head(self.database)
        if whole:
            with self.vault.keys.alone():
                write_mastery(store, Mastery(name, None))

    def _former(self) -> MasterKey:
        if self.vault.master.former is None:
            remedy = "name the new one as master_key_…, and the one that was in force until now as old_master_key_…"
            raise ConfigError("no old master key is named", place="recordings.old_master_key_file", remedy=remedy)
        return self.vault.master.former

    def _paths(self) -> Iterator[str]:
        """Of all keys, folder by folder; a folder that cannot be read is no empty one."""
        store = self.vault.keys.folder
        for folder, folders, names in os.walk(store, onerror=_cannot_be_read):
            folders.sort()
            below = os.path.relpath(folder, store)
            for name in sorted(names):
                path = os.path.normpath(os.path.join(below, name))  # noqa: PTH118 - of text: no folder is asked
                if path not in NO_KEYS:
                    yield path

    def _judge(self, path: str, known: Mapping[str, str], former: MasterKey) -> Judged:
        try:
            with self.vault.keys.opened(path) as file:
                content = os.pread(file, LENGTH, 0)
            step, reason = _verdict(content, known.get(path), self.vault.master, former)
        except KeyGone:
            step, reason = Step.KEEP, "it was deleted meanwhile"
        except FileFault as fault:
            step, reason = Step.FAIL, fault.message
        return Judged(known.get(path, UNKNOWN), path, step, reason)

    def _renew(self, planned: Judged) -> None:
        with self.vault.keys.opened(planned.path) as file:
            found = found_in(_content(file), planned.recording, self.vault.master)
            if found is None:
                found = self._wrapped_anew(file, planned)
            _put(file, 1 - found[0], NOTHING)

    def _wrapped_anew(self, file: int, planned: Judged) -> tuple[int, bytes]:
        """In the other place, so that the key opens by one of the two at every moment."""
        before = found_in(_content(file), planned.recording, self._former())
        if before is None:
            raise FileFault("its key changed meanwhile", place=planned.path)
        place, key = before
        _put(file, 1 - place, self.vault.master.wrap(planned.recording, key))
        found = found_in(_content(file), planned.recording, self.vault.master)
        if found is None or found[1] != key:
            raise FileFault("its key was not kept as it was written", place=planned.path)
        return found


def _verdict(content: bytes, recording: str | None, master: MasterKey, former: MasterKey) -> tuple[Step, str]:
    if not any(content):
        return Step.KEEP, "there is no key in it: a deletion was cut off, which the next sweep ends, or a sealing"
    if recording is None:
        return Step.FAIL, "no row knows its recording: see callguard reconcile"
    found = found_in(content, recording, master)
    if found is not None:
        return (Step.SAME, "it is renewed") if is_at_rest(content, found[0]) else (Step.DO, "its renewal was cut off")
    if found_in(content, recording, former) is not None:
        return Step.DO, "it was wrapped by the master key before"
    return Step.FAIL, "it opens with neither of the two master keys, or is damaged"


def _cannot_be_read(failure: OSError) -> None:
    raise FileFault(f"cannot be read: {failure.strerror}", place=str(failure.filename), remedy="run it as callguard's user") from failure


def _content(file: int) -> bytes:
    return os.pread(file, LENGTH, 0)


def _put(file: int, place: int, content: bytes) -> None:
    os.pwrite(file, content, PLACES[place])
    os.fsync(file)
