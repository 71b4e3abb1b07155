"""What retention enters beside the deletion of recordings: rows that went when their time had come, and legal holds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.state import Number
from callguard.retention.holding import place_hold, release
from callguard.retention.holds import Scope
from callguard.store.database import Database
from callguard.store.tables import calls, consents
from tests.integration.ledger_place import fill, found_in
from tests.integration.record_place import GONE, RecordPlace, new_record_place

Tamper = Callable[[str], None]


@pytest.fixture(autouse=True)
def state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))


@pytest.fixture
def place(database: Database, tmp_path: Path) -> RecordPlace:
    """Two calls with a decision each, whose records are due; everything about them is in the ledger."""
    made = new_record_place(database, tmp_path)
    fill(database, "c1", "c2")
    made.contract()
    return made


@pytest.fixture
def tamper(database: Database) -> Tamper:
    def change(statement: str) -> None:
        with database.write() as connection:
            connection.execute(sa.text(statement))

    return change


def test_decisions_that_went_when_their_time_had_come_are_not_missed(place: RecordPlace) -> None:
    """C6a: the entries stay, and the ledger holds; by then it tells of no person."""
    place.sweep(GONE)
    with place.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(consents)) == 0
        assert list(connection.scalars(sa.select(calls.c.id))) == ["c"]
    found = found_in(place.database)
    assert (found.breaks, found.proven["consent"], found.proven["record-deletion"]) == ((), 0, 4)


def test_a_decision_that_went_before_its_time_is_missed_for_ever(place: RecordPlace, tamper: Tamper) -> None:
    """Also when the rest of its call has gone lawfully."""
    tamper("DELETE FROM consents WHERE call_id = 'c1'")
    place.sweep(GONE)
    assert [one.message for one in found_in(place.database).breaks] == ["its row, a decision in call c1, is gone"]


@pytest.mark.parametrize(
    ("statement", "end"),
    [
        ("UPDATE record_deletions SET rule = 'on request' WHERE record_id = 'c1'", "changed"),
        ("DELETE FROM record_deletions WHERE record_id = 'c1'", "gone"),
    ],
)
def test_another_hand_in_the_proof_of_a_deletion_is_found(place: RecordPlace, tamper: Tamper, statement: str, end: str) -> None:
    place.sweep(GONE)
    tamper(statement)
    (only,) = found_in(place.database).breaks
    assert only.message.startswith("its row, the deletion of record c1, ")
    assert only.message.endswith(end)


class TestHolds:
    @pytest.fixture
    def held(self, database: Database) -> Database:
        """One in force, one released."""
        fill(database, "c1")
        for queue in ("sales", "support"):
            scope = Scope(queue=queue, number=Number("0722000111", "+40722000111"))
            place_hold(database, scope, by="Ana Pop", reason="a complaint", reference="17/2026")
        release(database, 1, by="Ion Ionescu", reason="settled")
        return database

    def test_they_are_proven_as_placed_and_as_released(self, held: Database) -> None:
        """C6c, C7: without telling of whom they are, or who placed them."""
        found = found_in(held)
        assert (found.broken, found.proven["hold"], found.proven["hold-release"]) == (0, 2, 1)
        with held.read() as connection:
            bodies = connection.scalars(sa.text("SELECT body FROM ledger WHERE kind LIKE 'hold%' ORDER BY sequence")).all()
        assert [sorted(json.loads(body)) for body in bodies] == [["digest", "hold"]] * 3

    @pytest.mark.parametrize(
        ("statement", "messages"),
        [
            ("UPDATE holds SET queue = 'other' WHERE id = 2", ["its row, hold 2, was changed"]),
            ("UPDATE holds SET released_by = 'Ana Pop' WHERE id = 1", ["its row, the release of hold 1, was changed"]),
            ("UPDATE holds SET released_at = NULL WHERE id = 1", ["its row, the release of hold 1, is gone"]),
            ("UPDATE holds SET released_at = 5 WHERE id = 2", ["the release of hold 2 has no entry: another hand has put it in"]),
            ("DELETE FROM holds", ["its row, hold 1, is gone", "its row, hold 2, is gone", "its row, the release of hold 1, is gone"]),
        ],
    )
    def test_another_hand_is_found(self, held: Database, tamper: Tamper, statement: str, messages: list[str]) -> None:
        """Who wants evidence gone would begin with the hold on it."""
        tamper(statement)
        assert [one.message for one in found_in(held).breaks] == messages
