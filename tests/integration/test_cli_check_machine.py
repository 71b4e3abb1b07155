"""`check`: what this machine alone can tell."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from callguard import status_file
from callguard.checks import machine
from callguard.checks.report import Outcome
from callguard.clock import utc_now
from callguard.config import load_settings
from callguard.status_file import LinkStatus, Status
from tests.integration.ami_server import AmiServer
from tests.integration.cli_site import Site, new_site, unaltered
from tests.integration.healthy_pbx import Healthy, built_site, checked, point
from tests.other_user import as_ordinary_user


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with built_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    with unaltered(built) as same:
        yield same


def test_space_that_runs_out(site: Site) -> None:
    free = shutil.disk_usage(site.root).free // 2**20
    for least, outcome in ((free * 2, Outcome.FAILED), (free * 3 // 4, Outcome.WARNING), (free // 4, Outcome.OK)):
        site.config.write_text(re.sub(r'min_free = ".*"', f'min_free = "{least} MiB"', site.config.read_text("utf-8")), "utf-8")
        (_, space) = machine.recordings(load_settings(site.config))
        assert (space.name, space.outcome) == ("free space", outcome)
        assert "never deletes a recording before its time" in space.remedy or outcome is Outcome.OK


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with new_site(tmp_path) as fresh:
        fresh.root.rmdir()
        (missing,) = machine.recordings(load_settings(fresh.config))
    assert (missing.outcome, missing.message) == (Outcome.FAILED, "is not there, or is no folder")
    assert "correct recordings.root" in missing.remedy


def test_a_root_that_is_not_shared(reachable_folder: Path) -> None:
    with new_site(reachable_folder) as fresh:
        settings = load_settings(fresh.config)
        fresh.root.chmod(0o555)
        with as_ordinary_user():
            root, _ = machine.recordings(settings)
    assert root.outcome is Outcome.FAILED
    assert "chmod 2770" in root.remedy


def test_a_database_of_another_schema(tmp_path: Path) -> None:
    with new_site(tmp_path) as fresh:
        with fresh.database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        (schema,) = machine.database(load_settings(fresh.config))
    assert schema.outcome is Outcome.FAILED
    assert "later callguard" in schema.message


def test_announcements_that_tell_another_key_than_the_policy_listens_for(site: Site) -> None:
    """S1: who hears "press 9" and presses it must be heard."""
    policy = '[policy.in]\ndirection = "inbound"\nmode = "opt-out"\nrefuse_key = "5"\n'
    site.config.write_text(site.config.read_text("utf-8") + policy, "utf-8")
    built, installed = machine.announcements(load_settings(site.config))
    assert (built.outcome, built.place) == (Outcome.FAILED, "policy.in")
    assert built.message == "'inbound-opt-out' tells the key 9 to refuse, the policy listens for 5"
    assert installed.outcome is Outcome.OK


def test_announcements_that_are_not_where_the_pbx_looks(site: Site) -> None:
    voice = next((site.folder / "sounds").rglob("*.wav16"))
    content = voice.read_bytes()
    voice.write_bytes(content[:-2])
    _, installed = machine.announcements(load_settings(site.config))
    voice.write_bytes(content)
    assert (installed.outcome, installed.remedy) == (Outcome.FAILED, "run: callguard announcements install")
    assert installed.message.startswith("1 damaged of ")


def test_a_daemon_that_has_lost_a_pbx(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    settings, now = load_settings(site.config), utc_now()
    link = LinkStatus(pbx="main", up=False, since=now, reason="cannot connect")
    status = Status(
        pid=os.getpid(),
        version="0.1.0",
        started_at=now,
        written_at=now,
        links=(link,),
        calls_now=0,
        recordings_now=0,
        queue=0,
        lag_ms=0.0,
        disk_free=None,
        last_sweep=None,
        next_sweep=None,
        alarms=(),
    )
    place = status_file.path(settings)
    status_file.write(place, status)
    (lost,) = machine.daemon(settings)
    assert (lost.outcome, lost.message) == (Outcome.WARNING, "runs without a link to main")
    status_file.write(place, replace(status, links=(replace(link, up=True),)))
    (up,) = machine.daemon(settings)
    assert (up.outcome, up.message) == (Outcome.OK, f"runs as {os.getpid()}")
    with AmiServer(Healthy(site, values={"CALLGUARD_UNTIL": "1"})) as running:
        point(site, running.port)
        assert checked(site)["heartbeat"].outcome is Outcome.FAILED
    status_file.write(place, replace(status, pid=2**22 + 1))
    (over,) = machine.daemon(settings)
    assert over.outcome is Outcome.NOT_CHECKED
