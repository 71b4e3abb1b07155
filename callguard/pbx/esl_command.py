"""What is asked of FreeSWITCH over ESL, and what can come of it.

There are two ways to ask, and the way is not a matter of taste. FreeSWITCH runs an `api` command in the thread that also writes our
events, so only those may go by `api` that answer from memory: :data:`QUICK`. All others go as a `job` (`bgapi`): each in a thread of its
own in FreeSWITCH, answered by a `BACKGROUND_JOB` event with our Job-UUID, so that neither a slow disk nor a ringing phone holds up an
event. `sendmsg` is not offered: it answers `+OK` to an application that does not exist, and then ends the call.

Jobs run beside one another, so a `stop` could overtake its `start`. Commands of one `lane` (the leg they are about) do not: none is sent
before every job ahead of it in its lane has its outcome.

A command has exactly one outcome: a `Reply`, or a `LinkError` that says why there is none: `ActionRefused` (the PBX said no),
`LinkOverdue` (no answer within the command's bound), `LinkLost` (the connection went away or was not there). Nothing is ever sent twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from callguard.errors import LinkError, UnsafeText

QUICK: Final = frozenset(
    {"global_getvar", "global_setvar", "strepoch", "strmicroepoch"}
    | {"uuid_break", "uuid_exists", "uuid_getvar", "uuid_setvar", "uuid_setvar_multi"}
)
"""Commands of `api` that touch neither disk nor network nor another thread's lock for longer than a look-up."""

# A line end is a second command, and a lone surrogate cannot be sent at all.
_NEVER_SENT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REASON_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class EslAddress:
    """Where a FreeSWITCH listens for ESL, by IPv4, and the password of its `event_socket.conf`. ESL has no TLS."""

    host: str
    port: int
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _check("password", self.secret)


@dataclass(frozen=True, slots=True)
class EslCommand:
    """One command, made by :func:`api` or :func:`job`; `bound_s` seconds may pass between sending it and its answer.

    Raises:
        UnsafeText: something in it holds a control character; the message names what, and does not quote it.
    """

    way: Literal["api", "bgapi", "auth", "event", "filter"]
    name: str
    argument: str = field(default="", repr=False)
    lane: str = ""
    bound_s: float = 5.0

    def __post_init__(self) -> None:
        _check("name", self.name)
        _check("argument", self.argument)

    def wire(self, job_uuid: str) -> bytes:
        """As it is sent; `job_uuid` is asked for as the name of the job, where it is one."""
        words = (self.way, self.name, self.argument) if self.way in {"api", "bgapi"} else (self.way, self.argument)
        lines = [" ".join(word for word in words if word)]
        lines += [f"Job-UUID: {job_uuid}"] if self.way == "bgapi" else []
        return "\n".join([*lines, "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Reply:
    """The PBX said yes, or gave what was asked for: `text` is the line or the body of its answer, without the line end.

    FreeSWITCH writes `_undef_` and `-ERR no reply` for nothing at all; here nothing is `''`. The text may quote callers.
    """

    text: str = field(repr=False)


Outcome = Reply | LinkError
OnOutcome = Callable[[EslCommand, Outcome], None]


def api(name: str, argument: str = "", *, lane: str = "", bound_s: float = 5.0) -> EslCommand:
    """A quick command. One that may take time is a mistake in the program, whence the ValueError."""
    if name not in QUICK:
        raise ValueError(f"{name} may take time and would hold up events: send it as a job")
    return EslCommand("api", name, argument, lane=lane, bound_s=bound_s)


def job(name: str, argument: str = "", *, lane: str = "", bound_s: float = 5.0) -> EslCommand:
    """A command that may take time."""
    if not _WORD.fullmatch(name):
        raise UnsafeText("the name of a job is one word")
    return EslCommand("bgapi", name, argument, lane=lane, bound_s=bound_s)


def refusal_reason(text: str) -> str:
    """The PBX's reason for a refusal, fit for a log: one short printable line without anything like a phone number."""
    printable = "".join(character for character in text if character.isprintable())
    return re.sub(r"\d{4,}", "…", printable)[:_REASON_LENGTH]


def _check(what: str, text: str) -> None:
    if _NEVER_SENT.search(text):
        raise UnsafeText(f"the {what} of an ESL command holds a control character")
