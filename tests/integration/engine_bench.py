"""An engine that runs in a thread over a real database, its PBX of lists, and facts to tell it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callguard.announcements.catalogue import ArchivedAnnouncement
from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Mode, Policy, Prompts
from callguard.call.state import Direction, Number
from callguard.engine import Engine, Outlets
from callguard.errors import FileFault
from callguard.pbx.switch import HeartbeatHeard, LinkDown, LinkUp, MemorySwitch
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate

NOW = datetime(2026, 8, 31, 10, 0, tzinfo=UTC)
CALLER = Number("0722000111", "+40722000111")
NOTICE = Announcement("a" * 64, "inbound-notice", "ro", 1600, "callguard/ro/inbound-notice-aaaaaaaaaaaa")
POLICY = Policy(
    name="in",
    version="p" * 64,
    direction="inbound",
    mode=Mode.NOTICE,
    legal_basis="consent",
    purposes=("service quality",),
    retention=Period(6, Unit.MONTHS),
    prompts=Prompts(NOTICE, NOTICE, NOTICE),
    refuse_key="9",
)


class WatchingSwitch(MemorySwitch):
    """Looks into the database at the moment an order reaches it, as a crash at that moment would leave it."""

    look: Callable[[], Any] = staticmethod(lambda: None)

    def perform(self, commands: Sequence[do.ChannelCommand]) -> None:
        self.seen = [*getattr(self, "seen", []), *((command, self.look()) for command in commands)]
        super().perform(commands)


@dataclass
class Bench:
    """An engine that runs, its PBX of lists, and its database under our eyes."""

    database: Database
    file: Path
    engine: Engine
    switch: WatchingSwitch
    filed: list[do.FileRecording] = field(default_factory=list)
    links: list[LinkUp | LinkDown | HeartbeatHeard] = field(default_factory=list)
    reconciled: list[str] = field(default_factory=list)
    folder_fault: FileFault | None = None
    thread: threading.Thread | None = None

    def prepare_folder(self, _path: str) -> None:
        if self.folder_fault:
            raise self.folder_fault

    def start(self) -> None:
        outlets = Outlets(
            {"pbx": self.switch}, self.filed.append, self.prepare_folder, lambda: None, self.links.append, self.reconciled.append
        )
        self.engine.connect(outlets)
        self.engine.load()
        self.thread = threading.Thread(target=self.engine.run)
        self.thread.start()

    def stop(self) -> None:
        self.engine.stop()
        assert self.thread is not None
        self.thread.join(10)
        assert not self.thread.is_alive()

    def tell(self, *facts: Any) -> None:  # noqa: ANN401 - any fact
        for fact in facts:
            self.engine.put(fact)

    def wait(self, kind: type[do.Command], count: int = 1, bound_s: float = 5.0) -> list[Any]:
        """The orders of this kind, once there are so many."""
        end = time.monotonic() + bound_s
        while len(found := [one for one in self.switch.performed if isinstance(one, kind)]) < count:
            assert time.monotonic() < end, f"no {kind.__name__}: {self.switch.performed}"
            time.sleep(0.005)
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()

    def wait_rows(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        end = time.monotonic() + 5
        while (found := self.rows(query)) != expected:
            assert time.monotonic() < end, found
            time.sleep(0.01)


def make(file: Path) -> Bench:
    database = open_database(f"sqlite:///{file}")
    migrate(database)
    with database.write() as connection:
        archive_announcement(connection, ArchivedAnnouncement("a" * 64, "inbound-notice", "ro", "Text", 1600, b"8", b"16"), NOW)
    return Bench(database, file, Engine(database, [POLICY]), WatchingSwitch("pbx", lambda _fact: None))


def where(leg: str = "1.0", linkedid: str = "1.0") -> dict[str, Any]:
    return {"pbx": "pbx", "linkedid": linkedid, "leg": leg, "at": NOW, "received_at": NOW}


def arriving(linkedid: str = "1.0") -> list[ev.Event]:
    started = ev.CallStarted(
        **where(linkedid, linkedid),
        channel=f"PJSIP/trunk-{linkedid}",
        direction=Direction.INBOUND,
        started_at=NOW,
        caller=CALLER,
        callee=Number("700", None),
        dialled="700",
    )
    return [started, ev.HandedOver(**where(linkedid, linkedid), channel=f"PJSIP/trunk-{linkedid}", number=CALLER)]


def heard(linkedid: str = "1.0") -> ev.Event:
    return ev.AnnouncementEnded(**where(linkedid, linkedid), step=1, heard_ms=1600, complete=True)


def talking(linkedid: str = "1.0") -> list[ev.Event]:
    agent = ev.LegJoined(**where(f"{linkedid}9", linkedid), channel="PJSIP/agent-1", bridge="b", number=Number("700", None), outside=False)
    return [agent, ev.LegJoined(**where(linkedid, linkedid), channel=f"PJSIP/trunk-{linkedid}", bridge="b", number=CALLER, outside=True)]
