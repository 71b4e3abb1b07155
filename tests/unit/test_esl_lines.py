"""Who is told to be in a conversation, and when: before anything may be recorded over him (S1, S2; design rule 3)."""

from datetime import UTC, datetime
from functools import partial

from callguard import numbers
from callguard.call.events import LegJoined, LegLeft
from callguard.pbx.border import Border
from callguard.pbx.esl_lines import Lines

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CALLER, AGENT, STRANGER = "caller", "agent", "stranger"

Told = dict[str, str]


def lines() -> Lines:
    return Lines(Border("fs", partial(numbers.parse, region="RO"), frozenset({"provider"}), lambda: NOW))


def leg(one: str, *, answered: bool = True, outside: bool = False) -> Told:
    told = {"Unique-ID": one, "Channel-Call-UUID": CALLER, "Answer-State": "answered" if answered else "early"}
    return told | ({"variable_sip_gateway_name": "provider"} if outside else {})


def pair(one: Told, other: str) -> Told:
    return one | {"Bridge-A-Unique-ID": one["Unique-ID"], "Bridge-B-Unique-ID": other}


def who(joined: list[LegJoined]) -> list[str]:
    return [one.leg for one in joined]


def test_our_own_phone_is_not_in_a_conversation_before_it_is_answered() -> None:
    """Its early media is ringing, or an announcement; nobody's statement."""
    there = lines()
    there.know(leg(AGENT, answered=False))
    assert list(there.join(pair(leg(CALLER, outside=True), AGENT))) == []
    assert who(list(there.answer(leg(AGENT)))) == [AGENT, CALLER]


def test_an_outside_person_is_told_of_as_soon_as_joined() -> None:
    """Before whoever was there already: nothing may begin, or go on, before it is known who can be heard."""
    there = lines()
    there.know(leg(STRANGER, answered=False, outside=True))
    assert who(list(there.join(pair(leg(CALLER, outside=True), STRANGER)))) == [STRANGER, CALLER]
    assert list(there.answer(leg(STRANGER, outside=True))) == []


def test_somebody_of_whom_nothing_is_known_is_a_stranger() -> None:
    there = lines()
    first, second = there.join(pair(leg(CALLER, outside=True), STRANGER))
    assert (first.leg, first.outside, first.number.raw, first.linkedid) == (STRANGER, True, "", CALLER)
    assert first.bridge == second.bridge == "caller/stranger"


def test_who_was_told_to_be_there_is_told_to_leave() -> None:
    there = lines()
    there.know(leg(AGENT))
    joined = pair(leg(CALLER, outside=True), AGENT)
    assert who(list(there.join(joined))) == [AGENT, CALLER]
    left = list(there.part(joined))
    assert [(type(one), one.leg, one.bridge) for one in left] == [(LegLeft, CALLER, "agent/caller"), (LegLeft, AGENT, "agent/caller")]
    assert list(there.part(joined)) == []


def test_who_was_never_told_to_be_there_does_not_leave() -> None:
    there = lines()
    there.know(leg(AGENT, answered=False))
    joined = pair(leg(CALLER), AGENT)
    assert list(there.join(joined)) == []
    assert list(there.part(joined)) == []


def test_nobody_is_remembered_when_he_is_gone() -> None:
    """100 000 calls leave nothing behind."""
    there = lines()
    there.know(leg(AGENT))
    joined = pair(leg(CALLER, outside=True), AGENT)
    list(there.join(joined))
    for one in (CALLER, AGENT):
        there.end(one)
    assert (there.people, there.answered, there.bridges, there.told) == ({}, set(), {}, set())


def test_a_link_that_came_back_begins_with_nobody() -> None:
    there = lines()
    list(there.join(pair(leg(CALLER), STRANGER)))
    there.empty()
    assert (there.people, there.answered, there.bridges, there.told) == ({}, set(), {}, set())


def test_who_a_snapshot_shows_in_a_bridge_is_not_told_again() -> None:
    there = lines()
    known = LegJoined(
        pbx="fs",
        linkedid=CALLER,
        leg=CALLER,
        at=NOW,
        received_at=NOW,
        channel="",
        bridge="agent/caller",
        number=numbers.parse("", "RO"),
        outside=True,
    )
    there.restore({CALLER: known}, {CALLER, AGENT}, [known])
    assert who(list(there.answer(leg(AGENT)))) == []
    assert who(list(there.join(pair(leg(CALLER, outside=True), AGENT)))) == [AGENT]
