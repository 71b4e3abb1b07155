"""The SIP socket of a phone with what stands around it: the trace, the timers, and saying a thing again until it is settled.

One lock for each phone (`changed`) guards the line, the calls and their sound; it is notified whenever something happened that somebody may
wait for. Timers run in the phone's thread. Every repetition has an end (`GIVE_UP_S`), far below the 32 s of RFC 3261, since on the
loopback a peer that does not answer in eight seconds will not.

Source: RFC 3261, 17 (transactions) and its table 4 (T1).
"""

import heapq
import itertools
import secrets
import socket
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from tests.rig import udp
from tests.rig.sip import Message

T1_S = 0.5
GIVE_UP_S = 8.0

_ANSWERS_KEPT = 200
_TRACE_KEPT = 200

Headers = tuple[tuple[str, str], ...]


class Line:
    """Where a phone sends from and listens."""

    def __init__(self, name: str, user_agent: str, host: str = "127.0.0.1") -> None:
        self.name = name
        self.host = host
        self.socket: socket.socket = udp.bound(host)
        self.port = int(self.socket.getsockname()[1])
        self.changed = threading.Condition()
        self.failure: BaseException | None = None
        self.trace: deque[tuple[float, str, Message]] = deque(maxlen=_TRACE_KEPT)
        self._user_agent = user_agent
        self._repeated: dict[str, Message] = {}
        self._answers: OrderedDict[str, tuple[Message, udp.Address]] = OrderedDict()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self.wake_reader, self._wake_writer = socket.socketpair()
        self.wake_reader.setblocking(False)

    @property
    def contact(self) -> str:
        """Where in-dialog requests reach this phone."""
        return f"<sip:{self.name}@{self.host}:{self.port}>"

    def request_headers(self) -> Headers:
        """What each request carries: a Via with a new branch, and the names by which a PBX and a test know the phone."""
        via = f"SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{secrets.token_hex(8)}"
        return (("Via", via), ("Max-Forwards", "70"), ("User-Agent", self._user_agent), ("X-Rig-Phone", self.name))

    def send(self, message: Message, to: udp.Address) -> None:
        """Send once."""
        self.trace.append((time.monotonic(), f"→ {to[0]}:{to[1]}", message))
        udp.send(self.socket, message.encode(), to)

    def reply(self, request: Message, answer: Message, to: udp.Address) -> None:
        """Send an answer, and keep it for the case that the request is sent again."""
        self._keep(request, answer, to)
        self.send(answer, to)

    def reply_until(self, key: str, request: Message, answer: Message, to: udp.Address) -> None:
        """Send an answer, and again until `settle(key)`: the final answer to an INVITE waits for its ACK."""
        self._keep(request, answer, to)
        self.repeat(key, answer, to, lambda: None)

    def replied_before(self, request: Message) -> bool:
        """The request was answered already: the same answer goes out again."""
        answered = self._answers.get(request.transaction)
        if answered is None or request.method == "ACK":
            return False
        self.send(*answered)
        return True

    def repeat(self, key: str, message: Message, to: udp.Address, give_up: Callable[[], None]) -> None:
        """Send now, and again with doubled intervals until `settle(key)`; `give_up` is called when the bound is over."""
        self._repeated[key] = message
        self.send(message, to)
        self._again_later(key, message, to, give_up, T1_S)

    def settle(self, key: str) -> None:
        """What was repeated under this key has been answered."""
        self._repeated.pop(key, None)

    def repeats(self, key: str) -> bool:
        """What was sent under this key has neither been answered nor given up."""
        return key in self._repeated

    @property
    def settled(self) -> bool:
        """Nothing waits for an answer."""
        return not self._repeated

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do this in the phone's thread after so many seconds."""
        heapq.heappush(self._timers, (time.monotonic() + delay, next(self._timer_numbers), action))
        self.wake()

    def next_due(self) -> float:
        """When the next timer is due (monotonic seconds); infinite when there is none."""
        return self._timers[0][0] if self._timers else float("inf")

    def run_due(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def wake(self) -> None:
        """Let the phone's thread look again at what is to be done."""
        self._wake_writer.send(b".")

    def close(self) -> None:
        for each in (self.socket, self.wake_reader, self._wake_writer):
            each.close()

    def _again_later(self, key: str, message: Message, to: udp.Address, give_up: Callable[[], None], interval: float) -> None:
        def again() -> None:
            if self._repeated.get(key) is not message:
                return
            if interval * 2 > GIVE_UP_S:
                self.settle(key)
                give_up()
                return
            self.send(message, to)
            self._again_later(key, message, to, give_up, interval * 2)

        self.later(interval, again)

    def _keep(self, request: Message, answer: Message, to: udp.Address) -> None:
        self._answers[request.transaction] = (answer, to)
        if len(self._answers) > _ANSWERS_KEPT:
            self._answers.popitem(last=False)

    def told(self, call_id: str | None = None) -> str:
        """The trace as text, of one call or of all, for the message of a failure."""
        with self.changed:
            kept = [entry for entry in self.trace if call_id in (None, entry[2].get("Call-ID"))]
        return "\n".join(f"{at:.3f} {self.name} {way}\n{message.encode().decode('utf-8', 'replace')}" for at, way, message in kept)
