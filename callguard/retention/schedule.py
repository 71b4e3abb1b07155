"""When the daemon sweeps: once a day at a set time in UTC, and at its start if a day has passed since the last sweep.

One APScheduler 3.11 job in a memory store. With its defaults a run that is more than a second late would be skipped; here it is run
(``misfire_grace_time=None``), several late ones are one (``coalesce``), and no two overlap (``max_instances``). UTC has no hour that comes
twice.

Nobody is told when a scheduler dies, so what to watch is the age of :func:`callguard.store.retention_rows.swept_until`, which any program
can ask the database for. The error of a sweep is logged and stays in :attr:`SweepSchedule.last_error` until a sweep succeeds.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TypeAlias

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from callguard.clock import utc_now
from callguard.errors import CallguardError
from callguard.retention.execution import Outcome, Plan, Result, execute
from callguard.store.database import Database
from callguard.store.retention_rows import swept_until

MADE_UP_FOR_AFTER = timedelta(days=1)
"""A sweep that was missed while the daemon was down does not wait for the next night."""

REST_S = 0.05
"""Between two groups of a sweep, so that the engine's commits, and its thread, have their turn; a sweep at night is in no hurry."""

_JOB = "sweep"

Planning: TypeAlias = Callable[[datetime, Callable[[], bool]], Plan]
"""From the moment of a sweep, and from what says that it must end, to its plan."""

LOG = structlog.get_logger(__name__)


class SweepSchedule:
    """The daily sweep, at ``at`` in UTC, on a thread of its own. ``plan`` makes its plan, or raises what stands against it."""

    def __init__(self, database: Database, plan: Planning, at: time) -> None:
        self.last_error: str | None = None
        self.last_run: datetime | None = None
        self._database = database
        self._plan = plan
        self._at = at
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_listener(self._note, EVENT_JOB_ERROR | EVENT_JOB_EXECUTED)

    def start(self) -> None:
        """Begin to wait for the time of day. Raises :class:`callguard.errors.StoreError`."""
        now = utc_now()
        with self._database.read() as connection:
            until = swept_until(connection)
        self.last_run = until
        late = until is None or now - until > MADE_UP_FOR_AFTER
        self._scheduler.add_job(
            self._sweep,
            _daily(self._at),
            id=_JOB,
            next_run_time=now if late else next_sweep(self._at, now),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()

    def go_by(self, plan: Planning) -> None:
        """How the plans of later sweeps are made."""
        self._plan = plan

    def next_run(self) -> datetime | None:
        """When the next sweep begins, ``None`` before the start and after the stop."""
        job = self._scheduler.get_job(_JOB)
        return None if job is None else job.next_run_time

    def stop(self, bound_s: float = 5.0) -> bool:
        """End after those that are being deleted; whether that was within ``bound_s`` seconds."""
        self._stopping.set()
        self._scheduler.shutdown(wait=False)
        return self._idle.wait(bound_s)

    def _sweep(self) -> None:
        self._idle.clear()  # before the question, so that a stop in between waits for the answer
        try:
            if not self._stopping.is_set():
                self._sweep_now()
        finally:
            self._idle.set()

    def _sweep_now(self) -> None:
        as_of = utc_now()
        totals = execute(self._plan(as_of, self._stopping.is_set), _tell, partial(self._stopping.wait, REST_S))
        self.last_run = as_of if totals.finished else self.last_run
        LOG.info("swept", considered=totals.considered, deleted=totals.deleted, failed=totals.failed, finished=totals.finished)

    def _note(self, event: JobExecutionEvent) -> None:
        self.last_error = None if event.exception is None else _told(event.exception)
        if self.last_error is not None:
            LOG.error("the sweep failed", error=self.last_error)


def next_sweep(at: time, now: datetime) -> datetime:
    """When the clock next shows ``at`` in UTC, ``now`` included."""
    moment: datetime = _daily(at).get_next_fire_time(None, now)
    return moment


def _daily(at: time) -> CronTrigger:
    return CronTrigger(hour=at.hour, minute=at.minute, timezone=UTC)


def _tell(outcome: Outcome) -> None:
    if outcome.result is Result.FAILED:
        verdict = outcome.verdict
        LOG.error("a record has expired and could not be deleted", kind=verdict.kind, record=verdict.record, reason=verdict.reason)


def _told(failure: BaseException) -> str:
    """Our own errors hold nothing of a person; of others only the type may be told."""
    return "; ".join(map(str, failure.faults)) if isinstance(failure, CallguardError) else type(failure).__name__
