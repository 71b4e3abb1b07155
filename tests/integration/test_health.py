"""What the daemon says of itself: alarms that a person has to see to, on the status file and once in the log."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callguard import status_file
from callguard.clock import utc_now
from callguard.config import Settings, load_settings
from callguard.engine import Engine
from callguard.evidence.keys import KeyStore
from callguard.health import Health
from callguard.retention.schedule import SweepSchedule
from callguard.retention.sweep import plan_sweep
from tests.integration.cli_site import Site, new_site
from tests.integration.test_sweep_schedule import AT


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with new_site(tmp_path) as made:
        yield made


def settings(site: Site, min_free: str) -> Settings:
    site.config.write_text(site.config.read_text("utf-8").replace('min_free = "1 MiB"', f'min_free = "{min_free}"'), "utf-8")
    return load_settings(site.config)


def health(site: Site, chosen: Settings) -> tuple[Health, SweepSchedule]:
    sweeps = SweepSchedule(site.database, lambda as_of, _: plan_sweep(site.database, site.root, as_of, KeyStore(site.keys)), AT)
    return Health(chosen, Engine(site.database, ()), sweeps), sweeps


def alarms(chosen: Settings) -> tuple[str, ...]:
    status = status_file.latest(chosen)
    assert status is not None
    return status.alarms


def test_nothing_to_say(site: Site) -> None:
    chosen = settings(site, "1 MiB")
    one, _ = health(site, chosen)
    with capture_logs() as logs:
        one.tick()
    assert (alarms(chosen), logs) == ((), [])


def test_a_disk_that_gets_full_warns_and_then_lets_no_recording_begin(site: Site) -> None:
    """Section 7: and nothing is deleted to make room; told once for each change."""
    free = shutil.disk_usage(site.root).free // 2**20
    for least, level, words in ((free * 3 // 4, "warning", "is getting full"), (free * 2, "error", "no recording begins")):
        chosen = load_settings(site.config)
        chosen = chosen.model_copy(update={"recordings": chosen.recordings.model_copy(update={"min_free": least * 2**20})})
        one, _ = health(site, chosen)
        with capture_logs() as logs:
            one.tick()
            one.tick()
        assert [(line["log_level"], words in line["event"]) for line in logs] == [(level, True)]
        (alarm,) = alarms(chosen)
        assert words in alarm


def test_a_root_that_goes_away_and_comes_back_is_told_and_stops_nothing(site: Site) -> None:
    chosen = settings(site, "1 MiB")
    one, _ = health(site, chosen)
    with capture_logs() as logs:
        site.root.rename(site.folder / "elsewhere")
        one.tick()
        (site.folder / "elsewhere").rename(site.root)
        one.tick()
    assert [line["log_level"] for line in logs] == ["error", "info"]
    assert alarms(chosen) == ()


def test_a_sweep_that_fails_or_never_comes_is_an_alarm(site: Site) -> None:
    chosen = settings(site, "1 MiB")
    one, sweeps = health(site, chosen)
    sweeps.last_run = utc_now() - timedelta(days=2, minutes=1)
    one.tick()
    assert alarms(chosen) == (f"no sweep has ended since {sweeps.last_run:%Y-%m-%d}",)
    sweeps.last_error = "clock: is 400 days ahead"
    one.tick()
    assert alarms(chosen) == ("the sweep failed: clock: is 400 days ahead",)
    sweeps.last_error, sweeps.last_run = None, utc_now()
    one.tick()
    assert alarms(chosen) == ()
