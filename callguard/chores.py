"""What the daemon does beside the calls, every now and then, on a thread that nothing waits for: warnings, figures, and the post.

Each has its own faults: figures that cannot be written keep no mail from being sent.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from callguard.clock import utc_now
from callguard.config import Settings
from callguard.errors import CallguardError
from callguard.store.database import Database

LOOK_S = 20.0
"""Seconds between two rounds; a mail is sent at most so much later than it could be."""

Chore = Callable[[datetime], None]

LOG = structlog.get_logger(__name__)


class Chores:
    """The thread; it is not there where nothing is to be done."""

    def __init__(self, settings: Settings, database: Database, look_s: float = LOOK_S) -> None:
        self._look_s = look_s
        self._stopping = threading.Event()
        self._every = list(chores(settings, database, self._stopping.is_set))
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin with the first round."""
        if self._every:
            self._thread.start()

    def stop(self, bound_s: float = 5.0) -> bool:
        """End after the chore that is being done; whether that was within ``bound_s`` seconds."""
        self._stopping.set()
        if self._every:
            self._thread.join(bound_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for chore in self._every:
                try:
                    chore(utc_now())
                except CallguardError as error:
                    LOG.warning("a chore was not done", chore=type(chore).__name__, fault=str(error))
            self._stopping.wait(self._look_s)


def chores(settings: Settings, database: Database, stopped: Callable[[], bool]) -> Iterator[Chore]:
    """What the configuration asks for. Raises :class:`callguard.errors.ConfigError` when the password of the mail server cannot be read."""
    if settings.mail is not None:
        from callguard.mail.chores import mail_chores  # noqa: PLC0415 - brings SMTP and TLS, 25 ms of a start that calls wait for

        yield from mail_chores(settings.mail, settings.retention.time_zone, database, stopped)
    if settings.metrics.file is not None:
        from callguard.metrics import Figures  # noqa: PLC0415 - brings the Prometheus client, 50 ms of a start that calls wait for

        yield Figures(database, settings, settings.metrics.file)
