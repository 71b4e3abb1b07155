"""What becomes of a difference between the rows and the folders: a step for each, a ground, and the reason in words (design rule 10).

What can be mended without losing anything is mended: a draft that was cut off and a tag whose file is gone are removed; so is a plain file
whose sealed form was opened and holds the same sound; a row whose file is gone says so, and says otherwise when the file comes back. What
a tombstone proves deleted is destroyed again, if it is known to be the same: a plain file by its hash, a sealed one by the recording that
its first line names, a key by its place.

What nobody knows goes to quarantine, where it has a last day like everything else. All else is left where it is for a person: what is not
the sound that was recorded stays under its row, as evidence of just that, and goes with the row; so do what was moved and what cannot be
read. No reason tells a path, which may hold a number.

Design rule 2 commits the row before the file can be: whatever no row knows was put there by another hand, however young it is. While it is
younger than :data:`SETTLED_AFTER` somebody may still write to it, so it is told and left alone.

Pure: no clock, no file, no database; standard library only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callguard.call.state import BEGUN, RUNNING, RecordingStatus
from callguard.errors import Fault
from callguard.retention.differences import READ, SAME, Difference, Judgment, Lying, Row, Seen, Side, Step, Tombstone
from callguard.retention.guards import SPARED
from callguard.retention.naming import Form
from callguard.retention.rules import Finding, stamp

SETTLED_AFTER = timedelta(hours=1)
"""Since when a file must not have been written to before it is touched, and a call be over before its recording may not run any more."""

OVERRIDE = "--fix-even-though-guards-object"

CLOSED_WITHIN = timedelta(minutes=1)
"""The PBX and the sealing write to a file this long after its recording stopped; what is written later is looked into."""


def judge_name(seen: Seen, now: datetime) -> Judgment:
    """What becomes of a name that was found."""
    if seen.finding in _OBSTACLE:
        return Judgment(Step.LEAVE, "obstacle", _OBSTACLE[seen.finding])
    if seen.content is not None and seen.content.sha256 is None:
        return Judgment(Step.LEAVE, "obstacle", "it cannot be read: no permission, or a fault of the disk")
    return _BY_FORM[seen.form](seen, now)


def judge_row(lying: Lying, now: datetime) -> Judgment:
    """What becomes of a row, by what lies in its place."""
    row = lying.row
    if row.status in RUNNING:
        return _running(row, now)
    if row.sha256 is None or row.deleted_at is not None or row.status in BEGUN:
        return SAME  # nothing to compare with: the engine measures it, or the sweep goes on with it
    if row.status is RecordingStatus.MISSING:
        return _returned(lying)
    its, other = (lying.sealed, lying.plain) if row.status is RecordingStatus.SEALED else (lying.plain, lying.sealed)
    return _absent(its, other) or _locked_out(lying)


def judge_key(row: Row | None, tombstone: Tombstone | None) -> Judgment:
    """What becomes of a key, by the row of its place, or by the tombstone of the recording that it is named after."""
    if tombstone is not None:
        return Judgment(Step.DESTROY, "deleted", f"recording {tombstone.recording} was deleted on {stamp(tombstone.deleted_at)}")
    if row is None:
        return Judgment(Step.LEAVE, "unknown", "a key of which no row and no tombstone knows: a database may have been lost, so it stays")
    return SAME


@dataclass(slots=True)
class Count:
    """How much was looked at on each side, and how much of it would be marked as missing, moved or destroyed."""

    looked_at: Counter[Side] = field(default_factory=Counter)
    gone: Counter[Side] = field(default_factory=Counter)

    def look(self, side: Side, many: int) -> None:
        """So many more were looked at."""
        self.looked_at[side] += many

    def add(self, difference: Difference) -> None:
        """One more."""
        missing = difference.judgment.status is RecordingStatus.MISSING
        self.gone[difference.side] += missing or difference.judgment.step in {Step.QUARANTINE, Step.DESTROY}

    def objections(self, largest_share: int) -> Iterator[Fault]:
        """A disk that is not mounted makes rows without files, a database of another time makes files without rows: many at once."""
        for side, gone in self.gone.items():
            if gone > SPARED and gone * 100 > self.looked_at[side] * largest_share:
                share = f"{gone} of {self.looked_at[side]} at once, more than {largest_share} in a hundred"
                yield Fault(f"would {_TAKES[side]} {share}", f"{side}s", f"find out why; then callguard reconcile --fix {OVERRIDE}")


_TAKES = {Side.ROW: "mark as missing", Side.FILE: "move or destroy", Side.KEY: "destroy"}


def _plain(seen: Seen, now: datetime) -> Judgment:
    row = seen.row
    if row is None or seen.tombstone is not None:
        return _stranger(seen, now)
    if row.status is RecordingStatus.SEALED:
        return _twice(seen, row) if seen.beside else SAME
    if row.sha256 is not None and row.status not in {RecordingStatus.MISSING, *BEGUN}:
        return _compare(seen, row, row.size)
    if row.status is RecordingStatus.MISSING and row.sha256 is None:
        return Judgment(Step.LEAVE, "unmeasured", "it came when its row had been closed as missing, and was never measured")
    return SAME


def _sealed(seen: Seen, now: datetime) -> Judgment:
    row = seen.row
    if row is None or seen.tombstone is not None:
        return _stranger(seen, now)
    return _compare(seen, row, row.sealed_size) if row.status is RecordingStatus.SEALED else SAME


def _compare(seen: Seen, row: Row, size: int | None) -> Judgment:
    if seen.size != size:
        return Judgment(Step.LEAVE, "changed", f"it has {seen.size} bytes and had {size} when it was measured")
    if seen.content is None:
        return READ if _suspect(seen, row) else SAME
    if seen.form is Form.SEALED and seen.content.fits is None:
        return Judgment(Step.LEAVE, "unopened", "its sealed form cannot be opened here: no master key, no key, or it is damaged")
    if not (seen.content.fits if seen.form is Form.SEALED else seen.content.sha256 == row.sha256):
        return Judgment(Step.LEAVE, "changed", "it has the same size and is not the sound that was measured")
    if seen.told not in {None, row.sha256}:
        return Judgment(Step.LEAVE, "tag", "its tag tells another hash than its row; its sound is that of the row")
    return SAME


def _suspect(seen: Seen, row: Row) -> bool:
    late = row.stopped_at is not None and seen.form is Form.PLAIN and seen.written_at > row.stopped_at + CLOSED_WITHIN
    return late or seen.told not in {None, row.sha256}


def _twice(seen: Seen, row: Row) -> Judgment:
    """A plain file beside the sealed one: a sealing that was cut off before its end, or a backup that was played back."""
    if seen.content is None:
        return READ
    if not seen.content.fits:
        return Judgment(Step.LEAVE, "twice", "it lies beside its sealed form, which could not be opened and compared")
    if seen.content.sha256 != row.sha256:
        return Judgment(Step.QUARANTINE, "twice", "another sound than was recorded lies beside the sealed form")
    return Judgment(Step.REMOVE, "twice", "its sealed form was opened and holds the same sound")


def _stranger(seen: Seen, now: datetime) -> Judgment:
    if now - seen.written_at < SETTLED_AFTER:
        return Judgment(Step.LEAVE, "growing", f"written to at {stamp(seen.written_at)}, and no recording that is there: who records here?")
    if seen.tombstone is not None:
        return _restored(seen, seen.tombstone)
    if seen.elsewhere is None:
        return Judgment(Step.QUARANTINE, "unknown", "no row knows it")
    if seen.in_place:
        return Judgment(Step.QUARANTINE, "copy", f"a copy of recording {seen.elsewhere.id}, which lies in its own place")
    return Judgment(Step.LEAVE, "moved", f"it is of recording {seen.elsewhere.id}, whose place is empty: move it back there")


def _restored(seen: Seen, tombstone: Tombstone) -> Judgment:
    """A file of a deleted recording. It is destroyed only when it is known to be what was deleted."""
    told = f"recording {tombstone.recording}, which was deleted on {stamp(tombstone.deleted_at)}"
    if seen.form is Form.PLAIN and (tombstone.sha256 is None or tombstone.size != seen.size):
        return Judgment(Step.QUARANTINE, "restored", f"it has the name of {told}, and is not known to be its sound")
    if seen.content is None:
        return READ
    found, wanted = (seen.content.recording, tombstone.recording) if seen.form is Form.SEALED else (seen.content.sha256, tombstone.sha256)
    if found != wanted:
        return Judgment(Step.QUARANTINE, "restored", f"it has the name of {told}, and is not its sound")
    return Judgment(Step.DESTROY, "restored", f"it is of {told}, and was brought back")


def _part(seen: Seen, now: datetime) -> Judgment:
    """The plain file stays until the sealed one has its name, so a draft is never all that there is. A repair's begins as sound."""
    if now - seen.written_at < SETTLED_AFTER:
        return Judgment(Step.KEEP, "draft", "a sealing may be under way")
    if seen.content is None:
        return READ
    if seen.content.ours or (seen.row is not None and seen.beside):
        return Judgment(Step.REMOVE, "draft", "a sealing that was cut off")
    return Judgment(Step.QUARANTINE, "unknown", "no row knows it")


