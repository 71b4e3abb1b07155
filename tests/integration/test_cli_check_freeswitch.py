"""`check` against FreeSWITCHes of every temper: a clear line for each thing that is amiss, with the remedy, in bounded time."""

from collections.abc import Iterator

import pytest

from callguard.announcements.catalogue import PBX_FOLDER
from callguard.checks import esl_asking, pbx
from callguard.checks.freeswitch import WELL_KNOWN
from callguard.checks.report import Check, Outcome
from callguard.config import load_settings
from tests.integration.ami_server import SECRET
from tests.integration.cli_site import Site, new_site, unaltered
from tests.integration.esl_server import EslServer, ignore
from tests.integration.healthy_freeswitch import HealthyFreeswitch, call_it_freeswitch
from tests.integration.healthy_pbx import point

AMISS = {Outcome.FAILED, Outcome.WARNING}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_site(tmp_path_factory.mktemp("site")) as made:
        settings = load_settings(made.config)
        for folder in (settings.recordings.root, settings.announcements.pbx_sounds / PBX_FOLDER):
            folder.mkdir(parents=True, exist_ok=True)
        yield made


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    with unaltered(built) as same:
        call_it_freeswitch(same)
        yield same


def checked(site: Site) -> dict[str, Check]:
    """The checks of the PBX by name."""
    settings = load_settings(site.config)
    return {one.name: one for one in pbx.check(settings, settings.pbx[0])}


def asked(site: Site, healthy: HealthyFreeswitch) -> dict[str, Check]:
    """What is said of that PBX."""
    with EslServer(healthy, secret=SECRET) as running:
        point(site, running.port)
        return checked(site)


def amiss(checks: dict[str, Check]) -> set[str]:
    return {name for name, one in checks.items() if one.outcome in AMISS}


def test_a_freeswitch_in_order(site: Site) -> None:
    checks = asked(site, HealthyFreeswitch())
    assert amiss(checks) == set()
    assert checks["ESL login"].outcome is Outcome.OK
    assert "callguard" in checks["recordings root, the same for both"].message
    assert checks["heartbeat"].message == "good for 5 s more"
    assert checks["recordings root, open to the PBX"].outcome is Outcome.OK


def test_nothing_is_left_in_the_folders_that_were_tried(site: Site) -> None:
    asked(site, HealthyFreeswitch())
    settings = load_settings(site.config)
    assert not list(settings.recordings.root.rglob(".callguard-check-*"))
    assert not list(settings.announcements.pbx_sounds.rglob(".callguard-check-*"))


@pytest.mark.parametrize(
    ("healthy", "name", "says"),
    [
        (HealthyFreeswitch(values={"xml_locate": "can't find anything\n"}), "dialplan", "no context callguard"),
        (HealthyFreeswitch(values={"file_exists": "false"}), "recordings root, the same for both", "does not find"),
        (HealthyFreeswitch(values={"file_exists": "false"}), "announcements, the same folder for both", "does not find"),
        (HealthyFreeswitch(values={"module_exists": "false"}), "modules", "not loaded: mod_commands, mod_dialplan_xml, mod_dptools"),
        (HealthyFreeswitch(values={"eval": "<API execute Permission Denied>"}), "commands in the dialplan", "every call passes unrecorded"),
        (HealthyFreeswitch(ahead_s=-7.0), "clock", "behind"),
        (HealthyFreeswitch(ahead_s=7.0), "clock", "ahead"),
    ],
)
def test_what_is_amiss_has_a_line_and_a_remedy(site: Site, healthy: HealthyFreeswitch, name: str, says: str) -> None:
    found = asked(site, healthy)[name]
    assert (found.outcome, says in found.message, bool(found.remedy)) == (Outcome.FAILED, True, True)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"global_getvar": ""}, "heartbeat"),
        ({"strmicroepoch": "-ERR strmicroepoch Command not found!"}, "clock"),
        ({"xml_locate": "-ERR no such thing"}, "dialplan"),
        ({"xml_locate": "can't find anything\n"}, "event socket"),
        ({"module_exists": "-ERR module_exists Command not found!"}, "modules"),
    ],
)
def test_what_nobody_can_tell_is_not_called_a_failure(site: Site, values: dict[str, str], name: str) -> None:
    """No heartbeat of a daemon that does not run, no clock without mod_dptools, a command that is refused."""
    found = asked(site, HealthyFreeswitch(values=values))[name]
    assert (found.outcome, bool(found.remedy)) == (Outcome.NOT_CHECKED, True)


