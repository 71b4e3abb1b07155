"""What must be told of an incident, to whom, and by when. Pure.

The notice promises that clients are told within 24 hours of the discovery: the nature of the incident, the date and time at which it
happened and was discovered, the number of people, and the categories of data (S14). The authority must know within 72 hours of the
discovery (C13, GDPR art. 33 (1)), and people without undue delay where the risk for them is high (art. 34): that has no hour, so it has no
clock here. Later than its clock a notification is still made, and then gives the reasons for the delay (art. 33 (1)).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Recipient(StrEnum):
    """Who is told."""

    CLIENTS = "clients"
    AUTHORITY = "authority"
    PEOPLE = "people"


CLOCKS: Mapping[Recipient, timedelta] = {Recipient.CLIENTS: timedelta(hours=24), Recipient.AUTHORITY: timedelta(hours=72)}
"""How long after the discovery each must have been told."""


class Category(StrEnum):
    """What kind of data an incident concerns."""

    RECORDINGS = "recordings"
    CALLS = "calls"
    MESSAGES = "messages"


def tell_by(recipient: Recipient, discovered_at: datetime) -> datetime | None:
    """When that clock runs out; ``None`` for one that has no hour."""
    allowed = CLOCKS.get(recipient)
    return None if allowed is None else discovered_at + allowed
