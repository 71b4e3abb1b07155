"""One turn of the engine on paper: facts are applied to copies, and only a committed turn becomes the state of things.

The board holds the calls that are not over, or whose recording is not filed yet; a turn is thrown away whole when it could not be written.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from callguard.call.commands import Command
from callguard.call.events import CallStarted, Event, MessageSeen, SnapshotTaken
from callguard.call.policy import Policy, Traits, choose
from callguard.call.resume import resume
from callguard.call.state import RUNNING, Call, RecordingStatus
from callguard.call.step import open_call, step
from callguard.pbx.switch import Fact, LinkDown, LinkUp

Key: TypeAlias = tuple[str, str]
"""A PBX's name and its linkedid, or its uniqueid of a leg."""


@dataclass(slots=True)
class Board:
    """The calls at hand, by linkedid, and which call each leg belongs to."""

    calls: dict[Key, Call] = field(default_factory=dict)
    legs: dict[Key, Key] = field(default_factory=dict)

    def keep(self, call: Call) -> None:
        """Hold the call as it is now, or let go of it when nothing of it can change any more."""
        key = (call.pbx, call.linkedid)
        if is_settled(call):
            self.calls.pop(key, None)
            for party in call.parties:
                self.legs.pop((call.pbx, party.leg), None)
            return
        self.calls[key] = call
        for party in call.parties:
            self.legs[call.pbx, party.leg] = key


class Turn:
    """A working copy over a board."""

    def __init__(self, board: Board, policies: Sequence[Policy]) -> None:
        self.policies = policies
        self._board = board
        self._after: dict[Key, Call] = {}
        self._legs: dict[Key, Key] = {}
        self.urgent = False
        self.commands: list[Command] = []
        self.messages: list[MessageSeen] = []
        self.links: list[LinkUp | LinkDown] = []
        self.reconciled: list[str] = []

    @property
    def changes(self) -> list[tuple[Call | None, Call]]:
        """Each touched call as it was on the board and as it is now."""
        return [(self._board.calls.get(key), call) for key, call in self._after.items()]

    def settle(self) -> None:
        """The turn is written: the board is as the turn says."""
        for call in self._after.values():
            self._board.keep(call)

    def take(self, fact: Fact) -> None:
        """Apply one fact. The turn is urgent from the moment it has orders to give, a decision to keep or news to tell."""
        if isinstance(fact, CallStarted):
            self._start(fact)
        elif isinstance(fact, Event):
            self._step(fact)
        elif isinstance(fact, MessageSeen):
            self.messages.append(fact)
        elif isinstance(fact, SnapshotTaken):
            self._reconcile(fact)
        else:
            self.links.append(fact)
            self.urgent = True

    def _step(self, event: Event) -> None:
        call = self._call(self._key(event))
        if call is None:
            return
        after, commands = step(call, event)
        if commands or decisions(after) > decisions(call):
            self.commands.extend(commands)
            self.urgent = True
        if after is not call:
            self._hold(after)

    def _start(self, event: CallStarted) -> None:
        """The first to tell of a call opens it; the dialplan tells the same again with the hand-over."""
        if self._call(self._key(event)) is None:
            self._hold(open_call(uuid.uuid4().hex, event, choose(self.policies, _traits(event))))

    def _reconcile(self, snapshot: SnapshotTaken) -> None:
        for event in list(resume(list(self._calls_of(snapshot.pbx)), snapshot)):
            self.take(event)
        self.reconciled.append(snapshot.pbx)
        self.urgent = True

    def _calls_of(self, pbx: str) -> Iterator[Call]:
        keys = {key for key in (*self._board.calls, *self._after) if key[0] == pbx}
        return (call for call in map(self._call, keys) if call is not None)

    def _key(self, event: Event) -> Key:
        leg = (event.pbx, event.leg)
        return self._legs.get(leg) or self._board.legs.get(leg) or (event.pbx, event.linkedid)

    def _call(self, key: Key) -> Call | None:
        return self._after.get(key) or self._board.calls.get(key)

    def _hold(self, call: Call) -> None:
        key = (call.pbx, call.linkedid)
        self._after[key] = call
        for party in call.parties:
            self._legs[call.pbx, party.leg] = key


def decisions(call: Call) -> int:
    """How many decisions have been taken in the call."""
    return sum(len(party.consents) for party in call.parties)


def is_settled(call: Call) -> bool:
    """Whether the call is over and every recording of it has been filed."""
    return call.ended_at is not None and not any(
        one.status in RUNNING or (one.status is RecordingStatus.STOPPED and one.size is None) for one in call.recordings
    )


def _traits(event: CallStarted) -> Traits:
    """What a policy is matched on: the number that was dialled, written either way."""
    numbers = tuple(number for number in (event.dialled, event.callee.e164) if number)
    return Traits(event.direction, numbers, event.trunk, event.queue)
