"""What a disk may have in store for a sweep: files that nobody may remove, no room, and thousands that cannot be reached."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.errors import StoreError
from callguard.retention.execution import Outcome, Result, SweepTotals, execute
from callguard.retention.naming import sealed
from callguard.retention.pace import FIRST, LEAST, Pace
from callguard.retention.rules import stamp
from callguard.store import retention_rows
from callguard.store.database import Database
from callguard.store.tables import recordings
from tests.integration.sealed_place import add_sealed
from tests.integration.sweep_place import CONTENT, DAY, DUE, Place, new_place

EXPIRED = f"expired on {stamp(DUE)}"
SET_FLAGS, IMMUTABLE = 0x40086602, 0x10
"""FS_IOC_SETFLAGS and FS_IMMUTABLE_FL of linux/fs.h."""


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Place:
    return new_place(sqlite_file, tmp_path)


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """As `chattr +i` leaves it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("i", IMMUTABLE))
        except OSError:
            pytest.skip("needs root, and a file system that knows immutable files")
        yield
        fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("i", 0))
    finally:
        os.close(descriptor)


@contextmanager
def room_for(database: Database, pages: int) -> Iterator[None]:
    """SQLite's own limit stands for the file system's: the error is the same."""

    def limit(connection: sa.Connection) -> None:
        cursor = connection.connection.cursor()
        (used,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {used + pages}")

    sa.event.listen(database._engine, "begin", limit)
    yield
    sa.event.remove(database._engine, "begin", limit)
    database.close()


def test_an_immutable_file_is_told_and_stays_as_it_was_and_the_others_go(place: Place) -> None:
    """C7: its row says what is true of it, before and after."""
    paths = {name: place.add(name) for name in "abc"}
    with immutable(paths["b"]):
        totals, outcomes = place.sweep()
        assert totals == SweepTotals(DUE, 3, 2, 1, finished=True)
        assert outcomes["b"].verdict.reason == f"{EXPIRED}, but could not be removed: Operation not permitted"
        assert (paths["b"].exists(), place.row("b")["status"], set(place.proofs())) == (True, "stopped", {"a", "c"})
    assert place.sweep()[0].deleted == 1
    assert place.agree()


def test_an_immutable_sealed_file_is_silent_all_the_same(place: Place) -> None:
    """C7: its key is gone, and its row does not say that it could be heard."""
    sealer = add_sealed(place, "a")
    with immutable(sealer.day / sealed("a.wav")):
        totals, _ = place.sweep()
        assert (totals.failed, sealer.key("a").exists(), place.row("a")["status"]) == (1, False, "deleting")
    assert (place.sweep()[0].deleted, place.proofs()["a"]["file"]) == (1, "present, sealed; the key is destroyed")


def test_an_immutable_key_keeps_its_recording(place: Place) -> None:
    """C7: the file would be gone, and every copy of it could still be heard."""
    sealer = add_sealed(place, "a")
    with immutable(sealer.key("a")):
        totals, outcomes = place.sweep()
        assert (totals.failed, sealer.left("a")) == (1, [sealed("a.wav")])
        assert "its key cannot be reached: Operation not permitted" in outcomes["a"].verdict.reason
        assert sealer.heard("a") == CONTENT
    assert (place.sweep()[0].deleted, sealer.key("a").exists()) == (1, False)


def test_a_read_only_file_goes(place: Place) -> None:
    """S8: what may not be written may be deleted by who owns its folder."""
    path = place.add("a")
    path.chmod(0o400)
    assert (place.sweep()[0].deleted, path.exists()) == (1, False)


def test_a_full_disk_keeps_files_whose_deletion_could_not_be_written_down(place: Place) -> None:
    """C7: no deletion without its proof; once there is room, the next sweep does it."""
    paths = {f"r{number:03d}": place.add(f"r{number:03d}") for number in range(60)}
    outcomes: list[Outcome] = []
    with room_for(place.database, 0), pytest.raises(StoreError, match="disk is full"):
        execute(place.plan(), outcomes.append)
    failed = {one.verdict.record for one in outcomes if one.result is Result.FAILED}
    assert len(failed) > 30
    assert {one.verdict.reason for one in outcomes} <= {EXPIRED, f"{EXPIRED}, but the disk is full"}
    assert {name for name, path in paths.items() if path.exists()} == failed
    assert place.agree()
    assert place.sweep()[0].deleted == len(failed)
    assert place.agree()


def test_ten_thousand_that_cannot_be_reached_among_a_hundred_thousand(place: Place) -> None:
    """One in ten: the run goes on, and each of them is told."""
    names = [f"r{number:05d}" for number in range(100_000)]
    place.add(names[0])
    row = place.row(names[0])
    with place.database.write() as connection:
        connection.execute(sa.insert(recordings), [{**row, "id": name, "path": f"{DAY}/{name}.wav"} for name in names[1:]])
    for number, name in enumerate(names):
        path = place.root / DAY / f"{name}.wav"
        if number % 20 == 7:
            path.symlink_to("/etc/hostname")
        elif number % 20 == 13:
            path.mkdir()
        else:
            path.write_bytes(CONTENT)
    totals, outcomes = place.sweep()
    assert totals == SweepTotals(DUE, 100_000, 90_000, 10_000, finished=True)
    failed = {name for name, outcome in outcomes.items() if outcome.result is Result.FAILED}
    assert failed == set(names[7::20]) | set(names[13::20])
    assert {place.row(name)["status"] for name in names[7::10_000]} == {"stopped"}
    assert place.agree()
    again, _ = place.sweep()
    assert again == SweepTotals(DUE, 10_000, 0, 10_000, finished=True)


def test_a_group_is_as_large_as_the_disk_is_fast() -> None:
    """Another writer waits as long as a group takes, on whatever disk."""
    pace = Pace()
    assert pace.size == FIRST
    for _ in range(10):
        pace.note(pace.size, pace.size * 0.00002)
    assert pace.size == retention_rows.PAGE
    pace.note(500, 5.0)
    assert pace.size == LEAST
    pace.note(5, 0.025)
    assert pace.size == 10
