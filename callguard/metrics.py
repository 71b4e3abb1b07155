"""Figures for Prometheus, in a file that its node exporter reads (textfile collector): the daemon, its links, its disk, what is due, mails.

A file and not a port: nothing more listens on the machine, and a daemon that is gone shows by the age of its file
(``node_textfile_mtime_seconds``). No figure is of one person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from callguard import status_file
from callguard.config import Settings
from callguard.errors import FileFault
from callguard.mail.warning import stage
from callguard.rights.deadlines import Deadline, deadlines
from callguard.status_file import Status
from callguard.store.database import Database
from callguard.store.mail_rows import FAILED, UNSURE, WAITING, count_mails

STAGES = ("open", "near", "late")


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes the file each time it is called."""

    database: Database
    settings: Settings
    file: Path

    def __call__(self, now: datetime) -> None:
        """Replace the file by one of now. Raises :class:`FileFault` where it cannot be written, :class:`callguard.errors.StoreError`."""
        with self.database.read() as connection:
            due, mails = deadlines(connection, self.settings.retention.time_zone, now), count_mails(connection)
        registry = CollectorRegistry()
        status = status_file.latest(self.settings)
        if status is not None:
            _daemon(registry, status)
        _deadlines(registry, due, now)
        _mails(registry, mails)
        try:
            write_to_textfile(str(self.file), registry)
        except OSError as failure:
            remedy = "let callguard's user write there, or correct metrics.file"
            raise FileFault(f"cannot be written: {failure.strerror}", place=str(self.file), remedy=remedy) from failure


def _daemon(registry: CollectorRegistry, status: Status) -> None:
    swept = None if status.last_sweep is None else status.last_sweep.timestamp()
    gauges: Mapping[str, tuple[str, float | None]] = {
        "callguard_calls": ("Calls that are going on.", status.calls_now),
        "callguard_recordings_running": ("Recordings that are going on.", status.recordings_now),
        "callguard_queue": ("Facts that wait for the engine.", status.queue),
        "callguard_lag_seconds": ("From event to order.", status.lag_ms / 1000),
        "callguard_alarms": ("What a person has to see to.", len(status.alarms)),
        "callguard_disk_free_bytes": ("Room for recordings.", status.disk_free),
        "callguard_last_sweep_timestamp_seconds": ("When the last sweep ended.", swept),
    }
    for name, (words, value) in gauges.items():
        if value is not None:
            Gauge(name, words, registry=registry).set(value)
    links = Gauge("callguard_link_up", "Whether the link to a PBX is up.", ["pbx"], registry=registry)
    for link in status.links:
        links.labels(link.pbx).set(link.up)


def _deadlines(registry: CollectorRegistry, due: Sequence[Deadline], now: datetime) -> None:
    counted = Counter((one.what.split()[0], stage(one, now)) for one in due)
    gauge = Gauge("callguard_deadlines", "Requests and incidents that somebody waits for.", ["kind", "stage"], registry=registry)
    for kind in ("request", "incident"):
        for each in STAGES:
            gauge.labels(kind, each).set(counted[kind, each])
    nearest = Gauge("callguard_deadline_seconds", "Until the next deadline; below zero it is late.", registry=registry)
    nearest.set((due[0].due_at - now).total_seconds() if due else float("inf"))


def _mails(registry: CollectorRegistry, mails: Mapping[str, int]) -> None:
    gauge = Gauge("callguard_mails", "Mails that wait, and that were not sent.", ["state"], registry=registry)
    for state in (WAITING, FAILED, UNSURE):
        gauge.labels(state).set(mails.get(state, 0))
