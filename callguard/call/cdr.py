"""The figures of an ended call, as in any CDR.

``answered_at`` is when the outside person's line was answered by the switch (inbound: when it picked up for the announcement; outbound:
when the callee did), since that is what carriers bill; so a caller who hangs up during the notice is ANSWERED with a short billable time,
and has no ``connected_at``, which is when two people could first talk.
"""

from dataclasses import dataclass
from datetime import datetime

from callguard.call.state import Call

_FAILED = frozenset({"CHANUNAVAIL", "CONGESTION", "INVALIDARGS"})


@dataclass(frozen=True, slots=True)
class Summary:
    """Seconds to the millisecond, ``None`` while the call runs; the disposition is one of ANSWERED, NO ANSWER, BUSY, FAILED."""

    duration_s: float | None
    billable_s: float | None
    disposition: str | None


def summary(call: Call) -> Summary:
    """Duration from the PBX's start, billable time from answer; zero when never answered."""
    if call.ended_at is None:
        return Summary(None, None, None)
    billable = _seconds(call.answered_at, call.ended_at) if call.answered_at else 0.0
    return Summary(_seconds(call.started_at, call.ended_at), billable, _disposition(call))


def _disposition(call: Call) -> str:
    if call.answered_at is not None:
        return "ANSWERED"
    if call.dial_status == "BUSY":
        return "BUSY"
    return "FAILED" if call.dial_status in _FAILED else "NO ANSWER"


def _seconds(start: datetime, end: datetime) -> float:
    return round(max(0.0, (end - start).total_seconds()), 3)
