"""The one writer: facts in, rows first, commands second.

All facts of all PBXs, of the filing thread and of the timers meet in one queue. A turn takes what is there, steps each call through the
pure core, writes all that changed in one transaction (group commit) and only then lets the commands out (design rules 2 and 7). A turn with
neither orders for a PBX nor decisions stays open for a moment, so that an answer, a bridge and a hang-up cost one commit and not three; and
facts that are no more than a note do not even wake the engine, which looks every :data:`LAZY_S` while there are calls. So a call of
two people has three turns of its own: it is handed over, it has heard the notice, the two talk. The rest goes along with other calls.

When the database cannot be written, nothing that was decided is believed: the calls stay as they were, the facts are kept and the turn is
tried again, and the heartbeat stops, so that new calls pass by unrecorded and the PBX's net takes back those that wait. Only orders to stop
or to pause a recording wait for no row: they need no evidence. A fact that the database refuses by itself is dropped, with an error logged.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue
from typing import get_args

import structlog

from callguard.call import events as ev
from callguard.call.commands import ChannelCommand, Command, FileRecording, SetTimer, StartRecording
from callguard.call.events import Event, RecordingRefused, RegisterChanged, TimerFired
from callguard.call.policy import Policy
from callguard.clock import utc_now
from callguard.errors import FileFault, StoreError, StoreRefused
from callguard.mail.notices import Notices
from callguard.pbx.switch import Fact, HeartbeatHeard, LinkDown, LinkUp, Switch
from callguard.rights.listed import Listed
from callguard.store.database import Database
from callguard.store.records import open_calls, prepare
from callguard.turn import Board, Turn
from callguard.writing import Writing

TICK_S = 2.0
"""How often the heartbeat is written and the watchdog fed."""

HEARTBEAT_S = 6.0
"""How long the dialplan believes a heartbeat."""

BATCH = 1_000
"""Facts in one transaction, at most."""

CONGESTED = 5_000
"""Facts waiting, from which on the links stop reading."""

LINGER_S = 0.001
"""Those who meet come in events of their own within a millisecond; they are taken together."""

LAZY_S = 0.25
"""How long a turn without orders waits for company, and how often notes and timers are looked at."""

RETRY_S = 0.2
"""Between two attempts to write."""

LOOK_S = 0.4
"""How long the do-not-record register is believed; with the next wake, who is entered in mid-call is recorded no second longer."""

_OF_NO_CALL = (ev.MessageSeen, *get_args(ev.News))

_NOTES = (ev.CallStarted, ev.LegAnswered, ev.DialEnded, ev.HandedBack, ev.RecordingStopped, ev.RecordingFiled, *_OF_NO_CALL)
"""Facts that change rows and do not by themselves lead to an order for a PBX; but for an answer, that of a phone which was let in early."""

_PARTINGS = (ev.LegLeft, ev.LegGone, ev.RecordingStarted)
"""Facts that lead to one only where somebody is left to be recorded."""

_PATIENT = (*_NOTES, *_PARTINGS)

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where the engine's orders and news go: the PBXs, the filing thread, and whoever wants to know of links and ticks."""

    switches: Mapping[str, Switch]
    file: Callable[[FileRecording], object]
    prepare_folder: Callable[[str], None]
    on_tick: Callable[[], None]
    on_link: Callable[[LinkUp | LinkDown | HeartbeatHeard], None]
    on_reconciled: Callable[[str], None]


