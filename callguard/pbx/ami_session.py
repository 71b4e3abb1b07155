"""One connection's life: connect, greeting, login, watch, loss. It never comes back; the link makes a new one.

A subclass of panoramisk's manager, which is kept for opening the connection through `protocol_factory`. What it would do after that,
it does not: no login in plain text, no endless second login after a refused one, no timer that reconnects a closed connection, and
no queue of actions for the next one. As each attempt is a new object, nothing can leak from a lost connection into its successor.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from callguard.errors import ActionRefused, LinkError, LinkLost, LinkOverdue, LoginRefused
from callguard.pbx.ami_action import AmiAction, AmiAddress, Outcome, Reply
from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_panoramisk import Manager
from callguard.pbx.ami_protocol import AmiProtocol, OnEvent
from callguard.pbx.ami_wire import Headers
from callguard.pbx.contain import Contain


@dataclass(frozen=True, slots=True)
class LinkCallbacks:
    """What the owner of a link is told, always in the link's thread; none of these may block, as all of AMI waits meanwhile.

    Attributes:
        on_event: by event name, in any case. Events may come before `on_up`, by up to the bound `booted_s`.
        on_up: logged in; whatever was known about the PBX before is stale and must be read anew.
        on_down: not connected, and why. Called again when the reason changes; the link keeps trying. Not called for `stop`.
        on_fatal: the login was refused, and why; called once per change. The link tries again, slowly.
        congested: asked after each segment; while it says yes, nothing is read from the PBX.
    """

    on_event: Mapping[str, OnEvent]
    on_up: Callable[[], None]
    on_down: Callable[[str], None]
    on_fatal: Callable[[str], None]
    congested: Callable[[], bool]


class AmiSession(Manager):
    """One login. `protocol` is its connection."""

    def __init__(self, address: AmiAddress, callbacks: LinkCallbacks, contain: Contain, bounds: AmiBounds) -> None:
        self._address = address
        self._bounds = bounds
        self._booted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wanted = {name.lower(): on_event for name, on_event in callbacks.on_event.items()}
        for name, own in (("fullybooted", self._note_booted), ("shutdown", self._note_shutdown)):
            wanted[name] = partial(_both, own, wanted.get(name))
        connection = AmiProtocol(wanted, callbacks.congested, contain, bounds)
        super().__init__(
            host=address.host,
            port=address.port,
            ssl=ssl.create_default_context() if address.tls else None,
            protocol_factory=lambda: connection,
            loop=asyncio.get_running_loop(),
        )
        self.protocol = connection

    def connection_made(self, f: asyncio.Future[object]) -> None:
        """panoramisk would log in here; `open` does. The error, if any, is read there too."""

    async def open(self) -> None:
        """Connects and logs in; then waits a little for `FullyBooted`, which the PBX only tells users with the class `system`.

        Raises:
            LinkLost: no connection, no AMI, or lost on the way.
            LoginRefused: the PBX does not accept the login.
        """
        await self._connect()
        if not await self._reached(self.protocol.greeted, self._bounds.greeting_s):
            raise LinkLost(f"no AMI greeting within {self._bounds.greeting_s:g} s (wrong port, or one that expects TLS)")
        await self._log_in()
        await self._reached(self._booted, self._bounds.booted_s)

    async def watch(self) -> str:
        """Stays until the connection is lost and says why. Pings an idle PBX, gives up one that is silent for too long."""
        protocol, bounds = self.protocol, self._bounds
        while not protocol.lost.done():
            silent_s = 0.0 if protocol.paused else asyncio.get_running_loop().time() - protocol.last_byte_s
            if silent_s >= bounds.dead_after_s:
                protocol.drop(f"the PBX was silent for {bounds.dead_after_s:g} s")
            elif silent_s >= bounds.ping_after_s:
                protocol.send([AmiAction("Ping")], _ignore)
            next_step_s = bounds.ping_after_s if silent_s < bounds.ping_after_s else bounds.dead_after_s
            await asyncio.wait({protocol.lost}, timeout=max(next_step_s - silent_s, 0.001))
        return protocol.lost.result()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._bounds.connect_s):
                await self.connect()
        except TimeoutError:
            raise LinkLost(f"no connection within {self._bounds.connect_s:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise LinkLost(f"the PBX's TLS certificate is not trusted: {error.verify_message}") from None
        except ssl.SSLError:
            raise LinkLost("the port does not speak TLS") from None
        except OSError as error:
            raise LinkLost(f"cannot connect ({type(error).__name__})") from None
        except (ValueError, OverflowError):
            raise LinkLost("cannot connect: the host or port is not one") from None

    async def _log_in(self) -> None:
        """MD5 challenge: weak, but all that AMI offers to keep the secret itself off the wire."""
        challenge = (await self._ask("Challenge", {"AuthType": "MD5"})).get("Challenge") or ""
        digest = hashlib.md5((challenge + self._address.secret).encode(), usedforsecurity=False).hexdigest()
        credentials = {"AuthType": "MD5", "Username": self._address.username, "Key": digest, "Events": "on"}
        await self._ask("Login", credentials)

    async def _ask(self, name: str, headers: Mapping[str, str]) -> Headers:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        action = AmiAction(name, tuple(headers.items()), self._bounds.login_s)
        self.protocol.send([action], partial(_settle, answer))
        outcome = await answer
        if isinstance(outcome, Reply):
            return outcome.headers
        raise _login_error(outcome)

    async def _reached(self, step: asyncio.Future[None], bound_s: float) -> bool:
        steps: set[asyncio.Future[None] | asyncio.Future[str]] = {step, self.protocol.lost}
        await asyncio.wait(steps, timeout=bound_s, return_when=asyncio.FIRST_COMPLETED)
        if self.protocol.lost.done():
            raise LinkLost(self.protocol.lost.result())
        return step.done()

    def _note_booted(self, _headers: Headers) -> None:
        if not self._booted.done():
            self._booted.set_result(None)

    def _note_shutdown(self, _headers: Headers) -> None:
        self.protocol.drop("the PBX shut down")


def _login_error(outcome: LinkError) -> LinkError:
    if isinstance(outcome, ActionRefused):
        return LoginRefused(outcome.message)
    return LinkLost(f"login: {outcome.message}") if isinstance(outcome, LinkOverdue) else outcome


def _both(own: OnEvent, other: OnEvent | None, headers: Headers) -> None:
    own(headers)
    if other is not None:
        other(headers)


def _settle(answer: asyncio.Future[Outcome], _action: AmiAction, outcome: Outcome) -> None:
    if not answer.done():
        answer.set_result(outcome)


def _ignore(_action: AmiAction, _outcome: Outcome) -> None:
    """The answer to a ping counts by its bytes alone."""
