"""What becomes of a difference between rows and folders: every step, and what keeps it from being taken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from callguard.call.state import RUNNING, RecordingStatus
from callguard.retention.differences import (
    READ,
    SAME,
    TAKING,
    Content,
    Difference,
    Judgment,
    Lying,
    Row,
    Seen,
    Side,
    Step,
    Tombstone,
    withheld,
)
from callguard.retention.naming import Form, Named, named
from callguard.retention.reconciling import CLOSED_WITHIN, SETTLED_AFTER, Count, judge_key, judge_name, judge_row
from callguard.retention.rules import Finding

STOPPED = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
NOW = STOPPED + timedelta(days=1)
HASH, OTHER = "a" * 64, "b" * 64
ROW = Row("r", "c", "d/r.wav", RecordingStatus.STOPPED, 100, 140, HASH, False, False, STOPPED, None, STOPPED)
SEALED = replace(ROW, status=RecordingStatus.SEALED)
GONE = Tombstone("r", HASH, 100, STOPPED)
UNMEASURED = replace(ROW, size=None, sha256=None, sealed_size=None)


def seen(form: Form = Form.PLAIN, **changes: Any) -> Seen:  # noqa: ANN401 - fields by name
    """A file of an hour after the recording, unless told otherwise."""
    whole = Seen(path="d/x", form=form, finding=Finding.PRESENT, size=100, written_at=STOPPED)
    return replace(whole, **changes)


def row(status: RecordingStatus, **changes: Any) -> Row:  # noqa: ANN401 - fields by name
    return replace(ROW, status=status, **changes)


READ_AS_IT_WAS, READ_OTHERWISE, UNREADABLE = Content(HASH), Content(OTHER), Content(None)
YOUNG = NOW - SETTLED_AFTER + timedelta(milliseconds=1)
LATE = STOPPED + CLOSED_WITHIN + timedelta(milliseconds=1)

KNOWN = [
    (seen(row=ROW), Step.SAME, ""),
    (seen(row=ROW, written_at=LATE), Step.READ, ""),
    (seen(row=ROW, written_at=LATE, content=READ_AS_IT_WAS), Step.SAME, ""),
    (seen(row=ROW, written_at=LATE, content=READ_OTHERWISE), Step.LEAVE, "changed"),
    (seen(row=ROW, written_at=LATE, content=UNREADABLE), Step.LEAVE, "obstacle"),
    (seen(row=ROW, size=101), Step.LEAVE, "changed"),
    (seen(row=ROW, told=HASH), Step.SAME, ""),
    (seen(row=ROW, told=OTHER), Step.READ, ""),
    (seen(row=ROW, told=OTHER, content=READ_AS_IT_WAS), Step.LEAVE, "tag"),
    (seen(row=ROW, content=READ_OTHERWISE), Step.LEAVE, "changed"),
    (seen(row=row(RecordingStatus.FAILED)), Step.SAME, ""),
    (seen(row=row(RecordingStatus.FAILED), size=99), Step.LEAVE, "changed"),
    (seen(row=UNMEASURED, size=7), Step.SAME, ""),
    (seen(row=replace(UNMEASURED, status=RecordingStatus.MISSING)), Step.LEAVE, "unmeasured"),
    (seen(row=row(RecordingStatus.MISSING)), Step.SAME, ""),
    (seen(row=row(RecordingStatus.DELETING), size=7), Step.SAME, ""),
    (seen(Form.SEALED, row=row(RecordingStatus.DELETING), size=7), Step.SAME, ""),
    (seen(row=SEALED), Step.SAME, ""),
    (seen(row=SEALED, beside=True), Step.READ, ""),
    (seen(row=SEALED, beside=True, content=Content(HASH, fits=True)), Step.REMOVE, "twice"),
    (seen(row=SEALED, beside=True, content=Content(HASH, fits=None)), Step.LEAVE, "twice"),
    (seen(row=SEALED, beside=True, content=Content(HASH, fits=False)), Step.LEAVE, "twice"),
    (seen(row=SEALED, beside=True, content=Content(OTHER, fits=True)), Step.QUARANTINE, "twice"),
    (seen(Form.SEALED, row=SEALED, size=140), Step.SAME, ""),
    (seen(Form.SEALED, row=SEALED, size=139), Step.LEAVE, "changed"),
    (seen(Form.SEALED, row=SEALED, size=140, told=OTHER), Step.READ, ""),
    (seen(Form.SEALED, row=SEALED, size=140, written_at=LATE), Step.SAME, ""),
    (seen(Form.SEALED, row=SEALED, size=140, content=Content(OTHER, fits=True)), Step.SAME, ""),
    (seen(Form.SEALED, row=SEALED, size=140, content=Content(OTHER, fits=False)), Step.LEAVE, "changed"),
    (seen(Form.SEALED, row=SEALED, size=140, content=Content(OTHER, fits=None)), Step.LEAVE, "unopened"),
    (seen(Form.SEALED, row=ROW, size=140), Step.SAME, ""),
]

STRANGE = [
    (seen(), Step.QUARANTINE, "unknown"),
    (seen(written_at=YOUNG), Step.LEAVE, "growing"),
    (seen(written_at=NOW + timedelta(days=1)), Step.LEAVE, "growing"),
    (seen(elsewhere=ROW, in_place=True), Step.QUARANTINE, "copy"),
    (seen(elsewhere=ROW), Step.LEAVE, "moved"),
    (seen(Form.SEALED, elsewhere=SEALED), Step.LEAVE, "moved"),
    (seen(tombstone=GONE), Step.READ, ""),
    (seen(tombstone=GONE, content=READ_AS_IT_WAS), Step.DESTROY, "restored"),
    (seen(tombstone=GONE, row=replace(ROW, deleted_at=STOPPED), content=READ_AS_IT_WAS), Step.DESTROY, "restored"),
    (seen(tombstone=GONE, content=READ_OTHERWISE), Step.QUARANTINE, "restored"),
    (seen(tombstone=GONE, size=99), Step.QUARANTINE, "restored"),
    (seen(tombstone=replace(GONE, sha256=None)), Step.QUARANTINE, "restored"),
    (seen(tombstone=GONE, written_at=YOUNG), Step.LEAVE, "growing"),
    (seen(Form.SEALED, tombstone=GONE), Step.READ, ""),
    (seen(Form.SEALED, tombstone=GONE, content=Content(OTHER, recording="r")), Step.DESTROY, "restored"),
    (seen(Form.SEALED, tombstone=GONE, content=Content(HASH, recording="s")), Step.QUARANTINE, "restored"),
    (seen(Form.PART), Step.READ, ""),
    (seen(Form.PART, written_at=YOUNG), Step.KEEP, "draft"),
    (seen(Form.PART, content=Content(OTHER, ours=True)), Step.REMOVE, "draft"),
    (seen(Form.PART, content=Content(OTHER), row=ROW, beside=True), Step.REMOVE, "draft"),
    (seen(Form.PART, content=Content(OTHER), row=ROW), Step.QUARANTINE, "unknown"),
    (seen(Form.PART, content=Content(OTHER), beside=True), Step.QUARANTINE, "unknown"),
    (seen(Form.PART, content=Content(OTHER)), Step.QUARANTINE, "unknown"),
    (seen(Form.TAG, beside=True), Step.SAME, ""),
    (seen(Form.TAG, written_at=YOUNG), Step.KEEP, "tag"),
    (seen(Form.TAG), Step.READ, ""),
    (seen(Form.TAG, content=Content(OTHER, ours=True)), Step.REMOVE, "tag"),
    (seen(Form.TAG, content=Content(OTHER)), Step.QUARANTINE, "unknown"),
    (seen(Form.DRAFT, beside=True, written_at=YOUNG), Step.KEEP, "tag"),
    (seen(Form.DRAFT, beside=True, content=Content(OTHER)), Step.REMOVE, "tag"),
    (seen(Form.DRAFT, row=ROW, content=Content(OTHER)), Step.REMOVE, "tag"),
    (seen(Form.DRAFT, content=Content(OTHER)), Step.QUARANTINE, "unknown"),
    (seen(finding=Finding.SYMLINK, row=ROW), Step.LEAVE, "obstacle"),
    (seen(finding=Finding.NOT_REGULAR), Step.LEAVE, "obstacle"),
    (seen(finding=Finding.UNREADABLE), Step.LEAVE, "obstacle"),
    (seen(finding=Finding.ASTRAY), Step.LEAVE, "obstacle"),
    (seen(finding=Finding.LINKED), Step.QUARANTINE, "unknown"),
]


@pytest.mark.parametrize(("one", "step", "ground"), [*KNOWN, *STRANGE])
def test_what_becomes_of_a_name(one: Seen, step: Step, ground: str) -> None:
    found = judge_name(one, NOW)
    assert (found.step, found.ground) == (step, ground)
    assert bool(found.reason) == (step not in {Step.SAME, Step.READ})


@pytest.mark.parametrize("status", sorted(RUNNING))
def test_the_file_of_a_running_recording_is_the_engines(status: RecordingStatus) -> None:
    """Whatever its size, and however old: a call may be held for hours."""
    assert judge_name(seen(row=replace(UNMEASURED, status=status), size=5), NOW) == SAME


THERE, NOT, NO_FOLDER = Finding.PRESENT, Finding.MISSING, Finding.FOLDER_MISSING

ROWS = [
    (Lying(ROW, THERE, NOT, None), Step.SAME, ""),
    (Lying(ROW, NOT, NOT, None), Step.MARK, "missing"),
    (Lying(SEALED, NOT, NOT, True), Step.MARK, "missing"),
    (Lying(row(RecordingStatus.FAILED), NOT, NOT, None), Step.MARK, "missing"),
    (Lying(ROW, NO_FOLDER, NO_FOLDER, None), Step.LEAVE, "folder"),
    (Lying(ROW, Finding.ASTRAY, Finding.ASTRAY, None), Step.LEAVE, "astray"),
    (Lying(ROW, Finding.NOT_REGULAR, NOT, None), Step.SAME, ""),
    (Lying(ROW, NOT, THERE, None), Step.LEAVE, "form"),
    (Lying(SEALED, THERE, NOT, True), Step.LEAVE, "form"),
    (Lying(SEALED, NOT, THERE, True), Step.SAME, ""),
    (Lying(SEALED, NOT, THERE, None), Step.SAME, ""),
    (Lying(SEALED, NOT, THERE, False), Step.LEAVE, "key"),
    (Lying(UNMEASURED, NOT, NOT, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.DELETING), NOT, NOT, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.DELETED, deleted_at=STOPPED), NOT, NOT, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.MISSING), NOT, NOT, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.MISSING), NO_FOLDER, NO_FOLDER, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.MISSING), THERE, NOT, None), Step.READ, ""),
    (Lying(row(RecordingStatus.MISSING), THERE, NOT, None, READ_AS_IT_WAS), Step.MARK, "returned"),
    (Lying(row(RecordingStatus.MISSING), THERE, NOT, None, READ_OTHERWISE), Step.LEAVE, "changed"),
    (Lying(row(RecordingStatus.MISSING), NOT, THERE, True, Content(OTHER, fits=True)), Step.MARK, "returned"),
    (Lying(row(RecordingStatus.MISSING), NOT, THERE, True, Content(HASH, fits=None)), Step.LEAVE, "changed"),
    (Lying(row(RecordingStatus.RECORDING, ended_at=None), NOT, NOT, None), Step.SAME, ""),
    (Lying(row(RecordingStatus.PAUSED, ended_at=NOW - SETTLED_AFTER), THERE, NOT, None), Step.LEAVE, "stale"),
    (Lying(row(RecordingStatus.REQUESTED, ended_at=YOUNG), NOT, NOT, None), Step.SAME, ""),
]


@pytest.mark.parametrize(("lying", "step", "ground"), ROWS)
def test_what_becomes_of_a_row(lying: Lying, step: Step, ground: str) -> None:
    found = judge_row(lying, NOW)
    assert (found.step, found.ground) == (step, ground)


def test_a_row_gets_the_status_of_what_lies_there() -> None:
    """Marked as missing, and marked as there again: nothing is lost by either."""
    assert judge_row(Lying(ROW, NOT, NOT, None), NOW).status is RecordingStatus.MISSING
    back = row(RecordingStatus.MISSING)
    assert judge_row(Lying(back, THERE, NOT, None, READ_AS_IT_WAS), NOW).status is RecordingStatus.STOPPED
    assert judge_row(Lying(back, NOT, THERE, True, Content(OTHER, fits=True)), NOW).status is RecordingStatus.SEALED


def test_what_becomes_of_a_key() -> None:
    """A key is destroyed when a tombstone proves that it should have been, and never for want of a row."""
    assert judge_key(SEALED, None) == SAME
    assert judge_key(None, GONE).step is Step.DESTROY
    assert judge_key(replace(SEALED, deleted_at=STOPPED), GONE).step is Step.DESTROY
    assert judge_key(None, None).step is Step.LEAVE


@pytest.mark.parametrize("step", Step)
def test_a_hold_keeps_whatever_would_be_gone(step: Step) -> None:
    """C6c: --fix does not beat it."""
    judgment = Judgment(step, "g", "r")
    assert withheld(judgment, None) == judgment
    assert withheld(judgment, "under legal hold 3") == (Judgment(Step.KEEP, "held", "under legal hold 3") if step in TAKING else judgment)


def test_nothing_is_taken_or_moved_while_somebody_may_write_to_it() -> None:
    """Whatever else is known of a file that no row knows."""
    company = product(Form, (None, GONE), (None, ROW), (None, READ_AS_IT_WAS, Content(HASH, recording="r", ours=True)), (True, False))
    for form, tombstone, elsewhere, content, beside in company:
        young = seen(form, tombstone=tombstone, elsewhere=elsewhere, content=content, beside=beside, written_at=YOUNG)
        assert judge_name(young, NOW).step in {Step.SAME, Step.KEEP, Step.LEAVE}


def test_nothing_is_said_of_a_deletion_before_the_content_was_read() -> None:
    assert judge_name(seen(tombstone=GONE), NOW) == READ


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.wav", Named(Form.PLAIN, "a.wav", "a.wav")),
        ("a.wav.sealed", Named(Form.SEALED, "a.wav.sealed", "a.wav")),
        ("a.wav.sealed.part", Named(Form.PART, "a.wav.sealed.part", "a.wav")),
        ("a.wav.json", Named(Form.TAG, "a.wav", "a.wav")),
        (".a.wav.json", Named(Form.DRAFT, "a.wav", "a.wav")),
        ("a.wav.sealed.json", Named(Form.TAG, "a.wav.sealed", "a.wav")),
        (".a.wav.sealed.json", Named(Form.DRAFT, "a.wav.sealed", "a.wav")),
        (".json", Named(Form.PLAIN, ".json", ".json")),
        ("..json", Named(Form.PLAIN, "..json", "..json")),
        (".sealed", Named(Form.PLAIN, ".sealed", ".sealed")),
        (".sealed.part", Named(Form.PLAIN, ".sealed.part", ".sealed.part")),
    ],
)
def test_a_name_taken_apart(name: str, parts: Named) -> None:
    assert named(name) == parts


def counted(side: Side, step: Step, gone: int, total: int, status: RecordingStatus | None = None) -> list[str]:
    count = Count()
    count.look(side, total)
    for _ in range(gone):
        count.add(Difference(side, "p", None, Judgment(step, "g", "r", status)))
    return [fault.message for fault in count.objections(25)]


def test_too_much_at_once_is_objected_to() -> None:
    """A disk that is not mounted must not turn a million rows into missing ones, nor another database all files into strangers."""
    missing = RecordingStatus.MISSING
    assert counted(Side.ROW, Step.MARK, 26, 100, missing) == ["would mark as missing 26 of 100 at once, more than 25 in a hundred"]
    assert counted(Side.ROW, Step.MARK, 25, 25, missing) == []
    assert counted(Side.ROW, Step.MARK, 26, 104, missing) == []
    assert counted(Side.ROW, Step.MARK, 99, 100, RecordingStatus.STOPPED) == []
    assert counted(Side.FILE, Step.QUARANTINE, 99, 100) == ["would move or destroy 99 of 100 at once, more than 25 in a hundred"]
    assert counted(Side.FILE, Step.REMOVE, 99, 100) == []
    assert counted(Side.KEY, Step.DESTROY, 99, 100) == ["would destroy 99 of 100 at once, more than 25 in a hundred"]
