"""All of one call: the listing, the course of it in order of time, and the evidence of every decision (GDPR art. 7(1), S6, S7, S12)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from callguard.call.state import Call, Party
from callguard.store.adoption_rows import starts_known_by
from callguard.store.listing import ListedCall, shape_calls, shown
from callguard.store.loading import load_calls
from callguard.store.tables import announcements, consents, deletions, parties, policies, recordings


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened in the call; ``subject`` is a leg or a recording, empty for the call itself. PBX time where it tells one."""

    at: datetime
    what: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One decision with all that proves it; ``announcement`` is the version that was heard, ``announcement_text`` its words."""

    leg: str
    number: str | None
    decision: str
    how: str
    key: str | None
    announcement: str | None
    announcement_name: str | None
    announcement_text: str | None
    announcement_ms: int | None
    language: str | None
    heard_ms: int
    complete: bool
    announced_at: datetime | None
    decided_at: datetime
    received_at: datetime
    policy: str
    policy_version: str
    legal_basis: str
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A call as it is listed, as it went, and what is proven; the numbers as they were shown stand beside."""

    call: ListedCall
    caller_raw: str
    callee_raw: str
    received_at: datetime
    connected_at: datetime | None
    dial_status: str | None
    policy_version: str
    timeline: tuple[Occurrence, ...]
    evidence: tuple[Evidence, ...]


def show_call(connection: sa.Connection, identifier: str) -> ShownCall | None:
    """The call with that id, or ``None``."""
    call = next(iter(load_calls(connection, [identifier])), None)
    if call is None:
        return None
    of_call = [*_of_call(call), *_of_parties(call), *_of_recordings(call)]
    course = [*of_call, *_of_deletions(connection, call), *_of_adoptions(connection, call)]
    return ShownCall(
        call=shape_calls(connection, [identifier])[0],
        caller_raw=call.caller.raw,
        callee_raw=call.callee.raw,
        received_at=call.received_at,
        connected_at=call.connected_at,
        dial_status=call.dial_status,
        policy_version=call.policy.version,
        timeline=tuple(sorted(course, key=lambda one: one.at)),
        evidence=tuple(_evidence(connection, call)),
    )


def _of_call(call: Call) -> Iterator[Occurrence]:
    told = {
        "started": (call.started_at, call.direction.value),
        "answered": (call.answered_at, ""),
        "connected": (call.connected_at, ""),
        "ended": (call.ended_at, call.hangup_cause or ""),
    }
    return (Occurrence(at, what, "", detail) for what, (at, detail) in told.items() if at is not None)


def _of_parties(call: Call) -> Iterator[Occurrence]:
    for party in call.parties:
        yield from _announced(party)
        for consent in party.consents:
            by = f"key {consent.key}" if consent.key else consent.how.value
            yield Occurrence(consent.decided_at, consent.decision.value, party.leg, by)


def _announced(party: Party) -> Iterator[Occurrence]:
    heard: Sequence[tuple[datetime | None, int, bool]] = [(one.announced_at, one.heard_ms, one.complete) for one in party.consents]
    for at, heard_ms, complete in dict.fromkeys([*heard, (party.announced_at, party.heard_ms, party.complete)]):
        if at is not None:
            yield Occurrence(at, "announced", party.leg, f"{heard_ms} ms, {'whole' if complete else 'not whole'}")


def _of_recordings(call: Call) -> Iterator[Occurrence]:
    for one in call.recordings:
        told = {"requested": (one.requested_at, one.path), "started": (one.started_at, ""), "stopped": (one.stopped_at, "")}
        known = [(at, what, detail) for what, (at, detail) in told.items() if at is not None]
        last = len(known) - 1
        for place, (at, what, detail) in enumerate(known):
            fault = one.fault if place == last else None
            yield Occurrence(at, f"recording {what}", one.id, ", ".join(filter(None, (detail, fault))))


def _of_deletions(connection: sa.Connection, call: Call) -> Iterator[Occurrence]:
    gone = sa.select(deletions).join(recordings, recordings.c.id == deletions.c.recording_id).where(recordings.c.call_id == call.id)
    for row in connection.execute(gone).mappings():
        yield Occurrence(row["deleted_at"], "recording deleted", row["recording_id"], f"{row['reason']}: {row['rule']}")


def _of_adoptions(connection: sa.Connection, call: Call) -> Iterator[Occurrence]:
    for recording, start_from, at in starts_known_by(connection, call.id):
        yield Occurrence(at, "recording adopted", recording, f"start of the call by its {start_from}")


def _evidence(connection: sa.Connection, call: Call) -> Iterator[Evidence]:
    proven = (
        sa.select(
            consents,
            policies.c.name.label("policy"),
            announcements.c.name.label("announcement_name"),
            announcements.c.text.label("announcement_text"),
            announcements.c.duration_ms.label("announcement_ms"),
        )
        .join(policies, policies.c.version == consents.c.policy_version)
        .join(parties, sa.and_(parties.c.call_id == consents.c.call_id, parties.c.leg == consents.c.leg))
        .outerjoin(announcements, announcements.c.version == consents.c.announcement)
        .where(consents.c.call_id == call.id)
        .order_by(parties.c.position, consents.c.position)
    )
    numbers = {party.leg: shown(party.number) for party in call.parties}
    for row in connection.execute(proven).mappings():
        kept = {name: row[name] for name in Evidence.__slots__ if name not in {"number", "purposes"}}
        yield Evidence(number=numbers[row["leg"]], purposes=tuple(row["purposes"]), **kept)
