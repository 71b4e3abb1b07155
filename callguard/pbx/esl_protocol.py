"""One ESL connection's bytes: cut into blocks, dispatched in order; commands out, answers matched.

A subclass of greenswitch's `InboundESL` that replaces its reading, parsing, queue, sending and closing (the reasons stand with the tests
in `tests/integration/test_esl_link.py`). Everything runs in the link's thread. One greenlet reads and calls the owner, one writes; there
is no queue between the socket and the owner, so nothing can grow in one.

An event is looked up by its first line in one dictionary before anything else of it is looked at. After each segment the owner is asked
whether it is congested; while it is, nothing is read. That pushes back on FreeSWITCH, which keeps 100 000 events for a slow reader and
then, after 500 lost ones, ends the connection: the link is lost, says so, and the state is read anew.
"""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from callguard.errors import LinkError, LinkLost, LoginRefused, ProtocolFault
from callguard.pbx.contain import Contain
from callguard.pbx.esl_bounds import EslBounds
from callguard.pbx.esl_command import EslAddress, EslCommand, OnOutcome
from callguard.pbx.esl_greenswitch import AsyncResult, InboundESL, get_hub, sleep, spawn
from callguard.pbx.esl_lanes import Lanes
from callguard.pbx.esl_outbox import Outbox
from callguard.pbx.esl_pending import Pending
from callguard.pbx.esl_routes import OnEvent, Routes
from callguard.pbx.esl_wire import Block, Splitter, head_value

if TYPE_CHECKING:
    from callguard.pbx.esl_greenswitch import Watcher

_SEGMENT_BYTES = 1 << 16  # at twice as much, malloc maps memory for each recv (mallopt(3)): 9 µs instead of 3
_READ = 1  # of libev's loop
_GREETING = b"Content-Type: "
_REJECTIONS = (b"text/rude-rejection", b"rude/rejection")


