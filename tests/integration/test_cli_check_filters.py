"""`check` reads the event filters of its AMI login out of manager.conf, and names what they hold back (S1, C4, C8)."""

from collections.abc import Iterator

import pytest

from callguard.checks import pbx
from callguard.checks.filters import ACTED_ON, SHIPPED
from callguard.checks.report import Check, Outcome
from callguard.config import load_settings
from tests.integration.ami_server import USERNAME, AmiServer
from tests.integration.cli_site import Site, new_site, unaltered
from tests.integration.healthy_pbx import Healthy, point

NAMED = [f"^Event: {name}[^A-Za-z]" for name in ACTED_ON]
NEWER_FORM = "eventfilter(action(include),name(UserEvent),header(UserEvent),method(starts_with))"
NOTICE = """
[mail]
server = "127.0.0.1"
security = "none"
sender = "callguard@example.com"

[[notice]]
number = "100"
to = ["ana@example.com"]
on = ["voicemail"]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    with unaltered(built) as same:
        yield same


def told(site: Site, filters: list[str], **more: str) -> Check:
    """What is said of these lines."""
    values = {f"AST_CONFIG(manager.conf,{USERNAME},eventfilter,{number})": line for number, line in enumerate(filters)}
    with AmiServer(Healthy(site, values={**values, **more})) as running:
        point(site, running.port)
        settings = load_settings(site.config)
        return next(one for one in pbx.check(settings, settings.pbx[0]) if one.name == "AMI event filters")


def test_no_filter_and_whole_filters_are_in_order(site: Site) -> None:
    assert told(site, []).outcome is Outcome.OK
    assert told(site, NAMED).message == f"let all {len(ACTED_ON)} through"


def test_what_an_older_file_holds_back_is_named_with_the_file_to_install(site: Site) -> None:
    held = told(site, [line for line in NAMED if "DTMFEnd" not in line])
    assert (held.outcome, held.message) == (Outcome.FAILED, "eventfilter in manager.conf holds back DTMFEnd")
    assert held.remedy == f"put {SHIPPED} in its place again, then: asterisk -rx 'manager reload'"


def test_events_of_notices_are_needed_where_there_are_notices(site: Site) -> None:
    site.config.write_text(site.config.read_text("utf-8") + NOTICE, "utf-8")
    assert told(site, NAMED).message == "eventfilter in manager.conf holds back MessageWaiting"


def test_what_cannot_be_told_is_not_called_good(site: Site) -> None:
    newer = told(site, [], **{f"AST_CONFIG(manager.conf,{USERNAME},{NEWER_FORM},-1)": "Callguard"})
    own = told(site, ["^Event: (A|B)"])
    unread = told(site, NAMED, **{"AST_CONFIG(manager.conf,general,enabled,-1)": ""})
    assert {one.outcome for one in (newer, own, unread)} == {Outcome.NOT_CHECKED}
    assert SHIPPED in newer.remedy
    assert "DTMFEnd" in own.message
    assert unread.remedy == "load the module func_config"
