"""Rows and files compared on real ones, in both directions: what is found, what --fix does, and what it leaves alone (issue 4, point 7)."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.errors import FileFault, GuardRefusal
from callguard.retention.differences import Content, Side, Step
from callguard.retention.holding import place_hold
from callguard.retention.holds import Hold, Scope
from callguard.retention.marker import NAME
from callguard.retention.naming import part, sealed
from callguard.retention.quarantine import FOLDER
from callguard.retention.tag import Tag
from callguard.store.database import Database
from callguard.store.hold_rows import add_hold
from callguard.store.reconcile_rows import PAGE
from callguard.store.tables import recordings
from tests.integration.reconcile_place import HASH, ReconcilePlace, new_reconcile_place, without_master_key
from tests.integration.sealed_place import add_sealed
from tests.integration.sweep_place import CONTENT, DAY, DUE, STARTED, new_place
from tests.other_user import as_ordinary_user

NOW = timedelta()
"""Of files that were made a moment ago."""


@pytest.fixture
def place(database: Database, tmp_path: Path) -> ReconcilePlace:
    return new_reconcile_place(database, tmp_path)


@pytest.fixture
def quick(sqlite_file: Database, tmp_path: Path) -> ReconcilePlace:
    """For what both databases do alike."""
    return new_reconcile_place(sqlite_file, tmp_path)


def tag_beside() -> bytes:
    """As it lies there where the file system has no attributes."""
    return json.dumps(Tag("gone", DUE, HASH).attributes()).encode()


def test_what_agrees_is_not_told(quick: ReconcilePlace) -> None:
    quick.add("a")
    add_sealed(quick.files, "b")
    quick.add("running", status="recording", size=None, sha256=None)
    quick.add("asked-for", content=None, status="requested", size=None, sha256=None)
    quick.add("just-stopped", size=None, sha256=None)
    quick.add("failed", content=None, status="failed", size=None, sha256=None)
    (quick.root / "lost+found").mkdir()
    assert quick.found() == quick.found(thorough=True) == {}
    assert quick.fix() == {}
    assert quick.entered() == []


def test_rows_without_files_and_files_without_rows(place: ReconcilePlace) -> None:
    """Both directions, planned and done: a row says so, a file goes where it has a last day. Neither is lost by it."""
    place.add("kept")
    place.add("gone", content=None)
    place.put("stranger.wav", b"who?")
    wanted = {"gone.wav": (Step.MARK, "missing"), "stranger.wav": (Step.QUARANTINE, "unknown")}
    assert place.found() == wanted
    assert (place.left(), place.files.row("gone")["status"], place.entered()) == (["kept.wav", "stranger.wav"], "stopped", [])
    assert place.fix() == wanted
    assert (place.left(), place.files.row("gone")["status"]) == (["kept.wav"], "missing")
    (one,) = place.in_quarantine()
    assert (one.path, one.reason, one.recording_id, one.size) == (f"{DAY}/stranger.wav", "no row knows it", None, 4)
    assert (place.root / FOLDER / one.name).read_bytes() == b"who?"
    assert (place.root / FOLDER / one.name).stat().st_mode & 0o777 == 0o600
    assert (place.root / FOLDER).stat().st_mode & 0o777 == 0o700
    assert place.fix() == {}


def test_a_file_that_comes_back_is_known_again(quick: ReconcilePlace) -> None:
    """A backup that is played back, or a disk that is mounted again: what was marked as missing is not lost."""
    path = quick.add("a", content=None)
    sealer = add_sealed(quick.files, "b")
    closed = sealer.day / sealed("b.wav")
    kept = closed.read_bytes()
    closed.unlink()
    assert quick.fix() == {"a.wav": (Step.MARK, "missing"), "b.wav": (Step.MARK, "missing")}
    path.write_bytes(CONTENT)
    closed.write_bytes(kept)
    assert quick.fix() == {"a.wav": (Step.MARK, "returned"), "b.wav": (Step.MARK, "returned")}
    assert [quick.files.row(name)["status"] for name in "ab"] == ["stopped", "sealed"]
    path.write_bytes(bytes(len(CONTENT)))
    quick.files.change("a", status="missing")
    assert quick.fix() == {"a.wav": (Step.LEAVE, "changed")}


def test_a_changed_file_stays_as_evidence_of_that(quick: ReconcilePlace) -> None:
    """By its size, or by when it was written to and what its tag tells; with --hashes in any case. Never removed, never moved."""
    quick.add("shorter").write_bytes(CONTENT[:-1])
    quick.add("later", stopped_at=STARTED).write_bytes(bytes(len(CONTENT)))
    quick.add("touched", stopped_at=STARTED)
    os.setxattr(quick.add("tagged", bytes(len(CONTENT))), "user.callguard.sha256", HASH.replace(HASH[0], "0").encode())
    quick.add("quietly", bytes(len(CONTENT)))
    changed = {f"{name}.wav": (Step.LEAVE, "changed") for name in ("shorter", "later", "tagged")}
    assert quick.found() == changed
    assert quick.found(thorough=True) == changed | {"quietly.wav": (Step.LEAVE, "changed")}
    assert quick.fix() == changed
    assert len(quick.left()) == 5


def test_a_sealed_one_is_opened_when_all_hashes_are_compared(quick: ReconcilePlace) -> None:
    """A changed byte in the middle does not change the size, and does not open."""
    sealer = add_sealed(quick.files, "a")
    path = sealer.day / sealed("a.wav")
    damaged = bytearray(path.read_bytes())
    damaged[-20] ^= 1
    path.write_bytes(damaged)
    assert quick.found() == {}
    assert quick.found(thorough=True) == {"a.wav.sealed": (Step.LEAVE, "unopened")}


def test_a_plain_file_beside_its_sealed_form_goes_when_that_was_opened(quick: ReconcilePlace) -> None:
    """S13: what a sealing that was cut off, or a backup, leaves in the clear. The recording can be heard before and after."""
    sealer = add_sealed(quick.files, "a")
    plain = quick.put("a.wav")
    assert without_master_key(quick).found() == {"a.wav": (Step.LEAVE, "twice")}
    assert quick.fix() == {"a.wav": (Step.REMOVE, "twice")}
    assert (sealer.left("a"), sealer.heard("a")) == (["a.wav.sealed"], CONTENT)
    plain.write_bytes(b"another sound")
    assert quick.fix() == {"a.wav": (Step.QUARANTINE, "twice")}
    assert (sealer.left("a"), [one.recording_id for one in quick.in_quarantine()]) == (["a.wav.sealed"], ["a"])
    plain.write_bytes(CONTENT)
    sealer.key("a").unlink()
    assert quick.fix() == {"a.wav": (Step.LEAVE, "twice")}
    assert plain.exists()


def test_drafts_go_and_tags_without_files(quick: ReconcilePlace) -> None:
    quick.add("a")
    quick.put(part("a.wav"), b"callguard sealed 1 a\nhalf")
    quick.put(part("b.wav"), b"callgu")
    quick.add("repaired")
    quick.put(part("repaired.wav"))
    quick.put(part("foreign"), b"of another program")
    quick.put("gone.wav.json", tag_beside())
    quick.put(".a.wav.json", b'{"user.callg')
    quick.put("a.wav.json", b"beside its file")
    quick.put("report.json", b"{}")
    assert quick.found(NOW) == {
        **{part(name): (Step.KEEP, "draft") for name in ("a.wav", "b.wav", "repaired.wav", "foreign")},
        **dict.fromkeys(("gone.wav.json", ".a.wav.json", "report.json"), (Step.KEEP, "tag")),
    }
    assert quick.fix() == {
        part("a.wav"): (Step.REMOVE, "draft"),
        part("b.wav"): (Step.REMOVE, "draft"),
        part("repaired.wav"): (Step.REMOVE, "draft"),
        part("foreign"): (Step.QUARANTINE, "unknown"),
        "gone.wav.json": (Step.REMOVE, "tag"),
        ".a.wav.json": (Step.REMOVE, "tag"),
        "report.json": (Step.QUARANTINE, "unknown"),
    }
    assert quick.left() == ["a.wav", "a.wav.json", "repaired.wav"]


def test_what_a_tombstone_proves_deleted_is_destroyed_again(place: ReconcilePlace) -> None:
    """C7: files and keys that a backup brought back. Known by path, by tag and by name; by the hash, or by the first line."""
    place.add("plain")
    sealer = add_sealed(place.files, "closed")
    kept, key = (sealer.day / sealed("closed.wav")).read_bytes(), sealer.key("closed").read_bytes()
    place.files.sweep()
    assert place.left() == []
    place.put("plain.wav")
    place.put("plain.wav.json", tag_beside())
    place.put(sealed("closed.wav"), kept)
    sealer.key("closed").write_bytes(key)
    os.setxattr(place.put("renamed.wav"), "user.callguard.recording", b"plain")
    place.put(sealed("renamed"), kept)
    place.put("closed.wav", b"not what was deleted")
    assert {step for step, _ in place.found(NOW).values()} == {Step.LEAVE, Step.DESTROY}  # the key, of which nobody needs to wait
    assert place.fix() == {
        "plain.wav": (Step.DESTROY, "restored"),
        "closed.wav.sealed": (Step.DESTROY, "restored"),
        "renamed.wav": (Step.DESTROY, "restored"),
        "renamed.sealed": (Step.DESTROY, "restored"),
        "closed.wav": (Step.QUARANTINE, "restored"),
    }
    assert (place.left(), sealer.key("closed").exists()) == ([], False)
    assert [one.recording_id for one in place.in_quarantine()] == ["closed"]
    sealer.key("closed").write_bytes(key)
    assert place.fix() == {"closed.wav": (Step.DESTROY, "deleted")}
    assert not sealer.key("closed").exists()


def test_the_key_of_a_restored_file_goes_before_it(quick: ReconcilePlace) -> None:
    """C7: cut off in between, what is left cannot be heard."""
    sealer = add_sealed(quick.files, "a")
    closed, key = sealer.day / sealed("a.wav"), sealer.key("a")
    kept = closed.read_bytes(), key.read_bytes()
    quick.files.sweep()
    closed.write_bytes(kept[0])
    key.write_bytes(kept[1])
    plan = quick.plan()
    (file,) = (one for one in plan.comparison.differences() if one.side is Side.FILE)
    plan.carry_out(file)
    assert (closed.exists(), key.exists()) == (False, False)


def test_a_tombstone_counts_when_its_row_is_gone_too(quick: ReconcilePlace) -> None:
    """Three years later: the call and its recordings have no row any more, the proof of deletion has."""
    quick.add("plain")
    quick.files.sweep()
    with quick.files.database.write() as connection:
        connection.execute(sa.delete(recordings))
    quick.put("plain.wav")
    assert quick.fix() == {"plain.wav": (Step.DESTROY, "restored")}


def test_nothing_beats_a_hold(place: ReconcilePlace) -> None:
    """C6c: by recording, and by whatever may ask for it where nobody knows any more whose it is. Nor does anything beat a restriction."""
    add_sealed(place.files, "twice")
    add_sealed(place.files, "restricted", restricted=True, expires_at=DUE + timedelta(days=1))
    add_sealed(place.files, "flagged", held=True, expires_at=DUE + timedelta(days=1))
    place.add("deleted")
    place.files.sweep()
    add_sealed(place.files, "held", expires_at=DUE + timedelta(days=1))
    for name in ("held", "restricted", "flagged", "deleted"):
        place.put(f"{name}.wav")
    place_hold(place.files.database, Scope(recording="held"), by="Ana Pop", reason="fraud", reference="12/P")
    assert place.fix() == {
        **{f"{name}.wav": (Step.KEEP, "held") for name in ("held", "restricted", "flagged")},
        "deleted.wav": (Step.DESTROY, "restored"),
    }
    place.put("deleted.wav")
    place_hold(place.files.database, Scope(queue="sales"), by="Ana Pop", reason="fraud", reference="13/P")
    with place.files.database.write() as connection:
        connection.execute(sa.delete(recordings).where(recordings.c.id == "deleted"))
    place.put(part("nobodys"), b"callguard sealed 1 n\n")
    found = place.fix()
    assert found["deleted.wav"] == found[part("nobodys")] == (Step.KEEP, "held")


def test_a_hold_that_is_being_placed_is_waited_for(server_database: Database, tmp_path: Path) -> None:
    """C6c: on a server with many writers; it comes before the deed or after it, never between question and deed."""
    place = new_reconcile_place(server_database, tmp_path)
    place.add("a")
    place.files.sweep()
    place.put("a.wav")
    plan = place.plan()
    (planned,) = plan.comparison.differences()
    assert planned.judgment.step is Step.DESTROY
    with ThreadPoolExecutor(1) as other:
        with server_database.write() as connection:
            hold = Hold(id=0, scope=Scope(recording="a"), reason="x", reference="1", placed_by="Ana", placed_at=STARTED)
            add_hold(connection, hold, "5a" * 16)
            doing = other.submit(plan.carry_out, planned)
            with pytest.raises(TimeoutError):
                doing.result(0.3)
        assert doing.result(5).judgment.ground == "held"
    assert place.left() == ["a.wav"]


def test_who_records_here_without_a_row_is_told_and_left_alone(quick: ReconcilePlace) -> None:
    """A recording that runs and that no row knows: another part of the PBX writes into our folder."""
    quick.put("growing.wav")
    assert quick.found(NOW) == {"growing.wav": (Step.LEAVE, "growing")}
    assert quick.found() == {"growing.wav": (Step.QUARANTINE, "unknown")}


def test_a_running_row_whose_call_is_over_is_for_the_engine(quick: ReconcilePlace) -> None:
    quick.add("a", status="recording", size=None, sha256=None)
    with quick.files.database.write() as connection:
        connection.execute(sa.text("UPDATE calls SET ended_at = started_at"))
    assert quick.fix() == {"a.wav": (Step.LEAVE, "stale")}


def test_copies_go_and_what_was_moved_is_told(quick: ReconcilePlace) -> None:
    """A recording that lies elsewhere has its own last day, which a quarantine would cut short."""
    quick.add("a")
    os.setxattr(quick.put("copy.wav"), "user.callguard.recording", b"a")
    moved = quick.add("b")
    moved.rename(quick.root / "b.wav")
    assert quick.fix() == {
        "copy.wav": (Step.QUARANTINE, "copy"),
        "b.wav": (Step.LEAVE, "moved"),
    }
    assert (quick.root / "b.wav").exists()
    assert quick.files.row("b")["status"] == "missing"


def test_keys_that_nobody_knows_stay(quick: ReconcilePlace) -> None:
    """Without the key a sealed recording is gone for good: a lost database must not cost them."""
    sealer = add_sealed(quick.files, "a")
    sealer.key("stranger").write_bytes(b"key")
    os.mkfifo(sealer.key("odd"))
    stay = {"stranger.wav": (Step.LEAVE, "unknown"), "odd.wav": (Step.LEAVE, "obstacle")}
    assert quick.fix() == stay
    sealer.key("a").unlink()
    assert quick.fix() == stay | {"a.wav": (Step.LEAVE, "key")}


def test_a_key_store_that_is_not_mounted_is_told_once(quick: ReconcilePlace) -> None:
    for name in "abc":
        add_sealed(quick.files, name)
    quick.files.keys.folder.rename(quick.root.parent / "elsewhere")
    assert quick.found() == {"keys": (Step.LEAVE, "store")}


def test_obstacles_are_told_and_the_rest_goes_on(quick: ReconcilePlace) -> None:
    """Links, pipes, names that cannot be written, folders too deep, hard links: a verdict each."""
    quick.add("a")
    quick.add("linked-row").unlink()
    (quick.day / "linked-row.wav").symlink_to("/etc/hostname")
    (quick.day / "elsewhere").symlink_to("/etc")
    os.mkfifo(quick.day / "pipe")
    quick.put("bell\a.wav")
    quick.add("outside", content=None, path="../outside.wav")
    quick.add("unmounted", content=None, path="1999/01/01/unmounted.wav")
    deep = quick.root / "/".join("d" * 20)
    deep.mkdir(parents=True)
    os.link(quick.put("stranger.wav"), quick.root.parent / "another")
    obstacle = (Step.LEAVE, "obstacle")
    wanted = dict.fromkeys(("linked-row.wav", "elsewhere", "pipe", "bell\x07.wav", "d"), obstacle)
    assert quick.fix() == {
        **wanted,
        "outside.wav": (Step.LEAVE, "astray"),
        "unmounted.wav": (Step.LEAVE, "folder"),
        "stranger.wav": (Step.QUARANTINE, "unknown"),
    }
    assert Path("/etc/hostname").exists()


def test_another_recordings_root_is_told_and_not_entered(quick: ReconcilePlace) -> None:
    """Its rows are in another database: to this one all of its files are strangers."""
    quick.add("a")
    other = quick.root / "other"
    theirs = other / DAY / "b.wav"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(CONTENT)
    (other / NAME).write_text("0f" * 16, "ascii")
    assert quick.fix() == {"other": (Step.LEAVE, "obstacle")}
    assert theirs.exists()


def test_what_has_another_name_is_destroyed_under_ours_and_told(quick: ReconcilePlace) -> None:
    quick.add("a")
    quick.files.sweep()
    os.link(quick.put("a.wav"), quick.root.parent / "another")
    plan = quick.plan()
    (done,) = (plan.carry_out(one) for one in plan.comparison.differences())
    assert (done.judgment.step, done.for_a_person, quick.left()) == (Step.DESTROY, True, [])


def test_a_plain_file_that_can_still_be_heard_elsewhere_is_told(quick: ReconcilePlace) -> None:
    """S13: what lies beside its sealed form is removed, and lies in the clear under its other name."""
    add_sealed(quick.files, "a")
    os.link(quick.put("a.wav"), quick.root.parent / "another")
    plan = quick.plan()
    (done,) = (plan.carry_out(one) for one in plan.comparison.differences())
    assert (done.judgment.step, done.for_a_person, quick.left()) == (Step.REMOVE, True, ["a.wav.sealed"])


def test_what_cannot_be_read_is_left(reachable_folder: Path, reachable_file: Database) -> None:
    place = new_reconcile_place(reachable_file, reachable_folder, sealing=False)
    place.add("a", stopped_at=STARTED).chmod(0)
    (place.root / "shut").mkdir(mode=0)
    stranger = place.put("stranger.wav")
    stranger.chmod(0)
    with as_ordinary_user():
        assert place.found() == {
            "a.wav": (Step.LEAVE, "obstacle"),
            "shut": (Step.LEAVE, "obstacle"),
            "stranger.wav": (Step.QUARANTINE, "unknown"),
        }
        assert place.fix()["stranger.wav"] == (Step.LEAVE, "obstacle")


def test_a_root_that_cannot_be_believed_stops_it(quick: ReconcilePlace) -> None:
    """An unmounted disk must not turn a million rows into missing ones."""
    quick.add("a", content=None)
    (quick.root / NAME).unlink()
    for reason in ("is not the folder that callguard marked", "is not there"):
        with pytest.raises(GuardRefusal, match=reason) as refused:
            quick.plan().require_root()
        assert refused.value.exit_status == 4
        if quick.root.exists():
            quick.root.rename(quick.root.parent / "elsewhere")
    assert quick.files.row("a")["status"] == "stopped"


def test_a_root_that_was_never_marked_stops_it(sqlite_file: Database, tmp_path: Path) -> None:
    place = ReconcilePlace(new_place(sqlite_file, tmp_path), None)
    place.add("a")
    with pytest.raises(GuardRefusal, match="was never marked"):
        place.plan().require_root()


def test_what_cannot_be_written_is_left_and_the_rest_goes_on(reachable_folder: Path, reachable_file: Database) -> None:
    """Read-only folders, and a quarantine that belongs to another user: each a failure of its own."""
    place = new_reconcile_place(reachable_file, reachable_folder, sealing=False)
    for name in ("a", "b"):
        place.add(name)
    place.files.sweep()
    place.put("a.wav")
    place.put("stranger.wav")
    place.day.chmod(0o555)
    for path in reachable_folder.glob("callguard.db*"):
        path.chmod(0o666)
    reachable_folder.chmod(0o777)
    with as_ordinary_user():
        plan = place.plan()
        for one in plan.comparison.differences():
            with pytest.raises(FileFault, match="could not be"):
                plan.carry_out(one)
    assert place.left() == ["a.wav", "stranger.wav"]
    assert [row["ending"] for row in place.quarantine_rows()] == ["not moved"]


def test_a_recording_that_begins_meanwhile_is_no_stranger(place: ReconcilePlace) -> None:
    """Its row comes before its file, and the look-up after the listing; and once more before anything is done."""
    place.put("new.wav")
    plan = place.plan()
    (planned,) = plan.comparison.differences()
    assert planned.judgment.step is Step.QUARANTINE
    place.add("new", status="recording", size=None, sha256=None)
    assert plan.carry_out(planned).judgment.step is Step.SAME
    assert (place.left(), place.in_quarantine()) == (["new.wav"], [])


def test_what_a_sweep_does_while_it_is_compared_is_no_difference(quick: ReconcilePlace) -> None:
    """A page of rows and a block of names are as old as their first one."""
    quick.add("a", content=None)
    quick.add("b", expires_at=DUE + timedelta(days=1))
    differences = iter(quick.plan().comparison.differences())
    assert next(differences).place == f"{DAY}/a.wav"
    quick.files.sweep(DUE + timedelta(days=2))
    assert list(differences) == []
    for name in "ab":
        quick.put(f"{name}.wav")
    differences = iter(quick.plan().comparison.differences())
    assert next(differences).judgment.ground == "restored"
    (quick.day / "b.wav").unlink()
    assert list(differences) == []


def test_a_row_that_is_gone_meanwhile_is_not_marked(quick: ReconcilePlace) -> None:
    quick.add("a", content=None)
    plan = quick.plan()
    (planned,) = plan.comparison.differences()
    with quick.files.database.write() as connection:
        connection.execute(sa.delete(recordings))
    assert plan.carry_out(planned).judgment.ground == "gone"


def test_only_what_was_shown_is_done(quick: ReconcilePlace) -> None:
    """A verdict that has become another one meanwhile is for the next run, which shows it."""
    quick.add("a")
    quick.put(part("b.wav"), b"callguard sealed 1 b\n")
    plan = quick.plan()
    (planned,) = plan.comparison.differences()
    assert planned.judgment.step is Step.REMOVE
    found = plan.carry_out(replace(planned, judgment=planned.judgment._replace(step=Step.DESTROY)))
    assert (found.judgment.step, found.judgment.ground, len(quick.left())) == (Step.LEAVE, "busy", 2)


@pytest.mark.parametrize("ground", ["unknown", "restored"])
def test_what_changes_after_it_was_read_is_left_alone(quick: ReconcilePlace, ground: str) -> None:
    if ground == "restored":
        quick.add("a")
        quick.files.sweep()
    path = quick.put("a.wav")
    plan = quick.plan()
    (planned,) = plan.comparison.differences()
    assert planned.judgment.ground == ground
    if ground == "unknown":
        planned = replace(planned, content=Content(HASH, identity=(0,)))
    path.write_bytes(CONTENT[::-1])
    done = plan.carry_out(planned)
    assert (done.judgment.step, done.judgment.ground) == (Step.LEAVE, "busy")
    assert (quick.left(), quick.in_quarantine()) == (["a.wav"], [])


@pytest.mark.parametrize("vanishing", ["a.wav", "stranger.wav", "d.wav.sealed.part"])
def test_what_vanishes_meanwhile_is_no_failure(quick: ReconcilePlace, vanishing: str) -> None:
    quick.add("a")
    quick.files.sweep()
    quick.put("a.wav")
    quick.put("stranger.wav")
    quick.put("d.wav.sealed.part", b"callguard sealed 1 d\n")
    plan = quick.plan()
    planned = {one.place.rpartition("/")[2]: one for one in plan.comparison.differences()}
    (quick.day / vanishing).unlink()
    assert plan.carry_out(planned[vanishing]).judgment.ground == "gone"


def test_more_than_a_page_and_more_than_a_block(quick: ReconcilePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callguard.retention.walking.BLOCK", 100)
    quick.add("r0000")
    row = quick.files.row("r0000")
    names = [f"r{number:04}" for number in range(1, PAGE + 50)]
    with quick.files.database.write() as connection:
        connection.execute(sa.insert(recordings), [{**row, "id": name, "path": f"{DAY}/{name}.wav"} for name in names])
    for name in names[:-20]:
        quick.put(f"{name}.wav")
    for number in range(30):
        quick.put(f"s{number:04}.wav")
    found = quick.found()
    assert sum(one == (Step.MARK, "missing") for one in found.values()) == 20
    assert sum(one == (Step.QUARANTINE, "unknown") for one in found.values()) == 30
    assert len(found) == 50


def test_the_ledger_tells_what_was_mended_and_no_path(quick: ReconcilePlace) -> None:
    """Nothing of a number that a PBX wrote into a name."""
    quick.add("gone", content=None)
    quick.put("out-0722000111-20260831.wav")
    quick.fix()
    told = quick.entered()
    assert [kind for kind, _ in told] == ["reconciliation", "quarantine"]
    assert told[0][1] == '{"ground":"missing","of":"missing","recording":"gone","step":"mark"}'
    assert not any("0722000111" in body for _, body in told)
