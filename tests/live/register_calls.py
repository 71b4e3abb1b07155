"""Calls of people who are in the do-not-record register, or come into it while they talk, as plays.

Numbers are entered by the command, as a process of its own beside the daemon, and in another way of writing than the PBX shows them.
"""

import time
from typing import Final

from tests.live.consent_house import House
from tests.live.inbound_calls import connected
from tests.live.outbound_calls import RANG_S, answered, joined
from tests.live.staging import Scene, Tone, await_tone, hold, switch, talk
from tests.rig.phone import PhoneCall

ENTRY_BOUND_S: Final = 1.0
"""From the command's answer on."""

LISTED_CALLER: Final = "+40733100001"
ANOTHER_CALLER: Final = "+40733100002"
LISTED_CALLEE: Final = "0742900001"
WISHES: Final = """number,way,date,reference
0733 100 001,post,2026-08-30,letter 1
0733.100.002,fax,2026-08-30,letter 3
+40742900001,courier,2026-08-30,letter 2
"""

_CAME: Final = ("--way", "e-mail", "--date", "2026-08-30", "--by", "Ana Pop", "--reference", "ticket 7")


def enter_wishes(house: House) -> None:
    """All who are listed before their call, by one list."""
    file = house.site.folder / "wishes.csv"
    file.write_text(WISHES, "utf-8")
    house.site.run("optout", "import", str(file), "--by", "Ana Pop")


def a_listed_caller(house: House, dialled: str = "704", number: str = LISTED_CALLER) -> Scene:
    """Calls where a refusal would end the call."""
    begun = time.monotonic()
    outside = house.site.caller.dial(dialled, house.site.pbx.sip_port, caller=number, voice=Tone.BEFORE)
    house.at_agent(number)
    return connected(house, number, outside, {"waited": time.monotonic() - begun})


def a_listed_caller_who_is_told(house: House) -> Scene:
    """Would be asked for a key, and hears the announcement for listed people instead."""
    return a_listed_caller(house, "709", ANOTHER_CALLER)


def a_listed_callee(house: House) -> Scene:
    """Would be asked for a key."""
    inside = house.site.agent.dial(LISTED_CALLEE, house.site.pbx.sip_port, caller="200", voice=Tone.RINGING)
    outside = house.at_callee(LISTED_CALLEE)
    outside.ring()
    time.sleep(RANG_S)
    outside.answer()
    begun = time.monotonic()
    inside.wait_answered(8)
    waited = time.monotonic() - begun
    return Scene(LISTED_CALLEE, outside, joined(LISTED_CALLEE, inside, outside).inside, {"waited": waited})


def a_caller_entered_in_mid_call(house: House) -> Scene:
    number, outside = house.dial_in("700")
    inside = house.at_agent(number)
    switch(outside, None)
    inside.answer()
    talk(outside, inside)
    return _entered(house, number, f"0040{number[3:]}", outside, inside)


def a_callee_entered_in_mid_call(house: House) -> Scene:
    number, inside, outside = answered(house, "0740")
    inside.wait_answered(8)
    talk(outside, inside)
    return _entered(house, number, f"+40{number[1:]}", outside, inside)


def _entered(house: House, number: str, written: str, outside: PhoneCall, inside: PhoneCall) -> Scene:
    """From the command's answer on both talk with one tone for a second, and then with others."""
    house.site.run("optout", "add", written, *_CAME)
    bound = time.monotonic() + ENTRY_BOUND_S
    outside.speak(Tone.WAITING)
    hold(bound)
    outside.speak(Tone.LEFT)
    inside.speak(Tone.AFTER)
    await_tone(inside, Tone.LEFT, 3)
    time.sleep(0.5)
    return Scene(number, outside, inside)
