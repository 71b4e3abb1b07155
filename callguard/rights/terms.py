"""What a person may ask for, by when it must be answered, and how it may end. Pure.

The notice promises an answer within 30 days of the request, and within 60 days more where it is complex or there are many, if the person is
told so, with the reason, within the first 30 (S15t). GDPR art. 12 (3) says one month, and two more. Whichever ends first is kept: a month
is shorter than 30 days when February is in it. Days are counted from the day on which the request came, whatever day it was entered; the
answer is in time up to the end of the day on which it is due.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from callguard.call.period import add_months

WARNED_BEFORE = timedelta(days=7)
"""How long before the day it is due a request is told as urgent."""

_PROMISED = timedelta(days=30), timedelta(days=30 + 60)
_BY_LAW = 1, 1 + 2
"""In months."""


class Right(StrEnum):
    """What is asked for."""

    INFORMATION = "information"
    ACCESS = "access"
    COPY = "copy"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"
    HUMAN_DECISION = "human-decision"
    WITHDRAWAL = "withdrawal"


ARTICLES: Mapping[Right, str] = {
    Right.INFORMATION: "13, 14",
    Right.ACCESS: "15",
    Right.COPY: "15 (3)",
    Right.RECTIFICATION: "16",
    Right.ERASURE: "17",
    Right.RESTRICTION: "18",
    Right.PORTABILITY: "20",
    Right.OBJECTION: "21",
    Right.HUMAN_DECISION: "22",
    Right.WITHDRAWAL: "7 (3)",
}
"""Of the GDPR."""


class Outcome(StrEnum):
    """How a request ended."""

    GRANTED = "granted"
    GRANTED_IN_PART = "granted-in-part"
    REFUSED = "refused"
    NOTHING_KEPT = "nothing-kept"
    NOT_IDENTIFIED = "not-identified"
    TAKEN_BACK = "taken-back"


def due_on(received_on: date, *, extended: bool) -> date:
    """The last day on which the answer is in time."""
    begun = datetime.combine(received_on, time(), UTC)
    return min(received_on + _PROMISED[extended], add_months(begun, _BY_LAW[extended]).date())
