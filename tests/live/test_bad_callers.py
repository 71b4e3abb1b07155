"""Callers who call themselves what no person is called: their calls go like any other, one row each, and nothing is forged (C1, S1).

Each of them dials a number of his own, by which his call is found again: by the caller's number it could not be.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest

from tests.live.consent_house import SWITCHES, House, open_house
from tests.live.staging import Scene, Stage, Tone, await_tone, heard_whole, holds, instant, outside_party, switch, talk
from tests.rig.phone import Phone
from tests.rig.site import QUESTION_SECONDS

pytestmark = pytest.mark.live

SQL: Final = "'),(DELETE FROM calls)--"
BREAK: Final = "1\r\nEvent: Hangup\r\nUniqueid: 1"
FORGED_FACTS: Final = "1&start=1&leg=9.9&channel=x&dialled=0721&queue=vip"
HEADERS: Final = "x\nUnique-ID: forged\nvariable_callguard_call: forged\nvariable_callguard_hand: outbound\nEvent-Name: CHANNEL_DESTROY"
DIALPLAN_CODE: Final = "${SHELL(id)}$[1+1],x)"


@dataclass(frozen=True, slots=True)
class Caller:
    """What stands in the From header, and what is stored of it."""

    number: str
    display: str
    stored: str | None
    diversion: tuple[str, ...] = ()
    user_agent: str = "Outside/1"


CALLERS: Final = {
    "empty": Caller("", "", None),
    "anonymous": Caller("anonymous", "Anonymous", None),
    "300 digits": Caller("9" * 300, "x" * 300, "9" * 79),
    "SQL": Caller(SQL, SQL, SQL),
    "line breaks": Caller(BREAK, "%0D%0AEvent: Hangup", "1Event: HangupUniqueid: 1"),
    "escaped line breaks": Caller("%0D%0Aevil", "%0A%0D%0A", "%0D%0Aevil"),
    "forged facts": Caller(FORGED_FACTS, FORGED_FACTS, FORGED_FACTS),
    "code of the dialplan": Caller(DIALPLAN_CODE, DIALPLAN_CODE, DIALPLAN_CODE),
    "letters of all kinds": Caller("Ștefan", "Ștefan Țăran 🦟", "Ștefan"),
    "hostile diversion": Caller("0722000001", "", "+40722000001", diversion=(SQL, FORGED_FACTS, "%0D%0A" * 50, "8" * 400)),
    "headers in the name": Caller("0722000003", HEADERS.replace("\n", "%0A"), "+40722000003"),
    "endless User-Agent": Caller("0722000002", "", "+40722000002", user_agent="agent&queue=vip " * 150),
}
ON_FREESWITCH: Final = {
    "300 digits": "9" * 80,
    "line breaks": "1  Event: Hangup  Uniqueid: 1",
    "escaped line breaks": "evil",
    "code of the dialplan": "%{SHELL(id)}$[1+1],x)",
}
"""What is stored there instead: FreeSWITCH cuts nothing, keeps line ends, of which we make blanks, and defuses `${`."""

UNCALLED: Final = frozenset({"escaped line breaks", "code of the dialplan"})
"""For these callers FreeSWITCH can call nobody: the From header that it would have to write is none."""

PLACES: Final = {name: f"79{at:02}" for at, name in enumerate(CALLERS)}


def call(name: str, house: House) -> Scene:
    """The agent's phone answers by itself and speaks; the caller hangs up when he has heard that for a while."""
    caller = CALLERS[name]
    with Phone("caller", user_agent=caller.user_agent) as phone:
        port = house.site.pbx.sip_port
        outside = phone.dial(
            PLACES[name], port, caller=caller.number, display=caller.display, diversion=caller.diversion, voice=Tone.BEFORE
        )
        outside.wait_answered(5)
        if name in UNCALLED and not house.on_asterisk:
            time.sleep(QUESTION_SECONDS + 0.5)
            outside.hang_up()
            outside.wait_ended(3)
            return Scene(PLACES[name], outside)
        await_tone(outside, Tone.REPLY)
        switch(outside, Tone.TALK)
        time.sleep(0.6)
        outside.hang_up()
        outside.wait_ended(3)
    return Scene(PLACES[name], outside)


FORGED_EVENTS: Final = (
    "Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: {leg}",
    "Event: DTMFEnd\r\nUniqueid: {leg}\r\nDirection: Received\r\nDigit: *",
    "Event: DTMFEnd\r\nUniqueid: {leg}\r\nDirection: Received\r\nDigit: 9",
    "Event: Hangup\r\nUniqueid: {leg}\r\nLinkedid: {leg}",
)
"""What an outside caller can put between two blank lines in the 79 characters of his number, about a leg whose id can be guessed."""

FORGED_ESL_EVENTS: Final = (
    "Event-Name: CHANNEL_DESTROY\nUnique-ID: {leg}",
    "Content-Type: text/event-plain\n\nEvent-Name: DTMF\nUnique-ID: {leg}\nDTMF-Digit: *",
    "Unique-ID: {leg}\nDTMF-Digit: 9",
    "Unique-ID: {leg}\nvariable_callguard_hand: inbound",
)
"""The same to FreeSWITCH, whose ids cannot be guessed."""


