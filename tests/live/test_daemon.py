"""The daemon as systemd and its administrator know it: ready, reload, stop, a second one, a PBX that comes and goes."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.consent_house import SWITCHES
from tests.live.sites import open_site
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.daemon import DaemonProcess
from tests.rig.site import Site, both_ways

pytestmark = pytest.mark.live


@pytest.fixture(params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with open_site(request.param, request, tmp_path, both_ways("notice", "opt-in")) as here:
        yield here


def has_heartbeat(here: Site) -> bool:
    """Whether the PBX has been told until when the daemon is to be believed, once."""
    if isinstance(here.pbx, PrivateAsterisk):
        return here.pbx.cli("dialplan show globals").count("CALLGUARD_UNTIL") == 1
    with here.freeswitch.esl() as link:
        return link.api("global_getvar callguard_until").isdecimal()


def rings_after(here: Site) -> float:
    """Seconds from the dialling to the agent's ringing; the call is ended."""
    begun = time.monotonic()
    call = here.caller.dial("700", here.pbx.sip_port)
    inside = here.agent.wait_call(10)
    call.hang_up()
    inside.wait_ended(3)
    return inside.started_at - begun


def test_it_tells_ready_after_the_snapshot_and_stops_in_order(house: Site) -> None:
    daemon = house.start_daemon()
    assert has_heartbeat(house)
    status = house.json("status")
    assert status["running"]
    assert [link["up"] for link in status["links"]] == [True]
    daemon.wait_told("WATCHDOG=1")
    begun = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun < 5
    assert "STOPPING=1" in daemon.told_so_far
    assert house.run("status", check=False).returncode == 1


def test_a_second_daemon_on_the_same_database_is_refused(house: Site) -> None:
    first = house.start_daemon()
    done = house.run("run", check=False)
    assert done.returncode == 1
    assert str(first.pid) in done.stderr
    assert first.exit_status is None


def test_a_reload_changes_later_calls_and_a_faulty_file_changes_nothing(house: Site) -> None:
    daemon = house.start_daemon()
    assert rings_after(house) > 1.0, "the notice is played first"
    good = house.config.read_text()
    house.config.write_text(good.replace('mode = "notice"', 'mode = "nothing"'))
    daemon.reload()
    house.wait("the refusal", lambda: "configuration not taken over" in house.log_tail())
    assert rings_after(house) > 1.0
    house.config.write_text(good.replace('mode = "notice"', 'mode = "never"'))
    daemon.reload()
    house.wait("the reload", lambda: "configuration read again" in house.log_tail())
    assert rings_after(house) < 1.0
    assert [call["policy"] for call in house.calls()] == ["in", "in", "in"]
    assert "RELOADING=1" in daemon.told()


def test_a_pbx_that_is_away_is_waited_for_and_one_that_restarts_is_met_again(house: Site) -> None:
    """Neither is an error of ours; the link comes back by itself, and with it the heartbeat."""
    daemon = house.start_daemon()
    house.pbx.restart()
    house.wait("the link to be back", lambda: has_heartbeat(house), 20)
    assert rings_after(house) > 1.0
    assert daemon.exit_status is None


def test_a_wrong_secret_is_told_and_never_ready(house: Site) -> None:
    (house.folder / "ami.secret").write_text("wrong")
    daemon = DaemonProcess(house.config, house.log, {"RUNTIME_DIRECTORY": str(house.folder)})
    house.daemons.append(daemon)
    house.wait("the refusal in the status", lambda: "login refused" in daemon.told() or "refused" in house.log_tail())
    assert "READY=1" not in daemon.told()
    assert daemon.exit_status is None
    assert rings_after(house) < 1.0, "without a daemon the call goes on at once"


def test_nothing_personal_and_no_secret_is_in_the_log(house: Site) -> None:
    house.start_daemon()
    rings_after(house)
    log = house.log.read_text()
    assert "40722000111" not in log
    assert "0722000111" not in log
    assert (house.folder / "ami.secret").read_text() not in log
    assert all(json.loads(line) for line in log.splitlines() if line.startswith("{"))


def test_a_full_disk_begins_no_recording_and_the_call_goes_on(house: Site) -> None:
    """Pains of section 7: disk pressure stops new recordings and deletes none."""
    text = house.config.read_text()
    house.config.write_text(text.replace('country = "RO"', 'country = "RO"\nmin_free = "900000 GiB"'))
    house.start_daemon()
    call = house.caller.dial("700", house.pbx.sip_port)
    inside = house.agent.wait_call(10)
    inside.answer()
    time.sleep(0.5)
    assert call.state == "answered"
    inside.hang_up()
    ended = house.wait_call()
    assert [(one["status"], one["started_at"]) for one in ended["recordings"]] == [("failed", None)]
    assert not list(house.recordings.rglob("*.wav"))
