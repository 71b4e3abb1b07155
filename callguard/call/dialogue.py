"""What the two ways of asking a person have in common: what an event means to a dialogue, when it came, how a decision is written down.

:mod:`~callguard.call.consent` asks whoever is in our hands, :mod:`~callguard.call.joining` whoever is in a conversation already.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TypeAlias

from callguard.call.commands import Command, SetTimer
from callguard.call.evolve import evolve
from callguard.call.policy import Policy
from callguard.call.state import UNASKED, Call, Consent, Decision, How, Party, Stage

ANSWER_MARGIN_MS = 2_000
"""How long beyond a step's own duration the PBX's answer is waited for before the step has failed."""

NET_MARGIN_MS = 3_000
"""How long beyond a step's own duration the PBX itself waits for us before it takes the leg back."""


class Signal(Enum):
    """What an event means to the dialogue."""

    HANDED_OVER = auto()
    TAKEN_UP = auto()
    HANDED_BACK = auto()
    ANSWERED = auto()
    JOINED = auto()
    LEFT = auto()
    HEARD_WHOLE = auto()
    HEARD_PART = auto()
    PRESSED_ACCEPT = auto()
    PRESSED_REFUSE = auto()
    PRESSED_OTHER = auto()
    KEPT_SILENT = auto()
    STEP_FAILED = auto()
    WITHDREW = auto()
    LISTED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Moment:
    """When the signal came and what came with it."""

    at: datetime
    received_at: datetime
    key: str | None = None


Outcome: TypeAlias = tuple[Party, tuple[Command, ...]]
Action: TypeAlias = Callable[[Call, Party, Moment], Outcome]


def ignore(_call: Call, party: Party, _moment: Moment) -> Outcome:
    """Late, doubled or without meaning at this stage."""
    return party, ()


def leave(call: Call, party: Party, moment: Moment) -> Outcome:
    """Hung up; an outside person who was being asked, or had been when he left the conversation, has not answered."""
    asked = party.outside and not party.consents and (party.attempt > 0 or party.stage not in UNASKED)
    decided = decide(party, Decision.UNANSWERED, How.NONE, moment, call.policy) if asked else party
    return evolve(decided, stage=Stage.GONE, bridge=None), ()


def decide(party: Party, decision: Decision, how: How, moment: Moment, policy: Policy | None) -> Party:
    """The party with one decision more; without a policy no announcement is part of the evidence."""
    question = policy.prompts.question if policy and policy.prompts else None
    consent = Consent(
        decision=decision,
        how=how,
        key=moment.key if how is How.KEY else None,
        announcement=question.version if question else None,
        language=question.language if question else None,
        heard_ms=party.heard_ms,
        complete=party.complete,
        announced_at=party.announced_at,
        decided_at=moment.at,
        received_at=moment.received_at,
    )
    return evolve(party, consents=(*party.consents, consent))


def where(call: Call, party: Party) -> dict[str, str]:
    """As arguments of an order for the person's leg."""
    return {"pbx": call.pbx, "linkedid": call.linkedid, "leg": party.leg, "channel": party.channel}


def timer(call: Call, party: Party, duration_ms: int) -> SetTimer:
    """The bound of a step that takes so long by itself."""
    return SetTimer(pbx=call.pbx, linkedid=call.linkedid, leg=party.leg, step=party.step, after_ms=duration_ms + ANSWER_MARGIN_MS)
