"""Sealed recordings and the sweep: the key goes first, and with it all copies; holds and obstacles keep both."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from callguard.evidence.keys import BACKUP_TAG, KeyGone
from callguard.retention.execution import Result
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.naming import sealed
from callguard.retention.overwriting import written_out
from callguard.retention.rules import Ground, stamp
from callguard.store.database import Database, open_database
from tests.integration.sealed_place import Sealer, add_sealed
from tests.integration.sweep_place import CONTENT, DUE, Place, new_place


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return new_place(database, tmp_path)


@pytest.fixture
def filed(sqlite_file: Database, tmp_path: Path) -> Place:
    return new_place(sqlite_file, tmp_path)


def test_a_sealed_recording_goes_with_its_key_and_is_proven(place: Place) -> None:
    """C7: the tombstone says what, when, why, by which rule, and the hash; no number, no name."""
    sealer = add_sealed(place, "a")
    digest = place.row("a")["sha256"]
    totals, outcomes = place.sweep()
    proof = place.proofs()["a"]
    assert (totals.deleted, outcomes["a"].result, sealer.left("a"), sealer.key("a").exists()) == (1, Result.DELETED, [], False)
    assert (place.row("a")["status"], proof["sha256"], proof["size"]) == ("deleted", digest, len(CONTENT))
    assert (proof["file"], proof["reason"]) == ("present, sealed; the key is destroyed", f"expired on {stamp(DUE)}")
    assert proof["rule"] == "6 months from the start of the call, by policy inbound p1"
    assert "+40722000001" not in str(proof)


def test_a_backup_of_database_and_files_cannot_be_heard_any_more(filed: Place) -> None:
    """C7: the backup of the day before, put back whole; only the keys are not in it. What came back goes at the next sweep."""
    sealer = add_sealed(filed, "a")
    backup = filed.root.parent / "backup"
    shutil.copytree(filed.root, backup / "recordings", symlinks=True)
    with closing(sqlite3.connect(filed.root.parent / "callguard.db")) as source, closing(sqlite3.connect(backup / "callguard.db")) as copy:
        source.backup(copy)
    assert sealer.heard("a") == CONTENT
    filed.sweep()
    restored = restore(filed, backup)
    assert (restored.row("a")["status"], sealer.left("a")) == ("sealed", [sealed("a.wav")])
    with pytest.raises(KeyGone, match="it was destroyed"):
        sealer.heard("a")
    assert CONTENT[44:120] not in (sealer.day / sealed("a.wav")).read_bytes()
    assert (restored.sweep()[0].deleted, sealer.left("a")) == (1, [])
    restored.database.close()


def restore(place: Place, backup: Path) -> Place:
    place.database.close()
    shutil.rmtree(place.root)
    shutil.copytree(backup / "recordings", place.root)
    shutil.copy(backup / "callguard.db", place.root.parent / "restored.db")
    return Place(open_database(f"sqlite:///{place.root.parent}/restored.db"), place.root, place.keys)


def test_a_hold_keeps_recording_and_key(place: Place) -> None:
    """C6c."""
    sealer = add_sealed(place, "a")
    place_hold(place.database, Scope(recording="a"), by="Ana Pop", reason="fraud", reference="1")
    _, outcomes = place.sweep()
    assert (outcomes["a"].verdict.ground, place.row("a")["status"], sealer.heard("a")) == (Ground.HELD, "sealed", CONTENT)


def test_a_hold_that_comes_after_the_mark_keeps_what_is_there(place: Place) -> None:
    """C6c: a sweep was cut off between the mark and the key."""
    sealer = add_sealed(place, "a")
    place.change("a", status="deleting")
    place_hold(place.database, Scope(recording="a"), by="Ana Pop", reason="fraud", reference="1")
    _, outcomes = place.sweep()
    assert (outcomes["a"].verdict.ground, sealer.heard("a"), place.proofs()) == (Ground.HELD, CONTENT, {})


def test_a_key_store_that_is_not_there_keeps_the_recording(place: Place) -> None:
    """C7: its disk is not mounted; the key would live on, and the proof would be a lie."""
    sealer = add_sealed(place, "a")
    keys = place.keys.folder
    keys.rename(keys.with_name("unmounted"))
    keys.mkdir()
    totals, outcomes = place.sweep()
    assert (totals.failed, outcomes["a"].verdict.ground, place.row("a")["status"]) == (1, Ground.OBSTRUCTED, "sealed")
    assert "is no key store" in outcomes["a"].verdict.reason
    keys.rmdir()
    keys.with_name("unmounted").rename(keys)
    assert (sealer.heard("a"), place.sweep()[0].deleted) == (CONTENT, 1)


def test_a_key_that_cannot_be_destroyed_keeps_the_recording_and_its_row_does_not_say_that_it_can_be_heard(place: Place) -> None:
    sealer = add_sealed(place, "a")
    key = sealer.key("a")
    key.rename(key.with_name("moved"))
    key.mkdir()
    totals, outcomes = place.sweep()
    assert (totals.failed, place.row("a")["status"], sealer.left("a")) == (1, "deleting", [sealed("a.wav")])
    assert "its key cannot be reached" in outcomes["a"].verdict.reason
    key.rmdir()
    key.with_name("moved").rename(key)
    assert (place.sweep()[0].deleted, key.exists(), sealer.left("a")) == (1, False, [])


def test_a_pipe_where_a_key_should_be_is_told_and_not_waited_for(place: Place) -> None:
    sealer = add_sealed(place, "a")
    sealer.key("a").unlink()
    os.mkfifo(sealer.key("a"))
    totals, outcomes = place.sweep()
    assert (totals.failed, "its key cannot be reached" in outcomes["a"].verdict.reason, sealer.key("a").exists()) == (1, True, True)


def test_what_the_disk_did_not_take_is_told() -> None:
    """C7: a key over which no zeros were written is not removed as if they were."""
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError, match="Illegal seek"):
            written_out(writing)
    finally:
        os.close(reading)
        os.close(writing)


def test_of_many_each_has_a_result_of_its_own(place: Place) -> None:
    """C7: so many that several are removed at once."""
    names = [f"r{number:02d}" for number in range(40)]
    sealers = {name: add_sealed(place, name) for name in names}
    key = sealers["r17"].key("r17")
    key.rename(key.with_name("moved"))
    key.mkdir()
    (sealers["r31"].day / sealed("r31.wav")).unlink()
    totals, outcomes = place.sweep()
    assert (totals.deleted, totals.failed, outcomes["r17"].result) == (39, 1, Result.FAILED)
    assert (sealers["r17"].left("r17"), place.row("r17")["status"]) == ([sealed("r17.wav")], "deleting")
    assert {name for name in names if sealers[name].left(name) or sealers[name].key(name).exists()} == {"r17"}
    assert {name for name, proof in place.proofs().items() if proof["file"].startswith("missing")} == {"r31"}


def test_a_sealed_file_that_another_hand_removed_takes_its_key_along(place: Place) -> None:
    sealer = add_sealed(place, "a")
    (sealer.day / sealed("a.wav")).unlink()
    place.sweep()
    assert (sealer.key("a").exists(), place.proofs()["a"]["reason"]) == (False, f"expired on {stamp(DUE)}; the file was missing")


def test_another_name_of_a_sealed_file_opens_nothing_and_is_no_failure(place: Place) -> None:
    """C7: unlike that of a plain one, of which somebody has to hear."""
    sealer = add_sealed(place, "a")
    os.link(sealer.day / sealed("a.wav"), place.root / "copy")
    totals, _ = place.sweep()
    assert (totals.deleted, totals.failed, (place.root / "copy").exists()) == (1, 0, True)
    assert CONTENT[44:120] not in (place.root / "copy").read_bytes()


def test_a_plain_recording_whose_sealing_was_cut_off_takes_the_unused_key_along(place: Place) -> None:
    place.add("a")
    sealer = Sealer(place.root.parent)
    place.keys.keep("2026/08/31/a.wav", "a", bytes(32), sealer.vault.master)
    (sealer.day / "a.wav.sealed.part").write_bytes(b"half")
    place.sweep()
    assert (sealer.left("a"), sealer.key("a").exists(), place.proofs()["a"]["file"]) == ([], False, "present")


def test_the_mark_of_the_key_store_is_no_key(place: Place) -> None:
    add_sealed(place, "a")
    place.sweep()
    assert (place.keys.folder / BACKUP_TAG).exists()
