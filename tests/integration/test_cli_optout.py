"""`optout`: who is not to be recorded, entered by named people with the paper it is on, and never twice (S4)."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.state import Number
from callguard.clock import utc_now
from callguard.errors import CallguardError, UsageError
from callguard.evidence.chain import digest
from callguard.evidence.optout_entries import OPTOUT_COLUMNS
from callguard.evidence.verification import Findings, verify
from callguard.rights.optout_list import read_optouts, the_day
from callguard.rights.optouts import enter_optout, import_optouts, remove_from_register
from callguard.rights.wishes import Way, Wish
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links
from callguard.store.optout_rows import last_change, list_optouts
from callguard.store.optout_tables import optouts
from tests.integration.cli_site import new_site

ADA = Number("0722 000 111", "+40722000111")
BOB = Number("0744000111", "+40744000111")
CAME = ("--way", "post", "--date", "2026-08-30", "--reference", "R-118")


def wish(number: Number = ADA, wished_on: date | None = None, reference: str = "R-118") -> Wish:
    return Wish(number=number, way=Way.POST, wished_on=wished_on or utc_now().date(), reference=reference)


def verified(database: Database) -> Findings:
    with database.read() as connection:
        return verify(links(connection), [], proven_rows(connection))


def test_the_course_of_an_entry(tmp_path: Path) -> None:
    """Entered, not entered twice however it is written, listed, taken out by a named person, and then still told."""
    with new_site(tmp_path) as site:
        entered = site.json("optout", "add", "0722 000 111", *CAME, "--by", "Ana Pop")
        assert list(entered) == [
            *("id", "number", "written", "way", "wished_on", "reference"),
            *("entered_by", "entered_at", "removed_by", "removed_at", "removal_reason"),
        ]
        told = (entered["number"], entered["written"], entered["way"], entered["wished_on"], entered["removed_at"])
        assert told == ("+40722000111", "0722 000 111", "post", "2026-08-30", None)

        again = site.run("optout", "add", "0040722000111", *CAME, "--by", "Ion Ene")
        assert (again.returncode, again.stderr.splitlines()[0].partition(" of ")[0]) == (
            1,
            "callguard: NUMBER: is in the register already, by entry 1",
        )
        assert site.json("optout", "list", "--number", "+40722000111") == [entered]

        removed = site.json("optout", "remove", "+40722000111", "--by", "Ion Ene", "--reason", "asked for it by letter")
        assert (removed["id"], removed["removed_by"], removed["removal_reason"]) == (1, "Ion Ene", "asked for it by letter")
        assert site.run("optout", "list").stdout == "nobody is in the register\n"
        assert "asked for it by letter" in site.run("optout", "list", "--all").stdout


def test_a_list_is_taken_over_whole_and_only_once(tmp_path: Path) -> None:
    file = tmp_path / "wishes.csv"
    file.write_text("number,way,date,reference\n0722000111,post,2026-08-30,R-118\n+40744000111,e-mail,2026-09-01,ticket 7\n", "utf-8")
    with new_site(tmp_path) as site:
        assert site.json("optout", "import", str(file), "--by", "Ana Pop") == {"new": 2, "known": 0}
        assert "in the register already  2" in site.run("optout", "import", str(file), "--by", "Ana Pop").stdout
        file.write_text("number,way,date,reference\n0733000111,post,2026-08-30,R-1\n0766000111,pigeon,2026-08-30,R-2\n", "utf-8")
        refused = site.run("optout", "import", str(file), "--by", "Ana Pop")
        assert (refused.returncode, refused.stderr.splitlines()[0]) == (
            2,
            f"callguard: {file}:3: the way is none of post, courier, fax, e-mail, visit, call",
        )
        with site.database.read() as connection:
            assert [one.number for one in list_optouts(connection, removed=True)] == ["+40744000111", "+40722000111"]


BAD = [
    (wish(reference=" \t "), "Ana", "--reference: is no line of text"),
    (wish(), " ", "--by: is no line of text"),
    (wish(wished_on=date(2199, 1, 1)), "Ana", "--date: is in the future"),
    (wish(wished_on=date(1899, 12, 31)), "Ana", "--date: is before 1950"),
]


def test_what_cannot_be_entered_is_told_and_leaves_nothing(sqlite_file: Database) -> None:
    """Issue 5, bad input: a clear answer each, nothing half done."""
    for wrong, by, told in BAD:
        with pytest.raises(UsageError) as refused:
            enter_optout(sqlite_file, wrong, by=by)
        assert str(refused.value).startswith(told)
    for written in ("2026-02-30", "30.08.2026", "2026-W05-6", "20260830", ""):
        with pytest.raises(UsageError, match="is no day of the calendar"):
            the_day(written)
    with sqlite_file.read() as connection:
        assert list_optouts(connection, removed=True) == []


def test_who_is_nobody_and_what_is_no_way_cannot_be_typed(tmp_path: Path) -> None:
    """S15: withheld callers are no person; S4: the ways are those of the notice."""
    with new_site(tmp_path) as site:
        done = site.run("optout", "add", "anonymous", *CAME, "--by", "Ana Pop")
        assert (done.returncode, done.stderr.startswith("callguard: NUMBER: callers who withhold their number")) == (2, True)
        assert site.run("optout", "add", "0722000111", *CAME, "--way", "pigeon", "--by", "Ana Pop").returncode == 2


def test_who_is_not_listed_cannot_be_taken_out(sqlite_file: Database) -> None:
    enter_optout(sqlite_file, wish(), by="Ana")
    with pytest.raises(UsageError, match="--reason"):
        remove_from_register(sqlite_file, ADA, by="Ion", reason=" ")
    remove_from_register(sqlite_file, ADA, by="Ion", reason="x")
    for number in (ADA, BOB):
        with pytest.raises(CallguardError, match="is not in the register"):
            remove_from_register(sqlite_file, number, by="Ion", reason="x")


def test_a_day_that_has_begun_somewhere_is_not_in_the_future(sqlite_file: Database) -> None:
    """An office east of Greenwich writes tomorrow's date before midnight in UTC."""
    begun = (utc_now() + timedelta(hours=14)).date()
    enter_optout(sqlite_file, wish(wished_on=begun), by="Ana")
    with pytest.raises(UsageError, match="future"):
        enter_optout(sqlite_file, wish(BOB, wished_on=begun + timedelta(days=1)), by="Ana")


