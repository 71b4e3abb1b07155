"""One AMI connection's bytes: cut into messages, dispatched in order; actions out, answers matched.

A subclass of panoramisk's protocol that replaces its reading, writing, matching and closing (the reasons stand with the tests in
`tests/integration/test_ami_link.py`). Everything runs in the link's thread, in the order of the wire, without a task in between.

An event is looked up by its name in one dictionary before anything else of it is looked at; the unwanted ones cost a slice and a
lookup. After each segment the owner is asked whether it is congested; while it is, nothing is read. That pushes back on the PBX,
which itself cuts off a reader that is late for longer than its `writetimeout` (100 ms by default): then the link is lost, says so,
and the state is read anew, which is better than memory without an end.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

from callguard.errors import LinkError, LinkLost, ProtocolFault
from callguard.pbx.ami_action import AmiAction, OnOutcome
from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_panoramisk import AMIProtocol
from callguard.pbx.ami_pending import Pending
from callguard.pbx.ami_wire import EOL, Headers, Splitter
from callguard.pbx.contain import Contain

OnEvent = Callable[[Headers], None]

_GREETING = b"Asterisk Call Manager/"
_LONGEST_GREETING = 256
RECOGNISED_BY = 32
_KNOWN_BEGINNINGS = 1024


class Routes:
    """Who takes which message: events by name, in any case; responses go to `on_response`.

    A message is known again by its first bytes, which hold its kind, its name and, unless the name is long, nothing that differs
    from one event of that name to the next.
    """

    def __init__(self, wanted: Mapping[str, OnEvent], on_response: OnEvent) -> None:
        self._wanted = {name.lower(): on_event for name, on_event in wanted.items()}
        self._on_response = on_response
        self.known: dict[bytes, OnEvent | None] = {}

    def learn(self, message: bytes) -> OnEvent | None:
        """Who takes this message, if anybody does; remembered where its first bytes tell the name."""
        line, end, _ = message[:RECOGNISED_BY].lstrip(EOL).partition(EOL)
        tells_the_name = bool(end) or len(message) < RECOGNISED_BY
        if not tells_the_name:
            line = message.lstrip(EOL).partition(EOL)[0]
        route = self._route(*line.decode("utf-8", "replace").split(": ", 1))
        if tells_the_name and len(self.known) < _KNOWN_BEGINNINGS:
            self.known[message[:RECOGNISED_BY]] = route
        return route

    def _route(self, kind: str, name: str = "") -> OnEvent | None:
        if kind == "Event":
            return self._wanted.get(name.lower())
        return self._on_response if kind == "Response" else None


class AmiProtocol(AMIProtocol):
    """The connection, from the first byte to its loss. `greeted` and `lost` say how far it is; `lost` carries the reason."""

    def __init__(self, wanted: Mapping[str, OnEvent], congested: Callable[[], bool], contain: Contain, bounds: AmiBounds) -> None:
        self._loop = asyncio.get_running_loop()
        self._congested = congested
        self._contain = contain
        self._bounds = bounds
        self._splitter = Splitter(bounds.unterminated_bytes)
        self._pending = Pending(self._loop, contain, bounds.list_entries)
        self._routes = Routes(wanted, self._pending.answer)
        self._name = f"callguard-{uuid.uuid4().hex[:12]}"
        self._sent = 0
        self._greeting = b""
        self._socket: asyncio.Transport | None = None
        self.closed = False
        self.paused = False
        self.last_byte_s = self._loop.time()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[str] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport, unless the attempt was given up in the meantime."""
        super().connection_made(transport)
        self.last_byte_s = self._loop.time()
        self.closed = self.lost.done()
        if isinstance(transport, asyncio.Transport):
            self._socket = transport
        if self.closed:
            transport.close()

    def send(self, actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        """Writes all actions in one go; each has its outcome later, or at once if it cannot be sent."""
        wires: list[bytes] = []
        for action in actions:
            refusal = self._why_not()
            if refusal is None:
                wires.append(self._enlist(action, on_outcome))
            else:
                with self._contain:
                    on_outcome(action, refusal)
        if wires and self._socket is not None:
            self._socket.write(b"".join(wires))

    def data_received(self, segment: bytes) -> None:
        """Dispatches every message that the segment completes."""
        self.last_byte_s = self._loop.time()
        if not self.greeted.done():
            segment = self._greet(segment)
        try:
            messages = self._splitter.feed(segment)
        except ProtocolFault as fault:
            self.drop(f"the PBX sent {fault.message}")
            return
        waiting = iter(messages)
        for _ in messages:
            with self._contain:  # once for all that goes well; after an error the loop comes here again for the rest
                self._dispatch(waiting)
                break
        if messages and not self.paused:
            self._hold_while_congested()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side, or the network, ended the connection."""
        self.drop("the PBX closed the connection" if exc is None else f"the connection broke ({type(exc).__name__})")

    def close(self) -> None:
        """Ends the connection from this side."""
        self.drop("closed")

    def drop(self, reason: str) -> None:
        """Ends the connection, if it has not ended, and with it every wait: nothing is kept to be sent again."""
        if self.lost.done():
            return
        self.closed = True
        self.lost.set_result(reason)
        if self._socket is not None:
            self._socket.abort()
        self._pending.fail_all(lambda: LinkLost(reason))

    def _why_not(self) -> LinkError | None:
        if self.lost.done():
            return LinkLost(self.lost.result())
        if len(self._pending) >= self._bounds.pending_actions:
            return LinkError(f"not sent: {self._bounds.pending_actions} actions wait for an answer already")
        if self._socket is None or self._socket.get_write_buffer_size() > self._bounds.unsent_bytes:
            self.drop("the PBX does not take what is sent to it")
            return LinkLost(self.lost.result())
        return None

    def _enlist(self, action: AmiAction, on_outcome: OnOutcome) -> bytes:
        self._sent += 1
        action_id = f"{self._name}-{self._sent}"
        self._pending.add(action_id, action, on_outcome)
        lines = [f"{name}: {value}\r\n" for name, value in (("Action", action.name), ("ActionID", action_id), *action.headers)]
        return f"{''.join(lines)}\r\n".encode()

    def _greet(self, segment: bytes) -> bytes:
        """Takes the greeting line off the front of the stream; what is no AMI is dropped as soon as that is certain."""
        line, end, rest = (self._greeting + segment).partition(EOL)
        if line[: len(_GREETING)] != _GREETING[: len(line)] or len(line) > _LONGEST_GREETING:
            self.drop("what answers there does not greet as AMI does")
            return b""
        if not end:
            self._greeting = line
            return b""
        self.version = line[len(_GREETING) :].decode("ascii", "replace")
        self.greeted.set_result(None)
        return rest

    def _dispatch(self, messages: Iterator[bytes]) -> None:
        """The loop that every byte of AMI passes: what nobody wants costs one slice and one look-up."""
        known, pending = self._routes.known, self._pending
        for message in messages:
            try:
                route = known[message[:RECOGNISED_BY]]
            except KeyError:
                route = self._routes.learn(message)
            if pending.open_lists:
                pending.gather(Headers(message))
            if route is not None:
                route(Headers(message))
                if self.closed:
                    return

    def _hold_while_congested(self) -> None:
        congested = False
        with self._contain:
            congested = self._congested()
        if self._socket is None or self.closed:
            return
        if congested:
            self._socket.pause_reading()
            self._loop.call_later(self._bounds.congestion_poll_s, self._hold_while_congested)
        elif self.paused:
            self.last_byte_s = self._loop.time()
            self._socket.resume_reading()
        self.paused = congested
