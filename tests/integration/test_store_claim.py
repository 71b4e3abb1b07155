"""One daemon to a database: the second one is told who the first is, and a killed one leaves no claim behind."""

import socket
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from callguard.errors import StoreOccupied, StoreReadOnly, StoreUnreachable
from callguard.store.database import Database, open_database
from tests.integration.databases import PrivatePostgresql
from tests.integration.store_processes import other_process
from tests.other_user import as_ordinary_user

CLAIM = """
with database.claim():
    say("claimed")
    wait()
"""


def test_the_second_daemon_is_told_who_the_first_is(database: Database) -> None:
    """Two writers would decide twice."""
    with other_process(database, CLAIM) as first:
        assert first.hears() == "claimed"
        with pytest.raises(StoreOccupied, match=f"pid {first.pid} on {socket.gethostname()}") as refused, database.claim():
            pass
    assert refused.value.remedy


def test_kill_9_ends_the_claim(database: Database) -> None:
    with other_process(database, CLAIM) as first:
        assert first.hears() == "claimed"
        first.kill()
        deadline = time.monotonic() + 5  # the server notices the closed socket, which takes it a moment
        while True:
            try:
                with database.claim():
                    return
            except StoreOccupied:
                assert time.monotonic() < deadline
                time.sleep(0.02)


def test_a_claim_ends_with_its_block(database: Database) -> None:
    with database.claim():
        pass
    with database.claim():
        pass


def test_a_failing_daemon_gives_its_claim_back(database: Database) -> None:
    with pytest.raises(RuntimeError), database.claim():
        raise RuntimeError
    with database.claim():
        pass


def test_the_claim_does_not_hinder_reading_and_writing(database: Database) -> None:
    """Commands work beside the daemon."""
    with closing(open_database(database.url.render_as_string(hide_password=False))) as command, database.claim():
        for one in (database, command):
            with one.write() as connection:
                connection.exec_driver_sql("DELETE FROM sweeps")


def test_two_names_of_a_file_are_one_database(sqlite_file: Database, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "callguard.db")
    by_link = open_database(f"sqlite:///{tmp_path / 'link.db'}")
    with sqlite_file.claim(), pytest.raises(StoreOccupied), by_link.claim():
        pass


def test_a_folder_in_which_no_lock_can_be_made(reachable_file: Database) -> None:
    with as_ordinary_user(), pytest.raises(StoreReadOnly, match=r"callguard\.db\.lock") as refused, reachable_file.claim():
        pass
    assert "folder" in refused.value.remedy


def test_databases_of_one_server_are_claimed_apart(server_database: Database, postgresql: PrivatePostgresql) -> None:
    name = postgresql.create()
    with closing(open_database(postgresql.url(name))) as other, server_database.claim(), other.claim():
        pass
    postgresql.drop(name)


def test_a_server_that_is_not_there_cannot_be_claimed(tmp_path: Path) -> None:
    absent = open_database(f"postgresql://callguard@/callguard?host={tmp_path}")
    with pytest.raises(StoreUnreachable), absent.claim():
        pass


def _end_sessions(server: PrivatePostgresql, database: Database, which: str = "") -> None:
    name = database.url.database
    ours = f"datname = '{name}' AND application_name LIKE '{which}%'"
    server.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {ours}")  # noqa: S608 - our own words


def _writes(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM sweeps")


def test_a_restarted_server_is_claimed_again(server_database: Database, postgresql: PrivatePostgresql) -> None:
    """The server forgets its locks; the daemon goes on, and still nobody else can serve the database."""
    with server_database.claim():
        _writes(server_database)
        _end_sessions(postgresql, server_database)
        with suppress(StoreUnreachable):  # when the server's farewell came after the look at the claim
            _writes(server_database)
        _writes(server_database)
        with closing(Database(server_database.url)) as second, pytest.raises(StoreOccupied), second.claim():
            pass


def test_who_lost_the_claim_to_another_writes_no_more(server_database: Database, postgresql: PrivatePostgresql) -> None:
    with closing(Database(server_database.url)) as second, server_database.claim():
        _writes(server_database)
        _end_sessions(postgresql, server_database, "callguard pid")
        with second.claim():
            for _ in range(2):
                with pytest.raises(StoreOccupied):
                    _writes(server_database)
            _writes(second)
        _writes(server_database)


def test_a_word_of_the_server_is_no_loss(server_database: Database) -> None:
    """Servers before 14 tell idle sessions of changed settings; to take the claim anew would open a gap for another daemon."""
    with server_database.claim():
        before = _claimants(server_database)
        assert server_database._claim is not None
        assert server_database._claim._session is not None
        server_database._claim._session.exec_driver_sql("LISTEN news")
        for _ in range(3):
            with server_database.write() as connection:
                connection.exec_driver_sql("NOTIFY news")
        assert _claimants(server_database) == before != []


def _claimants(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.exec_driver_sql("SELECT pid FROM pg_locks WHERE locktype = 'advisory'").scalars())
