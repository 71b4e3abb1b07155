"""A daemon made of its real parts, without sockets, threads and disk: the driver of Asterisk, the board and its turns, the pure core.

What it cannot have is played: time is what the PBX says it is, a timer fires before the first message after its time, and a file is
measured as soon as it is over. Whenever the core has settled, the people in the bridge of a running recording, as the PBX told them and not
as the core believes, must be covered.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Final

from callguard import numbers
from callguard.call.commands import ChannelCommand, Command, FileRecording, SetTimer
from callguard.call.events import MessageSeen, RecordingFiled, TimerFired
from callguard.call.state import COVERED, RUNNING, Call, RecordingStatus
from callguard.pbx.asterisk import Asterisk, AsteriskSite
from callguard.pbx.border import Border
from callguard.pbx.switch import Fact, Switch
from callguard.turn import Board, Turn
from tests.replay.fixtures import TRUNK, Fixture, Mark, Step, Told
from tests.replay.link import NOWHERE, Paper, PaperLink, ReplayLink
from tests.replay.pbx_model import Channels
from tests.replay.rows import through_rows

PBX: Final = "asterisk"
REGION: Final = "RO"
LATER: Final = timedelta(hours=1)

_RECORDING: Final = b".wav"
_BEFORE: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """The PBX's time, which never goes back."""

    now: datetime = _BEFORE

    def __call__(self) -> datetime:
        return self.now

    def reach(self, moment: datetime | None) -> None:
        self.now = max(self.now, moment or self.now)


