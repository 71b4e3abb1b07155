"""The register of incidents: whom it concerns by the data, two clocks, the four points, and who was told (S14, C13)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callguard.call.events import MessageSeen
from callguard.call.state import NOBODY, Direction, Number, RecordingStatus
from callguard.clock import utc_now
from callguard.errors import CallguardError, UsageError
from callguard.evidence.verification import verify
from callguard.rights.deadlines import deadlines
from callguard.rights.incident_terms import Recipient, tell_by
from callguard.rights.incidents import MOST_NAMED, Happened, Told, close_incident, note_notification, open_incident, the_incident
from callguard.rights.letters import Sender
from callguard.rights.letters.breach import More, notification
from callguard.rights.person import the_person
from callguard.rights.requests import Asked, open_request
from callguard.rights.terms import Right
from callguard.rights.wishes import Way
from callguard.store.affected_rows import Concerned
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.incident_rows import Incident, list_incidents
from callguard.store.ledger_rows import links
from callguard.store.message_rows import add_messages
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_call
from tests.integration.cli_site import NOTICE, STARTED, Site, inbound, new_site, recording

BOB, EVE = Number("0744000222", "+40744000222"), Number("0766000333", "+40766000333")
HOUR = timedelta(hours=1)
SENDER = Sender(name="Example SRL", contact="dpo@example.com", authority="ANSPDCP")
ZONE = ZoneInfo("Europe/Bucharest")


def text(sender: Number, recipient: Number, at: datetime) -> MessageSeen:
    return MessageSeen(pbx="main", direction=Direction.INBOUND, sender=sender, recipient=recipient, at=at, received_at=at)


def fill(database: Database) -> None:
    """Three calls of two people and of one who withheld their number, a day apart; a text from a third person."""
    told = [
        inbound("ca1", recordings=[recording("r-1", "ca1")], queue="sales"),
        inbound("ca2", caller=BOB, started_at=STARTED + 24 * HOUR, ended_at=STARTED + 25 * HOUR, recordings=[recording("r-2", "ca2")]),
        inbound("ca3", caller=NOBODY, started_at=STARTED + 48 * HOUR, ended_at=STARTED + 49 * HOUR, redirecting=("0799000444",)),
    ]
    with database.write() as connection:
        archive_announcement(connection, NOTICE, STARTED)
        for call in told:
            remember_policy(connection, call.policy, STARTED)
            save_call(connection, None, call)
        add_messages(connection, [text(EVE, Number("0213334444", "+40213334444"), STARTED + 2 * HOUR)])


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database)
    return database


@pytest.fixture
def plain(sqlite_file: Database) -> Database:
    fill(sqlite_file)
    return sqlite_file


def entered(
    database: Database, concerned: Concerned, discovered_ago: timedelta = HOUR, changes: Mapping[str, Any] | None = None
) -> Incident:
    discovered = utc_now() - discovered_ago
    happened = Happened(nature="a laptop was stolen", since=discovered - HOUR, until=None, discovered_at=discovered)
    return open_incident(database, replace(happened, **(changes or {})), concerned, by="Ana Pop")


CONCERNED = [
    (Concerned(since=STARTED - HOUR, until=STARTED + HOUR), (1, 0, 1, 1, 0)),
    (Concerned(since=STARTED - HOUR, until=STARTED + 3 * HOUR), (3, 0, 1, 1, 1)),
    (Concerned(since=STARTED - HOUR), (5, 1, 3, 2, 1)),
    (Concerned(queue="sales"), (1, 0, 1, 1, 0)),
    (Concerned(calls=("ca2", "ca3")), (2, 1, 2, 1, 0)),
    (Concerned(recordings=("r-1", "r-2")), (2, 0, 0, 2, 0)),
    (Concerned(numbers=(BOB, EVE)), (3, 0, 1, 1, 1)),
    (Concerned(numbers=(BOB,), until=STARTED), (0, 0, 0, 0, 0)),
    (Concerned(numbers=(Number(BOB.raw, None),)), (0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(("concerned", "counts"), CONCERNED)
def test_whom_and_what_it_concerns_is_counted_from_the_data(filled: Database, concerned: Concerned, counts: tuple[int, ...]) -> None:
    """S14: the number of people and the categories, by time, queue, call, number and file."""
    affected = entered(filled, concerned).affected
    assert (affected.people, affected.unknown_people, affected.calls, affected.recordings, affected.messages) == counts


@pytest.mark.parametrize("kind", ["numbers", "calls", "recordings"])
def test_as_many_may_be_named_as_one_incident_takes(filled: Database, kind: str) -> None:
    """S14: both databases bound how much a statement may hold."""
    numbers = [Number(f"07{one:08}", f"+407{one:08}") for one in range(MOST_NAMED - 2)]
    with filled.write() as connection:
        for one in range(MOST_NAMED - 3):
            call = inbound(f"m{one}", caller=numbers[one], recordings=[recording(f"mr-{one}", f"m{one}")])
            save_call(connection, None, call)
    made = range(MOST_NAMED - 3)
    named = {
        "numbers": Concerned(numbers=(*numbers, Number("200", None), EVE)),
        "calls": Concerned(calls=("ca1", "ca2", "ca3", *(f"m{one}" for one in made))),
        "recordings": Concerned(recordings=("r-1", "r-2", "r-1", *(f"mr-{one}" for one in made))),
    }[kind]
    assert entered(filled, named).affected.recordings == MOST_NAMED - 1
    assert max(map(len, (named.numbers, named.calls, named.recordings))) == MOST_NAMED


def test_what_was_deleted_before_is_not_concerned(plain: Database) -> None:
    """C7: what was gone could not be taken."""
    with plain.write() as connection:
        call = inbound("ca4", recordings=[recording("r-4", "ca4", RecordingStatus.DELETED)], queue="old")
        save_call(connection, None, call)
        connection.exec_driver_sql("UPDATE recordings SET deleted_at = 1 WHERE id = 'r-4'")
    assert entered(plain, Concerned(queue="old")).affected.recordings == 0


def test_two_clocks_run_until_somebody_was_told(filled: Database) -> None:
    """S14, C13: 24 hours to the clients, 72 to the authority."""
    incident = entered(filled, Concerned(queue="sales"))
    found = incident.discovered_at
    assert incident.clocks == [(Recipient.CLIENTS, found + 24 * HOUR), (Recipient.AUTHORITY, found + 72 * HOUR)]
    assert tell_by(Recipient.PEOPLE, found) is None
    after = note_notification(filled, incident.id, Told(recipient=Recipient.CLIENTS, text="told", at=utc_now(), delay=None), by="Ana")
    assert [recipient for recipient, _ in after.clocks] == [Recipient.AUTHORITY]
    with filled.read() as connection:
        assert the_incident(connection, incident.id) == after
    closed = close_incident(filled, incident.id, by="Ana", reason="no risk: the disk was encrypted")
    assert (closed.clocks, closed.end and closed.end.reason) == ((), "no risk: the disk was encrypted")
    with pytest.raises(CallguardError, match="was closed on"):
        close_incident(filled, incident.id, by="Ana", reason="again")


def test_a_late_notification_says_why(filled: Database) -> None:
    """C13: GDPR art. 33 (1)."""
    incident = entered(filled, Concerned(queue="sales"), discovered_ago=73 * HOUR)
    late = Told(recipient=Recipient.AUTHORITY, text="told", at=utc_now(), delay=None)
    with pytest.raises(UsageError, match="had to be told by"):
        note_notification(filled, incident.id, late, by="Ana")
    told = note_notification(filled, incident.id, replace(late, delay="the office was flooded"), by="Ana").told(Recipient.AUTHORITY)
    assert told is not None
    assert told.reason == "the office was flooded"


def test_the_text_has_the_four_points_in_both_languages(filled: Database) -> None:
    """S14: nature, date and time of incident and discovery, number of people, categories of data."""
    incident = entered(filled, Concerned(since=STARTED - HOUR))
    points = {
        "ro": ("5; în plus, apeluri cu număr ascuns: 1", "(2)", "apeluri: 3", "mesaje: 1"),
        "en": ("5; besides them, calls of withheld numbers: 1", "(2)", "calls: 3", "messages: 1"),
    }
    for language, words in points.items():
        more = More(consequences="none known", measures="keys destroyed", delay="flood")
        told = notification(incident, Recipient.CLIENTS, SENDER, more, language, date(2026, 11, 22))
        moments = (incident.happened_from, incident.discovered_at)
        for word in (
            *words,
            "a laptop was stolen",
            *(f"{one:%Y-%m-%d %H:%M} UTC" for one in moments),
            "none known",
            "keys destroyed",
            "flood",
        ):
            assert word in told, (language, word)
        assert "$" not in told
    quiet = notification(
        entered(filled, Concerned(queue="none"), changes={"until": utc_now()}), Recipient.PEOPLE, SENDER, More(), "en", date(2026, 11, 22)
    )
    assert "Categories of data: none." in quiet
    assert "it happened from" in quiet


BAD = [
    (Concerned(), {}, "an incident that concerns nothing in particular"),
    (Concerned(since=STARTED, until=STARTED), {}, "--until is not after --since"),
    (Concerned(calls=("zz",)), {}, "zz: there is no such call"),
    (Concerned(recordings=("r-1", "zz")), {}, "zz: there is no such recording"),
    (Concerned(queue="q"), {"nature": " "}, "--nature: is no line of text"),
    (Concerned(queue="q"), {"since": utc_now() + HOUR}, "--discovered: must be after the incident began"),
    (Concerned(queue="q"), {"discovered_at": utc_now() + 9 * HOUR}, "--discovered: must be after the incident began"),
    (Concerned(queue="q"), {"until": STARTED}, "--happened-until: is before --happened-from"),
    (Concerned(calls=("ca1",) * 1_001), {}, "more than 1000 are named"),
]


@pytest.mark.parametrize(("concerned", "changes", "told"), BAD)
def test_what_cannot_be_is_refused_and_leaves_nothing(plain: Database, concerned: Concerned, changes: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        entered(plain, concerned, changes=changes)
    assert str(refused.value).startswith(told)
    with plain.read() as connection:
        assert list_incidents(connection) == []


def test_nobody_was_told_before_it_was_discovered(plain: Database) -> None:
    incident = entered(plain, Concerned(queue="sales"))
    for at in (incident.discovered_at - HOUR, utc_now() + HOUR):
        with pytest.raises(UsageError, match="before the discovery, or in the future"):
            note_notification(plain, incident.id, Told(recipient=Recipient.CLIENTS, text="", at=at, delay=None), by="Ana")


def test_all_of_it_is_in_the_ledger(filled: Database) -> None:
    """S10: a count that is made smaller afterwards is found."""
    entered(filled, Concerned(queue="sales"))
    with filled.write() as connection:
        connection.exec_driver_sql("UPDATE incidents SET people = 0")
    with filled.read() as connection:
        broken = verify(links(connection), [], proven_rows(connection)).breaks
    assert [one.message for one in broken] == ["its row, the row of the registers incidents 1, was changed"]


def test_what_is_due_is_told_with_its_hour(plain: Database) -> None:
    """S14, S15t: requests from a week before, incidents at once; nobody is named."""
    now = utc_now()
    today = now.astimezone(ZONE).date()
    person = the_person("0722000111", "RO")
    for right, days in ((Right.ACCESS, 31), (Right.ERASURE, 20), (Right.COPY, 24)):
        asked = Asked(right=right, way=Way.POST, received_on=today - timedelta(days), reference="1")
        open_request(plain, person, asked, by="Ana")
    incident = entered(plain, Concerned(queue="sales"), discovered_ago=25 * HOUR)
    with plain.read() as connection:
        due = deadlines(connection, ZONE, now)
    assert [one.what for one in due] == ["request 1", "incident 1", "incident 1", "request 3"]
    assert [one.late(now) for one in due] == [True, True, False, False]
    assert due[1].words(now).startswith(f"incident {incident.id}: telling the clients was due by ")
    assert due[3].words(now).startswith("request 3: the answer is due by ")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        fill(made.database)
        yield made


def test_the_commands(site: Site) -> None:
    """S14, C13: from the discovery to the text that goes out, and what `status` says meanwhile."""
    with site.config.open("a", encoding="utf-8") as file:
        file.write('[controller]\nname = "Example SRL"\ncontact = "dpo@example.com"\n')
    when = ("--happened-from", "2026-11-01T10:00", "--happened-until", "2026-11-01T11:00", "--discovered", "2026-11-02T08:00")
    files = ("--file", "2026/08/31/r-1.wav", "--file", "2026/08/31/r-2.wav.sealed")
    opened = site.json("incident", "open", "--nature", "a disk was lost", *when, "--by", "Ana Pop", *files)
    assert (opened["people"], opened["recordings"], opened["calls"], opened["scope"]) == (2, 2, 0, "recordings r-1 r-2")
    assert [clock["to"] for clock in opened["clocks"]] == ["clients", "authority"]
    status = site.run("status")
    assert "incident 1: telling the clients was due by 2026-11-03 08:00Z" in status.stdout
    assert "incident 1: telling the authority was due by 2026-11-05 08:00Z" in status.stderr
    late = site.run("incident", "notify", "1", "--to", "clients", "--by", "Ana Pop")
    assert (late.returncode, late.stdout) == (2, "")
    told = site.run("incident", "notify", "1", "--to", "clients", "--by", "Ana Pop", "--sent-at", "2026-11-02T09:30")
    assert told.stdout.count("a disk was lost") == 2
    assert "încălcare a securității" in told.stdout
    assert "personal data breach" in told.stdout
    (step,) = site.json("incident", "show", "1")["steps"]
    assert (step["step"], step["at"], step["text"]) == ("clients", "2026-11-02T09:30:00.000Z", told.stdout)
    assert "clients" in site.run("incident", "show", "1").stdout
    assert site.json("incident", "close", "1", "--by", "Ana Pop", "--reason", "no risk")["clocks"] == []
    assert [one["closed"] for one in site.json("incident", "list")] == [True]
    assert site.run("incident", "list").stdout.splitlines()[1].split()[:5] == ["1", "a", "disk", "was", "lost"]
    assert site.run("incident", "show", "2").returncode == 2
    assert site.run("incident", "open", "--nature", "x", *when, "--by", "Ana", "--file", "nowhere.wav").returncode == 2
