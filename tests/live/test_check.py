"""`check` against a real Asterisk: what it calls good is good there, and what is taken away is missed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.asterisk import PrivateAsterisk
from tests.rig.site import Site, site

pytestmark = pytest.mark.live

SHIPPED_LOGIN = Path(__file__).parents[2] / "config" / "asterisk" / "manager.d" / "callguard.conf"


@pytest.fixture(scope="module")
def house(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A whole site; no daemon runs until a test starts one."""
    with site(asterisk_root, tmp_path_factory.mktemp("check")) as made:
        made.pbx.cli("module load func_config.so")
        made.run("announcements", "install")
        with made.start_daemon():
            pass  # the database is made by the daemon's first start
        yield made


@pytest.fixture(autouse=True)
def _as_it_was(house: Site) -> Iterator[None]:
    """The configuration of both sides, whatever a test did to it."""
    manager = manager_conf(house.asterisk)
    ours, theirs = house.config.read_text("utf-8"), manager.read_text("utf-8")
    yield
    house.config.write_text(ours, "utf-8")
    manager.write_text(theirs, "utf-8")
    house.pbx.cli("manager reload")


def manager_conf(pbx: PrivateAsterisk) -> Path:
    return pbx.recordings.outside.parent / "etc" / "manager.conf"


def checked(house: Site, status: int) -> dict[str, dict[str, Any]]:
    """The checks by name, with what they said; fails with all of it when the status is another."""
    done = house.run("check", check=False)
    assert (done.returncode, done.stderr) == (status, ""), done.stdout
    lines = [re.fullmatch(r"(ok|warning|failed|not checked) +([^(]+) \(([^)]*)\): (.*)", line) for line in done.stdout.splitlines()]
    assert all(lines), done.stdout
    return {line[2]: {"outcome": line[1], "message": line[4]} for line in lines if line}


def outcomes(checks: dict[str, dict[str, Any]], *but: str) -> set[str]:
    """Storage left out, which is plain here: that is a warning, and meant to be one."""
    return {one["outcome"] for name, one in checks.items() if name not in {*but, "storage"}}


def test_everything_is_in_order_while_the_daemon_runs(house: Site) -> None:
    """All of it is found out, nothing is left unchecked, and a heartbeat is there."""
    with house.start_daemon() as daemon:
        checks = checked(house, 0)
        assert outcomes(checks) == {"ok"}
        assert checks["daemon"]["message"] == f"runs as {daemon.pid}"
        assert checks["heartbeat"]["message"].endswith("s more")
        assert house.json("status")["running"] is True
    assert [left.name for left in house.recordings.glob(".*")] == [".callguard-root"], "the probe was left behind"


def test_before_the_daemon_runs_only_its_heartbeat_is_open(house: Site) -> None:
    house.pbx.cli("dialplan set global CALLGUARD_UNTIL 1")
    checks = checked(house, 0)
    assert outcomes(checks, "daemon", "heartbeat") == {"ok"}
    assert (checks["daemon"]["outcome"], checks["heartbeat"]["outcome"]) == ("not checked", "not checked")


def test_a_wrong_secret(house: Site) -> None:
    secret = house.folder / "wrong.secret"
    secret.write_text("not the secret")
    secret.chmod(0o600)
    house.config.write_text(house.config.read_text("utf-8").replace("ami.secret", "wrong.secret"), "utf-8")
    checks = checked(house, 1)
    assert checks["AMI login"]["outcome"] == "failed"
    assert "Authentication failed" in checks["AMI login"]["message"]
    assert "dialplan" not in checks


def allow(house: Site, read: str, write: str) -> None:
    """Give the daemon's user these classes and no others."""
    manager = manager_conf(house.asterisk)
    section = f"[callguard]\nsecret = {house.asterisk.ami_secret}\nread = {read}\nwrite = {write}\n"
    text = re.sub(r"\[callguard\]\n(?:\w+ = .*\n)+", section, manager.read_text("utf-8"))
    manager.write_text(text, "utf-8")
    house.pbx.cli("manager reload")


def test_the_least_rights_are_enough(house: Site) -> None:
    """S13: what the remedies say to write is what is needed, and no more."""
    allow(house, "system,call,agi,dtmf,user", "system,call,agi,originate")
    checks = checked(house, 0)
    assert outcomes(checks, "daemon", "heartbeat") == {"ok"}


