"""Every way in which an outbound call can go between the callee's answer and the conversation, as plays, and what must become of each.

The agent speaks `RINGING` until the two are joined; the callee speaks `BEFORE` during the question and `WAITING` in the wait for a key.
"""

import time
from collections.abc import Callable, Mapping

from tests.live.consent_house import House
from tests.live.staging import Expected, Scene, Tone, await_question, hold, part, switch, talk
from tests.rig.phone import IncomingCall, OutgoingCall
from tests.rig.site import QUESTION_SECONDS

RANG_S = 0.2


def answered(house: House, prefix: str) -> tuple[str, OutgoingCall, IncomingCall]:
    """The callee has let it ring, has answered, and is being asked."""
    number, inside = house.dial_out(prefix, Tone.RINGING)
    outside = house.at_callee(number)
    outside.ring()
    outside.speak(Tone.BEFORE)
    time.sleep(RANG_S)
    outside.answer()
    return number, inside, outside


def joined(number: str, inside: OutgoingCall, outside: IncomingCall) -> Scene:
    """Both are quiet until they are joined, talk, the callee hangs up first, and the agent says something more."""
    inside.wait_answered(8)
    talk(outside, inside)
    part(outside, inside)
    return Scene(number, outside, inside)


def quiet(*calls: OutgoingCall | IncomingCall) -> None:
    """Nothing is said while the two are being joined, so that every tone belongs to one side of that moment."""
    for call in calls:
        switch(call, None)


def stayed(house: House) -> Scene:
    """A notice; both speak on without a pause while they are joined."""
    number, inside, outside = answered(house, "0740")
    inside.wait_answered(8)
    switched = time.monotonic()
    talk(outside, inside)
    part(outside, inside)
    return Scene(number, outside, inside, {"switched": switched})


def refused_in_the_notice(house: House) -> Scene:
    number, inside, outside = answered(house, "0740")
    time.sleep(0.6)
    outside.press("2")
    quiet(outside, inside)
    return joined(number, inside, outside)


def said_nothing(house: House) -> Scene:
    """Opt-out, and silence."""
    number, inside, outside = answered(house, "0741")
    await_question(outside)
    switch(outside, Tone.WAITING)
    time.sleep(0.3)
    quiet(outside, inside)
    return joined(number, inside, outside)


def opted_out(house: House) -> Scene:
    number, inside, outside = answered(house, "0741")
    await_question(outside)
    outside.press("2")
    quiet(outside, inside)
    return joined(number, inside, outside)


def accepted(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    await_question(outside)
    switch(outside, Tone.WAITING)
    time.sleep(0.2)
    outside.press("1")
    quiet(outside, inside)
    return joined(number, inside, outside)


def accepted_in_another_language(house: House) -> Scene:
    number, inside, outside = answered(house, "0745")
    await_question(outside)
    outside.press("1")
    quiet(outside, inside)
    return joined(number, inside, outside)


def accepted_while_the_agent_is_heard_by_the_pbx(house: House) -> Scene:
    """The agent's line is open before the answer (early media), so that there is sound that could pass too soon."""
    number, inside, outside = answered(house, "0746")
    await_question(outside)
    outside.press("1")
    quiet(outside, inside)
    return joined(number, inside, outside)


def declined(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    await_question(outside)
    switch(outside, Tone.WAITING)
    outside.press("2")
    quiet(outside, inside)
    return joined(number, inside, outside)


def declined_where_that_ends_the_call(house: House) -> Scene:
    number, inside, outside = answered(house, "0744")
    await_question(outside)
    outside.press("2")
    outside.wait_ended(5)
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def mistyped_then_accepted(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    await_question(outside)
    outside.press("4")
    hold(time.monotonic() + QUESTION_SECONDS + 0.3)
    outside.press("1")
    quiet(outside, inside)
    return joined(number, inside, outside)


def gave_no_key(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    await_question(outside)
    switch(outside, Tone.WAITING)
    inside.wait_answered(8)
    return joined(number, inside, outside)


def accepted_too_early(house: House) -> Scene:
    """The acceptance key in the middle of the question, and nothing after it."""
    number, inside, outside = answered(house, "0742")
    time.sleep(0.5)
    outside.press("1")
    inside.wait_answered(8)
    return joined(number, inside, outside)


def hung_up_in_the_question(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    time.sleep(0.8)
    outside.hang_up()
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def hung_up_in_the_wait_for_a_key(house: House) -> Scene:
    number, inside, outside = answered(house, "0742")
    await_question(outside)
    outside.hang_up()
    inside.wait_ended(5)
    return Scene(number, outside, inside)


def given_up_by_the_agent(house: House) -> Scene:
    """The agent hangs up while the callee is being asked."""
    number, inside, outside = answered(house, "0742")
    time.sleep(0.5)
    inside.hang_up()
    outside.wait_ended(3)
    return Scene(number, outside, inside)


def never_asked(house: House) -> Scene:
    number, inside, outside = answered(house, "0743")
    return joined(number, inside, outside)


OUTBOUND: Mapping[Callable[[House], Scene], Expected] = {
    stayed: Expected("stayed", "stayed", None, complete=True, asked=1),
    refused_in_the_notice: Expected("refused", "key", "2", complete=False, asked=0),
    said_nothing: Expected("stayed", "stayed", None, complete=True, asked=1),
    opted_out: Expected("refused", "key", "2", complete=True, asked=1),
    accepted: Expected("granted", "key", "1", complete=True, asked=1),
    accepted_in_another_language: Expected("granted", "key", "1", complete=True, asked=1),
    accepted_while_the_agent_is_heard_by_the_pbx: Expected("granted", "key", "1", complete=True, asked=1),
    declined: Expected("refused", "key", "2", complete=True, asked=1),
    declined_where_that_ends_the_call: Expected("refused", "key", "2", complete=True, asked=1),
    mistyped_then_accepted: Expected("granted", "key", "1", complete=True, asked=2),
    gave_no_key: Expected("unanswered", "none", None, complete=True, asked=2),
    accepted_too_early: Expected("unanswered", "none", None, complete=True, asked=2),
    hung_up_in_the_question: Expected("unanswered", "none", None, complete=False, asked=0),
    hung_up_in_the_wait_for_a_key: Expected("unanswered", "none", None, complete=True, asked=1),
    given_up_by_the_agent: Expected("unanswered", "none", None, complete=False, asked=0),
    never_asked: Expected("not_required", "none", None, complete=False, asked=None),
}
