"""The thread of a phone: signalling as it comes, timers when they are due, sound every 20 ms.

It finds the call that a SIP message belongs to; what is outside any call (OPTIONS, a text, a new INVITE) goes to the phone. While no
call is up it sleeps until something comes. A datagram that is no SIP is dropped, as a phone does; any other failure ends the thread, and
every wait of the phone then says so instead of running into its bound.
"""

import contextlib
import math
import selectors
import threading
import time
from collections.abc import Callable

from tests.rig import sip, udp
from tests.rig.call import PhoneCall
from tests.rig.line import Line
from tests.rig.rtp import TICK

_KEPT_AFTER_END_S = 32.0

Outside = Callable[[sip.Message, udp.Address, float], None]


class Serving(threading.Thread):
    """Serves a line; `outside` takes what belongs to no call. Everything it calls runs under the line's lock."""

    def __init__(self, line: Line, outside: Outside) -> None:
        super().__init__(name=f"phone {line.name}", daemon=True)
        self._line = line
        self._outside = outside
        self._calls: dict[str, PhoneCall] = {}
        self._live: list[PhoneCall] = []
        self._stopping = False
        self._next_tick = math.inf

    def add(self, call: PhoneCall) -> None:
        """Serve this call from now on; late repetitions still find it for 32 s after its end."""
        now = time.monotonic()
        stale = [key for key, each in self._calls.items() if each.ended_at is not None and now - each.ended_at > _KEPT_AFTER_END_S]
        for key in stale:
            del self._calls[key]
        self._calls[call.dialog.call_id] = call
        self._live.append(call)
        self._next_tick = min(self._next_tick, now)
        self._line.wake()

    def stop(self) -> None:
        """Leave the loop and wait for the end of the thread."""
        self._stopping = True
        self._line.wake()
        self.join()

    def run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._line.socket, selectors.EVENT_READ)
                selector.register(self._line.wake_reader, selectors.EVENT_READ)
                while not self._stopping:
                    self._turn(selector)
        except BaseException as error:
            with self._line.changed:
                self._line.failure = error
                self._line.changed.notify_all()
            raise

    def _turn(self, selector: selectors.BaseSelector) -> None:
        due = min(self._next_tick, self._line.next_due())
        selector.select(None if due == math.inf else max(0.0, due - time.monotonic()))
        with self._line.changed:
            with contextlib.suppress(BlockingIOError):
                self._line.wake_reader.recv(4096)
            while (received := udp.receive(self._line.socket)) is not None:
                self._take(*received)
            now = time.monotonic()
            self._line.run_due(now)
            if now >= self._next_tick:
                self._tick(now)

    def _tick(self, now: float) -> None:
        self._live = [call for call in self._live if call.ended_at is None]
        for call in self._live:
            call.media.tick(now)
        # Missed ticks are not made up for here: each stream counts its own frames.
        self._next_tick = max(self._next_tick + TICK, now) if self._live else math.inf

    def _take(self, datagram: bytes, sender: udp.Address, arrival: float) -> None:
        try:
            message = sip.parse(datagram)
        except ValueError:
            return
        self._line.trace.append((arrival, f"← {sender[0]}:{sender[1]}", message))
        call = self._calls.get(message.get("Call-ID"))
        if message.status:
            if call is not None:
                call.on_response(message, arrival)
            else:
                self._outside(message, sender, arrival)
        elif not self._line.replied_before(message):
            if call is not None:
                call.on_request(message, sender, arrival)
            else:
                self._outside(message, sender, arrival)
