"""The daemon's engine over a real database, with a PBX that plays plain recorded calls as fast as it is ordered to.

The PBX is a double of the port: it answers each order with the facts that would follow it, fifteen to a call from the hand-over to the
filed recording. So what is measured is the engine, the core and the store, and nothing else.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.state import Direction, Number
from callguard.clock import utc_now
from callguard.engine import Engine, Outlets
from callguard.pbx.border import Where
from callguard.pbx.switch import Fact
from callguard.store.database import open_database
from callguard.store.migration import migrate
from tests.integration.store_values import POLICY, keep

FACTS: Final = 15
"""To a call."""

PBX: Final = "main"
COMPANY: Final = Number("700", None)
AT_ONCE: Final = 200
"""Calls at a time: what a PBX of some size has in the minute of its announcements."""


@dataclass
class PlayedPbx:
    """See the module. `deliver` is the engine's."""

    deliver: Callable[[Fact], None]
    name: str = PBX
    room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def call(self, number: int) -> None:
        """A new call comes in; waits while there are too many."""
        self.room.acquire()
        where, caller = _where(f"{number}.0", f"{number}.0"), Number(f"07{number:08}", f"+407{number:08}")
        channel = f"PJSIP/trunk-{number:08x}"
        self.deliver(
            ev.CallStarted(
                **where,
                channel=channel,
                direction=Direction.INBOUND,
                started_at=utc_now(),
                caller=caller,
                callee=COMPANY,
                dialled="700",
                trunk="trunk",
            )
        )
        self.deliver(ev.HandedOver(**where, channel=channel, number=caller))
        self.deliver(ev.LegAnswered(**where))

    def perform(self, commands: Sequence[do.ChannelCommand]) -> None:
        """What each order leads to."""
        for command in commands:
            for fact in self._following(command):
                self.deliver(fact)

    def file(self, command: do.FileRecording) -> None:
        """The file is measured; the call is over."""
        where = _where(command.linkedid, command.leg)
        self.deliver(ev.RecordingFiled(**where, recording=command.recording, size=32_044, sha256="f" * 64, fault=None))
        self.room.release()

    def start(self) -> None:
        """There is no link."""

    def stop(self) -> None:
        """There is no link."""

    def beat(self, seconds: float) -> None:
        """There is no dialplan."""

    def _following(self, command: do.ChannelCommand) -> Iterator[Fact]:
        where = _where(command.linkedid, command.leg)
        if isinstance(command, do.Announce):
            heard_ms = command.announcement.duration_ms
            yield ev.AnnouncementEnded(**where, step=command.step, heard_ms=heard_ms, complete=True)
        elif isinstance(command, do.Release):
            yield from self._put_through(command)
        elif isinstance(command, do.StartRecording):
            yield ev.RecordingStarted(**where, recording=command.recording)
            yield from self._parted(command)

    def _put_through(self, command: do.ChannelCommand) -> Iterator[Fact]:
        caller, agent = _where(command.linkedid, command.leg), _where(command.linkedid, _agent_of(command))
        yield ev.HandedBack(**caller)
        yield ev.LegAnswered(**agent)
        yield ev.DialEnded(**caller, status="ANSWER")
        yield ev.LegJoined(**agent, channel="PJSIP/agent-1", bridge=command.linkedid, number=COMPANY, outside=False)
        yield ev.LegJoined(**caller, channel=command.channel, bridge=command.linkedid, number=COMPANY, outside=True)

    def _parted(self, command: do.ChannelCommand) -> Iterator[Fact]:
        for leg in (_agent_of(command), command.leg):
            yield ev.LegLeft(**_where(command.linkedid, leg), bridge=command.linkedid)
        for leg in (_agent_of(command), command.leg):
            yield ev.LegGone(**_where(command.linkedid, leg), cause="NORMAL_CLEARING")


@contextmanager
def played_engine(folder: Path) -> Iterator[tuple[Engine, PlayedPbx]]:
    """An engine, not running yet, that is connected to such a PBX."""
    with closing(open_database(f"sqlite:///{folder / 'callguard.db'}")) as database:
        migrate(database)
        with database.write() as connection:
            keep(connection)
        engine = Engine(database, [POLICY])
        pbx = PlayedPbx(engine.put)
        engine.connect(Outlets({PBX: pbx}, pbx.file, _ignore, lambda: None, _ignore, _ignore))
        engine.load()
        yield engine, pbx


def play(engine: Engine, pbx: PlayedPbx, first: int, calls: int) -> None:
    """So many calls, to the end of the last; the engine runs in another thread."""
    for number in range(first, first + calls):
        pbx.call(number)
    while engine.board.calls:
        time.sleep(0.01)


def _where(linkedid: str, leg: str) -> Where:
    now = utc_now()
    return {"pbx": PBX, "linkedid": linkedid, "leg": leg, "at": now, "received_at": now}


def _agent_of(command: do.ChannelCommand) -> str:
    return f"{command.linkedid}-agent"


def _ignore(_news: object) -> None:
    """Nobody listens."""
