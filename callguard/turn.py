"""One turn of the engine on paper: facts are applied to copies, and only a committed turn becomes the state of things.

The board holds the calls that are not over, or whose recording is not filed yet; a turn is thrown away whole when it could not be written.

A call is told of everybody who is in a bridge with one of its people, be it under the same linkedid or not: somebody who dials into a
conference, or is brought into it by a transfer, belongs to a call of his own or to none, and is heard in the recording all the same (design
rule 3). So the board also remembers who is in which bridge, whether callguard has ever seen a call of theirs or not.
"""

import uuid
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from callguard.call.commands import Command, FileRecording, PauseRecording, ResumeRecording, StartRecording, StopRecording
from callguard.call.events import (
    AnnouncementEnded,
    CallStarted,
    DigitCollected,
    EquipmentSeen,
    Event,
    HandedOver,
    LegGone,
    LegJoined,
    LegLeft,
    MailboxCounted,
    MessageSeen,
    News,
    PartyListed,
    RegisterChanged,
    SnapshotTaken,
    StepFailed,
    TimerFired,
)
from callguard.call.evolve import evolve
from callguard.call.policy import Policy, Traits, choose
from callguard.call.resume import resume
from callguard.call.state import ASKED, ASKED_IN_CALL, RUNNING, Call, Direction, Number, RecordingStatus, Stage
from callguard.call.step import open_call, step
from callguard.pbx.switch import Fact, HeartbeatHeard, LinkDown, LinkUp

Key: TypeAlias = tuple[str, str]
"""A PBX's name and its linkedid, or its uniqueid of a leg."""


@dataclass(slots=True)
class Board:
    """The calls at hand, by linkedid; the calls that each leg is a party of, first its own; who is in which bridge; and who is a guest.

    A guest is a leg and the call that it is a party of without belonging to it.
    """

    calls: dict[Key, Call] = field(default_factory=dict)
    legs: dict[Key, tuple[Key, ...]] = field(default_factory=dict)
    talking: dict[Key, LegJoined] = field(default_factory=dict)
    guests: frozenset[tuple[Key, Key]] = frozenset()

    def keep(self, call: Call) -> None:
        """Hold the call as it is now, or let go of it when nothing of it can change any more."""
        key = (call.pbx, call.linkedid)
        if is_settled(call):
            self.calls.pop(key, None)
            for party in call.parties:
                self._part((call.pbx, party.leg), key)
            return
        self.calls[key] = call
        for party in call.parties:
            leg = (call.pbx, party.leg)
            self.legs[leg] = _with(self.legs.get(leg, ()), key)

    def is_plain(self, leg: Key) -> bool:
        """Whether the leg is of no call, or of one only: of two people at most, of whom nobody is being asked.

        Who leaves such a call leaves nobody to be recorded or to be hung up on. May be asked from any thread.
        """
        keys = self.legs.get(leg, ())
        calls = [call for call in map(self.calls.get, keys) if call]
        return len(keys) < 2 and all(len(call.parties) < 3 and not is_asking(call) for call in calls)

    def _part(self, leg: Key, call: Key) -> None:
        self.guests -= {(leg, call)}
        others = tuple(key for key in self.legs.get(leg, ()) if key != call)
        if others:
            self.legs[leg] = others
        else:
            self.legs.pop(leg, None)


_ANSWERS = (AnnouncementEnded, DigitCollected, StepFailed, TimerFired)
"""What becomes of a step: a guest may be asked by several calls, and each counts its own steps."""


