"""Mails through a real SMTP server: sent once or not at all, tried again when it is safe to, and never told twice (C4, S14, S15t)."""

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from callguard.clock import utc_now
from callguard.errors import StoreLocked
from callguard.mail.delivery import Attempt, Fate, deliver
from callguard.mail.post import GIVEN_UP_AFTER, Post
from callguard.mail.warning import Warnings
from callguard.rights.incident_terms import Recipient
from callguard.rights.incidents import Happened, Told, note_notification, open_incident
from callguard.store.affected_rows import Concerned
from callguard.store.database import Database
from callguard.store.mail_rows import Mail, count_mails, mark_handing, queue_mail
from tests.integration.smtp_server import CERTIFICATE, LOGIN, Place, Postbox, smtp_server, starttls
from tests.integration.sweep_place import new_place

NEWS = Mail(key="call c1", recipient="shop@example.com", subject="Apel pierdut: +40722000111", body="La 10:15 v-a sunat +40722000111.\n")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def place() -> Iterator[Place]:
    with smtp_server() as made:
        yield made


def queue(database: Database, *mails: Mail) -> list[bool]:
    with database.write() as connection:
        return [queue_mail(connection, mail, utc_now()) for mail in mails]


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return dict(count_mails(connection))


def look(database: Database, place: Place, **changes: object) -> None:
    Post(database, place.server(**changes))(utc_now())


def test_a_mail_arrives_whole_and_once(database: Database, place: Place) -> None:
    """C4: whoever queues the same news again, it is sent once; its text is then gone from the database."""
    assert queue(database, NEWS, NEWS) == [True, False]
    look(database, place)
    look(database, place)
    assert queue(database, NEWS) == [False]
    (mail,) = place.box.taken
    assert (mail["From"], mail["To"], mail["Subject"]) == ("callguard@example.com", NEWS.recipient, NEWS.subject)
    assert mail.get_payload(decode=True) == NEWS.body.replace("\n", "\r\n").encode()
    assert (mail["Auto-Submitted"], str(mail["Message-ID"]).endswith("@example.com>")) == ("auto-generated", True)
    assert states(database) == {"sent": 1}
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT subject, body FROM mails").all() == [(None, None)]


REFUSALS = [
    (["450 later"], [], "waiting"),
    (["550 no such mailbox"], [], "failed"),
    ([], ["451 later"], "waiting"),
    ([], ["554 no"], "failed"),
    ([], ["drop"], "unsure"),
]


@pytest.mark.parametrize(("rcpt", "data", "state"), REFUSALS)
def test_what_the_server_says_decides(sqlite_file: Database, place: Place, rcpt: list[str], data: list[str], state: str) -> None:
    """C4: never more than once: without an answer behind the text nobody tries again."""
    place.box.rcpt, place.box.data = rcpt, data
    queue(sqlite_file, NEWS)
    look(sqlite_file, place)
    assert states(sqlite_file) == {state: 1}
    with time_machine.travel(utc_now() + 2 * MINUTE):
        look(sqlite_file, place)
    assert states(sqlite_file) == {"sent" if state == "waiting" else state: 1}
    assert len(place.box.taken) == (state == "waiting")


def test_a_server_that_is_not_there_is_waited_for_a_day(sqlite_file: Database, place: Place) -> None:
    """Ever longer pauses, and then an end that is told."""
    queue(sqlite_file, NEWS, Mail(key="2", recipient="b@example.com", subject="2", body="2"))
    gone = Place(place.port + 1 if place.port < 65_000 else 1024, Postbox())
    begun, looks = utc_now(), 0
    for minutes in range(0, 26 * 60, 5):
        with time_machine.travel(begun + minutes * MINUTE, tick=False):
            before = _attempts(sqlite_file)
            look(sqlite_file, gone)
            looks += _attempts(sqlite_file) > before
    assert states(sqlite_file) == {"failed": 2}
    assert 20 <= looks <= 60
    with sqlite_file.read() as connection:
        faults = connection.exec_driver_sql("SELECT DISTINCT fault FROM mails").scalars().all()
    assert faults == ["ConnectionRefusedError"]
    assert timedelta(hours=24) == GIVEN_UP_AFTER


def test_who_died_while_handing_over_does_not_know_and_does_not_send_again(database: Database, place: Place) -> None:
    """C4: at most once."""
    queue(database, NEWS)
    with database.write() as connection:
        mark_handing(connection, 1)
    look(database, place)
    assert (states(database), place.box.taken) == ({"unsure": 1}, [])


def test_without_a_mark_in_the_database_nothing_is_handed_over(place: Place) -> None:
    """The mark is what makes it at most once, so it comes first."""

    def locked() -> None:
        raise StoreLocked("another process writes")

    with pytest.raises(StoreLocked):
        deliver(place.server(), NEWS, locked)
    assert place.box.taken == []


def test_a_server_that_restarts_in_the_middle(sqlite_file: Database) -> None:
    """What it took before is not sent again, what it did not take is."""
    many = [Mail(key=str(one), recipient="a@example.com", subject=str(one), body="x") for one in range(6)]
    queue(sqlite_file, *many)
    box = Postbox(rcpt=["250 OK", "250 OK", "421 shutting down"])
    with smtp_server(box) as place:
        look(sqlite_file, place)
    look(sqlite_file, place)
    with smtp_server(box, port=place.port) as again, time_machine.travel(utc_now() + 2 * MINUTE):
        look(sqlite_file, again)
    assert sorted(box.subjects) == [str(one) for one in range(6)]


