"""Quarantine: entered and then moved, swept like a recording with a proof, kept by holds, given back by a person."""

import errno
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, FileFault
from callguard.evidence.verification import verify
from callguard.retention.differences import Step
from callguard.retention.execution import Outcome, Result, execute
from callguard.retention.holding import place_hold, release
from callguard.retention.holds import Scope
from callguard.retention.quarantine import FOLDER, give_back, take_in
from callguard.retention.rules import Ground, stamp
from callguard.retention.whole import Premises, guarded, unguarded
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links
from callguard.store.quarantine_rows import NewQuarantined, enter
from callguard.store.tables import recordings
from tests.integration.reconcile_place import HASH, ReconcilePlace, new_reconcile_place
from tests.integration.record_place import LIMITS, RULES
from tests.integration.sweep_place import CONTENT, DAY

DAY_LONG = timedelta(days=1)
NUMBERED = "out-0722000111-100-20260831-093000-1.wav"


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> ReconcilePlace:
    return new_reconcile_place(sqlite_file, tmp_path)


def moved(place: ReconcilePlace, name: str = NUMBERED) -> int:
    place.put(name)
    assert place.fix()[name] == (Step.QUARANTINE, "unknown")
    return place.in_quarantine()[-1].id


def sweep(place: ReconcilePlace, days: int) -> dict[str, Outcome]:
    """As many days later."""
    premises = Premises(place.files.database, place.root, place.files.keys, RULES, LIMITS, dict)
    outcomes: list[Outcome] = []
    execute(unguarded(premises, utc_now() + days * DAY_LONG, lambda: False), outcomes.append)
    return {outcome.verdict.record: outcome for outcome in outcomes}


def test_it_goes_on_its_last_day_and_is_proven(database: Database, tmp_path: Path) -> None:
    """C7: with the hash, and without the name, which held a number."""
    place = new_reconcile_place(database, tmp_path)
    number = moved(place)
    one = place.in_quarantine()[0]
    assert sweep(place, 29) == {}
    outcome = sweep(place, 31)[str(number)]
    assert (outcome.result, outcome.verdict.reason) == (Result.DELETED, f"expired on {stamp(one.expires_at)}: 30 days in quarantine")
    assert (list((place.root / FOLDER).iterdir()), place.in_quarantine()) == ([], [])
    proof = place.files.proofs()[f"quarantine-{one.name}"]
    assert (proof["sha256"], proof["size"], proof["file"]) == (one.sha256, len(CONTENT), "present")
    assert "0722000111" not in str((place.entered(), place.quarantine_rows(), place.files.proofs()))
    with database.read() as connection:
        assert verify(links(connection), (), proven_rows(connection)).broken == 0


def test_many_leave_at_once_as_they_came(place: ReconcilePlace) -> None:
    """The guards' share is for what belongs there."""
    for number in range(30):
        place.put(f"s{number}.wav")
    place.fix()
    premises = Premises(place.files.database, place.root, place.files.keys, RULES, LIMITS, dict)
    as_of = utc_now() + 31 * DAY_LONG
    assert execute(guarded(premises, as_of, lambda: False)).deleted == 30


def test_a_hold_that_may_ask_for_it_keeps_it(place: ReconcilePlace) -> None:
    """C6c: whose it is nobody knows, so any hold may, but one on another recording."""
    place.add("other")
    number = moved(place)
    place_hold(place.files.database, Scope(recording="other"), by="Ana Pop", reason="fraud", reference="1")
    held = place_hold(place.files.database, Scope(queue="sales"), by="Ana Pop", reason="fraud", reference="2")
    outcome = sweep(place, 31)[str(number)]
    assert (outcome.result, outcome.verdict.ground) == (Result.KEPT, Ground.HELD)
    assert "whose it is, is not known" in outcome.verdict.reason
    release(place.files.database, held.id, by="Ion Ene", reason="over")
    assert sweep(place, 31)[str(number)].result is Result.DELETED


def test_a_copy_is_held_as_its_recording_is(place: ReconcilePlace) -> None:
    place.add("a")
    os.setxattr(place.put("copy.wav"), "user.callguard.recording", b"a")
    place.fix()
    (one,) = place.in_quarantine()
    assert one.recording_id == "a"
    place.files.change("a", restricted=True)
    assert sweep(place, 31)[str(one.id)].verdict.ground is Ground.HELD
    place.files.change("a", restricted=False)
    place_hold(place.files.database, Scope(queue="sales"), by="Ana Pop", reason="fraud", reference="1")
    assert sweep(place, 31)[str(one.id)].result is Result.DELETED


