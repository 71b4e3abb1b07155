"""One connection's life: connect, greeting, login, subscription, watch, loss. It never comes back; the link makes a new one.

As each attempt is a new object, nothing can leak from a lost connection into its successor. Whatever the link knows it learns here: the
errors of greenswitch and of the socket become the link's own, with a reason that was written to be read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from callguard.errors import ActionRefused, LinkError, LinkLost, LinkOverdue, LoginRefused
from callguard.pbx.contain import Contain
from callguard.pbx.esl_bounds import EslBounds
from callguard.pbx.esl_command import EslAddress, EslCommand, Outcome, Reply, api
from callguard.pbx.esl_greenswitch import AsyncResult, NotConnectedError, Timeout
from callguard.pbx.esl_protocol import EslProtocol
from callguard.pbx.esl_routes import OnEvent, subscription
from callguard.pbx.esl_wire import Headers

_SHUTDOWN = "SHUTDOWN"


@dataclass(frozen=True, slots=True)
class LinkCallbacks:
    """What the owner of a link is told, always in the link's thread; none of these may block, as all of ESL waits meanwhile.

    Attributes:
        on_event: by event name, in FreeSWITCH's own letters; those of `CUSTOM` by `CUSTOM` and the subclass. Nothing else is subscribed to.
        on_up: logged in and subscribed; whatever was known about the PBX before is stale and must be read anew. No event comes before.
        on_down: not connected, and why. Called again when the reason changes; the link keeps trying. Not called for `stop`.
        on_fatal: the login was refused, and why; called once per change. The link tries again, slowly.
        congested: asked after each segment; while it says yes, nothing is read from the PBX.
        filters: of what is subscribed to, the PBX sends what fits any of these, each as `filter` takes it; all where there are none.
    """

    on_event: Mapping[str, OnEvent]
    on_up: Callable[[], None]
    on_down: Callable[[str], None]
    on_fatal: Callable[[str], None]
    congested: Callable[[], bool]
    filters: Sequence[str] = ()


class EslSession:
    """One login. `protocol` is its connection."""

    def __init__(self, address: EslAddress, callbacks: LinkCallbacks, contain: Contain, bounds: EslBounds) -> None:
        self._secret = address.secret
        self._bounds = bounds
        self._is_shutting_down = False
        self._filters = callbacks.filters
        self._wanted = dict(callbacks.on_event)
        self._wanted[_SHUTDOWN] = partial(self._shut_down, self._wanted.get(_SHUTDOWN))
        self.protocol = EslProtocol(address, callbacks.congested, contain, bounds)

    def open(self, up: Callable[[], None]) -> None:
        """Connects, logs in, subscribes; `up` is called before the first event is looked at.

        Raises:
            LinkLost: no connection, no ESL, or lost on the way.
            LoginRefused: wrong password, or the PBX's access list does not have us.
        """
        self._connect()
        self._ask(EslCommand("auth", "auth", self._secret, bound_s=self._bounds.login_s), _nothing)
        for one in self._filters:
            self._ask(EslCommand("filter", "filter", one, bound_s=self._bounds.login_s), _nothing)
        self._ask(EslCommand("event", "event", subscription(self._wanted), bound_s=self._bounds.login_s), partial(self._subscribed, up))

    def watch(self) -> LinkError:
        """Stays until the connection is lost and says why. Pings an idle PBX, gives up one that is silent or does not answer."""
        protocol, bounds = self.protocol, self._bounds
        while not protocol.ended.ready():
            silent_s = protocol.silent_s()
            if silent_s >= bounds.dead_after_s:
                protocol.drop(LinkLost(f"the PBX was silent for {bounds.dead_after_s:g} s"))
            elif silent_s >= bounds.ping_after_s:
                protocol.send(api("strepoch"), _ignore)
            next_step_s = bounds.ping_after_s if silent_s < bounds.ping_after_s else bounds.dead_after_s
            protocol.ended.wait(max(next_step_s - silent_s, 0.001))
        return LinkLost("the PBX shut down") if self._is_shutting_down else protocol.ended.get()

    def _connect(self) -> None:
        """Socket and greeting; greenswitch has a bound on the first alone, and not on the look-up of the name."""
        protocol, bound = self.protocol, Timeout(self._bounds.connect_s)
        try:
            with bound:
                protocol.connect()
        except (Timeout, NotConnectedError):
            if protocol.ended.ready():
                raise protocol.ended.get() from None
            awaited = "ESL greeting (wrong port?)" if protocol.connected else "connection"
            raise LinkLost(f"no {awaited} within {self._bounds.connect_s:g} s") from None
        except OSError as error:
            raise LinkLost(f"cannot connect ({type(error).__name__})") from None
        except (ValueError, OverflowError):
            raise LinkLost("cannot connect: the host or port is not one") from None

    def _ask(self, command: EslCommand, at_once: Callable[[], None]) -> None:
        """Sends and waits; `at_once` is called when the answer is yes, before anything behind it in the segment is looked at."""
        answer: AsyncResult[Outcome] = AsyncResult()

        def settle(_command: EslCommand, outcome: Outcome) -> None:
            answer.set(outcome)
            if isinstance(outcome, Reply):
                at_once()

        self.protocol.send(command, settle)
        outcome = answer.get()
        if not isinstance(outcome, Reply):
            raise _login_error(outcome)

    def _subscribed(self, up: Callable[[], None]) -> None:
        up()
        self.protocol.listen(self._wanted)

    def _shut_down(self, on_event: OnEvent | None, headers: Headers) -> None:
        """What follows is still heard: the recordings are closed and the legs ended only now, and FreeSWITCH tells why."""
        self._is_shutting_down = True
        if on_event is not None:
            on_event(headers)


def _login_error(outcome: LinkError) -> LinkError:
    if isinstance(outcome, ActionRefused):
        return LoginRefused(outcome.message)
    return LinkLost(f"login: {outcome.message}") if isinstance(outcome, LinkOverdue) else outcome


def _nothing() -> None:
    """The login being accepted changes nothing yet."""


def _ignore(_command: EslCommand, _outcome: Outcome) -> None:
    """The answer to a ping counts by its bytes alone."""