class Turn:
    """A working copy over a board. ``listed`` are the people in the do-not-record register."""

    def __init__(self, board: Board, policies: Sequence[Policy], listed: Container[Number] = ()) -> None:
        self.policies = policies
        self._listed = listed
        self._board = board
        self._after: dict[Key, Call] = {}
        self._legs: dict[Key, tuple[Key, ...]] = {}
        self._talking = dict(board.talking)
        self._guests = board.guests
        self.urgent = False
        self.commands: list[Command] = []
        self.messages: list[MessageSeen] = []
        self.news: list[News] = []
        self.links: list[LinkUp | LinkDown | HeartbeatHeard] = []
        self.reconciled: list[str] = []

    @property
    def protective(self) -> list[Command]:
        """The orders to stop or to pause a recording: they need no evidence, and so wait for no row."""
        return [order for order in self.commands if isinstance(order, StopRecording | PauseRecording)]

    @property
    def evidenced(self) -> Iterator[Command]:
        """The other orders, for which the rows must be there first.

        A turn that had to wait for the database may hold a recording's whole life. What was to begin or to go on and is stopped by now does
        not begin; and a pause that was sent on ahead is sent again behind what it silences.
        """
        stopped = {order.recording for order in self.commands if isinstance(order, StopRecording)}
        begun: set[str] = set()
        for order in self.commands:
            if isinstance(order, StartRecording | ResumeRecording):
                if order.recording in stopped:
                    continue
                begun.add(order.recording)
            elif isinstance(order, StopRecording) or (isinstance(order, PauseRecording) and order.recording not in begun):
                continue
            yield order

    @property
    def changes(self) -> list[tuple[Call | None, Call]]:
        """Each touched call as it was on the board and as it is now."""
        return [(self._board.calls.get(key), call) for key, call in self._after.items()]

    def settle(self) -> None:
        """The turn is written: the board is as the turn says."""
        self._board.talking = self._talking
        self._board.guests = self._guests
        for call in self._after.values():
            self._board.keep(call)

    def take(self, fact: Fact) -> None:
        """Apply one fact. The turn is urgent from the moment it has orders for a PBX, a decision to keep or news to tell."""
        if isinstance(fact, CallStarted):
            self._start(fact)
        elif isinstance(fact, Event):
            self._step(fact)
        elif isinstance(fact, MessageSeen):
            self.messages.append(fact)
        elif isinstance(fact, MailboxCounted | EquipmentSeen):
            self.news.append(fact)
        elif isinstance(fact, SnapshotTaken):
            self._reconcile(fact)
        elif isinstance(fact, RegisterChanged):
            self._read_register(fact)
        else:
            self.links.append(fact)
            self.urgent = True

    def _step(self, event: Event) -> None:
        if isinstance(event, LegJoined):
            self._join(event)
            return
        if isinstance(event, LegLeft | LegGone):
            self._part(event)
        for key in self._told(event):
            self._apply(key, event)

    def _told(self, event: Event) -> tuple[Key, ...]:
        """Whom an event is for: a hand-over the leg's own call, an answer the call that asked, anything else all calls of the leg."""
        keys, own = self._keys(event), (event.pbx, event.linkedid)
        if isinstance(event, HandedOver):
            return keys[:1]
        return (own,) if isinstance(event, _ANSWERS) and own in keys else keys

    def _join(self, event: LegJoined) -> None:
        """Who comes is told of whom he meets before these are told of him: nothing may begin before it is known who listens.

        To his call they come when he does, however long they have been there.
        """
        met = [one for one in self._talking.values() if (one.pbx, one.bridge) == (event.pbx, event.bridge)]
        self._talking[event.pbx, event.leg] = event
        keys = self._keys(event)
        for key in keys:
            for one in met:
                self._introduce(key, replace(one, at=event.at, received_at=event.received_at))
        hosts = (key for one in met for key in self._keys(one))
        for key in dict.fromkeys((*keys, *hosts)):
            self._introduce(key, event)

    def _introduce(self, key: Key, event: LegJoined) -> None:
        call = self._call(key)
        if call and event.linkedid != call.linkedid and not call.party(event.leg):
            self._guests |= {((event.pbx, event.leg), key)}
        self._apply(key, event)

    def _part(self, event: LegLeft | LegGone) -> None:
        leg = (event.pbx, event.leg)
        talking = self._talking.get(leg)
        if talking and (isinstance(event, LegGone) or event.bridge == talking.bridge):
            del self._talking[leg]

    def _apply(self, key: Key, event: Event) -> None:
        call = self._call(key)
        if call is None:
            return
        if isinstance(event, HandedOver | LegJoined) and event.number in self._listed:
            event = evolve(event, listed=True)
        after, commands = step(call, event)
        self.commands.extend(commands)
        if not self.urgent:
            self.urgent = any(not isinstance(command, FileRecording) for command in commands) or decisions(after) > decisions(call)
        if after is not call:
            self._hold(after)
            if isinstance(event, LegGone):
                self._dismiss(key, after, event)

    def _dismiss(self, key: Key, call: Call, event: LegGone) -> None:
        """Guests do not keep a call open: when all its own people are gone, it is over for the guests as well."""
        left = [party.leg for party in call.parties if party.stage is not Stage.GONE]
        if left and all(((call.pbx, leg), key) in self._guests for leg in left):
            self._apply(key, replace(event, leg=left[0], cause=None))

    def _start(self, event: CallStarted) -> None:
        """The first to tell of a call opens it; the dialplan tells the same again with the hand-over."""
        key = self._keys(event)[0]
        if self._call(key) is None:
            self._hold(open_call(uuid.uuid4().hex, event, choose(self.policies, _traits(event))))
            if event.direction is Direction.INBOUND and event.caller in self._listed:
                self._object(key, event.leg, event)

    def _read_register(self, fact: RegisterChanged) -> None:
        """Whoever is in a call and was entered meanwhile is recorded no more (S4). A removal is for the calls to come."""
        for key in {*self._board.calls, *self._after}:
            call = self._call(key)
            for party in call.parties if call else ():
                if party.outside and party.number in self._listed:
                    self._object(key, party.leg, fact)

    def _object(self, key: Key, leg: str, told: CallStarted | RegisterChanged) -> None:
        self._apply(key, PartyListed(pbx=key[0], linkedid=key[1], leg=leg, at=told.at, received_at=told.received_at))

    def _reconcile(self, snapshot: SnapshotTaken) -> None:
        """Who is in the bridges is told first, then what became of each call; that is said of one call at a time, and to no other."""
        self._see(snapshot)
        for event in list(resume(list(self._calls_of(snapshot.pbx)), snapshot)):
            own = (event.pbx, event.linkedid)
            if isinstance(event, CallStarted):
                self._start(event)
            else:
                self._apply(own if self._call(own) else self._keys(event)[0], event)
        self.reconciled.append(snapshot.pbx)
        self.urgent = True

    def _see(self, snapshot: SnapshotTaken) -> None:
        others = {leg: one for leg, one in self._talking.items() if leg[0] != snapshot.pbx}
        seen = {(snapshot.pbx, one.leg): one.joined for one in snapshot.sightings if one.joined}
        self._talking = others | seen
        for call in list(self._calls_of(snapshot.pbx)):
            bridges = {one.bridge for one in seen.values() if call.party(one.leg)}
            for one in seen.values():
                if one.bridge in bridges and not call.party(one.leg):
                    self._introduce((call.pbx, call.linkedid), one)

    def _calls_of(self, pbx: str) -> Iterator[Call]:
        keys = {key for key in (*self._board.calls, *self._after) if key[0] == pbx}
        return (call for call in map(self._call, keys) if call is not None)

    def _keys(self, event: Event) -> tuple[Key, ...]:
        """The calls that the leg is a party of; for one that is new, the call of its linkedid."""
        return self._known((event.pbx, event.leg)) or ((event.pbx, event.linkedid),)

    def _known(self, leg: Key) -> tuple[Key, ...]:
        return self._legs.get(leg) or self._board.legs.get(leg) or ()

    def _call(self, key: Key) -> Call | None:
        return self._after.get(key) or self._board.calls.get(key)

    def _hold(self, call: Call) -> None:
        key = (call.pbx, call.linkedid)
        self._after[key] = call
        for party in call.parties:
            leg = (call.pbx, party.leg)
            self._legs[leg] = _with(self._known(leg), key)


def _with(keys: tuple[Key, ...], key: Key) -> tuple[Key, ...]:
    return keys if key in keys else (*keys, key)


def decisions(call: Call) -> int:
    """How many decisions have been taken in the call."""
    return sum([len(party.consents) for party in call.parties])


def is_asking(call: Call) -> bool:
    """Whether somebody in the call is in the consent dialogue."""
    return any(party.stage in ASKED or party.stage in ASKED_IN_CALL for party in call.parties)


def is_settled(call: Call) -> bool:
    """Whether the call is over and every recording of it has been filed."""
    return call.ended_at is not None and not any(
        one.status in RUNNING or (one.status is RecordingStatus.STOPPED and one.size is None) for one in call.recordings
    )


def _traits(event: CallStarted) -> Traits:
    """What a policy is matched on: the number that was dialled, written either way."""
    numbers = tuple(number for number in (event.dialled, event.callee.e164) if number)
    return Traits(event.direction, numbers, event.trunk, event.queue)