def test_entered_again_after_a_removal_is_a_new_entry(database: Database) -> None:
    """On each kind of database: the old row stays as it was, and changes are numbered without a hole."""
    first = enter_optout(database, wish(), by="Ana")
    remove_from_register(database, ADA, by="Ion", reason="a mistake")
    second = enter_optout(database, wish(), by="Ana")
    imported = import_optouts(database, {"+40722000111": wish(), "+40744000111": wish(BOB)}, "f" * 64, by="Eva")
    assert (second.id != first.id, imported.new, imported.known) == (True, 1, 1)
    with database.read() as connection:
        assert [(one.number, one.removed_by) for one in list_optouts(connection, removed=True)] == [
            ("+40744000111", None),
            ("+40722000111", None),
            ("+40722000111", "Ion"),
        ]
        assert sorted(connection.scalars(sa.select(optouts.c.change))) == [2, 3, 4]
    with database.read_straight() as connection:
        assert last_change(connection) == 4


def test_every_entry_is_proven_in_the_ledger_and_nobody_is_named_there(database: Database) -> None:
    """C7: a digest of the row, which holds random bytes of its own; as it was entered, and as it was removed."""
    enter_optout(database, wish(), by="Ana Pop")
    import_optouts(database, {"+40744000111": wish(BOB)}, "f" * 64, by="Eva Dan")
    remove_from_register(database, ADA, by="Ion Ene", reason="fraud")
    with database.read() as connection:
        entered = [(link.kind, link.body) for link in links(connection)][-4:]
        row = connection.execute(sa.select(optouts).where(optouts.c.number == "+40744000111")).mappings().one()
    assert [kind for kind, _ in entered] == ["optout", "optout", "optouts-imported", "optout-removal"]
    assert json.loads(entered[2][1]) == {"sha256": "f" * 64, "new": 1, "known": 0}
    assert not any(word in body for _, body in entered for word in ("Ana", "Eva", "Ion", "722000", "744000", "fraud", "R-118"))
    entered_at = int(row["entered_at"].timestamp() * 1000 + 0.5)
    held = {**row, "entered_at": entered_at, "wished_on": row["wished_on"].isoformat()}
    assert json.loads(entered[1][1])["digest"] == digest({name: held[name] for name in OPTOUT_COLUMNS})
    found = verified(database)
    assert (found.broken, found.proven["optout"], found.proven["optout-removal"]) == (0, 2, 1)


