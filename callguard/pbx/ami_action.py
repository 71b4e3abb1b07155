"""What is asked of the PBX over AMI, and what can come of it.

An action has exactly one outcome: a `Reply`, or a `LinkError` that says why there is none: `ActionRefused` (the PBX said no),
`LinkOverdue` (no answer within the action's bound), `LinkLost` (the connection went away or was not there). Nothing is ever sent
twice: after a lost link nobody knows whether the PBX still acted, and by then a channel's name may belong to another call.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from callguard.errors import LinkError, UnsafeText
from callguard.pbx.ami_wire import Headers

# A line end in a value would be a second header or a second action; a lone surrogate cannot be sent at all.
_NEVER_IN_A_VALUE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_REASON_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where a PBX listens for AMI, and as whom to log in."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: bool = False


@dataclass(frozen=True, slots=True)
class AmiAction:
    """One action: its name, its headers in order (a name may come twice), and how many seconds its answer may take.

    Raises:
        UnsafeText: a header's name is none, or its value holds a control character; the message names the header, not the value.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    bound_s: float = 5.0

    def __post_init__(self) -> None:
        for key, value in (("Action", self.name), *self.headers):
            if not _is_header_name(key):
                raise UnsafeText(f"{key!r} cannot be a header of an AMI action")
            if _NEVER_IN_A_VALUE.search(value):
                raise UnsafeText(f"the value of {key} holds a control character")


@lru_cache(maxsize=256)
def _is_header_name(key: str) -> bool:
    """Names come from our own code, so there are few. The id is the connection's to give."""
    return _HEADER_NAME.fullmatch(key) is not None and key.lower() != "actionid"


@dataclass(frozen=True, slots=True)
class Reply:
    """The PBX said yes; `entries` are the events of the list, where the answer was one."""

    headers: Headers
    entries: tuple[Headers, ...] = ()


Outcome = Reply | LinkError
OnOutcome = Callable[[AmiAction, Outcome], None]


def refusal_reason(headers: Headers) -> str:
    """The PBX's reason for a refusal, fit for a log: one short printable line without anything like a phone number."""
    text = headers.get("Message") or "no reason given"
    printable = "".join(character for character in text if character.isprintable())
    return re.sub(r"\d{4,}", "…", printable)[:_REASON_LENGTH]
