"""`person find`: what a data-protection officer is told of one person."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from callguard.call.events import MessageSeen
from callguard.call.state import NOBODY, Decision, Direction, How, Number
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.rights.optouts import enter_optout
from callguard.rights.wishes import Way, Wish
from callguard.store.message_rows import add_messages
from tests.integration.cli_site import AGENT, CALLER, COMPANY, STARTED, Site, consent, inbound, new_site, recording

FIRST, SECOND, REDIRECTED = "a1", "b2", "c3"
STRANGER = Number("+40733000222", "+40733000222")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three calls of the person, one minute apart, and others'; a message and a hold."""
    stayed = inbound(FIRST, [consent(Decision.STAYED, How.STAYED)], [recording(f"{FIRST}-1", FIRST)])
    refused = inbound(SECOND, [consent(Decision.REFUSED, How.KEY, "9")])
    redirected = inbound(REDIRECTED, caller=STRANGER, redirecting=("0040722000111",))
    withheld = inbound("d4", caller=NOBODY)
    with new_site(tmp_path_factory.mktemp("site")) as made:
        for minutes, call in enumerate((stayed, refused, redirected, withheld)):
            made.add(replace(call, started_at=STARTED + timedelta(minutes=minutes)))
        sms = MessageSeen(pbx="main", at=STARTED, received_at=STARTED, direction=Direction.OUTBOUND, sender=COMPANY, recipient=CALLER)
        with made.database.write() as connection:
            add_messages(connection, [sms])
        dotted = Number("0722.000.111", "+40722000111")
        place_hold(made.database, Scope(call=FIRST), by="Ana", reason="court", reference="12/2026")
        place_hold(made.database, Scope(number=dotted, since=STARTED + timedelta(days=9)), by="Ana", reason="court", reference="13/2026")
        enter_optout(made.database, Wish(number=CALLER, way=Way.POST, wished_on=date(2026, 9, 1), reference="letter 7"), by="Ana")
        yield made


def test_one_person_with_all_that_is_kept_of_them(site: Site) -> None:
    """S15, C9: calls, decisions, recordings, messages and holds of one person, and nothing of others."""
    found = site.json("person", "find", "0722 000 111")
    assert (found["number"], found["telephone"]) == ("+40722000111", True)
    assert found["counts"] == {"calls": 3, "recordings": 1, "consents": 2, "messages": 1}
    assert [call["id"] for call in found["calls"]] == [REDIRECTED, SECOND, FIRST]
    assert [one["id"] for call in found["calls"] for one in call["recordings"]] == [f"{FIRST}-1"]
    assert {(one["call"], one["decision"]) for one in found["consents"]} == {(FIRST, "stayed"), (SECOND, "refused")}
    assert [(one["sender"], one["recipient"]) for one in found["messages"]] == [("+40213334444", "+40722000111")]
    assert [(one["reference"], one["released_at"]) for one in found["holds"]] == [("13/2026", None), ("12/2026", None)]
    assert [(one["way"], one["reference"]) for one in found["optouts"]] == [("post", "letter 7")]
    assert [found[name] for name in ("requests", "copies", "exports")] == [[], [], []]


def test_as_people_read_it(site: Site) -> None:
    shown = site.run("person", "find", "0722000111")
    assert shown.returncode == 0
    for words in ("+40722000111", f"{FIRST}-1", "refused", "12/2026", "latest messages"):
        assert words in shown.stdout
    assert "d4" not in shown.stdout


def test_no_more_than_asked_for_and_how_much_there_is(site: Site) -> None:
    """A person with a hundred thousand calls must not fill the terminal."""
    found = site.json("person", "find", "0722000111", "--limit", "1")
    assert ([call["id"] for call in found["calls"]], len(found["consents"])) == ([REDIRECTED], 1)
    assert found["counts"]["calls"] == 3


def test_an_extension_is_looked_for_as_it_is_and_that_is_said(site: Site) -> None:
    assert site.json("person", "find", AGENT.raw)["counts"]["calls"] == 4
    told = site.run("person", "find", "0722").stdout
    assert "no telephone number of RO" in told
    assert "no calls" in told


def test_who_is_nobody(site: Site) -> None:
    """S15: a clear answer, and not "nothing is kept of you"."""
    refused = site.run("person", "find", "anonymous")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "withhold" in refused.stderr
