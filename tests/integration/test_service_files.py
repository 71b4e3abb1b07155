"""The files that a site installs (unit, user and folders, configuration, AMI login) agree with each other and with the code."""

import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from callguard.clock import utc_now
from callguard.config import BUILT_IN, Settings, load_settings
from callguard.config.model import MASTER_KEYS, OLD_MASTER_KEYS
from callguard.config.section import Section
from callguard.retention import files
from callguard.retention.folders import prepare_folder
from callguard.retention.rules import Finding

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "systemd" / "callguard.service"
SYSUSERS = REPOSITORY / "systemd" / "callguard.sysusers"
TMPFILES = REPOSITORY / "systemd" / "callguard.tmpfiles"
TOML = REPOSITORY / "config" / "callguard.toml"
AMI_USER = REPOSITORY / "config" / "asterisk" / "manager.d" / "callguard.conf"


def unit() -> dict[str, list[str]]:
    """The settings of the unit, whatever section they are in; one given several times has several values."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if re.match(r"[A-Za-z]+=", line):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def only(key: str) -> str:
    (value,) = unit()[key]
    return value


# The unit -------------------------------------------------------------------------------------------------------------------------


def test_the_unit_is_watched_and_comes_back() -> None:
    assert (only("Type"), only("NotifyAccess")) == ("notify", "main")
    assert int(only("WatchdogSec")) >= 15
    assert (only("Restart"), only("RestartSec"), only("StartLimitIntervalSec")) == ("always", "100ms", "0")
    assert only("ExecReload") == "/bin/kill -HUP $MAINPID"
    assert only("ExecStartPre") == only("ExecStart").removesuffix("run") + "check --config-only"


def test_every_hardening_line_says_why() -> None:
    lines = UNIT.read_text("utf-8").partition("# Hardening -")[2].partition("[Install]")[0].splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z]+=", line)]
    assert len(settings) > 30
    for number in settings:
        assert lines[number - 1].strip(), f"{lines[number]} stands apart from its reason"


@pytest.fixture
def installed_unit(tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine in the place of callguard's."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(only("ExecStart").partition(" ")[0], shutil.which("true") or "/bin/true"), "utf-8")
    return copy


needs_systemd_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")


@needs_systemd_analyze
def test_systemd_understands_every_line(installed_unit: Path) -> None:
    told = subprocess.run(["systemd-analyze", "verify", installed_unit], capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")


@needs_systemd_analyze
def test_the_exposure_is_at_most_two(installed_unit: Path) -> None:
    """S13. The threshold is in tenths."""
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", installed_unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout


# What they say to each other ------------------------------------------------------------------------------------------------------


def test_the_unit_the_settings_and_the_login_mean_the_same_places() -> None:
    settings = load_settings(TOML)
    credential, _, secret_file = only("LoadCredential").partition(":")

    assert settings.pbx[0].credential == credential
    assert secret_file in AMI_USER.read_text("utf-8")
    assert secret_file in TMPFILES.read_text("utf-8")
    assert " --config /etc/callguard/callguard.toml " in only("ExecStart")
    assert only("ReadWritePaths") == str(settings.recordings.root)
    assert f"d {settings.recordings.root} 2770 " in TMPFILES.read_text("utf-8")
    state = Path("/var/lib", only("StateDirectory"))
    assert settings.announcements.catalogue.is_relative_to(state)
    assert settings.store.url.startswith(f"sqlite:///{state}/")
    assert f"[{settings.pbx[0].username}]" in AMI_USER.read_text("utf-8").splitlines()


def test_the_commands_above_the_login_set_one_secret_in_both_places(tmp_path: Path) -> None:
    (tmp_path / "callguard").mkdir()
    (tmp_path / "asterisk" / "manager.d").mkdir(parents=True)
    commands = re.findall(r"(?m)^;     (.*)$", AMI_USER.read_text("utf-8").partition("manager.conf must")[0])
    script = "\n".join(command for command in commands if "asterisk -rx" not in command)
    script = script.replace("/etc/", f"{tmp_path}/").replace("chown root:asterisk ", "true ")
    subprocess.run(["sh", "-euc", script], cwd=AMI_USER.parent, check=True, timeout=20)

    secret, installed = tmp_path / "callguard" / "ami.secret", tmp_path / "asterisk" / "manager.d" / "callguard.conf"
    assert len(secret.read_text("ascii").strip()) == 48
    assert installed.read_text("utf-8").replace(f"secret = {secret.read_text('ascii')}", "", 1) == AMI_USER.read_text("utf-8")
    assert (secret.stat().st_mode & 0o777, installed.stat().st_mode & 0o777) == (0o600, 0o640)


# The configuration ----------------------------------------------------------------------------------------------------------------


def uncommented() -> dict[str, Any]:
    """The file with every setting that is there as a comment: `#key = value` and `#[table]`, without a space."""
    return tomllib.loads(re.sub(r"(?m)^#(?=\[{0,2}[a-z])", "", TOML.read_text("utf-8")))


def keys_of(section: type[Section], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type) and issubclass(part, Section)]
        if inner:
            yield from keys_of(inner[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def written_keys(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        inner = next(iter(inner.values())) if name == "policy" else inner
        if isinstance(inner, dict) and name != "access":  # whose keys are accounts
            yield from written_keys(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_the_configuration_loads_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "callguard.toml"
    file.write_text(TOML.read_text("utf-8").replace("/var/spool/callguard", str(tmp_path)), "utf-8")
    settings = load_settings(file)
    assert settings.recordings.root == tmp_path
    assert settings.policy == {}


def test_every_key_there_is_stands_in_the_file_and_no_other() -> None:
    assert sorted(written_keys(uncommented())) == sorted(keys_of(Settings))


def test_what_stands_there_as_a_comment_is_what_holds_without_it(tmp_path: Path) -> None:
    everything = TOML.read_text("utf-8")
    for key in (
        "secret_file",
        "secret_env",
        "recordings_root",
        "sounds",
        "command",
        "cdr",
        "consent",
        *MASTER_KEYS,
        *OLD_MASTER_KEYS,
        "password_credential",
    ):
        everything = re.sub(rf"(?m)^#{key} = .*\n", "", everything)
    file = tmp_path / "callguard.toml"
    file.write_text(re.sub(r"(?m)^#(?=\[{0,2}[a-z])", "", everything), "utf-8")

    marked, plain = load_settings(file), load_settings(TOML)
    assert marked.policy["inbound"].model_copy(update={"language": None, "listed_announcement": None}) == BUILT_IN["inbound"]
    assert (
        marked.model_copy(
            update={"policy": {}, "access": {}, "controller": plain.controller, "mail": None, "notice": (), "metrics": plain.metrics}
        )
        == plain
    )


# Users and folders ----------------------------------------------------------------------------------------------------------------


@contextmanager
def acting_as(root: Path, user: str, umask: int) -> Iterator[None]:
    """Become that user of the private root, with all of its groups."""
    uid, gid = next((int(uid), int(gid)) for name, _, uid, gid, *_ in rows(root, "passwd") if name == user)
    groups = [int(number) for _, _, number, members in rows(root, "group") if user in members.split(",")]
    before = os.getgroups(), os.umask(umask)
    os.setgroups([gid, *groups])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before[0])
        os.umask(before[1])


def rows(root: Path, name: str) -> Sequence[list[str]]:
    return [line.split(":") for line in (root / "etc" / name).read_text("ascii").splitlines()]


@pytest.fixture
def machine() -> Iterator[Path]:
    """A root folder on which systemd has made the users and folders of a machine with Asterisk."""
    if os.geteuid() != 0 or shutil.which("systemd-sysusers") is None:
        pytest.skip("making users needs root and systemd")
    root = Path(tempfile.mkdtemp(prefix="callguard-machine-", dir="/var/tmp"))
    root.chmod(0o755)  # pytest's own folders are closed to other users
    for folder in ("etc", "var/spool", "var/lib"):
        (root / folder).mkdir(parents=True)
    (root / "etc" / "passwd").write_text("asterisk:x:901:901::/var/lib/asterisk:/usr/sbin/nologin\nother:x:902:902::/:/usr/sbin/nologin\n")
    (root / "etc" / "group").write_text("asterisk:x:901:\nother:x:902:\n")
    for tool, file in (("systemd-sysusers", SYSUSERS), ("systemd-tmpfiles", TMPFILES)):
        create = ["--create"] if tool == "systemd-tmpfiles" else []
        subprocess.run([tool, f"--root={root}", *create, file], check=True, timeout=60, capture_output=True)
    yield root
    shutil.rmtree(root)


def test_the_service_has_a_user_of_its_own_in_the_group_of_the_pbx(machine: Path) -> None:
    assert any(name == "callguard" for name, *_ in rows(machine, "passwd"))
    assert ["asterisk", "x", "901", "callguard"] in [row[:4] for row in rows(machine, "group")]
    assert (machine / "etc" / "callguard").stat().st_mode & 0o7777 == 0o750


def test_pbx_and_service_share_recordings_and_nobody_else_does(machine: Path) -> None:
    """S13: the whole life of a file between two users, with the umask that Debian's Asterisk has."""
    root = machine / "var" / "spool" / "callguard"
    path = f"{utc_now():%Y/%m/%d}/0123.wav"

    with acting_as(machine, "callguard", 0o077):
        prepare_folder(root, path)
    with acting_as(machine, "asterisk", 0o022):
        (root / path).write_bytes(b"RIFF")
    with acting_as(machine, "other", 0o022), pytest.raises(PermissionError):
        (root / path).read_bytes()
    assert (root / path).stat().st_mode & 0o007 == 0
    with acting_as(machine, "callguard", 0o077):
        assert (root / path).read_bytes() == b"RIFF"
        os.setxattr(root / path, "user.callguard.recording", b"0123")
        assert files.delete(root, path) is Finding.PRESENT
    assert not (root / path).exists()
