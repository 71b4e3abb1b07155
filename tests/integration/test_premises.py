"""What a sweep goes by, as the configuration says it; and a PBX that tells how late it is there."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from callguard.call.period import Period, Unit
from callguard.config import load_settings
from callguard.premises import pbx_behind, premises
from callguard.retention.guards import Limits
from tests.integration.ami_server import FULLY_BOOTED, SECRET, AmiServer
from tests.integration.cli_site import Site, inbound, new_site, recording
from tests.integration.esl_server import EslServer
from tests.integration.healthy_freeswitch import HealthyFreeswitch, call_it_freeswitch
from tests.integration.healthy_pbx import Healthy, point

Late = Callable[[Site, float], AmiServer | EslServer]
AFTER = "2027-02-28T09:30:00.250Z"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=[recording("r-a", "ca11")]))
        yield made


def test_a_sweep_goes_by_the_configuration(site: Site) -> None:
    chosen = load_settings(site.config)
    going_by = premises(chosen, site.database)
    assert (going_by.root, going_by.limits) == (site.root, Limits(25, Period(31, Unit.DAYS)))
    assert set(going_by.rules.policies) == {"inbound", "outbound"}
    assert going_by.clocks() == {}, "a PBX that is not there says nothing of the time"


def late_asterisk(site: Site, behind_s: float) -> AmiServer:
    return AmiServer(Healthy(site, ahead_s=-behind_s), after_login=FULLY_BOOTED)


def late_freeswitch(site: Site, behind_s: float) -> EslServer:
    call_it_freeswitch(site)
    return EslServer(HealthyFreeswitch(ahead_s=-behind_s), secret=SECRET)


@pytest.mark.parametrize("late", [late_asterisk, late_freeswitch])
def test_a_clock_far_ahead_of_the_pbx_stops_a_sweep_that_would_delete(site: Site, late: Late) -> None:
    """Status 4; the PBX is asked by a login of its own. An empty sweep asks nobody."""
    with late(site, 86_400 * 90) as server:
        point(site, server.port)
        assert pbx_behind(load_settings(site.config).pbx)["main"] > timedelta(days=89)
        assert site.run("sweep", "--as-of", "2026-09-01").returncode == 0
        done = site.run("sweep", "--as-of", AFTER)
    assert (done.returncode, done.stderr.splitlines()[0]) in {
        (4, f"callguard: clock: is {days} days ahead of that of the PBX main") for days in (89, 90)
    }
    assert (site.root / "2026/08/31/r-a.wav").exists()


def test_a_freeswitch_that_tells_no_time_says_nothing_about_our_clock(site: Site) -> None:
    call_it_freeswitch(site)
    with EslServer(HealthyFreeswitch(values={"strmicroepoch": "soon"}), secret=SECRET) as server:
        point(site, server.port)
        assert pbx_behind(load_settings(site.config).pbx) == {}
