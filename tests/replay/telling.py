"""The calls of a replay as JSON for a person to read and a test to compare: what was decided, heard and recorded, and when.

A call's own id is new in each run, so calls are numbered in the order in which they began.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from callguard.call.cdr import summary
from callguard.call.events import MessageSeen
from callguard.call.state import Call, Consent, Number, Party, Recording

Json = dict[str, Any]


def tell(calls: Iterable[Call], messages: Iterable[MessageSeen]) -> Json:
    """Everything that a fixture should come to."""
    ordered = sorted(calls, key=lambda call: (call.started_at, call.linkedid))
    told: Json = {"calls": [_call(call, f"call-{place + 1}") for place, call in enumerate(ordered)]}
    texts = [_message(one) for one in messages]
    return told | {"messages": texts} if texts else told


def _call(call: Call, name: str) -> Json:
    figures = summary(call)
    return {
        "linkedid": call.linkedid,
        "direction": call.direction.value,
        "policy": f"{call.policy.name} ({call.policy.mode.value})",
        "caller": _number(call.caller),
        "callee": _number(call.callee),
        "dialled": call.dialled,
        "redirecting": list(call.redirecting),
        "equipment_ip": call.equipment_ip,
        "user_agent": call.user_agent,
        "started_at": _time(call.started_at),
        "answered_at": _time(call.answered_at),
        "connected_at": _time(call.connected_at),
        "ended_at": _time(call.ended_at),
        "disposition": figures.disposition,
        "hangup_cause": call.hangup_cause,
        "parties": [_party(party) for party in call.parties],
        "recordings": [_recording(one, call.id, name) for one in call.recordings],
    }


def _party(party: Party) -> Json:
    return {
        "leg": party.leg,
        "channel": party.channel,
        "role": party.role.value,
        "number": _number(party.number),
        "outside": party.outside,
        "stage": party.stage.value,
        "attempts": party.attempt,
        "decisions": [_consent(one) for one in party.consents],
    }


def _consent(one: Consent) -> Json:
    return {
        "decision": one.decision.value,
        "how": one.how.value,
        "key": one.key,
        "announcement": one.announcement and one.announcement[:12],
        "language": one.language,
        "heard_ms": one.heard_ms,
        "complete": one.complete,
        "announced_at": _time(one.announced_at),
        "decided_at": _time(one.decided_at),
    }


def _recording(one: Recording, call: str, name: str) -> Json:
    return {
        "leg": one.leg,
        "path": one.path.replace(call, name),
        "status": one.status.value,
        "requested_at": _time(one.requested_at),
        "started_at": _time(one.started_at),
        "stopped_at": _time(one.stopped_at),
        "expires_at": _time(one.expires_at),
    }


def _message(seen: MessageSeen) -> Json:
    return {
        "direction": seen.direction.value,
        "at": _time(seen.at),
        "sender": _number(seen.sender),
        "recipient": _number(seen.recipient),
    }


def _number(number: Number) -> list[str | None]:
    return [number.raw, number.e164]


def _time(moment: datetime | None) -> str | None:
    """To the millisecond, which is what rows hold."""
    return moment.isoformat(timespec="milliseconds") if moment else None
