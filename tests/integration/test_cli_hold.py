"""`hold`: by named people, on anything a person can name, released by a second one; nothing beats it (C6c)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from callguard.call.state import Number
from callguard.errors import CallguardError, GuardRefusal, UsageError
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import verdicts
from callguard.retention.holding import place_hold, release
from callguard.retention.holds import Scope
from callguard.retention.rules import Action
from callguard.retention.sweep import plan_sweep
from callguard.store.database import Database
from callguard.store.hold_rows import list_holds, shut
from callguard.store.ledger_rows import links
from callguard.store.listing import list_recordings
from tests.integration.cli_site import EXPIRES, STARTED, Site, inbound, new_site, recording
from tests.integration.record_place import ADA, RecordPlace, new_record_place
from tests.integration.sweep_place import new_place

AFTER = "2027-02-28T09:30:00.250Z"
WHO = ("--by", "Ana Pop", "--reason", "fraud inquiry", "--reference", "12/P/2026")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two calls of one caller with a recording each, the second to a queue, and one of another."""
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=[recording("r-a", "ca11")]))
        made.add(inbound("ca12", recordings=[recording("r-b", "ca12")], queue="sales", redirecting=("0744-000-111",)))
        yield made


def held(site: Site) -> set[str]:
    """By both listings, which must agree."""
    by_recordings = {one["id"] for one in site.json("recordings") if one["held"]}
    assert by_recordings == {one["id"] for call in site.json("calls") for one in call["recordings"] if one["held"]}
    return by_recordings


def test_the_course_of_a_hold(site: Site) -> None:
    """Placed, listed, obeyed by the sweep, not released by who placed it, released by a second person; then the sweep goes on."""
    placed = site.json("hold", "place", "--number", "0722 000 111", *WHO)
    assert list(placed) == [
        *("id", "recording", "call", "number", "since", "until", "queue", "reason", "reference"),
        *("placed_by", "placed_at", "released_by", "released_at", "release_reason"),
    ]
    assert (placed["id"], placed["number"], placed["placed_by"], placed["released_by"]) == (1, "+40722000111", "Ana Pop", None)
    assert held(site) == {"r-a", "r-b"}
    swept = site.json("sweep", "--as-of", AFTER)
    assert {one["reason"] for one in swept["verdicts"]} == {"under legal hold 1, reference 12/P/2026"}
    assert swept["deleted"] == 0

    refused = site.run("hold", "release", "1", "--by", " ana  POP", "--reason", "closed")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (4, "callguard: hold 1: was placed by the same person")
    released = site.json("hold", "release", "1", "--by", "Ion Ene", "--reason", "case closed")
    assert (released["released_by"], released["release_reason"]) == ("Ion Ene", "case closed")
    assert site.json("hold", "list") == [released]
    assert held(site) == set()
    assert site.json("sweep", "--as-of", AFTER)["deleted"] == 2


ASKED = [
    (Scope(recording="r-a"), {"r-a"}),
    (Scope(call="ca12"), {"r-b"}),
    (Scope(queue="sales"), {"r-b"}),
    (Scope(number=Number("+40744000111", "+40744000111")), {"r-b"}),
    (Scope(number=Number("0722000111", "+40722000111"), queue="sales"), {"r-b"}),
    (Scope(since=STARTED - timedelta(hours=9), until=STARTED + timedelta(hours=9)), {"r-a", "r-b"}),
    (Scope(since=STARTED + timedelta(hours=9)), set()),
    (Scope(number=Number("0722000112", "+40722000112")), set()),
]


def test_what_is_caught_is_listed_as_held_and_stays(site: Site) -> None:
    """C6c: by recording, call, number (a redirecting one as well), time and queue."""
    for scope, caught in ASKED:
        hold = place_hold(site.database, scope, by="Ana Pop", reason="fraud", reference="1")
        with site.database.read() as connection:
            assert {one.id for one in list_recordings(connection) if one.held} == caught, scope
        kept = {
            one.record for one in verdicts(plan_sweep(site.database, site.root, EXPIRES, KeyStore(site.keys))) if one.action is Action.KEEP
        }
        assert kept == caught
        release(site.database, hold.id, by="Ion Ene", reason="done")


def test_a_hold_on_a_number_catches_later_calls(site: Site) -> None:
    place_hold(site.database, Scope(number=Number("0722000111", ADA)), by="Ana Pop", reason="fraud", reference="1")
    site.add(inbound("ca13", started_at=STARTED + timedelta(days=9), recordings=[recording("r-c", "ca13")]))
    assert held(site) == {"r-a", "r-b", "r-c"}