@dataclass
class Replay:
    """One run over a fixture or a part of it: from a daemon that was just started, on a board that may hold what an earlier one left.

    `calls` are all calls that were ever touched, as they are now; `facts` everything that reached the core; `channels` what the PBX
    would show at this point, where that is known.
    """

    fixture: Fixture
    paper: Paper
    board: Board = field(default_factory=Board)
    clock: Clock = field(default_factory=Clock)
    channels: Channels | None = None
    calls: dict[str, Call] = field(default_factory=dict)
    messages: list[MessageSeen] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    _timers: list[tuple[datetime, int, SetTimer]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _held: list[Told] | None = None

    def __post_init__(self) -> None:
        self.calls.update((call.id, call) for call in self.board.calls.values())
        self._start()

    def attach(self, channels: Channels) -> None:
        """The link comes up while the PBX has these channels."""
        self.channels = channels
        self._link.answer_for({key: replace(one, file=self.paper.translated(one.file)) for key, one in channels.items()})
        self._link.up()
        self._settle()
        self._link.answer_for(None)

    def take(self, steps: Sequence[Step], channels: Channels | None) -> None:
        """Steps of the fixture that reach the engine together, after which the PBX has these channels; timers that are due fire before."""
        for step in steps:
            if isinstance(step, Mark):
                self._mark(step)
            elif self._held is not None:
                self._held.append(step)
            else:
                self._pass(step.at)
                self._receive(step)
        self.channels = channels
        self._settle()

    def finish(self) -> None:
        """Nothing more comes; every timer still fires."""
        self._fire(self.clock.now + LATER)
        self._settle()

    def _start(self) -> None:
        """A driver that knows nothing, as a daemon has that was just started."""
        self._inbox: list[Fact] = []
        self._timers.clear()
        self._drive(Border(PBX, partial(numbers.parse, region=REGION), frozenset({TRUNK}), self.clock))

    def _drive(self, border: Border) -> None:
        """Asterisk's, with a link that is read from paper."""
        switch = Asterisk(AsteriskSite(NOWHERE, border, self.fixture.pbx_root), self._inbox.append, lambda: False)
        self._link: PaperLink = ReplayLink(switch._link._callbacks, self.paper)
        switch._link = self._link
        self._switch: Switch = switch

    def _mark(self, mark: Mark) -> None:
        if mark.event in ("connected", "lost", "stopped"):
            self._fire(mark.at)
        self.clock.reach(mark.at)
        match mark.event:
            case "started":
                self.board = board_of(through_rows(self.board.calls.values()))
                self._start()
            case "connected":
                self._link.connected()
            case "lost":
                self._link.lost()
            case "stopped":
                self._held = []
            case "continued":
                self._continue(mark)

    def _continue(self, mark: Mark) -> None:
        """A process that stood still finds all that it was told in one piece, and its timers overdue."""
        held, self._held = self._held or [], None
        if mark.timers_first:
            self._ring(mark.at)
        for told in held:
            self._receive(told)
        self._settle()
        self._fire(mark.at)

    def _receive(self, told: Told) -> None:
        message = told.message
        if _RECORDING in message:
            message = self.paper.translated(message.decode()).encode()
        if self.paper.is_answer(told):
            self._link.receive(replace(told, message=message))

    def _pass(self, moment: datetime | None) -> None:
        self._fire(moment)
        self.clock.reach(moment)

    def _fire(self, moment: datetime | None) -> None:
        """The timers that are due before this moment, each at its time."""
        while moment and self._timers and self._timers[0][0] < moment:
            self._ring(self._timers[0][0])
            self._settle()

    def _ring(self, moment: datetime) -> None:
        """Tell of the timers that are due by now."""
        while self._timers and self._timers[0][0] <= moment:
            due, _, timer = heapq.heappop(self._timers)
            self.clock.reach(due)
            where = {"pbx": timer.pbx, "linkedid": timer.linkedid, "leg": timer.leg}
            self._inbox.append(TimerFired(**where, at=self.clock.now, received_at=self.clock.now, step=timer.step))

    def _settle(self) -> None:
        if not self._inbox:
            return
        while self._inbox:
            facts = self._inbox.copy()
            self._inbox.clear()
            self._turn(facts)
        self._check()

    def _turn(self, facts: Iterable[Fact]) -> None:
        turn = Turn(self.board, self.fixture.policies)
        for fact in facts:
            self.facts.append(fact)
            turn.take(fact)
        self.calls.update((call.id, call) for _, call in turn.changes)
        self.messages.extend(turn.messages)
        turn.settle()
        for command in turn.commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        if isinstance(command, SetTimer):
            due = self.clock.now + timedelta(milliseconds=command.after_ms)
            heapq.heappush(self._timers, (due, next(self._numbers), command))
        elif isinstance(command, FileRecording):
            self._inbox.append(_filed(command, self.clock.now))
        elif isinstance(command, ChannelCommand):
            self._switch.perform([command])

    def _check(self) -> None:
        """S1, S2, C8: nobody from outside is recorded, or heard in a recording, without a decision that covers it.

        Who is there is what the PBX told, not what the core believes.
        """
        for call in self.board.calls.values():
            running = [one for one in call.recordings if one.status in RUNNING]
            assert len(running) <= 1, call.recordings
            for one in running:
                if self.channels and one.leg in self.channels and one.status is not RecordingStatus.PAUSED:
                    self._check_present(self.channels, self.channels[one.leg].bridge)

    def _check_present(self, channels: Channels, bridge: str) -> None:
        decisions = {party.leg: party.decision for call in self.calls.values() for party in call.parties if party.consents}
        for leg, channel in channels.items():
            if channel.outside and channel.talking and channel.bridge == bridge:
                assert decisions.get(leg) in COVERED, f"recorded while {channel.name} is {decisions.get(leg)}"


def board_of(calls: Iterable[Call]) -> Board:
    """A board with these calls, as the engine loads them at its start."""
    board = Board()
    for call in calls:
        board.keep(call)
    return board


def _filed(command: FileRecording, now: datetime) -> RecordingFiled:
    return RecordingFiled(
        pbx=command.pbx,
        linkedid=command.linkedid,
        leg=command.leg,
        at=now,
        received_at=now,
        recording=command.recording,
        size=1,
        sha256="0" * 64,
        fault=None,
    )
