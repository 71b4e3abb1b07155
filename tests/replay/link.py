"""The daemon's AMI link over a fixture in place of a socket.

Messages go the real way from there on: the routing by event name, the matching of answers, the gathering of lists, the mapping, the orders.
An action is looked for among those that the daemon sent when the fixture was taken; where it is found, the recorded answer is its answer.
Of one that is not found nothing is heard, but for a snapshot that a test makes up: that is answered by whoever can.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import InitVar, dataclass, field
from types import TracebackType
from typing import Literal, Protocol, TypeVarTuple

from callguard.errors import LinkLost
from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, LinkCallbacks, OnOutcome, Outcome
from callguard.pbx.ami_pending import Pending
from callguard.pbx.ami_protocol import Routes
from callguard.pbx.ami_wire import Headers
from callguard.pbx.contain import Contain
from tests.replay.fixtures import IDENTIFIER, Sent, Told, comparable
from tests.replay.pbx_model import Channels, answer

_Ts = TypeVarTuple("_Ts")

NOWHERE = AmiAddress("127.0.0.1", 0, "", "")


class PaperLink(Protocol):
    """A link that is read from a fixture, whichever protocol it speaks."""

    def connected(self) -> None:
        """A new connection; nothing of an earlier one is left."""

    def lost(self) -> None:
        """The connection has ended."""

    def up(self) -> None:
        """Logged in."""

    def receive(self, told: Told) -> None:
        """What the protocol does with one message."""

    def answer_for(self, channels: Channels | None) -> None:
        """Make up what a PBX with these channels answers to a snapshot; nothing where there are none."""


class Exposed(Contain):
    """Contains nothing: an error in a callback ends the test."""

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, trace: TracebackType | None) -> Literal[False]:
        del kind, trace
        return False


class Standstill(asyncio.BaseEventLoop):
    """A loop in which no time passes: bounds are set and never reached."""

    def call_at(self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None) -> asyncio.TimerHandle:
        return asyncio.TimerHandle(when, callback, args, self, context)


STANDSTILL = Standstill()
STANDSTILL.close()


@dataclass
class Paper:
    """What the daemon sent when the fixture was taken, and what is sent now.

    `performed` holds each action sent now with its place in the fixture, or None where the fixture has no such action (any more); `ids` are
    the calls' own ids by those that they had then, as far as they are seen in the paths of recordings.
    """

    sent: InitVar[Iterable[Sent]]
    ids: dict[str, str] = field(default_factory=dict)
    performed: list[tuple[AmiAction, Sent | None]] = field(default_factory=list)
    _waiting: dict[tuple[str, ...], deque[Sent]] = field(default_factory=lambda: defaultdict(deque))
    _questions: dict[tuple[str, str], list[Sent]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self, sent: Iterable[Sent]) -> None:
        for one in sent:
            self._waiting[comparable(one.name, one.headers)].append(one)
            self._questions[one.question].append(one)

    @property
    def meant(self) -> list[Sent]:
        """What was sent then and is sent now."""
        return [found for _, found in self.performed if found is not None]

    @property
    def unmeant(self) -> Sequence[object]:
        """What is sent now and was not then."""
        return [action for action, found in self.performed if found is None]

    def find(self, action: AmiAction) -> Sent | None:
        """The recorded action that this one is; each stands for one only."""
        waiting = self._waiting.get(comparable(action.name, action.headers))
        found = waiting.popleft() if waiting else None
        self.performed.append((action, found))
        if found is not None:
            then, now = (IDENTIFIER.findall(dict(headers).get("File", "")) for headers in (found.headers, action.headers))
            self.ids.update(zip(then, now, strict=True))
        return found

    def translated(self, text: str) -> str:
        """The same with the ids of now."""
        return IDENTIFIER.sub(lambda then: self.ids.get(then[0], then[0]), text)

    def is_answer(self, told: Told) -> bool:
        """False for the answer to a question that the daemon asked then and did not ask now: nobody would give it."""
        asked = [one for one in self._questions.get(told.answers, ()) if one.rx_offset < told.end] if told.answers else []
        return not asked or any(found is asked[-1] for _, found in self.performed)


class ReplayLink(AmiLink):
    """See the module."""

    def __init__(self, callbacks: LinkCallbacks, paper: Paper) -> None:
        super().__init__(NOWHERE, callbacks)
        self._channels: Channels | None = None
        self._paper = paper
        self._up = False
        self.connected()

    def connected(self) -> None:
        """A new connection; nothing of an earlier one is left."""
        self._waits = Pending(STANDSTILL, Exposed(), 100_000)
        routes = {**self._callbacks.on_event, "FullyBooted": self._booted, "Shutdown": self._shutting_down}
        self._routes = Routes(routes, self._waits.answer)

    def lost(self) -> None:
        """The connection has ended; the owner is told once."""
        self._waits.fail_all(lambda: LinkLost("recorded"))
        self._routes = Routes({}, _ignore)
        if self._up:
            self._up = False
            self._callbacks.on_down("recorded")

    def up(self) -> None:
        """Logged in."""
        if not self._up:
            self._up = True
            self._callbacks.on_up()

    def answer_for(self, channels: Channels | None) -> None:
        self._channels = channels

    def receive(self, told: Told) -> None:
        route = self._routes.learn(told.message)
        if self._waits.open_lists:
            self._waits.gather(Headers(told.message))
        if route is not None:
            route(Headers(told.message))

    def send(self, actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        for action in actions:
            outcome = self._made_up(action) if self._up else LinkLost("recorded")
            if outcome is not None:
                on_outcome(action, outcome)
            elif (found := self._paper.find(action)) is not None:
                self._waits.add(found.action_id, action, on_outcome)

    def _made_up(self, action: AmiAction) -> Outcome | None:
        return None if self._channels is None else answer(self._channels, action)

    def _booted(self, _headers: Headers) -> None:
        self.up()

    def _shutting_down(self, _headers: Headers) -> None:
        self.lost()


def _ignore(_headers: Headers) -> None:
    """Nobody is there."""
