"""A call and its parts as rows, and back: the values of :mod:`callguard.call.state` one to one, times as UTC milliseconds.

Written by hand and not by reflection, since the daemon makes these rows at every step of every call. A consent carries what its policy said
of legal basis and purposes beside the policy's version, and who decided, so that the evidence can be read without a join (S6, S7); and a
salt, without which its entry in the ledger tells nothing. What a person has pressed of the withdrawal keys has no row.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from callguard.call.policy import Policy
from callguard.call.state import Call, Consent, Decision, Direction, How, Number, Party, Recording, RecordingStatus, Role, Stage
from callguard.store.types import to_millis

Row = dict[str, Any]


def call_row(call: Call) -> Row:
    """The row of ``calls``."""
    return {
        "id": call.id,
        "pbx": call.pbx,
        "linkedid": call.linkedid,
        "direction": call.direction.value,
        "policy_version": call.policy.version,
        "caller": call.caller.raw,
        "caller_e164": call.caller.e164,
        "callee": call.callee.raw,
        "callee_e164": call.callee.e164,
        "dialled": call.dialled,
        "redirecting": _list(call.redirecting),
        "queue": call.queue,
        "equipment_ip": call.equipment_ip,
        "user_agent": call.user_agent,
        "started_at": to_millis(call.started_at),
        "received_at": to_millis(call.received_at),
        "answered_at": _millis(call.answered_at),
        "connected_at": _millis(call.connected_at),
        "ended_at": _millis(call.ended_at),
        "dial_status": call.dial_status,
        "hangup_cause": call.hangup_cause,
    }


def party_row(call: Call, position: int) -> Row:
    """The row of ``parties`` for the party at that place in the call."""
    party = call.parties[position]
    return {
        "call_id": call.id,
        "leg": party.leg,
        "position": position,
        "channel": party.channel,
        "role": party.role.value,
        "number": party.number.raw,
        "number_e164": party.number.e164,
        "outside": party.outside,
        "stage": party.stage.value,
        "step": party.step,
        "attempt": party.attempt,
        "bridge": party.bridge,
        "heard_ms": party.heard_ms,
        "complete": party.complete,
        "announced_at": _millis(party.announced_at),
    }


def consent_row(call: Call, party: Party, position: int) -> Row:
    """The row of ``consents`` for the party's decision at that place."""
    consent = party.consents[position]
    return {
        "call_id": call.id,
        "leg": party.leg,
        "position": position,
        "decision": consent.decision.value,
        "how": consent.how.value,
        "key": consent.key,
        "announcement": consent.announcement,
        "language": consent.language,
        "heard_ms": consent.heard_ms,
        "complete": consent.complete,
        "announced_at": _millis(consent.announced_at),
        "decided_at": to_millis(consent.decided_at),
        "received_at": to_millis(consent.received_at),
        "policy_version": call.policy.version,
        "legal_basis": call.policy.legal_basis,
        "purposes": _list(call.policy.purposes),
        "number": party.number.e164 or party.number.raw,
        "salt": secrets.token_hex(16),
    }


def recording_row(call: Call, position: int) -> Row:
    """The row of ``recordings``, without what only retention and rights write: held, restricted, deleted."""
    recording = call.recordings[position]
    return {
        "id": recording.id,
        "call_id": call.id,
        "position": position,
        "leg": recording.leg,
        "channel": recording.channel,
        "path": recording.path,
        "status": recording.status.value,
        "requested_at": to_millis(recording.requested_at),
        "expires_at": to_millis(recording.expires_at),
        "started_at": _millis(recording.started_at),
        "stopped_at": _millis(recording.stopped_at),
        "size": recording.size,
        "sha256": recording.sha256,
        "fault": recording.fault,
        "policy_version": call.policy.version,
    }


def call_from(row: RowMapping, policy: Policy, parties: Sequence[Party], recordings: Sequence[Recording]) -> Call:
    """The call of a row read through the table, and of its parts in their order."""
    return Call(
        id=row["id"],
        pbx=row["pbx"],
        linkedid=row["linkedid"],
        direction=Direction(row["direction"]),
        policy=policy,
        caller=Number(row["caller"], row["caller_e164"]),
        callee=Number(row["callee"], row["callee_e164"]),
        dialled=row["dialled"],
        started_at=row["started_at"],
        received_at=row["received_at"],
        redirecting=tuple(row["redirecting"]),
        queue=row["queue"],
        equipment_ip=row["equipment_ip"],
        user_agent=row["user_agent"],
        answered_at=row["answered_at"],
        connected_at=row["connected_at"],
        ended_at=row["ended_at"],
        dial_status=row["dial_status"],
        hangup_cause=row["hangup_cause"],
        parties=tuple(parties),
        recordings=tuple(recordings),
    )


def party_from(row: RowMapping, consents: Sequence[Consent]) -> Party:
    """The party of a row, with its decisions in their order."""
    return Party(
        leg=row["leg"],
        channel=row["channel"],
        role=Role(row["role"]),
        number=Number(row["number"], row["number_e164"]),
        outside=row["outside"],
        stage=Stage(row["stage"]),
        step=row["step"],
        attempt=row["attempt"],
        bridge=row["bridge"],
        heard_ms=row["heard_ms"],
        complete=row["complete"],
        announced_at=row["announced_at"],
        consents=tuple(consents),
    )


def consent_from(row: RowMapping) -> Consent:
    """The decision of a row."""
    return Consent(
        decision=Decision(row["decision"]),
        how=How(row["how"]),
        key=row["key"],
        announcement=row["announcement"],
        language=row["language"],
        heard_ms=row["heard_ms"],
        complete=row["complete"],
        announced_at=row["announced_at"],
        decided_at=row["decided_at"],
        received_at=row["received_at"],
    )


def recording_from(row: RowMapping) -> Recording:
    """The recording of a row."""
    return Recording(
        id=row["id"],
        leg=row["leg"],
        channel=row["channel"],
        path=row["path"],
        status=RecordingStatus(row["status"]),
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
        started_at=row["started_at"],
        stopped_at=row["stopped_at"],
        size=row["size"],
        sha256=row["sha256"],
        fault=row["fault"],
    )


@lru_cache(maxsize=64)
def _list(texts: tuple[str, ...]) -> str:
    """As JSON; most calls have the same."""
    return json.dumps(texts)


def _millis(moment: datetime | None) -> int | None:
    return None if moment is None else to_millis(moment)
