"""What was committed stays, what was not leaves no trace, and readers and writers do not stand in each other's way."""

import threading
from pathlib import Path

import sqlalchemy as sa

from callguard.announcements.catalogue import ArchivedAnnouncement
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import LOG_LIMIT_BYTES, Database
from callguard.store.listing import list_calls
from callguard.store.loading import load_calls
from callguard.store.records import save_calls
from callguard.store.tables import calls, sweeps
from tests.integration.store_processes import other_process
from tests.integration.store_values import NOW, keep, life

PAGE, FRAME_HEAD = 4096, 24
"""Bytes of SQLite's pages, and of what stands before each in the log."""

SAVE_FOR_EVER = """
number = 0
while True:
    number += 1
    connected = life(f"c{number}")[3]
    with database.write_straight() as connection:
        save_calls(connection, [(None, connected)])
    say(f"c{number}")
"""
STOP_BEFORE_COMMIT = """
with database.write_straight() as connection:
    save_calls(connection, [(None, life("c0")[3])])
    say("written")
    wait()
"""
READ_FOR_EVER = """
from callguard.store.listing import list_calls
while True:
    with database.read() as connection:
        listed = list_calls(connection, limit=50)
    assert all(call.parties[0].decision == "stayed" for call in listed if call.recordings), "half a step was seen"
    say(f"{len(listed)}")
"""


def stock(database: Database) -> None:
    with database.write() as connection:
        keep(connection)


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(calls.c.id)))


def test_kill_9_before_the_commit_leaves_nothing(database: Database) -> None:
    stock(database)
    with other_process(database, STOP_BEFORE_COMMIT) as writer:
        assert writer.hears() == "written"
        writer.kill()
    with database.write() as connection:
        save_calls(connection, [(None, life("c1")[3])])
    assert stored(database) == ["c1"]


def test_kill_9_at_any_moment_loses_nothing_that_was_committed(database: Database) -> None:
    """Design rule 2 hangs on it: a recording that the PBX was told of has its rows, and the decision that covers it."""
    stock(database)
    with other_process(database, SAVE_FOR_EVER) as writer:
        said = [writer.hears() for _ in range(40)]
        said += writer.kill()
    found = stored(database)
    assert set(said) <= set(found)
    assert len(found) - len(said) in (0, 1), "at most the one that was committed and not yet told"
    with database.read() as connection:
        assert sorted(load_calls(connection, found), key=lambda call: call.id) == sorted(
            (life(one)[3] for one in found), key=lambda call: call.id
        )
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_command_reads_while_the_daemon_writes(database: Database) -> None:
    """Neither waits for the other, and the reader never sees half a step."""
    stock(database)
    with other_process(database, READ_FOR_EVER) as reader:
        assert reader.hears() == "0"
        for number in range(60):
            with database.write() as connection:
                save_calls(connection, [(None, life(f"c{number}")[3])])
        lines = iter(reader.hears, "")
        assert next(line for line in lines if line == "50")


def test_two_writers_lose_no_change(sqlite_file: Database) -> None:
    """`BEGIN IMMEDIATE`: with SQLite's default, reading and then writing back loses most of them without an error."""
    with sqlite_file.write() as connection:
        connection.execute(sa.insert(sweeps), {"as_of": NOW, "finished_at": NOW, "considered": 0, "deleted": 0, "failed": 0})

    def count() -> None:
        for _ in range(40):
            with sqlite_file.write() as connection:
                seen = connection.scalar(sa.select(sweeps.c.considered))
                connection.execute(sa.update(sweeps).values(considered=(seen or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with sqlite_file.read() as connection:
        assert connection.scalar(sa.select(sweeps.c.considered)) == 80


def test_a_commit_is_on_the_disk(sqlite_file: Database) -> None:
    """`synchronous=FULL` and a write-ahead log: a commit survives the loss of power."""
    with sqlite_file.write() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def _archive(database: Database, versions: range) -> None:
    for version in versions:
        sound = bytes(1_000_000)
        with database.write() as connection:
            archive_announcement(connection, ArchivedAnnouncement(str(version), "inbound", "ro", "text", 1, sound, sound), NOW)


def test_the_write_ahead_log_stays_small(sqlite_file: Database, tmp_path: Path) -> None:
    log = tmp_path / "callguard.db-wal"
    _archive(sqlite_file, range(20))
    assert log.stat().st_size < LOG_LIMIT_BYTES


def test_a_step_writes_no_page_of_an_index_that_it_does_not_change(sqlite_file: Database, tmp_path: Path) -> None:
    """The pages of a commit are what a call costs the disk, and much of what it costs the engine; each table and index has one here."""
    log = tmp_path / "callguard.db-wal"
    with sqlite_file.write() as connection:
        keep(connection)
    course = life()
    pages = []
    for change in zip([None, *course], course, strict=False):
        before = log.stat().st_size
        with sqlite_file.write() as connection:
            save_calls(connection, [change])
        pages.append((log.stat().st_size - before) // (PAGE + FRAME_HEAD))
    assert pages == [13, 4, 10, 1, 5, 2]


def test_the_write_ahead_log_shrinks_again_after_a_long_reader(sqlite_file: Database, tmp_path: Path) -> None:
    """A listing left open in a pager holds the log; the disk gets its room back when it is closed."""
    log = tmp_path / "callguard.db-wal"
    with sqlite_file.read() as connection:
        list_calls(connection, limit=1)
        _archive(sqlite_file, range(20))
        assert log.stat().st_size > LOG_LIMIT_BYTES
    _archive(sqlite_file, range(20, 24))
    assert log.stat().st_size <= LOG_LIMIT_BYTES
