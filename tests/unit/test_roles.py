"""Who may run which command: the table, that no command escapes it, and who is believed to ask."""

import inspect
import os
import pwd
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from callguard.cli import gate
from callguard.cli.app import app
from callguard.cli.session import settings
from callguard.errors import GuardRefusal
from callguard.rights import asker
from callguard.rights.asker import Asker, asking
from callguard.rights.roles import EVERY, REASONED, TABLE, Role, allowed

CONFIGURATION = """
[store]
url = "sqlite:////nowhere/callguard.db"
[[pbx]]
name = "main"
kind = "asterisk"
secret_env = "AMI_SECRET"
[recordings]
root = "/spool"
country = "RO"
[access]
"""


def leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - click is typer's own copy
    """Every command that can be run: its name and itself."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield " ".join(path), command
        return
    for name, each in subcommands.items():
        yield from leaves(each, *path, name)


COMMANDS = dict(leaves(typer.main.get_command(app)))


def context_of(name: str, config: Path) -> typer.Context:
    """As typer makes it when the command is typed."""
    group: Any = typer.main.get_command(app)
    context: Any = typer.Context(group, info_name="python -m callguard", obj=config)
    for word in name.split():
        group = group.commands[word]
        context = typer.Context(group, parent=context, info_name=word)
    found: typer.Context = context
    return found


def takes_settings(command: Callable[..., object]) -> bool:
    """Itself, or by a function of its module that it hands its context to, and that one likewise."""
    source, beside = inspect.getsource(command), vars(inspect.getmodule(command))
    handed = {called for called in re.findall(r"(\w+)\(context, ", source) if called in beside and called != command.__name__}
    return "settings(context)" in source or any(takes_settings(beside[one]) for one in handed)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_row_and_asks_for_the_role(name: str) -> None:
    """S10: a command that is added without a row, or does not go through the gate, fails here."""
    assert allowed(name), f"no role may run {name}: give it a row in callguard/rights/roles.py"
    assert takes_settings(inspect.unwrap(COMMANDS[name].callback)), "settings come from the gate"


@pytest.mark.parametrize("name", [name for name in COMMANDS if any("--by" in option.opts for option in COMMANDS[name].params)])
def test_who_acts_is_written_with_their_account(name: str) -> None:
    """S10: a name alone is what somebody says of themselves; every command that takes one signs it."""
    module = inspect.getmodule(inspect.unwrap(COMMANDS[name].callback))
    assert module is not None
    assert "signature(chosen, by)" in inspect.getsource(module)


def test_only_the_gate_lets_commands_to_the_configuration() -> None:
    """S10: nobody else below cli/ reads it, so nobody gets round the gate."""
    sources = Path(gate.__file__).parent.glob("*.py")
    assert [path.name for path in sources if "load_settings(" in path.read_text("utf-8")] == ["session.py"]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_for_every_role(name: str, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10, C10: allowed or denied as the table says, through the gate that the command goes through."""
    config = tmp_path / "callguard.toml"
    config.write_text(f'{CONFIGURATION}ana = ["{role}"]\n', "utf-8")
    monkeypatch.setattr(gate, "asking", lambda _: Asker("ana", frozenset(), owner=False))
    monkeypatch.setattr(gate, "log_line", lambda _: True)
    if role in allowed(name):
        assert settings(context_of(name, config)).access == {"ana": (role,)}
        return
    with pytest.raises(GuardRefusal) as denied:
        settings(context_of(name, config))
    assert denied.value.exit_status == 4
    assert denied.value.place == f"callguard {name}"
    assert f"ana has {role}" in denied.value.message
    assert all(each in denied.value.message for each in allowed(name))


def test_the_table_names_what_each_role_is_for() -> None:
    """S10: who hears, who gives out, who changes nothing."""
    may = {role: {name for name, roles in TABLE.items() if role in roles} for role in Role}
    assert {role for role in Role if "listen" in may[role]} == {Role.DPO, Role.REVIEWER}
    assert {role for role in Role if "person export --unmasked" in may[role]} == {Role.DPO}
    assert {role for role in Role if "sweep" in may[role]} == {Role.ADMIN}
    reading = {"accesses", "calls", "messages", "show", "recordings", "status", "check", "retention", "ledger", "person find"}
    assert {name for name in may[Role.AUDITOR] if name not in reading and name.split()[-1] not in {"list", "show", "export"}} == set()


def test_a_command_without_a_row_is_nobodys_and_a_group_speaks_for_its_commands() -> None:
    assert allowed("format-disk") == frozenset()
    assert allowed("ledger verify") == TABLE["ledger"]
    assert allowed("announcements list") == EVERY


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.startswith(REASONED) and not name.endswith("list")])
def test_what_gives_something_out_asks_why(name: str) -> None:
    """S10: no default, so that a reason has to be written."""
    assert any("--reason" in option.opts and option.required for option in COMMANDS[name].params)