def test_what_is_gone_or_linked_is_said_in_the_proof(place: ReconcilePlace) -> None:
    gone, linked, blocked = moved(place, "a.wav"), moved(place, "b.wav"), moved(place, "c.wav")
    files = {one.id: place.root / FOLDER / one.name for one in place.in_quarantine()}
    files[gone].unlink()
    os.link(files[linked], place.root / "another")
    files[blocked].unlink()
    files[blocked].mkdir()
    outcomes = sweep(place, 31)
    assert (outcomes[str(gone)].result, outcomes[str(linked)].result, outcomes[str(blocked)].result) == (
        Result.DELETED,
        Result.FAILED,
        Result.FAILED,
    )
    assert {proof["file"] for proof in place.files.proofs().values()} == {"missing", "linked"}
    assert [one.id for one in place.in_quarantine()] == [blocked]


def test_a_file_is_given_back_to_where_it_was(place: ReconcilePlace) -> None:
    """By a named person, for a reason, both proven in the ledger and told by it to nobody."""
    number = moved(place)
    assert give_back(place.files.database, place.root, number, by="Ana Pop", reason="it is ours") == f"{DAY}/{NUMBERED}"
    assert (place.day / NUMBERED).read_bytes() == CONTENT
    (row,) = place.quarantine_rows()
    assert (row["ending"], row["released_by"], row["path"], place.in_quarantine()) == ("released", "Ana Pop", None, [])
    kind, body = place.entered()[-1]
    assert (kind, "Ana" in body, "ours" in body) == ("quarantine-release", False, False)
    for again in (number, 99):
        with pytest.raises(CallguardError, match="no such file in quarantine"):
            give_back(place.files.database, place.root, again, by="Ana Pop", reason="it is ours")
    assert place.fix() == {NUMBERED: (Step.QUARANTINE, "unknown")}


def test_it_is_not_given_back_over_another_file(place: ReconcilePlace) -> None:
    number = moved(place)
    place.put(NUMBERED, b"another")
    with pytest.raises(CallguardError, match="taken"):
        give_back(place.files.database, place.root, number, by="Ana Pop", reason="it is ours")
    (place.day / NUMBERED).unlink()
    (one,) = place.in_quarantine()
    (place.root / FOLDER / one.name).unlink()
    with pytest.raises(CallguardError, match="is not there"):
        give_back(place.files.database, place.root, number, by="Ana Pop", reason="it is ours")
    assert len(place.in_quarantine()) == 1


def test_what_cannot_be_moved_stays_where_it_was(place: ReconcilePlace) -> None:
    """A folder of another name in the way of the quarantine's."""
    place.put("a.wav")
    (place.root / FOLDER).write_bytes(b"")
    plan = place.plan()
    (planned,) = plan.comparison.differences()
    with pytest.raises(FileFault, match="could not be moved"):
        plan.carry_out(planned)
    assert (place.left(), place.in_quarantine()) == (["a.wav"], [])
    assert [row["ending"] for row in place.quarantine_rows()] == ["not moved"]


def test_no_complaint_tells_a_path(place: ReconcilePlace) -> None:
    """S13: names of a PBX hold numbers, and complaints end up in logs."""
    number = moved(place)
    place.day.rename(place.root / "elsewhere")
    (place.root / DAY).symlink_to(place.root / "elsewhere")
    with pytest.raises(FileFault, match="could not be put back") as told:
        give_back(place.files.database, place.root, number, by="Ana Pop", reason="ours")
    assert (told.value.place, "0722000111" in str(told.value)) == (f"quarantine {number}", False)
    (place.root / "elsewhere" / NUMBERED).write_bytes(CONTENT)
    with pytest.raises(FileFault, match="could not be moved: symbolic link") as told:
        take_in(place.files.database, place.root, entry_for(NUMBERED), lambda _: True)
    assert "0722000111" not in str(told.value)


def test_what_does_not_agree_in_quarantine_is_told(place: ReconcilePlace) -> None:
    number = moved(place)
    (one,) = place.in_quarantine()
    (place.root / FOLDER / one.name).rename(place.root / FOLDER / "by-another-hand")
    assert place.fix() == {str(number): (Step.LEAVE, "lost"), "by-another-hand": (Step.LEAVE, "unknown")}
    (place.root / FOLDER / "by-another-hand").rename(place.day / NUMBERED)
    assert place.found() == {NUMBERED: (Step.QUARANTINE, "unknown"), str(number): (Step.KEEP, "cut-off")}
    assert place.fix() == {NUMBERED: (Step.QUARANTINE, "unknown")}
    assert [row["id"] for row in place.quarantine_rows()] == [number]


