"""Every way in which an inbound call can go between the ringing of the PBX and the agent's answer, as plays, and what must become of each.

Each play is called once, on a house of its own module; the tests look at the result from different sides.
"""

import time
from collections.abc import Callable, Mapping

from tests.live.consent_house import House
from tests.live.staging import Expected, Scene, Tone, await_question, hold, part, switch, talk
from tests.rig.phone import PhoneCall
from tests.rig.site import QUESTION_SECONDS


def connected(house: House, number: str, outside: PhoneCall, marks: dict[str, float] | None = None) -> Scene:
    """The agent's phone rings, is answered, both talk, the agent hangs up first, and the caller says something more."""
    inside = house.at_agent(number)
    switch(outside, Tone.RINGING)
    time.sleep(0.2)
    switch(outside, Tone.TALK)
    inside.answer()
    talk(outside, inside)
    part(inside, outside)
    return Scene(number, outside, inside, marks or {})


def stayed(house: House) -> Scene:
    """A notice, heard whole."""
    number, outside = house.dial_in("700")
    return connected(house, number, outside)


def refused_in_the_notice(house: House) -> Scene:
    number, outside = house.dial_in("700")
    outside.wait_answered(5)
    time.sleep(0.6)
    pressed = time.monotonic()
    outside.press("9")
    return connected(house, number, outside, {"pressed": pressed})


def other_keys_in_the_notice(house: House) -> Scene:
    number, outside = house.dial_in("700")
    outside.wait_answered(5)
    outside.press("15#")
    return connected(house, number, outside)


def refused_where_that_ends_the_call(house: House) -> Scene:
    number, outside = house.dial_in("704")
    outside.wait_answered(5)
    time.sleep(0.3)
    outside.press("9")
    outside.wait_ended(5)
    return Scene(number, outside)


def hung_up_in_the_notice(house: House) -> Scene:
    number, outside = house.dial_in("700")
    outside.wait_answered(5)
    time.sleep(0.8)
    outside.hang_up()
    return Scene(number, outside, marks={"hung up": time.monotonic()})


def prompt_missing_at_the_pbx(house: House) -> Scene:
    number, outside = house.dial_in("706")
    return connected(house, number, outside)


def said_nothing(house: House) -> Scene:
    """Opt-out, and silence: a tone in the notice, another in the wait for a key."""
    number, outside = house.dial_in("701")
    await_question(outside)
    switch(outside, Tone.WAITING)
    return connected(house, number, outside)


def opted_out(house: House) -> Scene:
    number, outside = house.dial_in("701")
    await_question(outside)
    switch(outside, Tone.WAITING)
    outside.press("9")
    return connected(house, number, outside)


def opted_out_in_another_language(house: House) -> Scene:
    number, outside = house.dial_in("705")
    await_question(outside)
    outside.press("9")
    return connected(house, number, outside)


def mistyped_and_said_nothing(house: House) -> Scene:
    """A wrong key has the question said again."""
    number, outside = house.dial_in("701")
    await_question(outside)
    outside.press("5")
    return connected(house, number, outside)


def accepted(house: House) -> Scene:
    number, outside = house.dial_in("702")
    await_question(outside)
    switch(outside, Tone.WAITING)
    time.sleep(0.2)
    outside.press("1")
    return connected(house, number, outside)


def declined(house: House) -> Scene:
    number, outside = house.dial_in("702")
    await_question(outside)
    switch(outside, Tone.WAITING)
    outside.press("9")
    return connected(house, number, outside)


def mistyped_then_accepted(house: House) -> Scene:
    number, outside = house.dial_in("702")
    await_question(outside)
    outside.press("4")
    hold(time.monotonic() + QUESTION_SECONDS + 0.3)
    outside.press("1")
    return connected(house, number, outside)


def mistyped_to_the_end(house: House) -> Scene:
    number, outside = house.dial_in("702")
    await_question(outside)
    outside.press("4")
    hold(time.monotonic() + QUESTION_SECONDS + 0.3)
    outside.press("7")
    return connected(house, number, outside)


def gave_no_key(house: House) -> Scene:
    number, outside = house.dial_in("702")
    await_question(outside)
    switch(outside, Tone.WAITING)
    return connected(house, number, outside)


def accepted_too_early(house: House) -> Scene:
    """The acceptance key in the middle of the question, and nothing after it."""
    number, outside = house.dial_in("702")
    outside.wait_answered(5)
    time.sleep(0.5)
    outside.press("1")
    return connected(house, number, outside)


def never_asked(house: House) -> Scene:
    number, outside = house.dial_in("703")
    return connected(house, number, outside)


INBOUND: Mapping[Callable[[House], Scene], Expected] = {
    stayed: Expected("stayed", "stayed", None, complete=True, asked=1),
    refused_in_the_notice: Expected("refused", "key", "9", complete=False, asked=0),
    other_keys_in_the_notice: Expected("stayed", "stayed", None, complete=True, asked=1),
    refused_where_that_ends_the_call: Expected("refused", "key", "9", complete=False, asked=0),
    hung_up_in_the_notice: Expected("unanswered", "none", None, complete=False, asked=0),
    prompt_missing_at_the_pbx: Expected("unanswered", "none", None, complete=False, asked=0),
    said_nothing: Expected("stayed", "stayed", None, complete=True, asked=1),
    opted_out: Expected("refused", "key", "9", complete=True, asked=1),
    opted_out_in_another_language: Expected("refused", "key", "9", complete=True, asked=1),
    mistyped_and_said_nothing: Expected("stayed", "stayed", None, complete=True, asked=2),
    accepted: Expected("granted", "key", "1", complete=True, asked=1),
    declined: Expected("refused", "key", "9", complete=True, asked=1),
    mistyped_then_accepted: Expected("granted", "key", "1", complete=True, asked=2),
    mistyped_to_the_end: Expected("unanswered", "none", None, complete=True, asked=2),
    gave_no_key: Expected("unanswered", "none", None, complete=True, asked=2),
    accepted_too_early: Expected("unanswered", "none", None, complete=True, asked=2),
    never_asked: Expected("not_required", "none", None, complete=False, asked=None),
}
