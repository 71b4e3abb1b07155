"""The archive of policies: every version that a call ever fell under can be shown years later (S12)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Match, Mode, OnRefusal, Policy, Prompts
from callguard.evidence import entries
from callguard.store.ledger_rows import append
from callguard.store.tables import policies


def remember_policy(connection: sa.Connection, policy: Policy, now: datetime) -> None:
    """Keep the policy under its version, unless that version is known: what was first seen stays."""
    known = connection.execute(sa.select(policies.c.version).where(policies.c.version == policy.version)).first()
    if known is None:
        row: dict[str, Any] = {"version": policy.version, "name": policy.name, "content": asdict(policy), "first_seen": now}
        connection.execute(sa.insert(policies), row)
        append(connection, [entries.policy(policy.version, policy.name, row["content"])])


def load_policy(connection: sa.Connection, version: str) -> Policy | None:
    """The policy of that version, or ``None`` when no call ever fell under it."""
    content = connection.execute(sa.select(policies.c.content).where(policies.c.version == version)).scalar()
    return None if content is None else _policy(content)


def _policy(content: dict[str, Any]) -> Policy:
    plain = dict(content)
    return Policy(
        mode=Mode(plain.pop("mode")),
        purposes=tuple(plain.pop("purposes")),
        retention=_period(plain.pop("retention")),
        prompts=_prompts(plain.pop("prompts")),
        on_refusal=OnRefusal(plain.pop("on_refusal")),
        match=Match(**{name: tuple(patterns) for name, patterns in plain.pop("match").items()}),
        **plain,
    )


def _period(content: dict[str, Any]) -> Period:
    return Period(content["count"], Unit(content["unit"]))


def _prompts(content: dict[str, dict[str, Any] | None] | None) -> Prompts | None:
    return None if content is None else Prompts(**{name: Announcement(**prompt) for name, prompt in content.items() if prompt})
