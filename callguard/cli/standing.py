"""How things stand: the daemon by its own account (its status file), and what the database knows whether it runs or not.

What only a running daemon can tell is unknown when it does not run, and not what it was when it ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from callguard.cli.output import Cell, moment, print_fields, print_json
from callguard.cli.session import database
from callguard.clock import utc_now
from callguard.config import Settings
from callguard.errors import CallguardError, Fault, StoreError
from callguard.retention.space import free_bytes
from callguard.rights.deadlines import Deadline, deadlines
from callguard.status_file import Status, latest
from callguard.store.mail_rows import count_mails
from callguard.store.records import open_calls
from callguard.store.retention_rows import SweepRow, count_due, last_sweep


@dataclass(frozen=True, slots=True)
class Known:
    """By the database: calls without an end, recordings whose time has come and that are still there, the last sweep that ended,
    what is due to people and authorities, and how many mails are in which state.
    """

    open_calls: int
    recordings_due: int
    last_sweep: SweepRow | None
    deadlines: Sequence[Deadline]
    mails: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """``status`` is that of a daemon that runs now, else ``fault`` says why there is none. ``known`` is ``None`` without a database."""

    status: Status | None
    fault: str | None
    known: Known | None
    store_faults: tuple[Fault, ...]
    disk_free: int | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Look."""
        status = latest(settings)
        fault = "no status file of it was found" if status is None else status.fault(utc_now())
        known, store_faults = _known(settings)
        return cls(None if fault else status, fault, known, store_faults, free_bytes(settings.recordings.root))

    def complain(self) -> None:
        """Raises :class:`CallguardError` when the daemon does not run or has an alarm, something is late, or no database can be read."""
        silent = Fault(f"the daemon does not run: {self.fault}", remedy="systemctl start callguard; then journalctl -u callguard")
        alarms = [Fault(alarm, remedy="journalctl -u callguard tells more") for alarm in (self.status.alarms if self.status else ())]
        now = utc_now()
        late = [Fault(one.words(now)) for one in (self.known.deadlines if self.known else ()) if one.late(now)]
        faults = (*((silent,) if self.fault else ()), *self.store_faults, *alarms, *late)
        if faults:
            raise CallguardError("not running as it should", faults=faults)


def show_json(standing: Standing) -> None:
    """One document: the fields of the status file, `null` when the daemon does not run, and below `database` what that knows."""
    unknown = dict.fromkeys(Status.__slots__) | {"links": []}
    told = asdict(standing.status) if standing.status else unknown
    head = {"running": standing.fault is None, "reason": standing.fault}
    print_json(head | told | {"disk_free": standing.disk_free, "database": asdict(standing.known) if standing.known else None})


def show(standing: Standing) -> None:
    """A line for each thing."""
    print_fields([*_daemon(standing), *_store(standing.known), ("disk free", _gib(standing.disk_free))])


def _daemon(standing: Standing) -> Iterator[tuple[str, Cell]]:
    status = standing.status
    if status is None:
        yield "daemon", f"does not run: {standing.fault}"
        return
    yield "daemon", f"runs as {status.pid}, version {status.version}, since {moment(status.started_at)}"
    for link in status.links:
        yield f"link {link.pbx}", f"{'up' if link.up else f'down: {link.reason}'}, since {moment(link.since)}"
    yield "calls now", f"{status.calls_now}, {status.recordings_now} of them recorded"
    yield "queue", f"{status.queue} facts, {status.lag_ms:.1f} ms from event to order"
    yield "next sweep", status.next_sweep
    for alarm in status.alarms:
        yield "alarm", alarm


def _store(known: Known | None) -> Iterator[tuple[str, Cell]]:
    if known is None:
        return
    yield "open calls", known.open_calls
    yield "recordings due", known.recordings_due
    sweep = known.last_sweep
    told = None if sweep is None else f"{moment(sweep.finished_at)}: {sweep.considered} due, {sweep.deleted} deleted, {sweep.failed} failed"
    yield "last sweep", told
    now = utc_now()
    for one in known.deadlines:
        yield "deadline", one.words(now)
    for state, count in known.mails.items():
        yield f"mails {state}", count


def _known(settings: Settings) -> tuple[Known | None, tuple[Fault, ...]]:
    try:
        with database(settings) as opened, opened.read() as connection:
            unended = sum(call.ended_at is None for pbx in settings.pbx for call in open_calls(connection, pbx.name))
            now = utc_now()
            due = deadlines(connection, settings.retention.time_zone, now)
            return Known(unended, count_due(connection, now), last_sweep(connection), due, count_mails(connection)), ()
    except StoreError as error:
        return None, error.faults


def _gib(size: int | None) -> str | None:
    return None if size is None else f"{size / 2**30:.1f} GiB"
