"""What the people do in each call. All calls run side by side; each outside person has a number of his own, by which the call is known.

Everybody speaks a tone, another one in each phase, so that whatever passed and whatever was recorded can be told by its sound: the outside
person `ASKED` while the announcement plays and `TALK` in the conversation, the agent `WAITING` until they are joined and `REPLY` then.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tests.demo.stage import AGENT, COMPANY_NUMBER
from tests.rig.phone import IncomingCall, OutgoingCall, PhoneCall
from tests.rig.site import Site

INTO_THE_NOTICE_S: Final = 3.0
CONVERSATION_S: Final = 2.0
LONGEST_S: Final = 60.0
"""A call of nobody who answers: two questions of nine seconds, two waits of five."""


class Tone(IntEnum):
    """Hz. `WAITING` is told from speech, which has little at 2500 Hz; the others are looked for where no speech may be."""

    ASKED = 1000
    TALK = 1600
    REPLY = 1900
    WAITING = 2500


@dataclass(frozen=True, slots=True)
class Played:
    """A call that is over: its outside number, both ends of it, and what the outside person pressed."""

    number: str
    outside: PhoneCall
    inside: PhoneCall | None
    pressed: str = ""


Play = Callable[[Site, str], Played]


def stays(site: Site, number: str) -> Played:
    """Listens to the notice and stays on the line."""
    outside = dial_in(site, number)
    inside = at_agent(site, number)
    converse(outside, inside)
    return Played(number, outside, inside)


def refuses_inbound(site: Site, number: str) -> Played:
    """Presses 9 in the middle of the notice."""
    outside = dial_in(site, number)
    outside.wait_answered(5)
    time.sleep(INTO_THE_NOTICE_S)
    outside.press("9")
    inside = at_agent(site, number)
    converse(outside, inside)
    return Played(number, outside, inside, "9")


def hangs_up(site: Site, number: str) -> Played:
    """Hangs up in the middle of the notice."""
    outside = dial_in(site, number)
    outside.wait_answered(5)
    time.sleep(INTO_THE_NOTICE_S)
    outside.hang_up()
    return Played(number, outside, None)


def accepts(site: Site, number: str) -> Played:
    """Is called, listens to the question, presses 1."""
    return _called(site, number, "1")


def refuses_outbound(site: Site, number: str) -> Played:
    """Is called, listens to the question, presses 2."""
    return _called(site, number, "2")


def presses_nothing(site: Site, number: str) -> Played:
    """Is called, and is asked twice in vain."""
    return _called(site, number, "")


def _called(site: Site, number: str, key: str) -> Played:
    inside = site.agent.dial(number, site.pbx.sip_port, caller=AGENT, voice=Tone.WAITING)
    outside = at_callee(site, number)
    outside.ring()
    time.sleep(0.5)
    outside.speak(Tone.ASKED)
    outside.answer()
    if key:
        time.sleep(site.prompt("outbound-opt-in").duration_ms / 1000 + 1)
        outside.press(key)
    inside.wait_answered(LONGEST_S)
    converse(outside, inside, CONVERSATION_S + 0.5)
    return Played(number, outside, inside, key)


def dial_in(site: Site, number: str) -> OutgoingCall:
    """An outside caller."""
    return site.caller.dial(COMPANY_NUMBER, site.pbx.sip_port, caller=number, voice=Tone.ASKED)


def at_agent(site: Site, number: str) -> IncomingCall:
    """The agent's phone rings for this caller."""
    return arrival(site.agent.calls, lambda call: call.caller == number)


def at_callee(site: Site, number: str) -> IncomingCall:
    """The outside phone rings under this number."""
    return arrival(site.caller.calls, lambda call: call.invite.uri.startswith(f"sip:{number}@"))


def arrival(calls: list[PhoneCall], wanted: Callable[[IncomingCall], bool]) -> IncomingCall:
    """The call that is wanted, once it comes; TimeoutError when it does not."""
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        for call in tuple(calls):
            if isinstance(call, IncomingCall) and wanted(call):
                return call
        time.sleep(0.005)
    raise TimeoutError(f"no such call within {LONGEST_S:g} s")


def converse(outside: PhoneCall, inside: PhoneCall, seconds: float = CONVERSATION_S) -> None:
    """The agent answers where he was called; both talk for so long; the agent hangs up."""
    outside.speak(None)
    if isinstance(inside, IncomingCall):
        inside.speak(Tone.WAITING)
        time.sleep(0.5)
        inside.answer()
    outside.speak(Tone.TALK)
    inside.speak(Tone.REPLY)
    time.sleep(seconds)
    inside.hang_up()
    outside.wait_ended(5)


def play_all(site: Site, plays: Mapping[str, Play]) -> dict[str, Future[Played]]:
    """All calls, by their outside number; returns when the last is over."""
    with ThreadPoolExecutor(len(plays)) as pool:
        return {number: pool.submit(play, site, number) for number, play in plays.items()}