def _tag(seen: Seen, now: datetime) -> Judgment:
    if seen.form is Form.TAG and seen.beside:
        return SAME
    if now - seen.written_at < SETTLED_AFTER:
        return Judgment(Step.KEEP, "tag", "it may be about to be written")
    if seen.content is None:
        return READ
    if seen.content.ours or (seen.form is Form.DRAFT and (seen.beside or seen.row is not None)):
        return Judgment(Step.REMOVE, "tag", "a tag without its file" if seen.form is Form.TAG else "a tag whose writing was cut off")
    return Judgment(Step.QUARANTINE, "unknown", "no row knows it")


_BY_FORM: Mapping[Form, Callable[[Seen, datetime], Judgment]] = {
    Form.PLAIN: _plain,
    Form.SEALED: _sealed,
    Form.PART: _part,
    Form.TAG: _tag,
    Form.DRAFT: _tag,
}

_OBSTACLE = {
    Finding.SYMLINK: "it is a symbolic link, which is not followed: look where it leads, and take it away",
    Finding.NOT_REGULAR: "it is neither a file nor a folder",
    Finding.UNREADABLE: "it cannot be looked at: no permission, or a fault of the disk",
    Finding.OTHER_ROOT: "it is another recordings root, whose files another callguard knows: it was not entered",
    Finding.ASTRAY: "its name holds what cannot be written down, or it lies too deep",
}


