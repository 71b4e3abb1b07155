"""What people mistype: told on one line with the option it stands after and what to write, status 2, and nothing is entered."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa

from callguard.call.state import Decision, How
from callguard.cli import main
from callguard.store.tables import recordings
from tests.integration.cli_site import Site, consent, inbound, new_site, recording
from tests.wav_bytes import whole

Typed: TypeAlias = Callable[..., tuple[int, str, str]]

BY = ("--by", "Ana Pop")
TO = ("--reason", "asked", "--reference", "letter 7", *BY)
WAY = ("--way", "post", "--reference", "letter 7", *BY)
HAPPENED = ("--nature", "a laptop was stolen", "--happened-from", "2026-08-31T18:00", *BY)
NO_NUMBER = "this is no number"
FUTURE = "2199-01-01"
SOUND = whole(800)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", [consent(Decision.STAYED, How.STAYED)], [recording("ca11-1", "ca11")]))
        yield made


@pytest.fixture
def typed(site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """Run a command in this process: status, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["callguard", "--config", str(site.config), *arguments])
        try:
            status = main()
        except SystemExit as end:
            status = int(end.code or 0)
        return (status, *capfd.readouterr())

    return run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["calls", "--since", "x"],
            "Error: Invalid value for '--since': 'x' is no time: write a date or a time, as in 2026-11-21 or 2026-",
        ),
        (
            ["calls", "--limit", "99999999999999999999"],
            "Error: Invalid value for '--limit': '99999999999999999999' is no whole number from 1 ",
        ),
        (["hold", "release", "abc", *TO[:2], *BY], "Error: Invalid value for 'HOLD': 'abc' is no whole number from 1 to 2147483647"),
        (["hold", "release", "99999999999", *TO[:2], *BY], "Error: Invalid value for 'HOLD': '99999999999' is no whole number from 1 to 2"),
        (["show", "a\udcff"], "callguard: argument 4: is not UTF-8 text"),
        (["optout", "add", "0722000111", *WAY[:3], "\udcff"], "callguard: argument 9: is not UTF-8 text"),
        (["incident", "open", *HAPPENED, "--number", "abc"], f"callguard: --number: {NO_NUMBER}"),
        (["incident", "open", *HAPPENED, "--number", "anonymous"], "callguard: --number: callers who withhold their number are nobody"),
        (["hold", "place", *TO, "--number", "abc"], f"callguard: --number: {NO_NUMBER}"),
        (["request", "list", "--number", "abc"], f"callguard: --number: {NO_NUMBER}"),
        (["disclose", "list", "--number", "abc"], f"callguard: --number: {NO_NUMBER}"),
        (["optout", "list", "--number", "abc"], f"callguard: --number: {NO_NUMBER}"),
        (["person", "rectify", "0722000111", "--to", "abc", *TO], f"callguard: --to: {NO_NUMBER}"),
        (["request", "open", "access", "0722000111", *WAY, "--received", FUTURE], "callguard: --received: is in the future"),
        (["optout", "add", "0722000111", *WAY, "--date", FUTURE], "callguard: --date: is in the future"),
        (["release", "consent", "ca11-1", "--party", "200", *WAY, "--said-on", FUTURE], "callguard: --said-on: is in the future"),
        (
            ["release", "give", "ca11-1", "--to", "Ada", *TO, "--output", "x.wav", "--lawful-ground", " "],
            "callguard: --lawful-ground: is no line of text",
        ),
    ],
)
def test_a_wrong_value_is_told_on_one_line(typed: Typed, arguments: list[str], told: str) -> None:
    """Issue 5, bad input: with the option that it stands after, and unbroken however narrow the terminal is."""
    status, out, err = typed(*arguments)
    assert (status, out) == (2, "")
    assert any(line.startswith(told) for line in err.splitlines()), err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "ffff"], "ffff: no call is called so"),
        (["hold", "release", "77", *TO[:2], *BY], "hold 77: there is no such hold"),
        (["announcements", "export", "ffff", "--to", "x"], "ffff: no archived announcement has this version"),
        (["listen", "ffff", "--reason", "x"], "ffff: there is no such recording"),
        (["request", "close", "77", "--outcome", "granted", *TO[:2], *BY], "request 77: there is no such request"),
    ],
)
def test_what_is_not_there_is_a_usage_error(typed: Typed, arguments: list[str], told: str) -> None:
    status, out, err = typed(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"callguard: {told}\n")


