"""Who plays in the transcripts, and under which rules.

The cast is the same in every play: ``CUSTOMER`` is the outside person (who calls, or is called), ``AGENT`` the operator's own,
``COLLEAGUE`` another of them, ``FRIEND`` and ``STRANGER`` more outside people, ``NOBODY_HERE`` a leg that no call knows.

Durations are written as numbers and not taken from the code: the question lasts 4000 ms, the thanks 1500 ms, the regret 1700 ms, a key is
waited for 5000 ms.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Mode, OnRefusal, Policy, Prompts
from callguard.call.state import Number

PBX, LINKEDID, CALL_ID = "pbx", "1799999999.1", "0c0ffee0"
CUSTOMER, AGENT, COLLEAGUE, FRIEND, STRANGER, NOBODY_HERE = "customer", "agent", "colleague", "friend", "stranger", "nobody-here"
OUTSIDE = frozenset({CUSTOMER, FRIEND, STRANGER})
HERE, THERE = "bridge-1", "bridge-2"

START = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
TOLD_AFTER = timedelta(milliseconds=20)
"""How long after the PBX's time the daemon learns of things."""

QUESTION = Announcement("v-question", "inbound-notice", "ro", 4000, "callguard/question")
THANKS = Announcement("v-thanks", "thank-you", "ro", 1500, "callguard/thanks")
REFUSED = Announcement("v-refused", "refused", "ro", 1700, "callguard/refused")
LISTED = Announcement("v-listed", "not-recorded", "ro", 1300, "callguard/listed")


class Terms(TypedDict, total=False):
    """What a play may change of the rules."""

    attempts: int
    on_refusal: OnRefusal
    withdraw_keys: str
    retention: Period
    prompts: Prompts


def policy(mode: Mode, **terms: Unpack[Terms]) -> Policy:
    """A policy of six months with acceptance key 1 and refusal key 9."""
    plain = Policy(
        name="test",
        version="v-policy",
        direction="inbound",
        mode=mode,
        legal_basis="consent",
        purposes=("service quality",),
        retention=Period(6, Unit.MONTHS),
        prompts=None if mode is Mode.NEVER else Prompts(QUESTION, THANKS, REFUSED),
        refuse_key="9",
    )
    return replace(plain, **terms)


def after(seconds: float) -> datetime:
    """So long after the start of the call."""
    return START + timedelta(seconds=seconds)


def number(leg: str) -> Number:
    """Everybody has one."""
    return Number(f"0722-{leg}", f"+40722-{leg}")


def channel(leg: str) -> str:
    """The PBX's name of the leg."""
    return f"PJSIP/{leg}-00000001"
