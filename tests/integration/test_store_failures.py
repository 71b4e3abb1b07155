"""What goes wrong with a database is told by kind, with place and remedy, in bounded time, without a word of what is in it."""

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

import callguard.store.database
from callguard.errors import StoreError, StoreLocked, StoreOlder, StoreReadOnly, StoreRefused, StoreUnreachable
from callguard.store import straight
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import Database, open_database
from callguard.store.loading import load_calls
from callguard.store.records import save_call
from callguard.store.tables import calls
from tests.integration.databases import PrivatePostgresql
from tests.integration.store_processes import other_process
from tests.integration.store_values import ADA, NOW, QUESTION, keep, plain_call
from tests.other_user import as_ordinary_user


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def reads(database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM calls").scalar()


def writes(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM calls")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bound, only shorter."""
    monkeypatch.setattr(callguard.store.database, "PATIENCE_S", 1)


HOLD_SQLITE = """
with database.write():
    say("locked")
    wait()
"""
HOLD_SERVER = """
with database.write() as connection:
    connection.exec_driver_sql("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
    say("locked")
    wait()
"""


def writes_straight(database: Database) -> None:
    with database.write_straight() as connection:
        save_call(connection, None, plain_call())


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("writes", [writes, writes_straight])
def test_a_locked_database(migrated_url: str, writes: Callable[[Database], None]) -> None:
    """Another process in the middle of its transaction."""
    with closing(open_database(migrated_url)) as database:
        hold = HOLD_SQLITE if migrated_url.startswith("sqlite") else HOLD_SERVER
        with other_process(database, hold) as other:
            assert other.hears() == "locked"
            with bounded(4), pytest.raises(StoreLocked) as refused:
                writes(database)
    assert refused.value.place
    assert "try again" in refused.value.remedy


def test_the_bound_on_waiting_is_five_seconds() -> None:
    assert callguard.store.database.PATIENCE_S == 5


@pytest.mark.usefixtures("hurried")
def test_reading_beside_a_writer_does_not_wait(sqlite_file: Database) -> None:
    with other_process(sqlite_file, HOLD_SQLITE) as other:
        assert other.hears() == "locked"
        with bounded(1):
            reads(sqlite_file)


def test_a_file_that_cannot_be_written(reachable_file: Database, reachable_folder: Path) -> None:
    as_seen = Database(reachable_file.url)
    with reachable_file.read(), closing(as_seen), as_ordinary_user(), pytest.raises(StoreReadOnly) as refused:
        writes(as_seen)
    assert "write" in refused.value.remedy
    assert str(reachable_folder) in refused.value.place


def test_a_folder_that_cannot_be_written(reachable_file: Database, reachable_folder: Path) -> None:
    """Even a reader has to make SQLite's files beside the database."""
    with as_ordinary_user(reachable_folder / "callguard.db"), pytest.raises((StoreReadOnly, StoreUnreachable)) as refused:
        writes(reachable_file)
    assert "folder" in refused.value.remedy


def test_a_server_that_may_only_be_read(server_database: Database, postgresql: PrivatePostgresql) -> None:
    postgresql.run(f"ALTER DATABASE {server_database.url.database} SET default_transaction_read_only = on")
    server_database.close()
    reads(server_database)
    with pytest.raises(StoreReadOnly, match="standby"):
        writes(server_database)


def test_a_role_without_rights(server_database: Database, postgresql: PrivatePostgresql) -> None:
    postgresql.run("DROP ROLE IF EXISTS stranger")
    postgresql.run("CREATE ROLE stranger LOGIN")
    with closing(Database(server_database.url.set(username="stranger"))) as database, pytest.raises(StoreReadOnly, match="grant"):
        writes(database)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to have a header" * 20])
def test_a_file_that_is_no_database_of_ours(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    with closing(open_database(f"sqlite:///{file}")) as database, pytest.raises(StoreUnreachable if content else StoreOlder):
        reads(database)
    assert file.read_bytes().startswith(content[:1])


@pytest.mark.parametrize("name", ["none.db", "none/callguard.db", "."])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    """A wrong path is an error and not a new, empty database."""
    with closing(open_database(f"sqlite:///{tmp_path}/{name}")) as database, pytest.raises(StoreUnreachable, match=r"store\.url"):
        reads(database)
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_the_marks_of_a_url_in_it(tmp_path: Path, migrated_sqlite: Path) -> None:
    file = tmp_path / "50%25 of? #1.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    url = sa.URL.create("sqlite", database=str(file))
    with closing(Database(url)) as database:
        reads(database)
    assert {path.name.removeprefix(file.name) for path in tmp_path.iterdir()} <= {"", "-wal", "-shm"}


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    absent = open_database(f"postgresql://callguard:secret@/callguard?host={tmp_path}")
    with pytest.raises(StoreUnreachable) as refused:
        reads(absent)
    assert "secret" not in str(refused.value)
    assert refused.value.place.startswith("postgresql+psycopg://callguard:***@")


def test_a_server_without_that_database(postgresql: PrivatePostgresql) -> None:
    with closing(open_database(postgresql.url("nothing"))) as database, pytest.raises(StoreUnreachable):
        reads(database)


@pytest.mark.usefixtures("hurried")
def test_a_server_that_never_answers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / ".s.PGSQL.5432"))
        mute.listen()
        mute_server = open_database(f"postgresql://callguard@/callguard?host={tmp_path}")
        with bounded(6), pytest.raises(StoreUnreachable):
            reads(mute_server)


def test_a_server_that_hangs_up_is_found_again(server_database: Database, postgresql: PrivatePostgresql) -> None:
    """One transaction is lost, and said to be; the next one gets through."""
    reads(server_database)
    postgresql.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{server_database.url.database}'"  # noqa: S608 - our own name
    )
    with pytest.raises(StoreUnreachable, match="hung up"):
        writes(server_database)
    writes(server_database)