def under_attack(house: House) -> Scene:
    """While two people are recorded, others call a number that is not guarded and speak, through their own, of the caller's leg."""
    number, outside = house.dial_in("700")
    inside = house.at_agent(number)
    inside.answer()
    talk(outside, inside, 0.4)
    leg = house.leg_of(number)
    for event in FORGED_EVENTS if house.on_asterisk else FORGED_ESL_EVENTS:
        lines = event.format(leg=leg)
        in_the_name = lines.replace("\r", "%0D").replace("\n", "%0A")
        attacker = house.site.caller.dial("800", house.site.pbx.sip_port, caller=f"\r\n\r\n{lines}\r\n\r\n", display=f"x%0A{in_the_name}")
        attacker.wait_ended(5)
    outside.speak(Tone.LEFT)
    inside.speak(Tone.WAITING)
    await_tone(outside, Tone.WAITING, 3)
    time.sleep(0.5)
    return Scene(number, outside, inside)


@pytest.fixture(scope="module", params=SWITCHES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(request.param, request, tmp_path_factory.mktemp("callers")) as house:
        house.site.agent.on_invite = "answer"
        house.site.agent.voice = Tone.REPLY
        yield house


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    stage = Stage({**{name: partial(call, name, house) for name in CALLERS}, "under attack": partial(under_attack, house)})
    yield stage
    stage.close()


def told(house: House, stage: Stage, name: str) -> dict[str, Any]:
    return house.told(stage.scene(name).number)


@pytest.mark.parametrize("name", CALLERS)
def test_the_call_goes_like_any_other(house: House, stage: Stage, name: str) -> None:
    """S1: the notice is heard whole, the decision is stored, the conversation is recorded."""
    heard_whole(stage.scene(name).outside, house.site.sound_of("inbound-notice"))
    found = told(house, stage, name)
    assert (found["direction"], found["policy"], found["disposition"]) == ("inbound", "p79", "ANSWERED")
    assert (outside_party(found)["decision"], outside_party(found)["complete"]) == ("stayed", True)
    if name in UNCALLED and not house.on_asterisk:
        assert found["recordings"] == []
        return
    assert [party["role"] for party in found["parties"]] == ["caller", "callee"]
    assert holds(house.recording(PLACES[name]), Tone.TALK, Tone.REPLY) == [Tone.TALK, Tone.REPLY]


@pytest.mark.parametrize("name", CALLERS)
def test_the_caller_is_stored_as_he_called_himself(house: House, stage: Stage, name: str) -> None:
    """C1: as text, cut to what Asterisk keeps, without line breaks; nobody is nobody."""
    found = told(house, stage, name)
    stored = CALLERS[name].stored if house.on_asterisk else ON_FREESWITCH.get(name, CALLERS[name].stored)
    assert found["caller"] == stored
    assert outside_party(found)["number"] == stored


def test_every_caller_has_one_call_and_nobody_else_has_any(house: House, stage: Stage) -> None:
    """C1: no row is forged and none is lost."""
    for name in CALLERS:
        told(house, stage, name)
    told(house, stage, "under attack")
    assert sorted(one["dialled"] for one in house.site.calls()) == ["700", *sorted(PLACES.values())]
    assert [tuple(row) for row in house.rows("SELECT count(*) FROM consents")] == [(len(CALLERS) + 1,)]
    assert [tuple(row) for row in house.rows("SELECT count(*) FROM messages")] == [(0,)]


def test_what_a_caller_sends_names_no_file(house: House, stage: Stage) -> None:
    """S10, S13: all recordings lie where their own ids say."""
    for name in (*CALLERS, "under attack"):
        told(house, stage, name)
    files = [str(path.relative_to(house.site.recordings)) for path in house.site.recordings.rglob("*.wav")]
    assert len(files) == len(CALLERS) + 1 - (0 if house.on_asterisk else len(UNCALLED))
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/[0-9a-f]{32}-1\.wav", file) for file in files)


def test_redirecting_numbers_are_text_too(house: House, stage: Stage) -> None:
    """C1: whatever a Diversion header says, and however long it is."""
    redirecting = told(house, stage, "hostile diversion")["redirecting"]
    assert redirecting[:2] == [SQL, FORGED_FACTS]
    assert all(len(number) <= 80 and number.isprintable() for number in redirecting)


def test_an_endless_user_agent_is_cut(house: House, stage: Stage) -> None:
    """C3: and pushes nothing out of the facts behind it: the policy of this house asks for the queue."""
    found = told(house, stage, "endless User-Agent")
    assert found["user_agent"] == CALLERS["endless User-Agent"].user_agent[:256]


def test_an_event_that_a_caller_made_up_is_not_believed(house: House, stage: Stage) -> None:
    """S1, S13: nobody can hang up, or withdraw, for somebody else; the recording goes on and the decision stands."""
    scene = stage.scene("under attack")
    found = told(house, stage, "under attack")
    assert holds(house.recording(scene.number), Tone.LEFT, Tone.WAITING) == [Tone.LEFT, Tone.WAITING]
    assert [consent["decision"] for consent in house.consents(scene.number)] == ["stayed"]
    assert abs(instant(found["recordings"][0]["stopped_at"]) - house.truly_gone(outside_party(found)["leg"])) < timedelta(milliseconds=2)


def test_asterisk_does_tell_what_a_caller_made_up(house: House, stage: Stage) -> None:
    """S13: so the test above proves something; FreeSWITCH quotes what a caller sends, and tells nothing of the kind."""
    stage.scene("under attack")
    forged = house.forgeries()
    assert len(forged) > len(FORGED_EVENTS) if house.on_asterisk else forged == []


def test_the_log_has_a_line_for_a_line(house: House, stage: Stage) -> None:
    """S13: each is one JSON object, and the only warnings are those of events that were not believed."""
    for name in (*CALLERS, "under attack"):
        told(house, stage, name)
    lines = [json.loads(line) for line in house.site.log.read_text("utf-8").splitlines()]
    assert all("refused" in line["event"] for line in lines if line["level"] != "info")
    assert ([line["event"] for line in lines if line["level"] == "warning"] != []) == house.on_asterisk
