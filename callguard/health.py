"""How the daemon is: told to systemd, to the status file, and once a link changes to the log.

All of it happens on the engine's tick, in the engine's thread: what says that the daemon lives is said by what makes it live.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from callguard import __version__, status_file, systemd
from callguard.clock import utc_now
from callguard.config import Settings
from callguard.engine import Engine
from callguard.pbx.switch import HeartbeatHeard, LinkDown, LinkUp
from callguard.retention.schedule import SweepSchedule
from callguard.retention.space import Pressure, free_bytes, in_words, pressure
from callguard.status_file import LinkStatus, Status

OVERDUE = timedelta(days=2)
"""A sweep comes every day."""

_DISK = {
    Pressure.NONE: "there is room on the recordings' disk again",
    Pressure.LOW: "the recordings' disk is getting full: soon no recording begins",
    Pressure.FULL: "no recording begins: the recordings' disk is full or not there; nothing is deleted to make room",
}

LOG = structlog.get_logger(__name__)


@dataclass(slots=True)
class Readiness:
    """What is still awaited of which PBX since the start: that its calls agree with our rows, and that it has heard our heartbeat."""

    reconciled: set[str]
    heard: set[str]
    told: bool = False


class Health:
    """Collects and tells."""

    def __init__(self, settings: Settings, engine: Engine, sweeps: SweepSchedule) -> None:
        now = utc_now()
        self._settings = settings
        self._engine = engine
        self._sweeps = sweeps
        self._started_at = now
        self._path = status_file.path(settings)
        self._links = {pbx.name: LinkStatus(pbx=pbx.name, up=False, since=now, reason="not connected yet") for pbx in settings.pbx}
        self._pressure = Pressure.NONE
        self._awaited = Readiness({pbx.name for pbx in settings.pbx}, {pbx.name for pbx in settings.pbx})

    def link(self, link: LinkUp | LinkDown | HeartbeatHeard) -> None:
        """A link came up, went down, or carried our heartbeat to the PBX."""
        if isinstance(link, HeartbeatHeard):
            self._awaited.heard.discard(link.pbx)
            self._tell_ready()
            return
        reason = link.reason if isinstance(link, LinkDown) else None
        self._links[link.pbx] = LinkStatus(pbx=link.pbx, up=isinstance(link, LinkUp), since=link.at, reason=reason)
        systemd.status(self.summary())
        self._write(utc_now())

    def reconciled(self, pbx: str) -> None:
        """The PBX's snapshot and our rows agree, and the agreement is committed."""
        self._awaited.reconciled.discard(pbx)
        self._tell_ready()

    def _tell_ready(self) -> None:
        """Once, when every PBX agrees with our rows and its dialplan sends us its calls."""
        if self._awaited.told or self._awaited.reconciled or self._awaited.heard:
            return
        self._awaited.told = True
        systemd.ready(self.summary())
        LOG.info("ready", pbxs=len(self._links), calls=len(self._engine.board.calls))

    def tick(self) -> None:
        """Feed the watchdog and write the status file."""
        systemd.alive()
        self._watch_disk()
        self._write(utc_now())

    def end(self) -> None:
        """Leave a last status that says that nothing is connected."""
        now = utc_now()
        self._links = {name: replace(link, up=False, since=now, reason="stopped") for name, link in self._links.items()}
        self._write(now)

    def summary(self) -> str:
        """One line for `systemctl status`."""
        links = (f"{link.pbx} {'up' if link.up else f'down: {link.reason}'}" for link in self._links.values())
        return f"{', '.join(links)}; {len(self._engine.board.calls)} calls"

    def _watch_disk(self) -> None:
        """Once for each change: it gets full, no recording begins any more, there is room again."""
        free, least = free_bytes(self._settings.recordings.root), self._settings.recordings.min_free
        found = Pressure.FULL if free is None else pressure(free, least)
        if found is self._pressure:
            return
        self._pressure = found
        say = LOG.info if found is Pressure.NONE else LOG.warning if found is Pressure.LOW else LOG.error
        say(_DISK[found], free=None if free is None else in_words(free, least))

    def _alarms(self, now: datetime) -> Iterator[str]:
        if self._sweeps.last_error is not None:
            yield f"the sweep failed: {self._sweeps.last_error}"
        elif self._sweeps.last_run is not None and now - self._sweeps.last_run > OVERDUE:
            yield f"no sweep has ended since {self._sweeps.last_run:%Y-%m-%d}"
        if self._pressure is not Pressure.NONE:
            yield _DISK[self._pressure]

    def _write(self, now: datetime) -> None:
        status_file.write(self._path, self._status(now))

    def _status(self, now: datetime) -> Status:
        calls = list(self._engine.board.calls.values())
        return Status(
            pid=os.getpid(),
            version=__version__,
            started_at=self._started_at,
            written_at=now,
            links=tuple(self._links.values()),
            calls_now=sum(call.ended_at is None for call in calls),
            recordings_now=sum(call.running is not None for call in calls),
            queue=self._engine.waiting,
            lag_ms=self._engine.lag_ms,
            last_sweep=self._sweeps.last_run,
            next_sweep=self._sweeps.next_run(),
            disk_free=free_bytes(self._settings.recordings.root),
            alarms=tuple(self._alarms(now)),
        )