class EslProtocol(InboundESL):
    """The connection, from the first byte to its loss. `ended` carries the reason, as the error that the owner is told."""

    def __init__(self, address: EslAddress, congested: Callable[[], bool], contain: Contain, bounds: EslBounds) -> None:
        super().__init__(address.host, address.port, "", timeout=bounds.connect_s)
        self._congested = congested
        self._contain = contain
        self._bounds = bounds
        self._splitter = Splitter(bounds.head_bytes, bounds.body_bytes)
        self._lanes = Lanes()
        self._pending = Pending(get_hub().loop, contain, self._job_over)
        self._routes = Routes(self._pending.job_done)
        self._outbox = Outbox()
        self.greeted = False
        self._paused = False
        self._last_byte_s = self._reading_since_s = monotonic()
        self._readable: Watcher | None = None
        self.ended: AsyncResult[LinkError] = AsyncResult()

    def start_event_handlers(self) -> None:
        """What greenswitch calls when the socket is open; its own would start a queue without an end."""
        self._last_byte_s = monotonic()
        spawn(self.receive_events)
        spawn(self._write)

    def authenticate(self) -> None:
        """What greenswitch calls when it was greeted, and would wait in without a bound; the session logs in."""

    def listen(self, wanted: Mapping[str, OnEvent]) -> None:
        """From here on these events are heard, by name; before, none is."""
        self._routes.listen(wanted)

    def send(self, command: EslCommand, on_outcome: OnOutcome) -> None:
        """Writes the command as soon as its lane lets it; its outcome comes later, or at once if it cannot be sent."""
        refusal = self._why_not()
        if refusal is not None:
            with self._contain:
                on_outcome(command, refusal)
        elif self._lanes.admit((command, on_outcome)):
            self._outbox.put(self._pending.add(command, on_outcome))

    def silent_s(self) -> float:
        """How long nothing came, or an answer has been awaited, whichever is longer; 0 while we do not read ourselves."""
        if self._paused:
            return 0.0
        now_s = monotonic()
        return now_s - min(self._last_byte_s, max(self._pending.oldest_s or now_s, self._reading_since_s))

    def receive_events(self) -> None:
        """The reader, in place of greenswitch's: until the connection ends; whatever goes wrong here ends it."""
        with self._contain:
            if not self.ended.ready():
                self._receive()
        self.drop(LinkLost("an error of the link itself"))

    def drop(self, error: LinkError) -> None:
        """Ends the connection, if it has not ended, and with it every wait: nothing is kept to be sent again."""
        if self.ended.ready():
            return
        self.ended.set(error)
        self.connected = False
        self._auth_request_event.set()
        self._outbox.close()
        if self._readable is None:
            self._close()
        else:
            get_hub().cancel_wait(self._readable, OSError("dropped"))
        held = self._lanes.clear()
        self._pending.fail_all(lambda: LinkLost(error.message))
        for command, on_outcome in held:
            with self._contain:
                on_outcome(command, LinkLost(error.message))

    def _receive(self) -> None:
        """Waits before each `recv`, and not in it: gevent's would try first, in vain as a rule, and would not wait where there always is
        more, which keeps all others of this thread waiting.
        """
        readable = self._readable = get_hub().loop.io(self.sock.fileno(), _READ)
        try:
            while segment := self._next_segment(readable):
                self._take(segment)
                self._hold_while_congested()
                if self.ended.ready():
                    return
            self.drop(LinkLost("the PBX closed the connection"))
        except OSError as error:
            self.drop(LinkLost(f"the connection broke ({type(error).__name__})"))
        except ProtocolFault as fault:
            self.drop(LinkLost(f"the PBX sent {fault.message}"))
        finally:
            readable.close()  # before the socket: a loop that waits for one that is closed does not come to its end
            self._close()

    def _close(self) -> None:
        for name in ("sock_file", "sock"):
            if hasattr(self, name):
                getattr(self, name).close()

    def _next_segment(self, readable: "Watcher") -> bytes:
        get_hub().wait(readable)
        return self.sock.recv(_SEGMENT_BYTES)

    def _write(self) -> None:
        try:
            self._outbox.write(self.sock.sendall)
        except OSError as error:
            self.drop(LinkLost(f"the connection broke ({type(error).__name__})"))

    def _take(self, segment: bytes) -> None:
        """Dispatches every block that the segment completes."""
        self._last_byte_s = monotonic()
        if not self.greeted and segment[: len(_GREETING)] != _GREETING[: len(segment)]:
            self.drop(LinkLost("what answers there does not greet as ESL does"))
            return
        blocks = self._splitter.feed(segment)
        waiting = iter(blocks)
        for _ in blocks:
            with self._contain:  # once for all that goes well; after an error the loop comes here again for the rest
                self._dispatch(waiting)
                break

    def _dispatch(self, blocks: Iterator[Block]) -> None:
        """The loop that every byte of ESL passes: what nobody wants costs a slice and a look-up."""
        known = self._routes.known
        for block in blocks:
            if block.kind == b"text/event-plain":
                event = block.body
                line = event[: event.find(b"\n")]
                route = known.get(line) or self._routes.other(line, event)
                if route is None:
                    continue
                route(event)
            else:
                self._answered(block)
            if self.ended.ready():
                return

    def _answered(self, block: Block) -> None:
        """Everything that is no event. What we did not ask for, logs say, is dropped."""
        in_step = True
        if block.kind == b"command/reply":
            text = head_value(block.head, b"Reply-Text") or b""
            in_step = self._pending.answer(text.decode("utf-8", "replace"), to_api=False)
        elif block.kind == b"api/response":
            in_step = self._pending.answer(block.body.decode("utf-8", "replace"), to_api=True)
        elif block.kind == b"auth/request":
            self.greeted = True
            self._auth_request_event.set()
        elif block.kind == b"text/disconnect-notice":
            self.drop(LinkLost("the PBX ended the connection"))
        elif block.kind in _REJECTIONS:
            self.drop(LoginRefused("the PBX's access list does not have this address"))
        if not in_step:
            self.drop(LinkLost("the PBX answered what it was not asked"))

    def _why_not(self) -> LinkError | None:
        if self.ended.ready():
            return LinkLost(self.ended.get().message)
        if len(self._pending) + self._lanes.held >= self._bounds.pending_commands:
            return LinkError(f"not sent: {self._bounds.pending_commands} commands wait for an answer already")
        if self._outbox.length > self._bounds.unsent_bytes:
            self.drop(LinkLost("the PBX does not take what is sent to it"))
            return LinkLost(self.ended.get().message)
        return None

    def _job_over(self, lane: str) -> None:
        for command, on_outcome in self._lanes.release(lane):
            self._outbox.put(self._pending.add(command, on_outcome))

    def _hold_while_congested(self) -> None:
        with self._contain:
            while self._congested() and not self.ended.ready():
                self._paused = True
                sleep(self._bounds.congestion_poll_s)
        if self._paused:
            self._last_byte_s = self._reading_since_s = monotonic()
        self._paused = False