def put_the_shipped_login(house: Site, but: str = "nothing") -> None:
    """As the installation puts it there; without the filters that name this event."""
    manager = manager_conf(house.asterisk)
    general = manager.read_text("utf-8").partition("[callguard]")[0].replace("timestampevents = yes\n", "")
    shipped = SHIPPED_LOGIN.read_text("utf-8").replace("\n;secret = …\n", f"\nsecret = {house.asterisk.ami_secret}\n")
    manager.write_text(general + re.sub(rf"(?m)^eventfilter = .*Event: {but}.*\n", "", shipped), "utf-8")
    house.pbx.cli("manager reload")


def test_the_login_that_callguard_ships_is_in_order(house: Site) -> None:
    """With its event filters and its way of asking for dates."""
    put_the_shipped_login(house)
    assert outcomes(checked(house, 0), "daemon", "heartbeat") == {"ok"}


def test_a_login_that_is_older_than_callguard(house: Site) -> None:
    """It was copied before callguard asked for an event, and holds that back."""
    put_the_shipped_login(house, but="DTMFEnd")
    found = checked(house, 1)["AMI event filters"]
    assert found["outcome"] == "failed"
    assert found["message"].startswith("eventfilter in manager.conf holds back DTMFEnd → put config/asterisk/manager.d/callguard.conf in")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        ("system,call,originate", "may not perform AGI: "),
        ("call,agi,originate", "may not perform CoreShowChannels, MixMonitor: "),
        ("system,agi,originate", "may not perform Getvar, Setvar: "),
        ("system,call,agi", "may not perform Originate: "),
    ],
)
def test_a_class_that_is_missing_in_write(house: Site, write: str, words: str) -> None:
    allow(house, "system,call,agi,dtmf,user", write)
    checks = checked(house, 1)
    assert checks["AMI actions"]["outcome"] == "failed"
    assert checks["AMI actions"]["message"].startswith(words)


def test_classes_that_are_missing_in_read(house: Site) -> None:
    allow(house, "call,user", "system,call,agi,originate")
    checks = checked(house, 1)
    assert checks["AMI events"]["outcome"] == "failed"
    for word in ("without agi", "without dtmf", "without system"):
        assert word in checks["AMI events"]["message"]
    assert "without call" not in checks["AMI events"]["message"]


def test_rights_that_nobody_needs(house: Site) -> None:
    allow(house, "all", "all")
    checks = checked(house, 0)
    assert checks["AMI actions"]["outcome"] == "warning"
    assert checks["AMI actions"]["message"].startswith("may also perform Command, UpdateConfig")


def test_events_that_are_not_dated(house: Site) -> None:
    manager = manager_conf(house.asterisk)
    manager.write_text(manager.read_text("utf-8").replace("timestampevents = yes", "timestampevents = no"), "utf-8")
    house.pbx.cli("manager reload")
    checks = checked(house, 1)
    assert checks["event times"]["outcome"] == "failed"
    assert "timestampevents = yes" in checks["event times"]["message"]


def test_a_context_that_is_gone(house: Site) -> None:
    house.pbx.cli("dialplan remove context callguard-outbound")
    try:
        checks = checked(house, 1)
    finally:
        house.pbx.cli("dialplan reload")
    assert checks["dialplan"]["outcome"] == "failed"
    assert checks["dialplan"]["message"].startswith("no callguard-outbound →")


def test_a_recordings_root_that_is_another_folder_there(house: Site) -> None:
    house.config.write_text(re.sub(r'pbx_root = ".*"', 'pbx_root = "/tmp"', house.config.read_text("utf-8")), "utf-8")
    checks = checked(house, 1)
    assert checks["recordings root, the same for both"]["outcome"] == "failed"
    assert outcomes(checks, "daemon", "heartbeat", "recordings root, the same for both") == {"ok"}


def test_an_asterisk_without_func_config(house: Site) -> None:
    """What cannot be found out is not called good, and fails nothing."""
    house.pbx.cli("module unload func_config.so")
    try:
        checks = checked(house, 0)
    finally:
        house.pbx.cli("module load func_config.so")
    assert outcomes(checks) == {"ok", "not checked"}
    for name in ("AMI events", "event times", "recordings root, the same for both", "announcements, the same folder for both"):
        assert checks[name]["outcome"] == "not checked"
        assert "load the module func_config" in checks[name]["message"]


def test_a_pbx_that_is_down(house: Site) -> None:
    house.pbx.kill()
    try:
        checks = checked(house, 1)
    finally:
        house.pbx.restart()
        house.pbx.cli("module load func_config.so")
    assert checks["AMI login"]["message"].startswith("cannot connect")