@pytest.mark.parametrize(
    "url", ["", "callguard.db", "mysql://user:secret@host/db", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg:/x@:y"]
)
def test_a_url_that_names_no_database(url: str) -> None:
    with pytest.raises(StoreUnreachable, match=r"sqlite:////") as refused:
        open_database(url)
    assert "secret" not in str(refused.value)
    assert refused.value.place == "store.url"


def test_a_refused_row_is_not_quoted(database: Database) -> None:
    """PostgreSQL puts the whole row into the detail of such an error; a number must not get from there into a log."""
    with database.write() as connection:
        keep(connection)
        save_call(connection, None, plain_call())
    row = {"id": "c2", "pbx": None, "linkedid": "2", "caller": ADA.raw, "caller_e164": ADA.e164}
    with pytest.raises(StoreRefused) as refused, database.write() as connection:
        connection.execute(sa.insert(calls), row)
    assert "722000111" not in "".join(traceback.format_exception(refused.value))


def test_a_foreign_key_is_held(database: Database) -> None:
    """No call without its policy, on SQLite as well."""
    with pytest.raises(StoreRefused), database.write() as connection:
        save_call(connection, None, plain_call())


def test_what_is_refused_at_the_commit_is_told_and_not_kept(sqlite_file: Database) -> None:
    def orphan(connection: sa.Connection) -> None:
        straight.execute(connection, "PRAGMA defer_foreign_keys=ON")
        save_call(connection, None, plain_call())

    with pytest.raises(StoreRefused), sqlite_file.write_straight() as connection:
        orphan(connection)
    with sqlite_file.write() as connection:
        keep(connection)
        save_call(connection, None, plain_call())


def test_neither_parameters_nor_rows_are_logged(migrated_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """At any level, by SQLAlchemy or the driver."""
    with caplog.at_level(logging.DEBUG), closing(open_database(migrated_url)) as database:
        for name in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "psycopg"):
            caplog.set_level(logging.DEBUG, name)
        with database.write() as connection:
            keep(connection)
            save_call(connection, None, plain_call())
        with pytest.raises(StoreError), database.write() as connection:
            save_call(connection, None, plain_call())
        with database.read() as connection:
            assert load_calls(connection, ["c1"])
    assert "Closing connection" in caplog.text
    assert "722000111" not in caplog.text


def test_a_full_disk(sqlite_file: Database) -> None:
    """SQLite's own limit stands for the file system's: the error is the same."""
    with sqlite_file.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="disk is full"), sqlite_file.write() as connection:
        archive_announcement(connection, replace(QUESTION, audio_8k=bytes(1_000_000)), NOW)


def test_no_connection_becomes_free(sqlite_file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """More threads than connections: the last one is told, and does not hang."""
    monkeypatch.setattr(sqlite_file._engine.pool, "_timeout", 0.1)
    with ExitStack() as held:
        for _ in range(15):
            held.enter_context(sqlite_file.read()).exec_driver_sql("SELECT 1")
        with bounded(2), pytest.raises(StoreLocked, match="no connection became free"):
            reads(sqlite_file)
