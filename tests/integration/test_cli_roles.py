"""Roles as people meet them: a command that is refused, what is entered of it, and in whose name things are done."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.cli import gate
from callguard.config import load_settings
from callguard.errors import GuardRefusal
from callguard.rights.asker import Asker, asking
from callguard.store.register_tables import denials
from callguard.store.tables import holds
from tests.integration.cli_site import Site, inbound, new_site
from tests.integration.ledger_place import found_in
from tests.other_user import NOBODY

HOLD = ("hold", "place", "--reason", "court", "--reference", "12/2026", "--number", "0722000111")
ME = asking(os.getuid()).account


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        made.add(inbound("ca11"))
        yield made


def give(site: Site, **roles: Sequence[str]) -> None:
    lines = "".join(f'"{account}" = {json.dumps(list(held))}\n' for account, held in roles.items())
    site.config.write_text(f"{site.config.read_text('utf-8')}\n[access]\n{lines}", "utf-8")


def entered(site: Site) -> list[tuple[str, str]]:
    with site.database.read() as connection:
        return [(row.account, row.command) for row in connection.execute(sa.select(denials).order_by(denials.c.id))]


def test_a_refused_command_does_nothing_and_is_entered(site: Site) -> None:
    """S10, C10: exit status 4, who would need which role, a row, and an entry that proves it."""
    give(site, **{ME: ["agent-lead"]})
    refused = site.run(*HOLD, "--by", "Ana")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "callguard hold place: needs the role dpo; " in refused.stderr
    assert "below [access]" in refused.stderr
    assert "the refusal is entered" in refused.stderr
    assert entered(site) == [(ME, "hold place")]
    assert site.json("calls")[0]["id"] == "ca11", "what the role may do it does"
    with site.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(holds)) == 0


def test_a_refusal_that_was_taken_out_of_the_database_is_found_out(site: Site) -> None:
    """S10: the log cannot be quietly edited, and refusals are in it."""
    give(site, somebody=["dpo"])
    chosen = load_settings(site.config)
    with pytest.raises(GuardRefusal, match="has admin"):
        gate.require_role(chosen, "listen")
    assert found_in(site.database).broken == 0
    with site.database.write() as connection:
        connection.execute(sa.update(denials).values(account="somebody"))
    assert found_in(site.database).broken == 1
    with site.database.write() as connection:
        connection.execute(sa.delete(denials))
    assert found_in(site.database).broken == 1


def test_who_may_not_write_the_database_is_told_where_the_refusal_went(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """S10: no claim that it was entered where it could not be."""
    monkeypatch.setattr(gate, "asking", lambda _: Asker("ana", frozenset(), owner=False))
    logged: list[str] = []

    def journal(text: str) -> bool:
        logged.append(text)
        return True

    monkeypatch.setattr(gate, "log_line", journal)
    (tmp_path / "callguard.db").rename(tmp_path / "gone.db")
    with pytest.raises(GuardRefusal, match="is in the journal, as the database takes no entry from here"):
        gate.require_role(load_settings(site.config), "listen")
    assert logged == ["ana was refused listen"]
    monkeypatch.setattr(gate, "log_line", lambda _: False)
    with pytest.raises(GuardRefusal, match="could not be entered anywhere"):
        gate.require_role(load_settings(site.config), "listen")


@contextmanager
def another_user() -> Iterator[None]:
    """Really, and not only as far as file modes go; whoever is no root is one already."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_another_user_may_nothing_without_a_role(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: as a real user of the machine, whatever their environment says, and who cannot reach the database."""
    chosen = load_settings(site.config)
    monkeypatch.setenv("SUDO_UID", "0")
    monkeypatch.setattr(gate, "log_line", lambda _: True)
    with another_user(), pytest.raises(GuardRefusal, match="has no role"):
        gate.require_role(chosen, "calls")


def test_the_same_account_under_two_names_is_one_person(site: Site) -> None:
    """C6c: who placed a hold cannot release it by giving another name, where accounts are people's."""
    give(site, **{ME: ["dpo"]})
    assert site.json(*HOLD, "--by", "Ana Pop")["placed_by"] == f"Ana Pop [{ME}]"
    refused = site.run("hold", "release", "1", "--reason", "closed", "--by", "Bogdan")
    assert refused.returncode == 4
    assert "was placed by the same person" in refused.stderr


def test_faulty_roles_are_told_with_the_others(site: Site) -> None:
    give(site, **{"ana pop": ["dpo"], "bogdan": ["dop"], "%quality": []})
    refused = site.run("check", "--config-only")
    assert refused.returncode == 2
    for words in ("names no account of this machine", '"dop" is no role', 'write one or more of "admin"', "must not be empty"):
        assert words in refused.stderr


def test_what_an_option_gives_out_more_takes_a_role_more(site: Site, tmp_path: Path) -> None:
    """S10, S11: the admin may write out a person's data, but not others' numbers, nor answer for the release of their voices."""
    give(site, **{ME: ["admin"]})
    export = ("person", "export", "0722000111", "--to", str(tmp_path / "export"), "--reason", "request 12")
    refused = site.run(*export, "--unmasked")
    assert (refused.returncode, (tmp_path / "export").exists()) == (4, False)
    assert "callguard person export --unmasked: needs the role dpo" in refused.stderr
    assert site.run(*export, "--lawful-ground", "court order").returncode == 4
    done = site.run(*export)
    assert done.returncode == 0
    assert "+40722000111" in done.stdout
    assert entered(site) == [(ME, "person export --unmasked"), (ME, "person export --lawful-ground")]