def test_a_number_with_a_digit_too_many_is_told_from_a_telephone_number(typed: Typed) -> None:
    """S15: nobody must learn from "nothing is kept" of a mistyped number that nothing is."""
    status, out, err = typed("person", "erase", "07220001112", *TO, "--dry-run")
    assert (status, out) == (0, "nothing is kept\n")
    assert err == "callguard: NUMBER: is no telephone number of RO: only what was shown exactly so is meant\n"
    assert typed("optout", "add", "200", *WAY, "--date", "2026-08-31")[2] == ""


def test_an_incident_concerns_a_file_by_its_whole_path(typed: Typed, site: Site) -> None:
    """S14: as a listing of the disk shows it."""
    status, out, err = typed("incident", "open", *HAPPENED, "--file", str(site.root / "2026/08/31/ca11-1.wav"), "--json")
    assert (status, err) == (0, "")
    assert '"recordings": 1,' in out


def test_a_faulty_configuration_is_one_document_too(typed: Typed, site: Site) -> None:
    """`check --json` is a document whatever is wrong, with a line for each key."""
    site.config.write_text('[recordings]\ncountry = "RO"\n', "utf-8")
    status, out, err = typed("check", "--json")
    told = json.loads(out)
    assert (status, told["ok"]) == (2, False)
    assert [(one["place"], one["outcome"]) for one in told["checks"]] == [
        (f"{site.config}: pbx", "failed"),
        (f"{site.config}: recordings.root", "failed"),
    ]
    assert all(one["remedy"] for one in told["checks"])
    assert len(err.splitlines()) == 4


def test_an_export_is_not_put_among_the_recordings(typed: Typed, site: Site) -> None:
    """Where it would be files that no row knows."""
    to = site.root / "request-12"
    status, _, err = typed("person", "export", "0722000111", "--reason", "x", "--to", str(to))
    assert (status, to.exists()) == (2, False)
    assert err.startswith(f"callguard: {to}: lies in the recordings root\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["listen", "ca11-1", "--reason", "x", "--output"],
        ["ledger", "export", "--to"],
        ["person", "export", "0722000111", "--reason", "x", "--to"],
        ["release", "give", "ca11-1", "--to", "Ada", *TO, "--lawful-ground", "art. 15", "--output"],
    ],
)
def test_what_is_there_already_is_a_usage_error(typed: Typed, site: Site, arguments: list[str]) -> None:
    there = site.folder / "there"
    there.write_bytes(b"somebody else's")
    (site.root / "2026/08/31/ca11-1.wav").write_bytes(SOUND)
    with site.database.write() as connection:
        connection.execute(sa.update(recordings).values(size=len(SOUND), sha256=hashlib.sha256(SOUND).hexdigest()))
    status, out, err = typed(*arguments, str(there))
    assert (status, out) == (2, "")
    assert err.startswith(f"callguard: {there}: is ")
    assert there.read_bytes() == b"somebody else's"


def test_what_a_party_said_is_told_to_scripts(typed: Typed) -> None:
    """S11."""
    status, out, _ = typed("release", "consent", "ca11-1", "--party", "0722000111", *WAY, "--json")
    assert (status, '"consents": true' in out) == (0, True)
    status, out, _ = typed("release", "withdraw", "ca11-1", "--party", "0722000111", *WAY, "--json")
    assert (status, '"consents": false' in out) == (0, True)
