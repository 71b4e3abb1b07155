"""An import of a folder: planned file by file as it is walked, shown, and carried out by the same code (design rule 10).

No list is held: a folder of any size takes the memory of one file and of the names in one folder. A dry run also notes the hashes of what
it would adopt, to know a sound that lies there twice, as a real run knows it from the database.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from callguard.adoption.carrying import Home
from callguard.adoption.finding import Found, Intake, look_into
from callguard.adoption.judging import Action, Verdict, already, judge, left
from callguard.adoption.names import UnfitError
from callguard.adoption.walking import walk
from callguard.clock import utc_now
from callguard.errors import CallguardError
from callguard.evidence.adoption_entries import intake as intake_entry
from callguard.store.ledger_rows import append


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file, and whether it lies there still. ``fault``: why its original does, which was to be removed."""

    verdict: Verdict
    original: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """The folder, what is gone by, and where it goes to; ``moving``: originals are removed once they are adopted."""

    folder: Path
    intake: Intake
    home: Home
    moving: bool

    def preview(self) -> Iterator[Outcome]:
        """What would become of each file. Raises :class:`callguard.errors.StoreError`."""
        seen: set[bytes] = set()
        for verdict, found in self._planned():
            if found is not None and verdict.action is Action.ADOPT:
                sound = bytes.fromhex(found.sha256)
                yield Outcome(already(found, verdict.recording or "") if sound in seen else verdict, original=True)
                seen.add(sound)
            else:
                yield Outcome(verdict, original=True)

    def outcomes(self) -> Iterator[Outcome]:
        """The same, done. Raises :class:`CallguardError` when nothing can be adopted at all."""
        with self.home.opened():
            for verdict, found in self._planned():
                yield Outcome(verdict, original=True) if found is None else self._carry_out(verdict, found)

    def conclude(self, counts: Mapping[Action, int], removed: int) -> None:
        """Enter in the ledger that the folder was gone through, what came of it, and how many originals are gone."""
        with self.home.database.write() as connection:
            append(connection, [intake_entry({action.value: counts[action] for action in Action}, removed, self.intake.calls.sha256)])

    def _planned(self) -> Iterator[tuple[Verdict, Found | None]]:
        """Without what was found where nothing is to be done with it."""
        for entry in walk(self.folder):
            intake = replace(self.intake, now=utc_now())
            try:
                found = look_into(entry, intake)
            except UnfitError as why:
                yield left(entry.shown, str(why)), None
                continue
            with self.home.database.read() as connection:
                verdict = judge(connection, found, intake).verdict
            yield verdict, None if verdict.action is Action.LEAVE else found

    def _carry_out(self, verdict: Verdict, found: Found) -> Outcome:
        try:
            if verdict.action is Action.ADOPT:
                verdict = self.home.adopt(found, self.intake)
        except CallguardError as failure:
            return Outcome(left(found.entry.shown, _reason(failure, found)), original=True)
        if not self.moving or verdict.action is Action.LEAVE:
            return Outcome(verdict, original=True)
        try:
            self.home.remove_original(found)
        except CallguardError as failure:
            return Outcome(verdict, original=True, fault=failure.message)
        return Outcome(verdict, original=False)


def _reason(failure: CallguardError, found: Found) -> str:
    own = failure.place in {"", found.entry.shown}
    return failure.message if own else f"{failure.place}: {failure.message}"