def _running(row: Row, now: datetime) -> Judgment:
    if row.ended_at is None or now - row.ended_at < SETTLED_AFTER:
        return SAME
    told = f"its status is {row.status}, and its call ended on {stamp(row.ended_at)}"
    return Judgment(Step.LEAVE, "stale", f"{told}: restart the daemon, which makes rows and switch agree")


def _absent(its: Finding, other: Finding) -> Judgment | None:
    """What is another obstacle is told as a name that was found."""
    if its is Finding.FOLDER_MISSING:
        return Judgment(Step.LEAVE, "folder", "its folder is not there: mount the disk that holds it, or make the folder again")
    if its is Finding.ASTRAY:
        return Judgment(Step.LEAVE, "astray", "its path leads outside the recordings root")
    if its is not Finding.MISSING:
        return None
    if other is not Finding.MISSING:
        return Judgment(Step.LEAVE, "form", "what lies there is sealed and its row says plain, or the other way round")
    return Judgment(Step.MARK, "missing", "its file is gone, and no sweep removed it", RecordingStatus.MISSING)


def _locked_out(lying: Lying) -> Judgment:
    if lying.row.status is RecordingStatus.SEALED and lying.key is False:
        return Judgment(Step.LEAVE, "key", "its key is not there: it cannot be heard until the key store is whole again")
    return SAME


def _returned(lying: Lying) -> Judgment:
    if {lying.plain, lying.sealed} <= {Finding.MISSING, Finding.FOLDER_MISSING}:
        return SAME
    if lying.content is None:
        return READ
    is_sealed = lying.sealed in {Finding.PRESENT, Finding.LINKED}
    if not (lying.content.fits if is_sealed else lying.content.sha256 == lying.row.sha256):
        return Judgment(Step.LEAVE, "changed", "its row says missing, and what lies there is not known to be its sound")
    status = RecordingStatus.SEALED if is_sealed else RecordingStatus.STOPPED
    return Judgment(Step.MARK, "returned", "its row says missing, and its file is there again", status)
