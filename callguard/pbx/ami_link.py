"""The AMI link: one connection to a PBX kept alive, in a thread of its own with an asyncio loop of its own.

Other threads reach it only through `send`, `ask` and `ask_list`; it reaches the owner only through `LinkCallbacks`, in its own thread.
After a loss every wait has failed, nothing is sent again, and the link comes back by itself: soon at first, then at longer, random
intervals, and much more slowly when the PBX refuses the login, as a PBX that bans guessers would ban the daemon.
"""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

from callguard.errors import LinkError, LinkLost, LinkOverdue
from callguard.pbx.ami_action import AmiAction, AmiAddress, OnOutcome, Outcome, Reply
from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_panoramisk import silence
from callguard.pbx.ami_session import AmiSession, LinkCallbacks
from callguard.pbx.ami_wire import Headers
from callguard.pbx.contain import Contain
from callguard.pbx.standing import Standing

LOG = logging.getLogger("callguard.pbx.ami")

_THREAD_MARGIN_S = 2.0
_NOT_RUNNING = "the link is not running"


class AmiLink:
    """See the module. A link starts once and stops once; another connection is another link."""

    def __init__(self, address: AmiAddress, callbacks: LinkCallbacks, bounds: AmiBounds | None = None) -> None:
        self._address = address
        self._callbacks = callbacks
        self._bounds = bounds or AmiBounds()
        self._contain = Contain()
        self._gate = threading.Lock()
        self._running = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._session: AmiSession | None = None
        self._standing = Standing(f"AMI link to {address.host}:{address.port}", callbacks, self._bounds, self._contain, LOG)
        self._handed_over = 0

    def start(self) -> None:
        """Starts the thread; returns at once, `on_up` follows.

        Raises:
            RuntimeError: it was started before.
        """
        with self._gate:
            if self._thread is not None:
                raise RuntimeError("an AMI link starts once")
            silence()
            self._running = True
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._run, args=(self._loop,), name=f"ami {self._address.host}:{self._address.port}", daemon=True
            )
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends the connection and the thread; what still waits fails with `LinkLost`. From any thread, any number of times.

        Returns after `timeout_s` at the latest, with the thread left behind if a callback holds it.
        """
        with self._gate:
            if self._loop is not None and self._running:
                self._loop.call_soon_threadsafe(self._stopping.set)
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            if thread.is_alive():
                LOG.warning("the AMI link did not stop within %g s; a callback holds it", timeout_s)

    def send(self, actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        """Hands the actions to the link's thread, which writes them in one go. Never blocks; from any thread.

        `on_outcome` is called in the link's thread, exactly once for each action, also when there is no connection.

        Raises:
            LinkLost: the link was stopped or never started, so there is no thread to call anybody.
            LinkError: the thread is behind by more actions than may wait for an answer; none of these is sent.
        """
        with self._gate:
            if self._loop is None or not self._running:
                raise LinkLost(_NOT_RUNNING)
            if self._handed_over + len(actions) > self._bounds.pending_actions:
                raise LinkError(f"not sent: the AMI link is behind by {self._handed_over} actions")
            self._handed_over += len(actions)
            self._loop.call_soon_threadsafe(self._submit, tuple(actions), on_outcome)

    def ask(self, action: AmiAction, timeout_s: float) -> Reply:
        """Sends one action and waits for its answer, at most `timeout_s` and a margin for the thread. Not from the link's thread.

        Raises:
            LinkError: as in `callguard.pbx.ami_action`.
            RuntimeError: called in the link's thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("ask() would block the link's own thread; use send()")
        answer: concurrent.futures.Future[Outcome] = concurrent.futures.Future()
        self.send([replace(action, bound_s=timeout_s)], lambda _action, outcome: answer.set_result(outcome))
        try:
            outcome = answer.result(timeout_s + _THREAD_MARGIN_S)
        except TimeoutError:
            raise LinkOverdue(f"{action.name}: a callback holds the AMI link") from None
        if isinstance(outcome, LinkError):
            raise outcome
        return outcome

    def ask_list(self, action: AmiAction, timeout_s: float) -> list[Headers]:
        """The entries of a list (`CoreShowChannels` and its like), complete or not at all. Raises as `ask` does."""
        return list(self.ask(action, timeout_s).entries)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            loop.set_exception_handler(_log_loop_error)
            try:
                runner.run(self._until_stopped())
            finally:
                with self._gate:
                    self._running = False
                runner.run(asyncio.sleep(0))  # what passed the gate in time still gets its outcome

    async def _until_stopped(self) -> None:
        keeping = asyncio.create_task(self._keep_connected())
        await self._stopping.wait()
        keeping.cancel()
        await asyncio.wait({keeping})

    async def _keep_connected(self) -> None:
        while True:
            end: LinkError = LinkLost("an error of the link itself")
            with self._contain:
                end = await self._stay_connected()
            await asyncio.sleep(self._standing.ended(end))

    async def _stay_connected(self) -> LinkError:
        """One connection, from the attempt to the loss; says how it ended."""
        session = AmiSession(self._address, self._callbacks, self._contain, self._bounds)
        try:
            await session.open()
            self._session = session
            self._standing.up()
            since_s = asyncio.get_running_loop().time()
            reason = await session.watch()
            if asyncio.get_running_loop().time() - since_s >= self._bounds.dead_after_s:
                self._standing.held()
            return LinkLost(reason)
        except LinkError as error:
            return error
        finally:
            self._session = None
            session.protocol.drop("the link was stopped")

    def _submit(self, actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        with self._gate:
            self._handed_over -= len(actions)
        if self._session is not None:
            self._session.protocol.send(actions, on_outcome)
            return
        for action in actions:
            with self._contain:
                on_outcome(action, LinkLost(self._standing.reason))


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """In place of asyncio's own report, which quotes what it was working on."""
    LOG.error("%s in the AMI link's loop", type(context.get("exception")).__name__)
