"""The register of requests: due days, one extension, an end, the letters, and the ledger over all of it (S15, S15t)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from callguard.clock import utc_now
from callguard.config.controller import AUTHORITIES
from callguard.errors import CallguardError, GuardRefusal, UsageError
from callguard.evidence.verification import verify
from callguard.rights.finding import find
from callguard.rights.letters import Sender, letter_of
from callguard.rights.person import Person, the_person
from callguard.rights.requests import Asked, close_request, extend_request, open_request, the_request
from callguard.rights.terms import Outcome, Right
from callguard.rights.wishes import Way
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links
from callguard.store.request_rows import Request, list_requests
from tests.integration.cli_site import Site, new_site

ADA = the_person("0722 000 111", "RO")
RECEIVED = date(2026, 3, 31)
DUE, EXTENDED = date(2026, 4, 30), date(2026, 6, 29)
SENDER = Sender(name="Example SRL", contact="dpo@example.com", authority=AUTHORITIES["RO"])
BY = ("--by", "Ana Pop")


def opened(database: Database, right: Right = Right.ACCESS, person: Person = ADA, changes: Mapping[str, Any] | None = None) -> Request:
    asked = replace(Asked(right=right, way=Way.POST, received_on=RECEIVED, reference="letter 12"), **(changes or {}))
    return open_request(database, person, asked, by="Ana Pop")


def test_a_request_is_due_when_promised_and_may_be_extended_once(database: Database) -> None:
    """S15t: 30 days, 60 more with a reason, and no third term."""
    request = opened(database)
    assert (request.due_on, request.state) == (DUE, "open")
    extended = extend_request(database, request.id, by="Ana Pop", reason="forty lines", today=DUE)
    assert (extended.due_on, extended.state) == (EXTENDED, "extended")
    with pytest.raises(GuardRefusal, match="was extended on"):
        extend_request(database, request.id, by="Ana Pop", reason="more", today=DUE)
    closed = close_request(database, request.id, Outcome.GRANTED, by="Ion Ene", reason="sent by post")
    assert (closed.state, closed.end and closed.end.by) == ("granted", "Ion Ene")
    acts: list[Callable[[], Request]] = [
        lambda: close_request(database, request.id, Outcome.REFUSED, by="I", reason="x"),
        lambda: _extend(database, request),
    ]
    for again in acts:
        with pytest.raises(CallguardError, match=f"was closed on {utc_now():%Y-%m-%d}: granted"):
            again()


def test_who_was_not_told_in_time_cannot_be_told_of_an_extension(database: Database) -> None:
    """S15t: the reason is told within the first 30 days, or there is no extension."""
    request = opened(database)
    with pytest.raises(GuardRefusal, match="had to be told of an extension by 2026-04-30"):
        extend_request(database, request.id, by="Ana", reason="complex", today=DUE + timedelta(1))
    with database.read() as connection:
        assert the_request(connection, request.id).steps == ()


def test_the_same_request_twice_is_one(database: Database) -> None:
    """However the number is written; another right is another request, and so is the same one after its end."""
    first = opened(database)
    with pytest.raises(CallguardError, match=f"request {first.id} of 2026-03-31 asks for the same"):
        opened(database, person=the_person("0040722000111", "RO"))
    other = opened(database, Right.ERASURE)
    stranger = opened(database, person=the_person("200", "RO"))
    close_request(database, first.id, Outcome.NOTHING_KEPT, by="Ana", reason="no calls")
    again = opened(database)
    with database.read() as connection:
        assert [one.id for one in list_requests(connection)] == [first.id, other.id, stranger.id, again.id]
        assert [one.id for one in list_requests(connection, ADA.number, open_only=True)] == [other.id, again.id]
        assert [one.id for one in list_requests(connection, stranger.number)] == [stranger.id]


BAD = [
    ({"received_on": date(2100, 1, 1)}, "--received: is in the future"),
    ({"received_on": date(1949, 1, 1)}, "--received: is before 1950"),
    ({"reference": "  "}, "--reference: is no line of text"),
]


@pytest.mark.parametrize(("changes", "told"), BAD)
def test_what_cannot_be_is_refused_and_leaves_nothing(sqlite_file: Database, changes: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        opened(sqlite_file, changes=changes)
    assert str(refused.value).startswith(told)
    with sqlite_file.read() as connection:
        assert list_requests(connection) == []


def test_each_act_is_in_the_ledger_and_nobody_is_named_there(database: Database) -> None:
    """S10, C7: a row that is changed afterwards is found, and so is one that is put in or taken away."""
    request = opened(database)
    _extend(database, request)
    close_request(database, request.id, Outcome.REFUSED, by="Ion Ene", reason="not theirs")
    assert _breaks(database) == []
    with database.read() as connection:
        bodies = [link.body for link in links(connection) if link.kind == "register"]
    assert [body.split('"entry":')[1] for body in bodies] == ['"requests 1"}', '"request_steps 1"}', '"request_steps 2"}']
    assert not any(word in body for body in bodies for word in ("722000111", "Ana", "Ion", "letter"))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE requests SET received_on = '2026-04-15'")
    assert _breaks(database) == ["its row, the row of the registers requests 1, was changed"]
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE requests SET received_on = '2026-03-31'")
        connection.exec_driver_sql("DELETE FROM request_steps WHERE id = 2")
    assert _breaks(database) == ["its row, the row of the registers request_steps 2, is gone"]


def test_what_another_hand_left_without_a_form_is_told(sqlite_file: Database) -> None:
    """S13: verification goes on over what cannot be read."""
    opened(sqlite_file)
    with sqlite_file.write() as connection:
        connection.exec_driver_sql("UPDATE requests SET reference = 0.5")
    assert _breaks(sqlite_file) == ["its row, the row of the registers requests 1, was changed"]


def test_the_letters_tell_outcome_rights_and_authority(database: Database) -> None:
    """S15, S15t: in both languages, and nothing that was not decided yet."""
    request = opened(database, Right.ERASURE)
    with pytest.raises(CallguardError, match="is open: there is nothing to answer yet"):
        letter_of(request, SENDER, "ro", DUE)
    extended = _extend(database, request)
    told = letter_of(extended, SENDER, "ro", DUE)
    assert "se prelungește până la data de 2026-06-29" in told
    assert "complex" in told
    closed = close_request(database, request.id, Outcome.GRANTED_IN_PART, by="Ana", reason="Call records stay until 2029.")
    for language, words in {
        "ro": ("Am dat curs cererii dumneavoastră în parte.", "dreptul la ștergere", "poștă", "art. 17"),
        "en": ("We have done a part of what you asked for.", "the right to erasure", "post", "art. 17"),
    }.items():
        letter = letter_of(closed, SENDER, language, DUE)
        for word in (*words, "+40722000111", "Example SRL", "dpo@example.com", "ANSPDCP", "Call records stay until 2029.", "2026-03-31"):
            assert word in letter, (language, word)
        assert "$" not in letter


def test_each_language_cites_the_law_as_it_does(sqlite_file: Database) -> None:
    """S15: 15 alin. (3) is what Romanian texts call what is 15 (3) in English ones."""
    closed = close_request(sqlite_file, opened(sqlite_file, Right.COPY).id, Outcome.NOTHING_KEPT, by="Ana", reason="done")
    assert "art. 15 alin. (3) din Regulamentul (UE) 2016/679" in letter_of(closed, SENDER, "ro", DUE)
    assert "art. 15 (3) of Regulation (EU) 2016/679" in letter_of(closed, SENDER, "en", DUE)


def test_a_person_is_shown_with_their_requests(sqlite_file: Database) -> None:
    """S15: the register is found by number like everything else."""
    opened(sqlite_file, Right.ERASURE)
    with sqlite_file.read() as connection:
        (row,) = find(connection, ADA, 10).registers["requests"]
    assert (row["kind"], row["due_on"], row["state"]) == ("erasure", "2026-04-30", "open")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        yield made


def test_the_commands(site: Site) -> None:
    """S15t: from the letter that came to the letter that goes out."""
    entered = site.json("request", "open", "erasure", "0722 000 111", *BY, "--way", "post", "--received", "2026-03-31", "--reference", "1")
    assert (entered["due_on"], entered["late"], entered["number"]) == ("2026-04-30", True, "+40722000111")
    today = site.json("request", "open", "access", "0722000111", *BY, "--way", "e-mail", "--reference", "2")
    assert today["late"] is False
    assert [one["id"] for one in site.json("request", "list", "--late")] == [entered["id"]]
    late = site.run("request", "extend", "1", *BY, "--reason", "complex")
    assert (late.returncode, late.stderr.splitlines()[0]) == (
        4,
        "callguard: request 1: the person had to be told of an extension by 2026-04-30",
    )
    assert site.json("request", "extend", "2", *BY, "--reason", "complex")["state"] == "extended"
    closed = site.json("request", "close", "1", *BY, "--outcome", "granted", "--reason", "done")
    assert (closed["outcome"], closed["late"]) == ("granted", False)
    assert [one["id"] for one in site.json("request", "list", "--open")] == [2]
    unsigned = site.run("request", "letter", "1")
    assert unsigned.returncode == 2
    assert unsigned.stderr.count("is missing: no letter can be written without it") == 2
    with site.config.open("a", encoding="utf-8") as file:
        file.write('[controller]\nname = "Example SRL"\ncontact = "dpo@example.com"\n')
    assert "Am dat curs cererii dumneavoastră." in site.run("request", "letter", "1").stdout
    assert "is extended to" in site.run("request", "letter", "2", "--language", "en").stdout
    assert site.run("request", "letter", "1", "--language", "de").returncode == 2
    assert site.run("request", "letter", "9").returncode == 2
    assert site.run("request", "list").stdout.splitlines()[1].split()[:4] == ["1", "erasure", "+40722000111", "2026-03-31"]


def _extend(database: Database, request: Request) -> Request:
    return extend_request(database, request.id, by="Ana Pop", reason="complex", today=RECEIVED)


def _breaks(database: Database) -> list[str]:
    with database.read() as connection:
        return [one.message for one in verify(links(connection), [], proven_rows(connection)).breaks]
