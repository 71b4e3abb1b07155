"""What happens when a recording stops: its file is measured, tagged and sealed by a thread of its own, and the engine is told.

The PBX closes the file within a millisecond of the end (see :mod:`callguard.retention.wav`), but a loaded disk or a crash may keep it
from doing so. Hence a bounded wait: the file is looked at with growing pauses until it is closed, and after :data:`PATIENCE_S` it is
measured as it is, which then shows as its fault. All recordings wait side by side, so that a PBX that died with hundreds of calls costs
one wait and not hundreds.

Nothing here is kept over a restart. The engine orders the filing of every stopped recording without a size anew when it starts.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

import structlog

from callguard.call.commands import FileRecording
from callguard.call.events import RecordingFiled
from callguard.clock import utc_now
from callguard.evidence.vault import Vault
from callguard.retention.measure import Measured, is_finished, measure

PATIENCE_S = 3.0
"""Seconds that the PBX may take to close a file."""

CAPACITY = 10_000
"""Recordings that may wait at once; far more than a PBX has calls."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.2

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """A recording whose file is to be looked at again; times are of the monotonic clock."""

    look_at: float
    number: int
    deadline: float = field(compare=False)
    pause: float = field(compare=False)
    command: FileRecording = field(compare=False)


class _AbandonedError(Exception):
    """The bound on stopping ran out in the middle of a file."""


def file_recording(root: Path, command: FileRecording, patience_s: float = PATIENCE_S) -> Measured:
    """Wait until the file is closed, at most ``patience_s`` seconds, then measure and tag it, in the caller's own thread."""
    deadline, pause = time.monotonic() + patience_s, _FIRST_PAUSE_S
    while not is_finished(root, command.path) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
    return measure(root, command, lambda: None)


class Filing:
    """The thread. ``deliver`` is called on it with each :class:`RecordingFiled` and must neither block nor raise.

    Without a ``vault``, recordings stay as the PBX wrote them.
    """

    def __init__(
        self,
        root: Path,
        deliver: Callable[[RecordingFiled], None],
        *,
        vault: Vault | None = None,
        patience_s: float = PATIENCE_S,
        capacity: int = CAPACITY,
    ) -> None:
        self._root = root
        self._measure = partial(measure, root) if vault is None else vault.file
        self._deliver = deliver
        self._patience_s = patience_s
        self._capacity = capacity
        self._numbers = count()
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._end_by: float | None = None
        self._thread = threading.Thread(target=self._run, name="filing", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(self, command: FileRecording) -> bool:
        """Take a recording on; ``False`` when too many wait already, and then the next start of the engine orders it again."""
        now = time.monotonic()
        with self._changed:
            if len(self._waiting) >= self._capacity:
                LOG.error("too many recordings wait to be filed", recording=command.recording, capacity=self._capacity)
                return False
            heappush(self._waiting, _Waiting(now, next(self._numbers), now + self._patience_s, _FIRST_PAUSE_S, command))
            self._changed.notify()
        return True

    def stop(self, bound_s: float = 5.0) -> bool:
        """File what is closed, leave what is not, and end within ``bound_s`` seconds; whether the thread did end."""
        with self._changed:
            self._end_by = time.monotonic() + bound_s
            self._changed.notify()
        self._thread.join(bound_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (waiting := self._next()) is not None:
                self._attend(waiting)
        except _AbandonedError:
            LOG.warning("filing was cut off; it is ordered again at the next start")

    def _next(self) -> _Waiting | None:
        """The next one to look at, once its time has come; ``None`` when it is time to end."""
        with self._changed:
            while self._end_by is None:
                now = time.monotonic()
                if self._waiting and self._waiting[0].look_at <= now:
                    break
                self._changed.wait(self._waiting[0].look_at - now if self._waiting else None)
            return heappop(self._waiting) if self._waiting else None

    def _attend(self, waiting: _Waiting) -> None:
        self._check_bound()
        now = time.monotonic()
        if now >= waiting.deadline or is_finished(self._root, waiting.command.path):
            self._file(waiting.command)
        elif self._end_by is None:
            later = replace(waiting, look_at=now + waiting.pause, pause=min(2 * waiting.pause, _LONGEST_PAUSE_S))
            with self._changed:
                heappush(self._waiting, later)

    def _file(self, command: FileRecording) -> None:
        measured = self._measure(command, self._check_bound)
        if measured.sha256 is not None and not measured.tagged:
            LOG.error("a recording could not be tagged", recording=command.recording)
        self._deliver(_filed(command, measured))

    def _check_bound(self) -> None:
        if self._end_by is not None and time.monotonic() > self._end_by:
            raise _AbandonedError


def _filed(command: FileRecording, measured: Measured) -> RecordingFiled:
    now = utc_now()
    return RecordingFiled(
        pbx=command.pbx,
        linkedid=command.linkedid,
        leg=command.leg,
        at=now,
        received_at=now,
        recording=command.recording,
        size=measured.size,
        sha256=measured.sha256,
        fault=measured.fault,
        sealed=measured.sealed,
    )