TAMPERED = [
    ("UPDATE optouts SET number = '+40744000111'", "its row, register entry 1, was changed"),
    ("UPDATE optouts SET removal_reason = 'asked'", "its row, the removal of register entry 1, was changed"),
    ("UPDATE optouts SET wished_on = '2020-01-01'", "its row, register entry 1, was changed"),
    ("DELETE FROM optouts", "its row, register entry 1, is gone"),
]


@pytest.mark.parametrize(("statement", "told"), TAMPERED)
def test_what_another_hand_did_to_the_register_is_found(database: Database, statement: str, told: str) -> None:
    enter_optout(database, wish(), by="Ana Pop")
    remove_from_register(database, ADA, by="Ion Ene", reason="a mistake")
    with database.write() as connection:
        connection.execute(sa.text(statement))
    assert told in {one.message for one in verified(database).breaks}


def test_a_long_list_is_entered_in_parts_and_each_number_once(sqlite_file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's turn comes between two parts; one that broke off is begun again."""
    monkeypatch.setattr("callguard.rights.optouts.AT_ONCE", 2)
    wishes = {f"+4072200011{digit}": wish(Number(f"072200011{digit}", f"+4072200011{digit}")) for digit in range(5)}
    import_optouts(sqlite_file, dict(list(wishes.items())[:3]), "e" * 64, by="Eva")
    done = import_optouts(sqlite_file, wishes, "f" * 64, by="Eva")
    assert (done.new, done.known) == (2, 3)
    with sqlite_file.read() as connection:
        assert [one.number for one in list_optouts(connection)] == sorted(wishes, reverse=True)
        assert json.loads(list(links(connection))[-1].body) == {"sha256": "f" * 64, "new": 2, "known": 3}
    assert verified(sqlite_file).broken == 0


LINES = [
    ("0722000111,post,2026-08-30", "has 3 columns and not 4"),
    ("0722000111,post,2026-08-30,R-1,x", "has 5 columns and not 4"),
    ("0722000111,post,2026-08-30,", "the reference is no line of text"),
    ("0722000111,Post,2026-08-30,R-1", "the way is none of post, courier, fax, e-mail, visit, call"),
    ("0722000111,post,2026-13-30,R-1", "the day of the wish is no day of the calendar"),
    ("0722000111,post,2199-08-30,R-1", "the day of the wish is in the future"),
    ("anonymous,post,2026-08-30,R-1", "NUMBER callers who withhold their number are nobody that could be told apart"),
    ("+40733000111,post,2026-08-30,R-1", "has the number of line 2 again"),
]


def test_every_faulty_line_of_a_list_is_told_by_its_number(tmp_path: Path) -> None:
    """And none of it is used; a number that comes twice is told by both lines, however it is written."""
    file = tmp_path / "wishes.csv"
    file.write_text("number,way,date,reference\n0733 000 111,fax,2026-08-30,R-1\n" + "\n".join(line for line, _ in LINES), "utf-8")
    with pytest.raises(UsageError) as refused:
        read_optouts(file, "RO", utc_now())
    told = [(one.place, one.message) for one in refused.value.faults]
    assert told == [(f"{file}:{number}", message) for number, (_, message) in enumerate(LINES, 3)]


@pytest.mark.parametrize("content", ["", "number,way,date\n0722000111,post,2026-08-30\n", "number;way;date;reference\n"])
def test_a_list_of_other_columns_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wishes.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(UsageError, match="has other columns than number, way, date, reference"):
        read_optouts(file, "RO", utc_now())
