"""Which rules a call falls under: the first policy whose direction and match fit it.

The mode says what is asked, the legal basis says on what ground (S6, S7); they are settings apart, since an authority may hold that staying
on the line is not consent (Datatilsynet 2019), and an explicit key can be asked on inbound calls too.

==========  ========================================================================================================
notice      the announcement plays whole; going on with the call is ``stayed``; the refusal key works while it plays
opt-out     as notice, and then the refusal key is waited for; silence is ``stayed``
opt-in      after the announcement the acceptance key is waited for; anything else is no consent
never       nothing plays, nothing is recorded
==========  ========================================================================================================
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256

from callguard.call.period import Period, Unit


class Mode(StrEnum):
    """What the outside person is asked."""

    NOTICE = "notice"
    OPT_OUT = "opt-out"
    OPT_IN = "opt-in"
    NEVER = "never"


class OnRefusal(StrEnum):
    """What becomes of the call of a person who refuses."""

    CONTINUE = "continue"
    HANGUP = "hangup"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One exact version of a prompt. ``version`` hashes text and audio, ``file`` is the PBX's name of the sound (no extension)."""

    version: str
    name: str
    language: str
    duration_ms: int
    file: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """The three things a person may hear; and what one who is in the do-not-record register hears instead, if anything (S4)."""

    question: Announcement
    accepted: Announcement
    refused: Announcement
    listed: Announcement | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Shell-style patterns; an empty tuple fits everything. Numbers are compared as dialled and in E.164."""

    numbers: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one call; kept with it from its start, so that a reload changes later calls only.

    ``version`` is a hash of all that the person is subject to. ``prompts`` is ``None`` only for mode ``never``.
    """

    name: str
    version: str
    direction: str
    mode: Mode
    legal_basis: str
    purposes: tuple[str, ...]
    retention: Period
    prompts: Prompts | None
    accept_key: str = "1"
    refuse_key: str = "2"
    timeout_ms: int = 5000
    attempts: int = 2
    on_refusal: OnRefusal = OnRefusal.CONTINUE
    withdraw_keys: str = "*9"
    match: Match = Match()


def with_version(policy: Policy) -> Policy:
    """The policy with its version: SHA-256 over all that the person is subject to, the exact prompts among it (S12).

    Not over ``match``, which only says to which calls it applies, nor over where the PBX keeps the prompts' sound.
    """
    prompts = policy.prompts
    spoken = (prompts.question, prompts.accepted, prompts.refused, prompts.listed) if prompts else ()
    heard = prompts and [one.version for one in spoken if one]
    terms = asdict(policy) | {"version": None, "match": None, "prompts": heard}
    return replace(policy, version=sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest())


UNMATCHED = Policy(
    name="unmatched",
    version="unmatched",
    direction="any",
    mode=Mode.NEVER,
    legal_basis="none",
    purposes=(),
    retention=Period(1, Unit.DAYS),
    prompts=None,
)
"""For calls that no policy speaks of: nothing plays, nothing is recorded."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a policy is chosen by."""

    direction: str
    numbers: tuple[str, ...]
    trunk: str | None
    queue: str | None


def choose(policies: Sequence[Policy], traits: Traits) -> Policy:
    """The first policy that fits; where none does, the call is logged and never recorded."""
    return next((policy for policy in policies if fits(policy, traits)), UNMATCHED)


def fits(policy: Policy, traits: Traits) -> bool:
    """Whether the policy speaks of such a call."""
    return policy.direction == traits.direction and (
        _any(policy.match.numbers, traits.numbers)
        and _any(policy.match.trunks, (traits.trunk or "",))
        and _any(policy.match.queues, (traits.queue or "",))
    )


def _any(patterns: Sequence[str], values: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
