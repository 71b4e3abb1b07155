"""What the mapping of either switch must know of its PBX, and how text of a caller gets past it: as a number, or as one printable line."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import TypedDict
from urllib.parse import unquote

from callguard.call.state import Direction, Number

_LINE_LENGTH = 256
_URI_USER = re.compile(r"<?(?:sips?|tel|pjsip):([^@>;]*)")

Parse = Callable[[str], Number]


@dataclass(frozen=True, slots=True)
class Border:
    """What the mapping must know of its PBX: its name, how to read numbers, which endpoints face the outside, and what time it is.

    ``news``: what somebody wants to be told of that belongs to no call; nothing else of the kind is listened to.
    """

    pbx: str
    parse: Parse
    trunks: Collection[str]
    now: Callable[[], datetime]
    news: Collection[type] = ()


class Where(TypedDict):
    """What every event says."""

    pbx: str
    linkedid: str
    leg: str
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Occasion:
    """Where and when a fact was seen."""

    pbx: str
    linkedid: str
    leg: str
    channel: str
    at: datetime
    received_at: datetime

    @property
    def where(self) -> Where:
        """As arguments of an event."""
        return {"pbx": self.pbx, "linkedid": self.linkedid, "leg": self.leg, "at": self.at, "received_at": self.received_at}


def uri_user(address: str) -> str:
    """The user part of a SIP or tel URI (RFC 3261, RFC 3966), else the text as it is."""
    found = _URI_USER.search(address)
    return unquote(found[1]) if found else address


def direction_of(word: str) -> Direction | None:
    """`inbound` or `outbound`; anything else is not our dialplan."""
    return Direction(word) if word in ("inbound", "outbound") else None


def ip_address_of(text: str) -> str | None:
    """An IP address as it is written shortest; ``None`` for a name or anything else."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def printable(text: str) -> str:
    """One line of at most 256 printable characters."""
    line = text[:_LINE_LENGTH]
    return line if line.isprintable() else "".join(character if character.isprintable() else "\ufffd" for character in line)
