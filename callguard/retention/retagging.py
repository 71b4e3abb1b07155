"""What a changed rule does to what is there already: each record gets the end that the rules in force would give it, or a reason why not.

What stands against it is asked in this order: no rule for it → it is the same already → not settled yet → legal hold → below the floor. A
hold keeps a record from being touched at all, longer or shorter; one that would go below the floor stops the whole, since then the rules
are not those that anybody meant.

Pure: no clock, no file, no database; standard library only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callguard.retention.holds import Hold, Matter, holding, reason
from callguard.retention.rules import stamp
from callguard.retention.terms import Expiry, Kind


class Step(StrEnum):
    """What becomes of a record's end. ``SAME`` is what need not be told."""

    CHANGE = "change"
    KEEP = "keep"
    SAME = "same"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Tagged:
    """A record and the end that it has; ``settled`` once its call is over and its file measured, ``held`` by its own row's flag."""

    kind: Kind
    id: str
    until: datetime | None
    settled: bool
    held: bool
    matter: Matter


@dataclass(frozen=True, slots=True)
class Retag:
    """The verdict on one record: what is to be done, why, and its end before and after."""

    kind: Kind
    record: str
    step: Step
    reason: str
    earlier: datetime | None
    later: datetime | None
    rule: str


def judge_retag(tagged: Tagged, by_rule: Expiry | None, floor: datetime | None, holds: Collection[Hold]) -> Retag:
    """The verdict; ``by_rule`` is ``None`` when no rule speaks of it any more, ``floor`` while the end of the shortest term is unknown."""
    if by_rule is None:
        return Retag(tagged.kind, tagged.id, Step.KEEP, "no policy of its name is configured any more", tagged.until, tagged.until, "")
    step, why = _judge(tagged, by_rule, floor, holds)
    until = by_rule.until if step is Step.CHANGE else tagged.until
    return Retag(tagged.kind, tagged.id, step, why, tagged.until, until, by_rule.rule)


def _judge(tagged: Tagged, by_rule: Expiry, floor: datetime | None, holds: Collection[Hold]) -> tuple[Step, str]:
    if by_rule.until == tagged.until:
        return Step.SAME, "its end is the same by the rules in force"
    if not tagged.settled:
        return Step.KEEP, "its call is not over, its file not measured yet, or its deletion begun"
    if caught := holding(holds, tagged.matter):
        return Step.KEEP, reason(caught[0])
    if tagged.held:
        return Step.KEEP, "under legal hold"
    if by_rule.until is not None and floor is not None and by_rule.until < floor:
        return Step.REFUSE, f"{_told(by_rule.until)} is before {_told(floor)}, where its floor ends"
    return Step.CHANGE, f"from {_told(tagged.until)} to {_told(by_rule.until)}: {by_rule.rule}"


def _told(until: datetime | None) -> str:
    return "no known end" if until is None else stamp(until)
