"""The schema: made by migrations, the same as the tables, and checked before anything else is done with it."""

import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import callguard.store.migration
from callguard.errors import StoreError, StoreNewer, StoreOlder, StoreReadOnly, StoreUnreachable
from callguard.store.all_tables import metadata
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.schema import REVISIONS, check_schema
from callguard.store.tables import calls, messages
from tests.other_user import as_ordinary_user


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_are_partial(database: Database) -> None:
    """Alembic does not compare what an index leaves out."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        found = {index["name"]: index for table in metadata.tables for index in inspector.get_indexes(table)}
        for index in (index for table in metadata.tables.values() for index in table.indexes):
            for kind in ("sqlite", "postgresql"):
                wanted = index.dialect_options[kind]["where"]
                options = found[index.name].get("dialect_options", {})
                if kind == connection.dialect.name:
                    assert (wanted is None) == (options.get(f"{kind}_where") is None), index.name


def test_the_known_revisions_are_those_of_the_folder() -> None:
    folder = Path(callguard.store.migration.__file__).parent / "migrations"
    settings = Config()
    settings.set_main_option("script_location", str(folder))
    settings.set_main_option("path_separator", "os")
    assert [script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()][::-1] == list(REVISIONS)


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        migrate(database)
        check_schema(database)
        migrate(database)
        check_schema(database)


def test_an_empty_database_is_older(empty_database: Database) -> None:
    with pytest.raises(StoreOlder, match="start the daemon") as refused:
        check_schema(empty_database)
    assert refused.value.place


def test_a_later_schema_is_left_alone(database: Database) -> None:
    """A daemon of an older version must not write into rows it does not understand."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for refused in (check_schema, migrate):
        with pytest.raises(StoreNewer, match="9999"):
            refused(database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


def test_a_failed_migration_leaves_nothing(empty_database: Database) -> None:
    """Half a schema would be neither older nor ours."""
    with empty_database.reshape() as connection:
        connection.exec_driver_sql("CREATE TABLE sweeps (id INTEGER)")
    with pytest.raises(StoreError, match="refused a statement"):
        migrate(empty_database)
    with empty_database.read() as connection:
        assert sa.inspect(connection).get_table_names() == ["sweeps"]


def test_reshaping_a_table_deletes_nothing_that_refers_to_it(sqlite_file: Database) -> None:
    """With foreign keys enforced, dropping the old table would have taken every row that refers to it along."""
    with sqlite_file.reshape() as connection:
        connection.exec_driver_sql(
            "INSERT INTO parties (call_id, leg, position, channel, role, number, outside, stage, step, attempt, heard_ms, complete)"
            " VALUES ('c', 'l', 0, '', 'caller', '', 1, 'gone', 0, 0, 0, 0)"
        )
        connection.exec_driver_sql("DROP TABLE calls")
    with sqlite_file.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM parties").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_the_file_is_not_for_others(tmp_path: Path) -> None:
    """S13: telephone numbers are in it."""
    with closing(open_database(f"sqlite:///{tmp_path / 'callguard.db'}")) as database:
        migrate(database)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o037 for path in tmp_path.iterdir()}
    assert modes == {"callguard.db": 0, "callguard.db-wal": 0, "callguard.db-shm": 0}


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'none' / 'callguard.db'}")
    with pytest.raises(StoreUnreachable, match="folder does not exist"):
        migrate(database)


def test_a_folder_that_cannot_be_written(reachable_folder: Path) -> None:
    database = open_database(f"sqlite:///{reachable_folder / 'callguard.db'}")
    with as_ordinary_user(), pytest.raises(StoreReadOnly, match="let callguard's user write"):
        migrate(database)


def test_no_column_could_hold_a_text_message() -> None:
    """C1: the allow-list of what is kept of an SMS."""
    assert {column.name for column in messages.c} == {
        "id", "pbx", "direction", "sender", "sender_e164", "recipient", "recipient_e164", "at", "received_at", "kept_until", "kept_rule",
        "restricted",
    }  # fmt: skip


def test_no_text_column_has_a_length() -> None:
    """A caller ID of 300 characters must not cost the evidence of a call."""
    texts = [column for table in metadata.tables.values() for column in table.c if isinstance(column.type, sa.String)]
    assert len(texts) > len(calls.c)
    assert [str(column) for column in texts if isinstance(column.type, sa.String) and column.type.length] == []
