"""The port: what the daemon needs of a PBX, whichever it is.

Facts come out through the ``deliver`` that the switch was made with, from whatever thread it likes; orders go in by :meth:`Switch.perform`,
which never blocks. Whenever its link comes up the switch delivers a :class:`~callguard.call.events.SnapshotTaken` by itself.
:class:`MemorySwitch` is the double for tests of everything above the port; it ships, so that others can test against it too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from callguard.call.commands import ChannelCommand
from callguard.call.events import Event, MessageSeen, News, RegisterChanged, SnapshotTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    """The PBX has accepted us; its snapshot follows."""

    pbx: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    """Nothing is known of the PBX from here to its next snapshot. ``fatal``: it refuses us, and somebody has to act."""

    pbx: str
    at: datetime
    reason: str
    fatal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatHeard:
    """The first heartbeat of this link has reached the PBX: from here on its dialplan believes in us."""

    pbx: str
    at: datetime


Fact: TypeAlias = Event | MessageSeen | News | SnapshotTaken | RegisterChanged | LinkUp | LinkDown | HeartbeatHeard
Deliver: TypeAlias = Callable[[Fact], None]


class Switch(Protocol):
    """A PBX as the engine sees it."""

    name: str

    def start(self) -> None:
        """Begin to connect, and go on for ever; returns at once."""

    def perform(self, commands: Sequence[ChannelCommand]) -> None:
        """Send these orders, in this order. Never blocks; what comes of them comes as events."""

    def beat(self, seconds: float) -> None:
        """Tell the dialplan that we are there for so long from now."""

    def stop(self) -> None:
        """Close the link, bounded."""


@dataclass
class MemorySwitch:
    """A switch of lists: what it was told to do, and a way to tell what happened."""

    name: str
    deliver: Deliver
    performed: list[ChannelCommand] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    running: bool = False

    def start(self) -> None:
        """Connected as soon as asked."""
        self.running = True

    def perform(self, commands: Sequence[ChannelCommand]) -> None:
        """Keep the orders for the test to see."""
        self.performed.extend(commands)

    def beat(self, seconds: float) -> None:
        """Keep the heartbeat for the test to see."""
        self.beats.append(seconds)

    def stop(self) -> None:
        """No link to close."""
        self.running = False