def test_tls_and_login(place: Place) -> None:
    """S13: the server's certificate is checked, and the password goes over TLS only."""
    username, password = LOGIN
    with smtp_server(**starttls()) as secured:
        trusted = secured.server(security="starttls", username=username, password=password, ca_file=CERTIFICATE)
        assert deliver(trusted, NEWS, lambda: None) == Attempt(Fate.SENT)
        wrong = secured.server(security="starttls", username=username, password=password[1:], ca_file=CERTIFICATE)
        assert deliver(wrong, NEWS, lambda: None).fate is Fate.LATER
        untrusted = secured.server(security="starttls", username=username, password=password)
        assert deliver(untrusted, NEWS, lambda: None) == Attempt(Fate.LATER, "SSLCertVerificationError")
        plain = secured.server()
        assert deliver(plain, NEWS, lambda: None) == Attempt(Fate.LATER, "answered 530 to the sender")
    assert len(secured.box.taken) == 1
    assert deliver(place.server(security="tls"), NEWS, lambda: None).fate is Fate.LATER
    assert deliver(place.server(security="starttls"), NEWS, lambda: None) == Attempt(Fate.LATER, "SMTPNotSupportedError")
    assert "correct" not in repr(trusted)


def test_tls_from_the_first_byte() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    with smtp_server(ssl_context=context) as secured:
        assert deliver(secured.server(security="tls", ca_file=CERTIFICATE), NEWS, lambda: None).fate is Fate.SENT


def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    """Every wait has an end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place(silent.getsockname()[1], Postbox())
        assert deliver(place.server(patience_s=0.2), NEWS, lambda: None) == Attempt(Fate.LATER, "SMTPServerDisconnected")


def test_it_ends_between_two_mails(sqlite_file: Database, place: Place) -> None:
    queue(sqlite_file, NEWS)
    stopping = threading.Event()
    stopping.set()
    Post(sqlite_file, place.server(), stopping.is_set)(utc_now())
    assert states(sqlite_file) == {"waiting": 1}


def test_a_mail_is_forgotten_after_thirty_days_by_the_sweep(database: Database, place: Place, tmp_path: Path) -> None:
    """S15: address and key of a settled one go, and an unsent one with its text; a younger one stays, so that it is told once."""
    sweeps = new_place(database, tmp_path)
    queue(database, NEWS)
    look(database, place)
    queue(database, replace(NEWS, key="never sent"))
    with time_machine.travel(utc_now() + 10 * DAY):
        queue(database, replace(NEWS, key="call c2"))
    for days, left in ((29, {"sent": 1, "waiting": 2}), (31, {"waiting": 1}), (41, {})):
        with time_machine.travel(utc_now() + days * DAY):
            sweeps.sweep(utc_now())
        assert states(database) == left


def test_what_stays_late_is_told_again_a_month_later(sqlite_file: Database, place: Place, tmp_path: Path) -> None:
    """S14: and not in between."""
    sweeps, begun = new_place(sqlite_file, tmp_path), utc_now()
    with time_machine.travel(begun - 9 * DAY):
        happened = Happened(nature="a laptop was stolen", since=begun - 9 * DAY, until=None, discovered_at=begun - 9 * DAY)
        open_incident(sqlite_file, happened, Concerned(queue="sales"), by="Ana Pop")
    warn = Warnings(sqlite_file, ("dpo@example.com",), ZoneInfo("UTC"))
    for days in (0, 15, 29, 31, 45):
        with time_machine.travel(begun + days * DAY):
            sweeps.sweep(utc_now())
            warn(utc_now())
            look(sqlite_file, place)
    assert sorted(Counter(place.box.subjects).values()) == [2, 2]


def test_deadlines_are_told_once_a_stage(sqlite_file: Database, place: Place) -> None:
    """S14: at the discovery, when a day is left, and when it is late; nobody is named, and who was told is told no more."""
    begun = datetime(2026, 11, 22, 8, tzinfo=UTC)
    with time_machine.travel(begun, tick=False):
        happened = Happened(nature="a laptop of Ana's was stolen", since=begun, until=None, discovered_at=begun)
        incident = open_incident(sqlite_file, happened, Concerned(queue="sales"), by="Ana Pop")
    warn = Warnings(sqlite_file, ("dpo@example.com", "it@example.com"), ZoneInfo("Europe/Bucharest"))
    for hours in range(0, 80, 2):
        now = begun + timedelta(hours=hours)
        with time_machine.travel(now, tick=False):
            warn(now)
            look(sqlite_file, place)
            if hours == 60:
                note_notification(sqlite_file, incident.id, Told(recipient=Recipient.AUTHORITY, text="x", at=now, delay=None), by="Ana")
    told = [(str(mail["To"]).partition("@")[0], str(mail["Subject"])) for mail in place.box.taken]
    dpo = [subject.removeprefix("callguard: incident 1: telling ") for who, subject in told if who == "dpo"]
    assert dpo == [
        "the clients is due by 2026-11-23 08:00Z",
        "the authority is due by 2026-11-25 08:00Z",
        "the clients was due by 2026-11-23 08:00Z",
        "the authority is due by 2026-11-25 08:00Z",
    ]
    assert len(told) == 2 * len(dpo)
    bodies = [mail.get_payload() for mail in place.box.taken]
    assert all("callguard incident show 1" in body and "laptop" not in body and "Ana" not in body for body in map(str, bodies))


def _attempts(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT max(attempts) FROM mails").scalar_one())