BAD = [
    (Scope(), {}, "a hold on nothing catches nothing"),
    (Scope(recording="r-z"), {}, "r-z: there is no such recording"),
    (Scope(number=Number("anonymous", None)), {}, "--number: is no number"),
    (Scope(since=STARTED, until=STARTED), {}, "--until is not after --since"),
    (Scope(queue="sales"), {"by": " "}, "--by: is no line of text"),
    (Scope(queue="sales"), {"reason": "a\x1bb"}, "--reason: is no line of text"),
    (Scope(queue="sales"), {"reference": "x" * 201}, "--reference: is no line of text"),
]


@pytest.mark.parametrize(("scope", "other", "told"), BAD)
def test_what_cannot_be_held_is_refused_and_leaves_nothing(site: Site, scope: Scope, other: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        place_hold(site.database, scope, **{"by": "Ana Pop", "reason": "fraud", "reference": "1", **other})
    assert str(refused.value).startswith(told)
    with site.database.read() as connection:
        assert list_holds(connection) == []


def test_a_call_is_named_as_everywhere(site: Site) -> None:
    done = site.run("hold", "place", *WHO, "--call", "ca1")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "callguard: ca1: 2 calls are called so")
    assert site.run("hold", "list").stdout == "no holds\n"


def test_people_read_it_as_a_table(site: Site) -> None:
    told = site.run("hold", "place", "--call", "ca12", *WHO).stdout
    assert "catches      call ca12" in told
    listed = site.run("hold", "list").stdout.splitlines()
    assert listed[0].split()[:3] == ["hold", "catches", "reference"]
    assert "12/P/2026" in listed[1]


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    return new_record_place(sqlite_file, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> RecordPlace:
    """On each kind of database: for what depends on it."""
    return new_record_place(database, tmp_path)


def test_a_hold_is_released_once_and_only_if_it_is_there(place: RecordPlace) -> None:
    hold = place_hold(place.database, Scope(queue="sales"), by="Ana Pop", reason="fraud", reference="1")
    with pytest.raises(GuardRefusal, match="same person"):
        release(place.database, hold.id, by="ANA POP", reason="done")
    release(place.database, hold.id, by="Ion Ene", reason="done")
    with pytest.raises(CallguardError, match="was released on"):
        release(place.database, hold.id, by="Ion Ene", reason="done")
    with pytest.raises(CallguardError, match="no such hold"):
        release(place.database, 99, by="Ion Ene", reason="done")


def test_both_are_in_the_ledger_and_nobody_is_named_there(either: RecordPlace) -> None:
    """C7: a digest of the row, which holds random bytes of its own."""
    place = either
    hold = place_hold(place.database, Scope(number=Number("0722000111", ADA)), by="Ana Pop", reason="fraud", reference="1")
    release(place.database, hold.id, by="Ion Ene", reason="done")
    with place.database.read() as connection:
        entered = [(link.kind, link.body) for link in links(connection)]
        (listed,) = list_holds(connection)
    assert [kind for kind, _ in entered][-2:] == ["hold", "hold-release"]
    assert entered[-1][1] != entered[-2][1]
    assert not any(word in body for _, body in entered for word in ("Ana", "Ion", "722000", "fraud"))
    assert (listed.hold.scope, listed.hold.placed_by, listed.released_by) == (hold.scope, "Ana Pop", "Ion Ene")


def test_a_recording_that_is_deleted_cannot_be_held_any_more(place: RecordPlace) -> None:
    place.files.add("r1")
    place.sweep()
    with pytest.raises(CallguardError, match="is deleted already"):
        place_hold(place.database, Scope(recording="r1"), by="Ana", reason="x", reference="1")
    with place.database.read() as connection:
        assert list_holds(connection) == []


def test_a_hold_waits_for_a_deletion_that_has_begun(server_database: Database, tmp_path: Path) -> None:
    """On a server with many writers it comes before the deletion or after it, never between question and deed."""
    server = new_place(server_database, tmp_path)
    server.add("r1")
    with ThreadPoolExecutor(1) as other, server.database.write() as connection:
        shut(connection)
        placing = other.submit(place_hold, server.database, Scope(recording="r1"), by="Ana", reason="x", reference="1")
        with pytest.raises(TimeoutError):
            placing.result(0.3)
        connection.commit()
        assert placing.result(5).id == 1


def test_messages_are_held_by_number_and_time(either: RecordPlace) -> None:
    """C6c: by number as it was written, where it has no E.164."""
    place = either
    place.message(ADA, "2020", sender_e164=ADA)
    place.contract()
    for scope in (Scope(number=Number("2020", None)), Scope(number=Number("0722000111", ADA)), Scope(since=STARTED - timedelta(days=9))):
        hold = place_hold(place.database, scope, by="Ana", reason="x", reference="1")
        assert place.sweep()[0].deleted == 0
        release(place.database, hold.id, by="Ion", reason="x")
    assert place.sweep()[0].deleted == 1