def socket(*params: tuple[str, str]) -> dict[str, str]:
    """What the PBX says of its event socket (and of all else that is looked up in its XML)."""
    lines = "".join(f'<param name="{name}" value="{value}"></param>' for name, value in params)
    return {"xml_locate": f'<configuration name="event_socket.conf"><settings>{lines}</settings></configuration>'}


@pytest.mark.parametrize(
    ("params", "outcome"),
    [
        ((), Outcome.OK),
        ((("listen-ip", "127.0.0.1"), ("apply-inbound-acl", "lan")), Outcome.OK),
        ((("listen-ip", "::"),), Outcome.OK),
        ((("listen-ip", "0.0.0.0"), ("apply-inbound-acl", "loopback.auto")), Outcome.OK),
        ((("listen-ip", "0.0.0.0"), ("apply-inbound-acl", "lan")), Outcome.WARNING),
    ],
)
def test_by_whom_the_event_socket_can_be_reached(site: Site, params: tuple[tuple[str, str], ...], outcome: Outcome) -> None:
    """S13: FreeSWITCH as it comes listens to all the world and lets in this machine only."""
    found = asked(site, HealthyFreeswitch(values=socket(*params)))["event socket"]
    assert (found.outcome, bool(found.remedy)) == (outcome, outcome is Outcome.WARNING)


def test_an_event_socket_elsewhere_is_not_encrypted(site: Site) -> None:
    """S13: another name of this machine stands for another machine."""
    with EslServer(HealthyFreeswitch(), secret=SECRET) as running:
        point(site, running.port, 'host = "127.1"')
        found = checked(site)["event socket"]
    assert (found.outcome, "in the clear" in found.message) == (Outcome.WARNING, True)


def test_the_password_that_everybody_knows(site: Site) -> None:
    """S13."""
    secret = site.folder / "ami.secret"
    kept = secret.read_text("utf-8")
    secret.write_text(WELL_KNOWN, "utf-8")
    with EslServer(HealthyFreeswitch(), secret=WELL_KNOWN) as running:
        point(site, running.port)
        found = checked(site)
    secret.write_text(kept, "utf-8")
    assert amiss(found) == {"ESL password"}


def test_a_folder_that_this_user_may_not_write_in_is_not_tried(site: Site) -> None:
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace('/sounds"', '/nowhere"'), "utf-8")
    found = asked(site, HealthyFreeswitch())["announcements, the same folder for both"]
    assert found.outcome is Outcome.NOT_CHECKED


def test_a_root_that_is_not_there_is_not_judged(site: Site) -> None:
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace('/recordings"', '/none"'), "utf-8")
    found = asked(site, HealthyFreeswitch())
    assert found["recordings root, the same for both"].outcome is Outcome.NOT_CHECKED
    assert found["recordings root, open to the PBX"].outcome is Outcome.NOT_CHECKED


def test_a_wrong_password_a_closed_and_a_silent_port(site: Site) -> None:
    with EslServer(HealthyFreeswitch(), secret="another") as running:  # noqa: S106 - the point of the test
        point(site, running.port)
        refused = checked(site)["ESL login"]
    gone = checked(site)["ESL login"]
    assert (refused.outcome, gone.outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert "event_socket.conf.xml" in refused.remedy
    assert "listen-port" in gone.remedy


def test_a_freeswitch_that_lets_in_and_then_says_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esl_asking, "ANSWER_S", 0.3)
    with EslServer(ignore, secret=SECRET) as running:
        point(site, running.port)
        assert checked(site)["ESL login"].outcome is Outcome.FAILED
