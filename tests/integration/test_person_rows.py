"""What is kept of a person: on which sides they are found, in pages, on both databases."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from callguard.call.events import MessageSeen
from callguard.call.state import NOBODY, Call, Direction, Number, Party, Role
from callguard.rights.person import Person, the_person
from callguard.store.database import Database, open_database
from callguard.store.message_rows import add_messages
from callguard.store.migration import migrate
from callguard.store.person_rows import (
    Place,
    call_page,
    counts,
    latest_calls,
    latest_decisions,
    message_page,
    recordings_of,
)
from callguard.store.record_parts import remove_call
from callguard.store.records import save_calls
from callguard.store.rights_tables import redirections
from tests.integration import schema_0001
from tests.integration.store_plans import plan_of, scans
from tests.integration.store_values import ADA, BOB, NOW, keep, life, plain_call

EVA = Number("+40733000222", "+40733000222")
DAN = Number("0744000333", "+40744000333")
COMPANY = Number("0213334444", "+40213334444")
WHO = the_person("+40722000111", "RO")

Paged = Callable[[sa.Connection, Person, Place | None, int], Sequence[Place]]


def call(identifier: str, minute: int, caller: Number = EVA, callee: Number = COMPANY, **changes: Any) -> Call:  # noqa: ANN401 - of Call
    began = replace(plain_call(identifier), caller=caller, callee=callee, redirecting=(), started_at=NOW + timedelta(minutes=minute))
    return replace(began, **changes)


def on_leg(identifier: str, number: Number) -> Party:
    return Party(leg=identifier, channel="PJSIP/x-01", role=Role.JOINED, number=number, outside=True)


SIDES = (
    call("called", 0, caller=ADA),
    call("was-called", 1, callee=ADA),
    call("joined", 2, parties=(on_leg("l1", ADA), on_leg("l2", ADA))),
    call("redirected", 3, redirecting=("0213334444", "0040722-000-111")),
    call("all-of-it", 4, caller=ADA, callee=ADA, redirecting=("+40722000111",), parties=(on_leg("l3", ADA),)),
)
OTHERS = (
    call("stranger", 0, parties=(on_leg("l4", DAN),), redirecting=("0744000333",)),
    call("same-ending", 1, redirecting=("+49722000111", "000111", "101")),
    call("withheld", 2, caller=NOBODY),
    call("extension", 3, caller=BOB, redirecting=("112",)),
)


def store(database: Database, *stored: Call) -> None:
    with database.write() as connection:
        keep(connection)
        save_calls(connection, [(None, one) for one in stored])


def in_pages(connection: sa.Connection, paged: Paged, person: Person, limit: int) -> list[object]:
    found: list[object] = []
    after = None
    while page := paged(connection, person, after, limit):
        assert len(page) <= limit
        found.extend(place.id for place in page)
        after = page[-1]
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_call_is_the_persons_on_whatever_side_they_are(database: Database, limit: int) -> None:
    """S15, C1: caller, callee, on a leg, or redirecting; each call once, in order of time, whatever the size of the page."""
    store(database, *SIDES, *OTHERS)
    with database.read() as connection:
        expected = [one.id for one in SIDES]
        assert in_pages(connection, call_page, WHO, limit) == expected
        assert latest_calls(connection, WHO, 3) == expected[:1:-1]
        assert counts(connection, WHO) == {"calls": 5, "recordings": 0, "consents": 0, "messages": 0}


def test_an_extension_is_found_as_it_was_shown_and_nowhere_else(database: Database) -> None:
    """S15: 101 is who was shown as 101, redirecting numbers included, and not who ends in 101."""
    store(database, *SIDES, *OTHERS, call("longer", 9, caller=Number("0722000101", "+40722000101")))
    with database.read() as connection:
        assert in_pages(connection, call_page, the_person("101", "RO"), 10) == ["same-ending", "extension"]
        assert in_pages(connection, call_page, the_person("112", "RO"), 10) == ["extension"]


def test_a_page_ends_in_the_middle_of_calls_of_one_moment(database: Database) -> None:
    """Fifty calls of one millisecond, on all sides: none is left out and none comes twice."""
    at_once = [
        replace(one, id=f"{one.id}-{number}", linkedid=f"{one.id}-{number}", started_at=NOW) for number in range(10) for one in SIDES
    ]
    store(database, *at_once)
    with database.read() as connection:
        assert in_pages(connection, call_page, WHO, 7) == sorted(one.id for one in at_once)


def test_their_recordings_and_decisions(database: Database) -> None:
    """S6, S15: of a call, what is theirs, and not the decisions of the agent."""
    store(database, life("c1")[-1], life("c2")[-1], *OTHERS)
    with database.read() as connection:
        found = [place.id for place in call_page(connection, WHO, None)]
        assert found == ["c1", "c2"]
        assert recordings_of(connection, found) == ["c1-r", "c2-r"]
        decided = latest_decisions(connection, WHO, 10)
        assert [(one.call, one.leg, one.decision, one.legal_basis) for one in decided] == [
            ("c2", "c2.1", "stayed", "consent"),
            ("c1", "c1.1", "stayed", "consent"),
        ]
        assert latest_decisions(connection, the_person("0744000333", "RO"), 10) == []
        assert counts(connection, WHO) == {"calls": 2, "recordings": 2, "consents": 2, "messages": 0}


def test_their_messages(database: Database) -> None:
    """C1: who, to whom, when."""
    ticks = count()

    def sms(sender: Number, recipient: Number) -> MessageSeen:
        at = NOW + timedelta(minutes=next(ticks))
        return MessageSeen(pbx="main", at=at, received_at=at, direction=Direction.INBOUND, sender=sender, recipient=recipient)

    with database.write() as connection:
        add_messages(connection, [sms(ADA, COMPANY), sms(EVA, COMPANY), sms(COMPANY, ADA), sms(ADA, ADA)])
    with database.read() as connection:
        assert len(in_pages(connection, message_page, WHO, 2)) == counts(connection, WHO)["messages"] == 3


def test_what_redirected_a_call_goes_with_it(database: Database) -> None:
    """C7: no trace of a number is left when the record of the call is deleted."""
    store(database, *SIDES)
    with database.write() as connection:
        remove_call(connection, "redirected")
        left = connection.scalars(sa.select(redirections.c.call_id)).all()
    assert left == ["all-of-it"]


def test_what_redirected_calls_before_there_were_rows_for_it(database_url: str) -> None:
    """S15: calls of the first release are found by who redirected them, too."""
    with closing(open_database(database_url)) as database:
        schema_0001.make(database)
        migrate(database)
        with database.read() as connection:
            assert in_pages(connection, call_page, the_person("+40213334444", "RO"), 10) == ["c1", "c2"]


def test_nothing_is_read_from_end_to_end(sqlite_file: Database) -> None:
    """A person among a million calls is found by indexes."""
    store(sqlite_file, *SIDES, *OTHERS)
    after = Place(NOW, "c")
    for asked in (
        lambda found: call_page(found, WHO, after),
        lambda found: counts(found, WHO),
        lambda found: latest_decisions(found, WHO, 9),
    ):
        assert scans(plan_of(sqlite_file, asked), "calls", "parties", "redirections", "consents", "messages") == []
