"""The actions that wait for the PBX's answer, and what ends each wait.

A wait ends exactly once: by the answer, by its own bound, or by the end of the connection; its id is forgotten at that moment, so a
late answer finds nobody. Only blocks that begin with `Response:` answer an action. Events never do, whatever ids they carry
(`AsyncAGIExec` carries that of the command it reports on); the one exception is a list: a response with `EventList: start` opens
one, and its entries are gathered by ActionID until the PBX says it is complete.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from callguard.errors import ActionRefused, LinkError, LinkOverdue, ProtocolFault
from callguard.pbx.ami_action import AmiAction, OnOutcome, Outcome, Reply, refusal_reason
from callguard.pbx.ami_wire import Headers
from callguard.pbx.contain import Contain


@dataclass(slots=True)
class _Wait:
    action: AmiAction
    on_outcome: OnOutcome
    overdue_at: float
    opening: Headers | None = None
    entries: list[Headers] = field(default_factory=list)


class Pending:
    """Waits by ActionID. Lives in the link's thread; outcomes are delivered there, in the order of the wire."""

    def __init__(self, loop: asyncio.AbstractEventLoop, contain: Contain, longest_list: int) -> None:
        self._loop = loop
        self._contain = contain
        self._longest_list = longest_list
        self._waits: dict[str, _Wait] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self.open_lists = 0

    def __len__(self) -> int:
        return len(self._waits)

    def add(self, action_id: str, action: AmiAction, on_outcome: OnOutcome) -> None:
        """Starts the wait and its bound. One alarm serves all waits: nearly every one ends long before it."""
        overdue_at = self._loop.time() + action.bound_s
        self._waits[action_id] = _Wait(action, on_outcome, overdue_at)
        if self._alarm is None or overdue_at < self._alarm.when():
            self._set_alarm(overdue_at)

    def answer(self, headers: Headers) -> None:
        """Takes a response; one that nobody waits for is dropped."""
        action_id = headers.get("ActionID") or ""
        wait = self._waits.get(action_id)
        if wait is None:
            return
        if headers.get("Response") not in {"Success", "Follows", "Goodbye", "Pong"}:
            self._end(action_id, ActionRefused(f"{wait.action.name}: {refusal_reason(headers)}"))
        elif (headers.get("EventList") or "").lower() == "start":
            wait.opening = headers
            self.open_lists += 1
        else:
            self._end(action_id, Reply(headers))

    def gather(self, headers: Headers) -> None:
        """Takes an event while a list is open; keeps it if it is an entry of one."""
        action_id = headers.get("ActionID") or ""
        wait = self._waits.get(action_id)
        if wait is None or wait.opening is None:
            return
        if (headers.get("EventList") or "").lower() == "complete":
            self._end(action_id, Reply(wait.opening, tuple(wait.entries)))
        elif (headers.get("EventList") or "").lower() == "cancelled":
            self._end(action_id, ActionRefused(f"{wait.action.name}: the PBX broke its list off"))
        elif len(wait.entries) >= self._longest_list:
            self._end(action_id, ProtocolFault(f"{wait.action.name}: more than {self._longest_list} entries"))
        else:
            wait.entries.append(headers)

    def fail_all(self, error: Callable[[], LinkError]) -> None:
        """Ends every wait, each with an error of its own."""
        self._set_alarm(None)
        for action_id in tuple(self._waits):
            self._end(action_id, error())

    def _set_alarm(self, at: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if at is None else self._loop.call_at(at, self._ring, at)

    def _ring(self, now: float) -> None:
        for action_id, wait in tuple(self._waits.items()):
            if wait.overdue_at <= now:
                self._end(action_id, LinkOverdue(f"{wait.action.name}: no answer within {wait.action.bound_s:g} s"))
        self._set_alarm(min((wait.overdue_at for wait in self._waits.values()), default=None))

    def _end(self, action_id: str, outcome: Outcome) -> None:
        wait = self._waits.pop(action_id, None)
        if wait is None:
            return
        self.open_lists -= wait.opening is not None
        with self._contain:
            wait.on_outcome(wait.action, outcome)
