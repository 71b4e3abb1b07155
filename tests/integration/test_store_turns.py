"""One writes, others wait: SQLite has one writing transaction at a time, and whoever waits for it must not miss the gap."""

import threading
import time

import pytest
import sqlalchemy as sa

from callguard.errors import StoreLocked
from callguard.store import database as store
from callguard.store.database import Database
from tests.integration.store_values import keep


def write(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE sweeps SET considered = 0"))


@pytest.mark.alone
def test_a_writer_gets_its_turn_between_two_transactions_of_another(sqlite_file: Database) -> None:
    """A sweep leaves a few milliseconds between two groups; SQLite's own waiting would look again after up to a hundred."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            with sqlite_file.write() as connection:
                connection.execute(sa.text("UPDATE sweeps SET considered = 0"))
                time.sleep(0.1)
            time.sleep(0.005)

    beside = threading.Thread(target=sweep)
    beside.start()
    times = []
    try:
        for _ in range(5):
            begun = time.perf_counter()
            write(sqlite_file)
            times.append(time.perf_counter() - begun)
            time.sleep(0.02)  # the other one is in the midst of it then
    finally:
        over.set()
        beside.join()
    assert max(times) < 0.5


def test_whoever_waits_in_vain_is_told(sqlite_file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Design rule 8: every wait has an end. The next one goes well."""
    monkeypatch.setattr(store, "PATIENCE_S", 0)
    with sqlite_file.write() as connection:
        keep(connection)
        with pytest.raises(StoreLocked, match="another process is writing"):
            write(sqlite_file)
    write(sqlite_file)