def test_a_row_that_comes_between_entering_and_moving_keeps_its_file(place: ReconcilePlace) -> None:
    """The second look is what counts; the entry says that nothing was moved."""
    place.put("a.wav")
    looks = iter((True, False))
    with pytest.raises(FileFault, match="changed while"):
        take_in(place.files.database, place.root, entry_for("a.wav"), lambda _: next(looks))
    assert (place.left(), [row["ending"] for row in place.quarantine_rows()]) == (["a.wav"], ["not moved"])


def entry_for(name: str, sha256: str | None = None) -> NewQuarantined:
    now = utc_now()
    return NewQuarantined(
        path=f"{DAY}/{name}",
        reason="r",
        recording_id=None,
        size=1,
        sha256=sha256,
        moved_at=now,
        expires_at=now + DAY_LONG,
        rule="30 days",
    )


def test_another_file_in_the_same_place_is_kept_beside_the_first(place: ReconcilePlace) -> None:
    """Whatever writes strangers writes them under the same names again; none goes over another one."""
    moved(place, "a.wav")
    place.put("a.wav", b"another")
    assert place.fix()["a.wav"] == (Step.QUARANTINE, "unknown")
    kept = {one.sha256: (place.root / FOLDER / one.name).read_bytes() for one in place.in_quarantine()}
    assert {content: hashlib.sha256(content).hexdigest() for content in (CONTENT, b"another")} == {v: k for k, v in kept.items()}


def test_an_entry_whose_file_another_process_moved_stays_open(place: ReconcilePlace) -> None:
    """Two reconciliations at once: the one that comes too late must not close what the other one needs to find the file again."""
    place.put("a.wav")
    asked: list[bool] = []

    def still(_: object) -> bool:
        asked.append(True)
        if len(asked) == 2:
            (one,) = place.in_quarantine()
            (place.root / FOLDER).mkdir()
            (place.day / "a.wav").rename(place.root / FOLDER / one.name)
        return len(asked) == 1

    with pytest.raises(FileFault, match="changed while"):
        take_in(place.files.database, place.root, entry_for("a.wav"), still)
    (one,) = place.in_quarantine()
    assert give_back(place.files.database, place.root, one.id, by="Ana Pop", reason="ours") == f"{DAY}/a.wav"


def test_a_move_that_is_not_durable_is_a_move_all_the_same(place: ReconcilePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put("a.wav")

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("callguard.retention.quarantine.os.fsync", failing)
    (place.root / FOLDER).mkdir(mode=0o700)
    with pytest.raises(FileFault, match="could not be moved"):
        take_in(place.files.database, place.root, entry_for("a.wav"), lambda _: True)
    assert (place.left(), len(place.in_quarantine())) == ([], 1)


def test_an_entry_of_a_file_that_never_came_is_not_for_the_next_one(place: ReconcilePlace) -> None:
    """Each has its own hash, and its own term from its own day on."""
    place.put("a.wav")
    with place.files.database.write() as connection:
        left_behind = enter(connection, entry_for("a.wav", "0" * 64))
    place.fix()
    (one,) = place.in_quarantine()
    assert (one.sha256, one.id != left_behind.id) == (HASH, True)
    assert [row["ending"] for row in place.quarantine_rows()] == ["not moved", None]


def test_what_has_another_name_keeps_its_mode(place: ReconcilePlace) -> None:
    """The other name may be the place of a recording, which the PBX's group reads."""
    recorded = place.add("a")
    recorded.chmod(0o640)
    os.link(recorded, place.day / "copy.wav")
    assert place.fix()["copy.wav"] == (Step.QUARANTINE, "unknown")
    assert recorded.stat().st_mode & 0o777 == 0o640


def test_a_row_that_comes_meanwhile_keeps_its_file(place: ReconcilePlace) -> None:
    place.put("a.wav")
    plan = place.plan()
    (planned,) = plan.comparison.differences()
    place.add("a")
    assert plan.carry_out(planned).judgment.step is Step.SAME
    with place.files.database.write() as connection:
        connection.execute(sa.delete(recordings))
    assert place.left() == ["a.wav"]