class Engine:
    """Runs in the thread that calls :meth:`run`; everything else reaches it through :meth:`put`."""

    _out: Outlets

    def __init__(self, database: Database, policies: Sequence[Policy], notices: Notices | None = None) -> None:
        self.board = Board()
        self.lag_ms = 0.0
        """From the receipt of an event to its orders, milliseconds, the slowest of the last turn."""
        self._database = database
        self._writing = Writing(database, notices or Notices())
        self._policies = policies
        self._inbox: deque[Fact] = deque()
        self._bell: SimpleQueue[float] = SimpleQueue()
        self._errands: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._listed = Listed(database)
        self._next_look = 0.0
        self._blind = False
        self._facts: list[Fact] = []
        self._turn = Turn(self.board, policies, self._listed)
        self._due_at = 0.0
        self._timers: list[tuple[float, int, SetTimer]] = []
        self._numbers = count()
        self._fault: str | None = None
        self._next_tick = 0.0
        self._running = True

    def connect(self, outlets: Outlets) -> None:
        """Where orders and news go. Once, before :meth:`load`: the outlets are made of things that report to this engine."""
        self._out = outlets

    def put(self, fact: Fact) -> None:
        """From any thread."""
        self._inbox.append(fact)
        if not self.board.calls or self._is_pressing(fact):
            self._bell.put(LINGER_S if isinstance(fact, ev.LegJoined) else 0.0)

    def _is_pressing(self, fact: Fact) -> bool:
        """Whether the fact may lead to an order for a PBX; what a moment ago was not known on the board shows at the next look."""
        if isinstance(fact, _PARTINGS):
            return not self.board.is_plain((fact.pbx, fact.leg))
        return not isinstance(fact, _NOTES)

    def congested(self) -> bool:
        """Whether the links should stop reading for a while."""
        return self.waiting > CONGESTED

    @property
    def waiting(self) -> int:
        """Facts in the queue."""
        return len(self._inbox)

    def load(self) -> None:
        """Take up the open calls of every PBX as they were last committed. Before :meth:`run`."""
        with self._database.read() as connection:
            prepare(connection)
            for name in self._out.switches:
                for call in open_calls(connection, name):
                    self.board.keep(call)

    def between_turns(self, errand: Callable[[], object]) -> None:
        """Have the engine's thread do this when no transaction is open. From any thread, or from a signal."""
        self._errands.put(errand)
        self._bell.put(0.0)

    def go_by(self, policies: Sequence[Policy]) -> None:
        """The policies of calls that begin from now on. In the engine's thread, or before :meth:`run`."""
        self._policies = self._turn.policies = policies

    def stop(self) -> None:
        """Finish the turn at hand and return from :meth:`run`. From any thread, or from a signal."""
        self._running = False
        self._bell.put(0.0)

    def run(self) -> None:
        """Turn until stopped."""
        while self._running:
            arrived = self._arrivals()
            self._take([*self._look(arrived), *arrived])
            self._tick(healthy=self.finish_turn() if self._is_due() else self._fault is None)
            while not self._errands.empty():
                self._errands.get()()
        self.finish_turn()

    def _arrivals(self) -> list[Fact]:
        """What has come; waits for the bell until the next tick, the end of the open turn or the next look at calls is due.

        The bell tells how long to wait for others: those who come into a bridge come one by one.
        """
        with suppress(Empty):
            if linger_s := self._bell.get(timeout=self._idle_s()):
                time.sleep(linger_s)
        while not self._bell.empty():
            self._bell.get_nowait()
        arrived: list[Fact] = []
        while self._inbox and len(arrived) + len(self._facts) < BATCH:
            arrived.append(self._inbox.popleft())
        if self._inbox and self._fault is None:
            self._bell.put(0.0)
        return [*arrived, *self._timers_due()]

    def _idle_s(self) -> float:
        now = time.monotonic()
        due = [self._next_tick]
        if self._facts:
            due.append(self._due_at)
        if self.board.calls or self._inbox:
            due.append(now + LAZY_S)
        return max(0.0, min(due) - now)

    def _look(self, arrived: Iterable[Fact]) -> Iterable[RegisterChanged]:
        """Look at the register where that is due, or a call begins; while it cannot be read nothing is decided."""
        if time.monotonic() < self._next_look and not any(isinstance(fact, ev.CallStarted) for fact in arrived):
            return
        self._next_look = time.monotonic() + LOOK_S
        try:
            changed = self._listed.look()
        except StoreError as error:
            self._blind = True
            self._tell(str(error))
            return
        if self._blind:
            self._tell(None)
        self._blind = False
        if changed:
            yield RegisterChanged(at=utc_now(), received_at=utc_now())

    def _timers_due(self) -> Iterable[TimerFired]:
        now, at = time.monotonic(), utc_now()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            yield TimerFired(pbx=timer.pbx, linkedid=timer.linkedid, leg=timer.leg, at=at, received_at=at, step=timer.step)

    def _take(self, facts: Sequence[Fact]) -> None:
        if facts and not self._facts:
            self._turn = Turn(self.board, self._policies, self._listed)
            self._due_at = time.monotonic() + LAZY_S
        for fact in facts:
            self._turn.take(fact)
        self._facts.extend(facts)

    def _is_due(self) -> bool:
        """A turn that could not be written waits for its next attempt, however urgent or large it is."""
        pressing = self._fault is None and (self._turn.urgent or len(self._facts) >= BATCH)
        return bool(self._facts) and (pressing or time.monotonic() >= self._due_at)

    def finish_turn(self) -> bool:
        """Write and send what the open turn holds; ``False`` when nothing could be written and all must be tried again."""
        facts, self._facts = self._facts, []
        if not facts or self._write_and_send(self._turn, facts):
            return True
        self._take(facts)
        self._due_at = time.monotonic() + RETRY_S
        return False

    def _write_and_send(self, turn: Turn, facts: Sequence[Fact]) -> bool:
        self._send(turn.protective)
        if self._blind:
            return False
        try:
            self._writing.write(turn)
        except StoreRefused as error:
            return self._one_by_one(facts, error)
        except StoreError as error:
            self._tell(str(error))
            return False
        self._tell(None)
        turn.settle()
        self._send(turn.evidenced)
        if turn.urgent:
            self.lag_ms = max((_age_ms(fact) for fact in facts if isinstance(fact, Event) and not isinstance(fact, _PATIENT)), default=0.0)
        self._announce(turn)
        return True

    def _one_by_one(self, facts: Sequence[Fact], error: StoreError) -> bool:
        """One of these cannot be stored whatever happens; the others must not wait for it."""
        if len(facts) == 1:
            LOG.error("dropped a fact that the database refuses", kind=type(facts[0]).__name__, fault=error.message)
            return True
        for fact in facts:
            alone = Turn(self.board, self._policies, self._listed)
            alone.take(fact)
            if not self._write_and_send(alone, [fact]):
                self.put(fact)
        return True

    def _tell(self, fault: str | None) -> None:
        """Once when storing fails, once when it works again."""
        if fault != self._fault:
            self._fault = fault
            self._bell.put(0.0)
            LOG.warning("storing works again") if fault is None else LOG.error("cannot store; calls go on unrecorded", fault=fault)

    def _announce(self, turn: Turn) -> None:
        for link in turn.links:
            self._out.on_link(link)
        for pbx in turn.reconciled:
            self._out.switches[pbx].beat(HEARTBEAT_S)
            self._out.on_reconciled(pbx)

    def _send(self, commands: Iterable[Command]) -> None:
        """To the PBX in the order decided, one write for each PBX."""
        orders: dict[str, list[ChannelCommand]] = {}
        for command in commands:
            if isinstance(command, SetTimer):
                heapq.heappush(self._timers, (time.monotonic() + command.after_ms / 1000, next(self._numbers), command))
            elif isinstance(command, FileRecording):
                self._out.file(command)
            elif isinstance(command, ChannelCommand) and self._possible(command):
                orders.setdefault(command.pbx, []).append(command)
        for pbx, batch in orders.items():
            self._out.switches[pbx].perform(batch)

    def _possible(self, command: ChannelCommand) -> bool:
        """A recording that could not be deleted when its time comes must not begin."""
        if not isinstance(command, StartRecording):
            return True
        try:
            self._out.prepare_folder(command.path)
        except FileFault as fault:
            LOG.warning("recording not begun", recording=command.recording, fault=str(fault))
            self.put(_refused(command, fault.message))
            return False
        return True

    def _tick(self, *, healthy: bool) -> None:
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + TICK_S
        self._out.on_tick()
        if healthy:
            for switch in self._out.switches.values():
                switch.beat(HEARTBEAT_S)


def _age_ms(event: Event) -> float:
    return (utc_now() - event.received_at).total_seconds() * 1000


def _refused(command: StartRecording, reason: str) -> RecordingRefused:
    now = utc_now()
    return RecordingRefused(
        pbx=command.pbx,
        linkedid=command.linkedid,
        leg=command.leg,
        at=now,
        received_at=now,
        recording=command.recording,
        reason=reason,
    )
