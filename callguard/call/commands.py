"""What is to be done, as imperatives. They go out after the rows of the same step are committed (design rule 2).

All but :class:`SetTimer` and :class:`FileRecording` are for the switch; durations are milliseconds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from callguard.call.policy import Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order about one leg of one PBX."""

    pbx: str
    linkedid: str
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand(Command):
    """An order that the switch carries out on the leg's channel."""

    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(ChannelCommand):
    """Answer the leg where it is not answered, and play the prompt; only ``interrupt`` keys cut it.

    ``net_ms``: when nothing of us is heard for so long from now, the PBX takes the leg back.
    """

    step: int
    announcement: Announcement
    interrupt: str
    net_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDigit(ChannelCommand):
    """Wait for one key."""

    step: int
    timeout_ms: int
    net_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceInCall(ChannelCommand):
    """Play the prompt to the person on this leg, who is in a conversation, and to nobody else; the conversation goes on.

    ``net_ms`` as of :class:`Announce`: what the PBX made for it is gone by then.
    """

    step: int
    announcement: Announcement
    net_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskInCall(ChannelCommand):
    """Tell when so much time has passed on the PBX: the keys that come meanwhile are told as those of any conversation."""

    step: int
    timeout_ms: int
    net_ms: int


InCall: TypeAlias = AnnounceInCall | AskInCall
"""What is said to a person in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(ChannelCommand):
    """Give the leg back to the dialplan: the call goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(ChannelCommand):
    """End the leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording(ChannelCommand):
    """Record the conversation of this leg into ``path`` (relative to the recordings root)."""

    recording: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecording(ChannelCommand):
    """Write silence from now on into ``path``."""

    recording: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecording(ChannelCommand):
    """Write sound again."""

    recording: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording(ChannelCommand):
    """Stop for good and close the file."""

    recording: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecording(Command):
    """Wait until the file is closed, measure, hash and tag it, and seal it where that is wanted."""

    recording: str
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer(Command):
    """Report ``TimerFired`` with this step after ``after_ms``, unless nobody cares by then."""

    step: int
    after_ms: int
