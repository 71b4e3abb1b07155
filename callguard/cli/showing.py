"""A call as people read it: what it was, how it went, what each person decided and on what ground, and the files."""

from collections.abc import Iterator

from callguard.cli.output import Cell, heading, moment, print_fields, print_table
from callguard.store.listing import ListedCall
from callguard.store.showing import Evidence, ShownCall

TIMELINE = ("at", "what", "of", "detail")
RECORDINGS = ("status", "expires", "bytes", "path", "recording")


def print_call(shown: ShownCall) -> None:
    """All of it."""
    print_fields(_fields(shown))
    heading("timeline")
    print_table(TIMELINE, ((one.at, one.what, one.subject, one.detail) for one in shown.timeline), none="nothing happened")
    for evidence in shown.evidence:
        heading(f"decision: {evidence.decision}")
        print_fields(_evidence(evidence))
    heading("recordings")
    print_table(
        RECORDINGS, ((one.status, one.expires_at, one.size, one.path, one.id) for one in shown.call.recordings), none="nothing was recorded"
    )


def _fields(shown: ShownCall) -> Iterator[tuple[str, Cell]]:
    call = shown.call
    yield "call", call.id
    yield "at the PBX", f"{call.pbx}, {call.linkedid}"
    yield "direction", call.direction
    yield "caller", _number(call.caller, shown.caller_raw)
    yield "callee", _number(call.callee, shown.callee_raw)
    yield "dialled", call.dialled
    yield "redirected by", ", ".join(call.redirecting)
    yield "started", call.started_at
    yield "ended", call.ended_at
    yield "disposition", _disposition(call)
    yield "equipment", " ".join(filter(None, (call.equipment_ip, call.user_agent)))
    yield "policy", f"{call.policy} {shown.policy_version}"


def _evidence(one: Evidence) -> Iterator[tuple[str, Cell]]:
    yield "by", f"{one.number or 'a withheld number'}, on {one.leg}"
    yield "how", f"key {one.key}" if one.key else one.how
    yield "decided", f"{moment(one.decided_at)}, known here {moment(one.received_at)}"
    yield "heard", _heard(one)
    yield "words", one.announcement_text
    yield "announcement", one.announcement
    yield "legal basis", one.legal_basis
    yield "purposes", ", ".join(one.purposes)
    yield "policy", f"{one.policy} {one.policy_version}"


def _heard(one: Evidence) -> str | None:
    if one.announcement_name is None:
        return None
    how = "whole" if one.complete else "not whole"
    return f"{one.announcement_name} ({one.language}), {one.heard_ms} of {one.announcement_ms} ms, {how}"


def _number(shown: str | None, raw: str) -> str | None:
    return shown if raw in ("", shown) else f"{shown}, shown as {raw}"


def _disposition(call: ListedCall) -> str:
    if call.disposition is None:
        return "in progress"
    return f"{call.disposition}, {call.duration_s} s, {call.billable_s} s of them billable"
