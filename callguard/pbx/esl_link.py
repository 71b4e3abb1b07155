"""The ESL link: one connection to a FreeSWITCH kept alive, in a thread of its own with a gevent hub of its own.

Other threads reach it only through `send` and `ask`, which put into a deque and wake the hub; it reaches the owner only through
`LinkCallbacks`, in its own thread, with all events of a segment in one go. After a loss every wait has failed, nothing is sent again,
and the link comes back by itself: soon at first, then at longer, random intervals, and much more slowly when the PBX refuses the login.

A thread that waits for the interpreter gets it after the switch interval, and the link waits for it after each call into the kernel. With
one other thread busy (a flood on the other PBX, a sweep) an event's answer was on the wire after 5.7 ms at the default of 5 ms, and after
1.4 ms at half a millisecond; with two, the slowest of a hundred after 155 ms and after 13 ms. It costs those threads a tenth of their
speed, so it is set where there is an ESL link, and not otherwise (`tests/bench/esl_busy.py`).
"""

import concurrent.futures
import logging
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from callguard.errors import LinkError, LinkLost, LinkOverdue
from callguard.pbx.contain import Contain
from callguard.pbx.esl_bounds import EslBounds
from callguard.pbx.esl_command import EslAddress, EslCommand, OnOutcome, Outcome, Reply
from callguard.pbx.esl_greenswitch import Event, get_hub, sleep, spawn
from callguard.pbx.esl_session import EslSession, LinkCallbacks
from callguard.pbx.standing import Standing

if TYPE_CHECKING:
    from callguard.pbx.esl_greenswitch import AsyncWatcher

LOG = logging.getLogger("callguard.pbx.esl")

_THREAD_MARGIN_S = 2.0
_LEAVING_S = 1.0
_SWITCH_INTERVAL_S = 0.0005
_NOT_RUNNING = "the link is not running"


class EslLink:
    """See the module. A link starts once and stops once; another connection is another link."""

    def __init__(self, address: EslAddress, callbacks: LinkCallbacks, bounds: EslBounds | None = None) -> None:
        self._address = address
        self._callbacks = callbacks
        self._bounds = bounds or EslBounds()
        self._contain = Contain()
        self._gate = threading.Lock()
        self._running = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._wake: AsyncWatcher | None = None
        self._handed_over: deque[tuple[EslCommand, OnOutcome]] = deque()
        self._session: EslSession | None = None
        self._standing = Standing(f"ESL link to {address.host}:{address.port}", callbacks, self._bounds, self._contain, LOG)

    def start(self) -> None:
        """Starts the thread; returns at once, `on_up` follows.

        Raises:
            RuntimeError: it was started before.
        """
        with self._gate:
            if self._thread is not None:
                raise RuntimeError("an ESL link starts once")
            sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
            self._running = True
            self._thread = threading.Thread(target=self._run, name=f"esl {self._address.host}:{self._address.port}", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends the connection and the thread; what still waits fails with `LinkLost`. From any thread, any number of times.

        Returns after `timeout_s` at the latest, with the thread left behind if a callback holds it.
        """
        with self._gate:
            self._stopping = True
            if self._wake is not None:
                self._wake.send()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            if thread.is_alive():
                LOG.warning("the ESL link did not stop within %g s; a callback holds it", timeout_s)

    def send(self, commands: Sequence[EslCommand], on_outcome: OnOutcome) -> None:
        """Hands the commands to the link's thread, which writes them in one go. Never blocks; from any thread.

        `on_outcome` is called in the link's thread, exactly once for each command, also when there is no connection.

        Raises:
            LinkLost: the link was stopped or never started, so there is no thread to call anybody.
            LinkError: the thread is behind by more commands than may wait for an answer; none of these is sent.
        """
        with self._gate:
            if not self._running:
                raise LinkLost(_NOT_RUNNING)
            if len(self._handed_over) + len(commands) > self._bounds.pending_commands:
                raise LinkError(f"not sent: the ESL link is behind by {len(self._handed_over)} commands")
            self._handed_over.extend((command, on_outcome) for command in commands)
            if self._wake is not None:
                self._wake.send()

    def ask(self, command: EslCommand, timeout_s: float) -> Reply:
        """Sends one command and waits for its answer, at most `timeout_s` and a margin for the thread. Not from the link's thread.

        Raises:
            LinkError: as in `callguard.pbx.esl_command`.
            RuntimeError: called in the link's thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("ask() would block the link's own thread; use send()")
        answer: concurrent.futures.Future[Outcome] = concurrent.futures.Future()
        self.send([replace(command, bound_s=timeout_s)], lambda _command, outcome: answer.set_result(outcome))
        try:
            outcome = answer.result(timeout_s + _THREAD_MARGIN_S)
        except TimeoutError:
            raise LinkOverdue(f"{command.name}: a callback holds the ESL link") from None
        if isinstance(outcome, LinkError):
            raise outcome
        return outcome

    def _run(self) -> None:
        hub, woken, wake = get_hub(), Event(), get_hub().loop.async_()
        hub.print_exception = _log_hub_error
        wake.start(woken.set)
        with self._gate:
            self._wake = wake
        connecting = spawn(self._keep_connected)
        try:
            while self._goes_on():
                self._submit()
                woken.wait()
                woken.clear()
            connecting.kill()
        finally:
            with self._gate:
                self._running, self._wake = False, None
            self._submit()  # what passed the gate in time still gets its outcome
            wake.stop()
            wake.close()
            hub.join(_LEAVING_S)  # gevent closes a socket in a later turn of its loop
            hub.destroy(destroy_loop=True)

    def _goes_on(self) -> bool:
        with self._gate:
            return not self._stopping

    def _submit(self) -> None:
        """Takes over what other threads have handed in by now, in one go; what they add meanwhile has its turn after the reader's."""
        for _ in range(len(self._handed_over)):
            command, on_outcome = self._handed_over.popleft()
            if self._session is not None:
                self._session.protocol.send(command, on_outcome)
                continue
            with self._contain:
                on_outcome(command, LinkLost(self._standing.reason))

    def _keep_connected(self) -> None:
        while True:
            end: LinkError = LinkLost("an error of the link itself")
            with self._contain:
                end = self._stay_connected()
            sleep(self._standing.ended(end))

    def _stay_connected(self) -> LinkError:
        """One connection, from the attempt to the loss; says how it ended."""
        session = EslSession(self._address, self._callbacks, self._contain, self._bounds)
        try:
            session.open(partial(self._up, session))
            since_s = monotonic()
            end = session.watch()
            if monotonic() - since_s >= self._bounds.dead_after_s:
                self._standing.held()
        except LinkError as error:
            return error
        else:
            return end
        finally:
            self._session = None
            session.protocol.drop(LinkLost("the link was stopped"))

    def _up(self, session: EslSession) -> None:
        self._session = session
        self._standing.up()


def _log_hub_error(_context: object, kind: type[BaseException], _error: BaseException, _trace: TracebackType | None) -> None:
    """In place of gevent's own report, which prints what it was working on."""
    LOG.error("%s in the ESL link's hub", kind.__name__)
