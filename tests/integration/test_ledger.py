"""The ledger in both databases: facts enter it in their own transaction, nothing makes a hole, and another hand is found."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callguard.errors import StoreError
from callguard.evidence import entries
from callguard.store.database import Database, open_database
from callguard.store.ledger_rows import PAGE, append, append_configuration, ledger_head
from callguard.store.records import save_calls
from callguard.store.tables import consents, ledger
from tests.integration.ledger_place import fill, found_in
from tests.integration.store_processes import other_process
from tests.integration.store_values import POLICY, keep, life

SAVE_FOR_EVER = """
import time
number = 0
while True:
    number += 1
    connected = life(f"c{number}")[3]
    with database.write() as connection:
        save_calls(connection, [(None, connected)])
    say(number)
    time.sleep(0.002)
"""
REMOVE_FOR_EVER = """
import time
from callguard.evidence.entries import consents_removed
from callguard.store.ledger_rows import append
number = 0
while True:
    number += 1
    with database.write() as connection:
        append(connection, [consents_removed(f"never-{number}-{place}", "test") for place in range(3)])
    say(number)
    time.sleep(0.002)
"""


@pytest.fixture(scope="module")
def filled_file(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy, with two calls."""
    file = tmp_path_factory.mktemp("filled") / "callguard.db"
    shutil.copy(migrated_sqlite, file)
    with closing(open_database(f"sqlite:///{file}")) as database:
        fill(database, "c1", "c2")
        with database.reshape() as connection:
            connection.execute(sa.text("SELECT 1"))
    return file


def kinds(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(ledger.c.kind).order_by(ledger.c.sequence)))


def bodies(database: Database, kind: str) -> list[Any]:
    with database.read() as connection:
        found = connection.scalars(sa.select(ledger.c.body).where(ledger.c.kind == kind).order_by(ledger.c.sequence))
        return [json.loads(body) for body in found]


def test_every_fact_is_entered_and_proven(database: Database) -> None:
    """S12, C7, C10: announcements and policies as they were first seen, decisions, deletions, and the sweep that deleted."""
    fill(database, "c1", "c2")
    assert kinds(database) == ["begin", "announcement", "policy", "policy", "consent", "deletion", "consent", "deletion", "sweep"]
    found = found_in(database)
    assert (found.broken, found.head.sequence) == (0, 9)
    proven = {kind: count for kind, count in found.proven.items() if count}
    assert proven == {"consent": 2, "deletion": 2, "sweep": 1, "policy": 2, "announcement": 1}


def test_what_is_seen_again_is_not_entered_again(database: Database) -> None:
    fill(database, "c1")
    before = kinds(database)
    with database.write() as connection:
        keep(connection)
        append(connection, [])
    assert kinds(database) == before


def test_no_entry_holds_a_number(database: Database) -> None:
    """C7: entries outlive the erasure of whom they are about."""
    fill(database, "c1")
    with database.read() as connection:
        written = " ".join(connection.scalars(sa.select(ledger.c.body)))
    assert "c1" in written
    assert "722000111" not in written
    assert "c1.1" not in written, "nor the PBX's id, which leads to its own call log"


def test_every_decision_has_a_salt_of_its_own(database: Database) -> None:
    """Without it the ten digits of a number would soon be found by trying."""
    fill(database, "c1", "c2", "c3")
    with database.read() as connection:
        salts = set(connection.scalars(sa.select(consents.c.salt)))
    assert [len(bytes.fromhex(salt)) for salt in salts] == [16, 16, 16]


def test_a_transaction_that_is_rolled_back_leaves_no_hole(database: Database) -> None:
    fill(database, "c1")
    with database.write() as connection:
        save_calls(connection, [(None, life("c2")[3])])
        connection.rollback()
    fill(database, "c3")
    found = found_in(database)
    assert (found.broken, found.head.sequence) == (0, 10)


def test_many_pages_are_read(database: Database) -> None:
    with database.write() as connection:
        append(connection, [entries.consents_removed(f"c{number}", "test") for number in range(2 * PAGE)])
    found = found_in(database)
    assert (found.broken, found.head.sequence) == (0, 2 * PAGE + 1)


def test_a_configuration_is_entered_when_it_is_another_one(database: Database) -> None:
    one, other = (entries.configuration(digit * 64, "0.1.0") for digit in "12")
    for entry in (one, one, other, other, one):
        with database.write() as connection:
            append_configuration(connection, entry)
    assert [body["sha256"][0] for body in bodies(database, "configuration")] == ["1", "2", "1"]


