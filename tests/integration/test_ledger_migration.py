"""A database of the first release, with real rows, brought to the schema that has a ledger."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from callguard.evidence.chain import GENESIS, link_hash
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.tables import consents, ledger
from callguard.store.types import to_millis
from tests.integration import schema_0001
from tests.integration.ledger_place import found_in


@pytest.fixture
def migrated(database_url: str) -> Iterator[Database]:
    with closing(open_database(database_url)) as database:
        schema_0001.make(database)
        migrate(database)
        yield database


def test_every_row_of_evidence_is_entered(migrated: Database) -> None:
    """The first entry says how many are adopted; each of them follows, and the sweep that deleted nothing does not."""
    with migrated.read() as connection:
        rows = connection.execute(sa.select(ledger).order_by(ledger.c.sequence)).mappings().all()
    kinds = ["begin", "policy", "announcement", "consent", "consent", "consent", "deletion", "sweep"]
    assert [(row["sequence"], row["kind"]) for row in rows] == [*enumerate(kinds, 1)]
    assert json.loads(rows[0]["body"])["adopted"] == 7
    previous = GENESIS.hash
    for row in rows:
        assert row["hash"] == link_hash(previous, row["sequence"], to_millis(row["at"]), row["kind"], row["body"])
        previous = row["hash"]


def test_what_was_adopted_is_proven_from_then_on(migrated: Database) -> None:
    found = found_in(migrated)
    assert (found.broken, found.head.sequence) == (0, 8)
    with migrated.write() as connection:
        connection.execute(sa.text("UPDATE consents SET decision = 'granted' WHERE call_id = 'c2'"))
    assert [(one.entry, one.message) for one in found_in(migrated).breaks] == [(6, "its row, a decision in call c2, was changed")]


def test_decisions_get_the_number_of_who_took_them_and_a_salt_of_their_own(migrated: Database) -> None:
    with migrated.read() as connection:
        rows = connection.execute(sa.select(consents.c.number, consents.c.salt).order_by(consents.c.id)).all()
    assert [number for number, _ in rows] == ["+40722000111", "+40722000111", "101"]
    assert len({salt for _, salt in rows if len(salt) == 32}) == 3


def test_what_was_there_is_still_there(migrated: Database) -> None:
    with migrated.read() as connection:
        counts = {name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar() for name in schema_0001.ROWS}  # noqa: S608
    assert counts == {name: len(rows) for name, rows in schema_0001.ROWS.items()}
