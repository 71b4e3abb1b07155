"""A database of the first release, with real rows, brought to the schema that knows terms, contracts and holds."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.retention_rows import last_sweep
from callguard.store.schema import check_schema
from callguard.store.tables import calls, contracts, holds, messages, record_deletions, recordings, roots
from tests.integration import schema_0001
from tests.integration.sweep_place import DUE


@pytest.fixture
def migrated(database_url: str) -> Iterator[Database]:
    with closing(open_database(database_url)) as database:
        schema_0001.make(database)
        with database.write() as connection:
            connection.execute(sa.text("UPDATE recordings SET held = true"))
        migrate(database)
        yield database


def test_what_was_there_is_still_there_and_is_not_dated_yet(migrated: Database) -> None:
    """Nothing of the first release becomes due by the migration itself."""
    check_schema(migrated)
    with migrated.read() as connection:
        assert connection.execute(sa.select(calls.c.id, calls.c.queue, calls.c.kept_until, calls.c.kept_rule)).all() == [
            ("c1", None, None, None),
            ("c2", None, None, None),
        ]
        assert connection.execute(sa.select(recordings.c.id, recordings.c.held, recordings.c.kept_rule)).all() == [("c1-1", True, None)]
        sweep = last_sweep(connection)
        empty = [connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (contracts, holds, record_deletions, roots)]
    assert sweep is not None
    assert (sweep.considered, empty) == (0, [0, 0, 0, 0])


def test_rows_of_the_first_release_can_be_written_and_read(migrated: Database) -> None:
    with migrated.write() as connection:
        connection.execute(sa.update(calls).where(calls.c.id == "c2").values(queue="sales", policy_version="p1"))
        row = {"pbx": "main", "direction": "inbound", "sender": "1", "recipient": "2", "at": DUE, "received_at": DUE}
        connection.execute(sa.insert(messages), row)
        assert connection.execute(sa.select(messages.c.kept_until, messages.c.kept_rule)).all() == [(None, None)]