TAMPERED = [
    ("UPDATE consents SET decision = 'granted' WHERE call_id = 'c1'", 5, "its row, a decision in call c1, was changed"),
    ("UPDATE consents SET number = '+40722999999' WHERE call_id = 'c2'", 7, "its row, a decision in call c2, was changed"),
    ("UPDATE consents SET purposes = '[]'", 5, "its row, a decision in call c1, was changed"),
    ("DELETE FROM consents WHERE call_id = 'c1'", 5, "its row, a decision in call c1, is gone"),
    ("DELETE FROM consents", 5, "its row, a decision in call c1, is gone"),
    ("UPDATE deletions SET reason = 'on request' WHERE recording_id = 'c2-r'", 8, "its row, the deletion of recording c2-r, was changed"),
    ("DELETE FROM deletions WHERE recording_id = 'c1-r'", 6, "its row, the deletion of recording c1-r, is gone"),
    ("DELETE FROM sweeps", 9, "is gone"),
    ("UPDATE policies SET content = '{}' WHERE name = 'inbound'", 3, f"its row, policy {POLICY.version}, was changed"),
    ("UPDATE announcements SET text = 'Bună'", 2, "its row, announcement v-question, was changed"),
    ("UPDATE ledger SET body = '{}' WHERE sequence = 5", 5, "it does not follow from entry 4"),
    ("UPDATE ledger SET at = at + 1 WHERE sequence = 6", 6, "it does not follow from entry 5"),
    ("UPDATE ledger SET sequence = 99 WHERE sequence = 4", 4, "it is missing: the next one is 5"),
    ("DELETE FROM ledger WHERE sequence = 7", 7, "it is missing: the next one is 8"),
    ("DELETE FROM ledger", 1, "there is none"),
]


@pytest.mark.parametrize(("statement", "entry", "message"), TAMPERED)
def test_another_hand_is_found(database: Database, statement: str, entry: int, message: str) -> None:
    fill(database, "c1", "c2")
    with database.write() as connection:
        connection.execute(sa.text(statement))
    found = found_in(database)
    assert found.first_bad == entry
    assert any(message in one.message for one in found.breaks if one.entry == entry), found.breaks


def test_a_decision_that_was_put_in_is_found(database: Database) -> None:
    """Forged evidence: a row without an entry."""
    fill(database, "c1", "c2")
    with database.write() as connection:
        save_calls(connection, [(None, life("c3")[3])])
        connection.execute(sa.text("DELETE FROM ledger WHERE sequence = 10"))
    (only,) = found_in(database).breaks
    assert (only.entry, only.message) == (None, "a decision in call c3 has no entry: another hand has put it in")


@pytest.mark.parametrize("column", ["ledger.body", "ledger.hash", "ledger.kind", "consents.leg", "deletions.file"])
def test_text_that_is_none_any_more_is_found(sqlite_file: Database, column: str) -> None:
    """A bit that flipped in the file can leave bytes that are no UTF-8."""
    fill(sqlite_file, "c1", "c2")
    table, _, name = column.partition(".")
    where = "sequence = 5" if table == "ledger" else "id = 1"
    with sqlite_file.write() as connection:
        connection.execute(sa.text(f"UPDATE {table} SET {name} = CAST(x'7bff7d' AS TEXT) WHERE {where}"))  # noqa: S608
    found = found_in(sqlite_file)
    assert found.first_bad == (6 if table == "deletions" else 5)
    with pytest.raises(StoreError), sqlite_file.read() as connection:
        connection.scalar(sa.text("SELECT CAST(x'ff' AS TEXT)"))  # for everybody else it is the error that it was


@pytest.mark.parametrize(
    ("table", "column", "entry"),
    [
        *(("consents", column, 5) for column in ("heard_ms", "decided_at", "complete", "purposes", "number", "call_id")),
        *(("deletions", column, 6) for column in ("size", "deleted_at", "reason")),
        *(("sweeps", column, 9) for column in ("as_of", "considered")),
        *(("policies", column, 3) for column in ("content", "name")),
        *(("announcements", column, 2) for column in ("text", "audio_8k", "duration_ms")),
    ],
)
@pytest.mark.parametrize("value", ["1.5", "x'7bff'", "9e999"])
def test_values_of_another_type_are_found(filled_file: Path, tmp_path: Path, table: str, column: str, entry: int, value: str) -> None:
    """SQLite keeps anything in any column, and whoever verifies must survive it."""
    shutil.copy(filled_file, tmp_path / "callguard.db")
    with closing(open_database(f"sqlite:///{tmp_path}/callguard.db")) as database:
        with database.reshape() as connection:
            connection.execute(sa.text(f"UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT min(rowid) FROM {table})"))  # noqa: S608
        found = found_in(database)
    assert found.broken
    assert found.first_bad == entry


def test_daemon_and_command_append_at_once_and_are_killed(database: Database) -> None:
    """Two processes, `kill -9` at any moment: what is verified meanwhile and afterwards has no hole, and nobody's entry is lost."""
    with database.write() as connection:
        keep(connection)
    with other_process(database, SAVE_FOR_EVER) as daemon, other_process(database, REMOVE_FOR_EVER) as command:
        assert (daemon.hears(), command.hears()) == ("1", "1")
        looks = [found_in(database) for _ in range(5)]
        heard = [(daemon.hears(), command.hears()) for _ in range(20)][-1]
        said = [int([last, *one.kill()][-1]) for one, last in zip((daemon, command), heard, strict=True)]
    found = found_in(database)
    assert [one.broken for one in (*looks, found)] == [0] * 6
    assert found.proven["consent"] - said[0] in (0, 1)
    assert kinds(database).count("consents-removed") / 3 - said[1] in (0, 1)
    assert found.head.sequence == len(kinds(database))
    with database.read() as connection:
        assert ledger_head(connection) == found.head
