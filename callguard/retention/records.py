"""Which records of calls and messages go, which stay, and why; and with its call the evidence of every decision in it (C6a, C6b).

What stands against it is asked in this order: the end is not known → the call goes on → not due → legal hold → restriction → a recording of
it is still there. The last keeps the evidence as long as what it proves: a consent outlives its recording, whatever the terms of the two
say.

The decisions of a call are one with it: they have their own verdicts, which are the same as its own, and go in the same transaction. Their
terms are in the call's already (:meth:`callguard.retention.ruleset.RuleSet.of_call`).

Pure: no clock, no database; standard library only.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from callguard.retention.holds import Hold, Matter, holding, reason
from callguard.retention.rules import Action, Ground, Verdict, stamp
from callguard.retention.terms import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A call or a message as the rules see it.

    ``until`` is ``None`` while the end is not known, and ``rule`` says why. ``recording`` is one of the call's that is not deleted yet,
    ``consents`` are the decisions in it.
    """

    kind: Kind
    id: str
    until: datetime | None
    rule: str
    goes_on: bool
    matter: Matter
    restricted: bool = False
    recording: str | None = None
    consents: tuple[str, ...] = ()


def judge_record(record: Record, now: datetime, holds: Collection[Hold]) -> tuple[Verdict, ...]:
    """The verdict on the record at the moment ``now`` (aware, UTC), and behind it the same on each of its decisions."""
    ground, why = _kept(record, now, holds) or (Ground.EXPIRED, f"expired on {stamp(record.until)}" if record.until else "")
    action = Action.DELETE if ground is Ground.EXPIRED else Action.KEEP
    verdict = Verdict(record.id, action, ground, why, record.until, record.kind)
    return verdict, *(replace(verdict, record=consent, kind=Kind.CONSENT) for consent in record.consents)


def _kept(record: Record, now: datetime, holds: Collection[Hold]) -> tuple[Ground, str] | None:
    if record.until is None:
        return Ground.NO_END, f"kept: {record.rule}"
    if record.goes_on:
        return Ground.RUNNING, "the call goes on"
    if now < record.until:
        return Ground.NOT_DUE, f"not due until {stamp(record.until)}"
    if caught := holding(holds, record.matter):
        return Ground.HELD, reason(caught[0])
    if record.restricted:
        return Ground.RESTRICTED, "restricted at the person's request (GDPR art. 18)"
    return None if record.recording is None else (Ground.NEEDED, f"its recording {record.recording} is still there")