ACCESS = {"ana": ("dpo",), "%quality": ("reviewer", "agent-lead"), "root": ("auditor",)}


@pytest.mark.parametrize(
    ("who", "roles"),
    [
        (Asker("ana", frozenset(), owner=False), {Role.DPO}),
        (Asker("ana", frozenset({"quality"}), owner=False), {Role.DPO, Role.REVIEWER, Role.AGENT_LEAD}),
        (Asker("bogdan", frozenset({"ana", "staff"}), owner=False), set()),
        (Asker("quality", frozenset(), owner=False), set()),
        (Asker("ana", frozenset(), owner=True), {Role.DPO, Role.ADMIN}),
        (Asker("root", frozenset({"root"}), owner=True), {Role.AUDITOR, Role.ADMIN}),
        (Asker("callguard", frozenset(), owner=True), {Role.ADMIN}),
    ],
)
def test_roles_are_those_of_the_account_and_its_groups(who: Asker, roles: set[Role]) -> None:
    """S10: a group is no user of the same name; behind sudo people are themselves."""
    assert who.roles(ACCESS) == roles


def test_without_a_table_root_and_the_service_do_everything_and_others_nothing() -> None:
    assert Asker("ana", frozenset(), owner=True).roles({}) == EVERY
    assert Asker("ana", frozenset({"root"}), owner=False).roles({}) == frozenset()


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kernel remembers of the login: at first nothing."""
    file = tmp_path / "loginuid"
    file.write_text("4294967295", "ascii")
    monkeypatch.setattr(asker, "_LOGIN", file)
    monkeypatch.delenv("SUDO_UID", raising=False)
    return file


def run_as(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)


DAEMON = pwd.getpwnam("daemon")


def test_an_account_of_ones_own_is_who_asks_and_nothing_else_is_believed(login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: the environment, and a login that was never set, are what the asker says of themselves."""
    run_as(DAEMON.pw_uid, monkeypatch)
    monkeypatch.setenv("SUDO_UID", "0")
    login.write_text("0", "ascii")
    assert (asking(None).account, asking(None).owner) == ("daemon", False)


@pytest.mark.usefixtures("login")
def test_behind_sudo_is_who_called_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(0, monkeypatch)
    monkeypatch.setenv("SUDO_UID", str(DAEMON.pw_uid))
    assert asking(None) == Asker("daemon", frozenset({"daemon"}), owner=True, behind=True)


def test_behind_a_root_shell_is_who_logged_in(login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(0, monkeypatch)
    login.write_text(f"{DAEMON.pw_uid}\n", "ascii")
    assert (asking(None).account, asking(None).owner) == ("daemon", True)


@pytest.mark.usefixtures("login")
def test_behind_the_service_is_who_called_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker, "SERVICE", "daemon")
    run_as(DAEMON.pw_uid, monkeypatch)
    assert (asking(None).account, asking(None).owner) == ("daemon", True)
    monkeypatch.setenv("SUDO_UID", "0")
    assert (asking(None).account, asking(None).owner) == ("root", True)


@pytest.mark.parametrize("told", ["", "-1", "²", "none", "4294967295"])
def test_nobody_behind_root_is_root(told: str, login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(0, monkeypatch)
    monkeypatch.setenv("SUDO_UID", told)
    login.unlink()
    assert (asking(None).account, asking(None).owner) == ("root", True)


@pytest.mark.usefixtures("login")
def test_an_account_that_the_machine_does_not_know_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(3_000_000_000, monkeypatch)
    assert (asking(None).account, asking(None).owner) == ("uid 3000000000", False)


@pytest.mark.usefixtures("login")
def test_the_service_may_be_called_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the database can do anything to it, and so is not asked for more."""
    run_as(DAEMON.pw_uid, monkeypatch)
    assert asking(DAEMON.pw_uid).owner
    assert not asking(0).owner


@pytest.mark.parametrize("behind", [True, False])
@pytest.mark.parametrize("place", ["file", "folder", "owner"])
def test_who_is_behind_sudo_brings_no_configuration_of_their_own(
    place: str, behind: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: in which they would be whatever they like; through sudo the account could read it."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    config = folder / "callguard.toml"
    config.write_text(f'{CONFIGURATION}ana = ["dpo"]\n', "utf-8")
    monkeypatch.setattr(gate, "asking", lambda _: Asker("ana", frozenset(), owner=True, behind=behind))
    settings(context_of("listen", config))
    if place == "owner":
        if os.geteuid() != 0:
            pytest.skip("to give a file away needs root")
        monkeypatch.setattr(os, "getuid", lambda: DAEMON.pw_uid)
        config.touch()
        os.chown(config, 12345, -1)
    else:
        (folder if place == "folder" else config).chmod(0o777)
    if not behind:
        settings(context_of("listen", config))
        return
    with pytest.raises(GuardRefusal, match="can be written by others"):
        settings(context_of("listen", config))
