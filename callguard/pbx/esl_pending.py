"""The commands that wait for FreeSWITCH's answer, and what ends each wait.

A wait ends exactly once: by the answer, by its own bound, or by the end of the connection. ESL answers carry no id: they come in the order
of the commands. So a wait whose bound has run out keeps its place in the queue, or each later answer would reach the command before its
own. A job has two answers, the second in a `BACKGROUND_JOB` event that carries the Job-UUID we gave it; jobs of others carry another.
"""

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from callguard.errors import ActionRefused, LinkError, LinkOverdue
from callguard.pbx.contain import Contain
from callguard.pbx.esl_command import EslCommand, OnOutcome, Outcome, Reply, refusal_reason

if TYPE_CHECKING:
    from callguard.pbx.esl_greenswitch import Loop, Watcher

_REFUSED = ("-ERR", "-USAGE")
_NOTHING = ("_undef_", "-ERR no reply")


@dataclass(slots=True, eq=False)
class _Wait:
    command: EslCommand
    on_outcome: OnOutcome
    timer: "Watcher"
    job_uuid: str
    since_s: float
    ended: bool = False


class Pending:
    """Waits in the order of the wire. Lives in the link's thread; outcomes are delivered there.

    `job_over` is told the lane of a job after its outcome was delivered.
    """

    def __init__(self, loop: "Loop", contain: Contain, job_over: Callable[[str], None]) -> None:
        self._loop = loop
        self._contain = contain
        self._job_over = job_over
        self._unanswered: deque[_Wait] = deque()
        self._jobs: dict[str, _Wait] = {}

    def __len__(self) -> int:
        return max(len(self._unanswered), len(self._jobs))

    @property
    def oldest_s(self) -> float | None:
        """Since when (monotonic) the next answer is awaited; `None` when none is."""
        return self._unanswered[0].since_s if self._unanswered else None

    def add(self, command: EslCommand, on_outcome: OnOutcome) -> bytes:
        """Starts the wait and its bound; what is to be written."""
        job_uuid = str(uuid.uuid4()) if command.way == "bgapi" else ""
        wait = _Wait(command, on_outcome, self._loop.timer(command.bound_s), job_uuid, monotonic())
        wait.timer.start(lambda: self._overdue(wait))
        self._unanswered.append(wait)
        if job_uuid:
            self._jobs[job_uuid] = wait
        return command.wire(job_uuid)

    def answer(self, text: str, *, to_api: bool) -> bool:
        """Takes the answer to the oldest command; False when it cannot be one, and nobody knows any more which answer is whose."""
        if not self._unanswered or (to_api and self._unanswered[0].command.way != "api"):
            return False
        wait = self._unanswered.popleft()
        if wait.command.way != "bgapi" or text.startswith(_REFUSED):
            self._end(wait, _outcome(wait.command, text))
        return True

    def job_done(self, job_uuid: str, text: str) -> None:
        """Takes the output of a job; that of another program's job is dropped."""
        wait = self._jobs.get(job_uuid)
        if wait is not None:
            self._end(wait, _outcome(wait.command, text))

    def fail_all(self, error: Callable[[], LinkError]) -> None:
        """Ends every wait, each with an error of its own."""
        waits = [*self._unanswered, *self._jobs.values()]
        self._unanswered.clear()
        for wait in waits:
            self._end(wait, error())

    def _overdue(self, wait: _Wait) -> None:
        self._end(wait, LinkOverdue(f"{wait.command.name}: no answer within {wait.command.bound_s:g} s"))

    def _end(self, wait: _Wait, outcome: Outcome) -> None:
        if wait.ended:
            return
        wait.ended = True
        wait.timer.stop()
        wait.timer.close()
        job = self._jobs.pop(wait.job_uuid, None) if wait.job_uuid else None
        with self._contain:
            wait.on_outcome(wait.command, outcome)
        if job is not None:
            self._job_over(wait.command.lane)


def _outcome(command: EslCommand, answer: str) -> Outcome:
    text = answer.rstrip("\r\n")
    if text in _NOTHING:
        return Reply("")
    if text.startswith(_REFUSED):
        return ActionRefused(f"{command.name}: {refusal_reason(text)}")
    return Reply(text)
