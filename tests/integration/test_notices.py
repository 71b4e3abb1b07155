"""Notices by mail (C4): from what a PBX tells, through the engine and its database, to a real SMTP server; each once, or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.state import NOBODY, Direction, Number
from callguard.clock import utc_now
from callguard.engine import Engine
from callguard.mail.notices import Kind, Notice, Notices
from callguard.mail.post import Post
from callguard.store.database import Database
from callguard.store.notice_rows import REMEMBERED, count_mailbox, note_address
from tests.integration.engine_bench import NOW, POLICY, Bench, arriving, heard, make, talking, where
from tests.integration.smtp_server import Place, smtp_server

SHOP = Notice(number=Number("700", None), recipients=("shop@example.com",), kinds=frozenset(Kind), language="ro")
BOSS = replace(SHOP, recipients=("boss@example.com", "shop@example.com"), kinds=frozenset({Kind.MISSED_CALL}), language="en")
DESK = replace(SHOP, number=Number("100", None), recipients=("ana@example.com",), language="en")
OFFICE = ZoneInfo("Europe/Bucharest")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "callguard.db"


@pytest.fixture
def place() -> Iterator[Place]:
    with smtp_server() as made:
        yield made


def opened(file: Path, *notices: Notice) -> Bench:
    bench = make(file)
    bench.engine = Engine(bench.database, [POLICY], Notices(notices or (SHOP, BOSS, DESK), OFFICE))
    bench.start()
    return bench


def closed(bench: Bench) -> None:
    bench.stop()
    bench.database.close()


@pytest.fixture
def bench(file: Path) -> Iterator[Bench]:
    made = opened(file)
    yield made
    closed(made)


def gone(leg: str = "1.0", linkedid: str = "1.0") -> ev.LegGone:
    """Asterisk tells no cause of a hang-up in the notice."""
    return ev.LegGone(**where(leg, linkedid), cause=None)


def missed(bench: Bench, linkedid: str = "1.0") -> None:
    """Somebody calls, hears the notice and gives up before anybody answers."""
    bench.tell(*arriving(linkedid), heard(linkedid), gone(linkedid, linkedid))


def posted(bench: Bench, place: Place) -> list[Message]:
    Post(bench.database, place.server())(utc_now())
    return sorted(place.box.taken, key=lambda mail: str(mail["To"]))


def body(mail: Message) -> str:
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def keys(bench: Bench) -> list[str]:
    return [str(key) for (key,) in bench.rows("select key from mails order by id")]


def test_a_missed_call_is_told_to_each_once(bench: Bench, place: Place) -> None:
    """C4: whatever the PBX says twice; in the reader's language and in the office's time. Who is named twice reads it once."""
    missed(bench)
    bench.wait_rows("select count(*) from mails", [(2,)])
    bench.tell(gone(), ev.SnapshotTaken(pbx="pbx", at=NOW, received_at=NOW, sightings=()), gone())
    to_boss, to_shop = posted(bench, place)
    assert (to_boss["Subject"], to_shop["Subject"]) == ("Missed call: +40722000111", "Apel pierdut: +40722000111")
    assert body(to_boss).splitlines() == ["At 2026-08-31 13:00 EEST +40722000111 called 700. Nobody answered."]
    assert body(to_shop).splitlines() == ["La 2026-08-31 13:00 EEST a sunat +40722000111, la numărul 700. Nimeni nu a răspuns."]
    assert [mail["To"] for mail in (to_boss, to_shop)] == ["boss@example.com", "shop@example.com"]


def test_a_call_that_was_answered_or_made_or_is_for_others_is_not_told(bench: Bench) -> None:
    bench.tell(*arriving("1.0"))
    bench.wait(do.Announce)
    bench.tell(heard("1.0"), *talking("1.0"))
    bench.wait(do.StartRecording)
    bench.tell(gone("1.09", "1.0"), gone("1.0", "1.0"))
    called, *_ = arriving("2.0")
    assert isinstance(called, ev.CallStarted)
    bench.tell(replace(called, direction=Direction.OUTBOUND), gone("2.0", "2.0"))
    other, *_ = arriving("3.0")
    assert isinstance(other, ev.CallStarted)
    bench.tell(replace(other, callee=Number("701", None), dialled="701"), gone("3.0", "3.0"))
    bench.wait_rows("select count(*) from calls where ended_at is not null", [(3,)])
    assert keys(bench) == []


def test_a_number_is_found_however_it_is_written(file: Path) -> None:
    """C4: as in the configuration, so in the call; whoever hides the number is not named."""
    bench = opened(file, replace(SHOP, number=Number("021 333 4444", "+40213334444")))
    started, handed = arriving()
    assert isinstance(started, ev.CallStarted)
    bench.tell(replace(started, caller=NOBODY, callee=Number("0040213334444", "+40213334444"), dialled="0040213334444"), handed, gone())
    bench.wait_rows("select subject from mails", [("Apel pierdut: număr ascuns",)])
    closed(bench)


def test_a_restart_neither_loses_nor_doubles_it(file: Path, place: Place) -> None:
    """C4, design rule 11: a call that ended while nobody looked is told with that doubt; a mail that waits is sent by the next daemon."""
    first = opened(file, SHOP)
    missed(first, "1.0")
    first.wait_rows("select count(*) from mails", [(1,)])
    first.tell(*arriving("2.0"))
    first.wait_rows("select count(*) from calls", [(2,)])
    closed(first)

    second = opened(file, SHOP)
    second.tell(ev.SnapshotTaken(pbx="pbx", at=NOW, received_at=NOW, sightings=()))
    second.wait_rows("select count(*) from mails", [(2,)])
    certain, doubtful = (body(mail) for mail in posted(second, place))
    assert "callguard" not in certain
    assert "este posibil ca apelul să fi fost totuși preluat" in doubtful
    closed(second)


def test_the_mail_and_the_end_of_the_call_are_one_transaction(bench: Bench) -> None:
    """C4: neither is there without the other, wherever the daemon is killed."""
    with closing(sqlite3.connect(bench.file, timeout=5)) as other:
        other.execute("CREATE TRIGGER no_mail BEFORE INSERT ON mails BEGIN SELECT RAISE(ABORT, 'no'); END")
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard())
    bench.wait(do.Release)
    bench.tell(gone())
    bench.tell(*arriving("2.0"))
    bench.wait(do.Announce, 2)
    assert bench.rows("select ended_at, (select count(*) from mails) from calls") == [(None, 0), (None, 0)]


def unheard(count: int, minute: int) -> ev.MailboxCounted:
    at = NOW + timedelta(minutes=minute)
    return ev.MailboxCounted(pbx="pbx", at=at, received_at=at, mailbox="100@default", unheard=count)


def test_a_voicemail_is_told_when_there_are_more_than_before(file: Path, place: Place) -> None:
    """C4: hearing one is no news, nor is what the PBX says again, or after a restart; two in one tick of its clock are two."""
    first = opened(file)
    first.tell(unheard(1, 1), unheard(1, 1), unheard(1, 2), unheard(0, 3), unheard(2, 4), unheard(3, 4))
    first.wait_rows("select count(*) from mails", [(3,)])
    closed(first)
    second = opened(file)
    second.tell(unheard(3, 5), unheard(1, 6), replace(unheard(5, 6), mailbox="200@default"))
    second.wait_rows("select mailbox, unheard from mailboxes", [("100@default", 1)])
    told = [body(mail).strip() for mail in posted(second, place)]
    assert told == [
        f"At 2026-08-31 13:0{minute} EEST a message was left in the voicemail of 100@default. Messages not heard yet: {count}."
        for minute, count in ((1, 1), (4, 2), (4, 3))
    ]
    closed(second)


def phone(address: str, days: float = 0, account: str = "100@pbx") -> ev.EquipmentSeen:
    at = NOW + timedelta(days=days)
    return ev.EquipmentSeen(pbx="pbx", at=at, received_at=at, account=account, address=address, user_agent="Desk/1")


def test_a_new_address_of_an_account_is_told_once(bench: Bench, place: Place) -> None:
    """C2, C3, C4: the first is its beginning; of accounts that nobody asked for nothing is kept."""
    bench.tell(phone("192.0.2.1"), phone("192.0.2.1", 1), phone("192.0.2.2", 2), phone("192.0.2.2", 3), phone("192.0.2.1", 4))
    bench.tell(phone("192.0.2.9", account="200@pbx"), phone("192.0.2.8", account="200@pbx"))
    bench.wait_rows(
        "select address, user_agent, (last_seen_at - first_seen_at) / 86400000 from equipment order by address",
        [("192.0.2.1", "Desk/1", 4), ("192.0.2.2", "Desk/1", 1)],
    )
    (mail,) = posted(bench, place)
    assert mail["Subject"] == "New address of the account 100@pbx: 192.0.2.2"
    assert body(mail).splitlines()[1] == "Device: Desk/1."
    assert [key for key in keys(bench) if "192.0.2" in key] == []


def test_where_an_account_was_long_ago_is_forgotten(database: Database) -> None:
    """GDPR art. 5(1)(e): a year after it was last seen there, when it is seen elsewhere; to be there again is news."""
    with database.write() as connection:
        assert not note_address(connection, phone("192.0.2.1"))
        assert note_address(connection, phone("192.0.2.2", REMEMBERED.days + 1))
        assert connection.exec_driver_sql("SELECT address FROM equipment").scalars().all() == ["192.0.2.2"]
        assert note_address(connection, phone("192.0.2.1", REMEMBERED.days + 2))


def test_a_phone_that_registers_every_few_minutes_is_written_down_once_an_hour(sqlite_file: Database) -> None:
    """C2: when it was last seen there, to the hour."""
    with sqlite_file.write() as connection:
        for minutes in (0, 20, 40, 61, 80):
            note_address(connection, phone("192.0.2.1", minutes / 1440))
        minute = "SELECT (last_seen_at - first_seen_at) / 60000 FROM equipment"
        assert connection.exec_driver_sql(minute).scalars().all() == [61]


def test_what_nobody_wants_to_know_any_more_goes(database: Database) -> None:
    """C4: what was remembered for a notice goes with it."""
    with database.write() as connection:
        for name in ("100@pbx", "300"):
            note_address(connection, phone("192.0.2.1", account=name))
            count_mailbox(connection, replace(unheard(1, 0), mailbox=name))
        Notices((DESK,)).forget_others(connection)
        kept = connection.exec_driver_sql("SELECT account FROM equipment UNION ALL SELECT mailbox FROM mailboxes").scalars().all()
    assert kept == ["100@pbx", "100@pbx"]


def test_a_site_without_notices_writes_no_more_than_before(file: Path) -> None:
    """Who wants no mails pays for none: no statement, no transaction, no row."""
    bench = make(file)
    bench.start()
    missed(bench)
    bench.tell(unheard(1, 1), phone("192.0.2.1"))
    bench.wait_rows("select count(*) from calls where ended_at is not null", [(1,)])
    tables = ("mails", "mailboxes", "equipment")
    assert [bench.rows(f"select count(*) from {table}") for table in tables] == [[(0,)]] * 3  # noqa: S608 - names of our own
    closed(bench)
