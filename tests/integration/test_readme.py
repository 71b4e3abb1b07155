"""README says nothing that is not there: commands, options, files, targets, contexts, names, shapes and links are looked up."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from callguard.call.state import Decision, How
from callguard.cli.app import app
from callguard.config import BUILT_IN, load_settings
from callguard.retention.tag import Tag
from tests.integration.cli_site import consent, inbound, new_site, recording, run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DIALPLAN = (ROOT / "dialplan" / "asterisk" / "callguard.conf").read_text("utf-8")
FENCED = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
PLAIN = FENCED.sub("", README)
SOURCES = ("config", "dialplan", "sounds", "systemd", "tests", "callguard")


def fenced(language: str) -> str:
    (found,) = (text for name, text in FENCED.findall(README) if name == language)
    return str(found)


def steps() -> dict[int, str]:
    """The ten steps, each with its commands; a command that is broken over two lines is one."""
    found = {int(step[1]): step[0] for step in re.finditer(r"(?ms)^\*\*(\d+)\. .*?(?=^\*\*\d+\. |^#)", PLAIN)}
    return {number: "\n".join(re.findall(r"(?m)^    \S.*\n(?:^      .*\n)*", text)) for number, text in found.items()}


def shell() -> str:
    return "\n".join(steps().values())


# Commands ---------------------------------------------------------------------------------------------------------------------------


def invocations() -> Iterator[str]:
    """What is typed after `callguard`, in steps and in the text."""
    for line in shell().splitlines():
        yield from re.findall(r"^ +(?:\S+=\S+ |runuser .* -- )?callguard (.*)$", line)
    yield from re.findall(r"`callguard ([a-z][^`]*)`", PLAIN)
    yield from re.findall(r"(?m)^ {4}callguard (.*)$", PLAIN.replace("\\\n", " "))


@pytest.mark.parametrize("line", sorted(set(invocations())))
def test_every_command_that_is_named_can_be_typed(line: str) -> None:
    """Options are looked at before help is given, so that one that does not exist is an error."""
    done = run(*shlex.split(line), "--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_no_command_is_left_out() -> None:
    commands: Any = typer.main.get_command(app)
    assert {line.split()[0] for line in invocations()} == set(commands.commands)


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))
    named = set(re.findall(r"(?:`|^ +)make ([a-z]+)", PLAIN, re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= named <= targets


# The ten steps ----------------------------------------------------------------------------------------------------------------------


def test_there_are_ten_steps_and_each_is_shell() -> None:
    assert sorted(steps()) == list(range(1, 11))
    for commands in steps().values():
        plain = re.sub(r"(?m)^ +same => .*$", "", commands)
        subprocess.run(["bash", "-n"], input=plain, text=True, check=True, timeout=10)


def test_every_file_that_is_installed_is_there() -> None:
    named = set(re.findall(rf"(?<![\w./-])(?:{'|'.join(SOURCES)})/[\w./-]+", shell()))
    assert len(named) == 6
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_steps_put_things_where_the_service_looks() -> None:
    unit = (ROOT / "systemd" / "callguard.service").read_text("utf-8")
    program, configuration = re.findall(r"(?m)^ExecStart=(\S+) --config (\S+) run$", unit)[0]
    secret = re.findall(r"(?m)^LoadCredential=\w+:(\S+)$", unit)[0]
    assert f"python3 -m venv {Path(program).parents[1]}\n" in shell()
    assert f" {configuration}\n" in steps()[4]
    assert f"openssl rand -hex 24 > {secret})" in steps()[5]


def test_the_login_gets_the_secret_that_the_service_gets(tmp_path: Path) -> None:
    """S13: and nobody else can read either of the two."""
    for folder in ("callguard", "asterisk/manager.d"):
        (tmp_path / folder).mkdir(parents=True)
    script = steps()[5].partition("    asterisk -rx")[0].replace("/etc/", f"{tmp_path}/").replace("-g asterisk ", "")
    subprocess.run(["bash", "-euc", script], cwd=ROOT, check=True, timeout=20)

    secret, login = tmp_path / "callguard" / "ami.secret", tmp_path / "asterisk" / "manager.d" / "callguard.conf"
    assert re.fullmatch(r"[0-9a-f]{48}\n", secret.read_text("ascii"))
    assert re.findall(r"(?m)^secret = (.*\n)", login.read_text("utf-8")) == [secret.read_text("ascii")]
    assert (secret.stat().st_mode & 0o777, login.stat().st_mode & 0o777) == (0o600, 0o640)


def test_every_context_that_is_called_is_in_the_dialplan_or_shown_here() -> None:
    contexts = set(re.findall(r"(?m)^ *\[(callguard-[a-z-]+)\]", DIALPLAN + PLAIN))
    called = set(re.findall(r"callguard-[a-z-]+(?=,s,1|,600,1|/n\b)", PLAIN))
    assert {"callguard-inbound", "callguard-outbound", "callguard-message", "callguard-freepbx-in"} <= called <= contexts


def test_every_line_for_the_dialplan_stands_above_the_dialplan_too() -> None:
    shown = {line.strip() for line in re.findall(r"(?m)^     same => n,Gosub\(callguard-.*$", PLAIN)}
    assert len(shown) == 3
    assert [line for line in shown if f";     {line}" not in DIALPLAN] == []


# Shapes and names -------------------------------------------------------------------------------------------------------------------


def shape(document: Any) -> Any:  # noqa: ANN401 - a JSON document is anything
    """Names in their order, without values; of a list its first."""
    if isinstance(document, dict):
        return [(name, shape(value)) for name, value in document.items()]
    return [shape(document[0])] if isinstance(document, list) and isinstance(document[0], dict) else None


def test_the_document_is_the_one_that_scripts_get(tmp_path: Path) -> None:
    """C1, C2: name by name and in its order."""
    stayed = inbound("57a7ed", [consent(Decision.STAYED, How.STAYED)], redirecting=("0722000999",))
    with new_site(tmp_path) as site:
        site.add(replace(stayed, recordings=(recording("57a7ed-1", "57a7ed"),)))
        (real,) = site.json("calls")
    assert shape(json.loads(fenced("json"))) == shape(real)


def test_the_tag_is_the_one_that_files_carry() -> None:
    tag = Tag("1", datetime(2027, 2, 28, tzinfo=UTC), "e5")
    assert set(re.findall(r"`(user\.callguard\.\w+)`", PLAIN)) == set(tag.attributes())


def test_the_policies_can_be_written_so(tmp_path: Path) -> None:
    """S7: and what is said to hold without them does."""
    file = tmp_path / "callguard.toml"
    plain = (ROOT / "config" / "callguard.toml").read_text("utf-8")
    file.write_text(plain + fenced("toml"), "utf-8")
    policy = load_settings(file).policy
    assert {name: (one.direction, one.mode) for name, one in policy.items()} == {
        "inbound": ("inbound", "opt-in"),
        "outbound": ("outbound", "opt-in"),
    }
    assert {name: one.mode for name, one in BUILT_IN.items()} == {"inbound": "notice", "outbound": "opt-in"}


# Links ------------------------------------------------------------------------------------------------------------------------------


def anchors() -> set[str]:
    """As GitHub makes them: lower case, spaces to hyphens, other signs away."""
    headings = re.findall(r"(?m)^#+ (.*)$", PLAIN)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", PLAIN))))
def test_every_link_leads_somewhere(target: str) -> None:
    file, _, anchor = target.partition("#")
    assert (ROOT / file).is_file() if file else anchor in anchors()
