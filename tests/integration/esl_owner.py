"""The owner of an ESL link in tests: keeps what it is told, with bounds short enough for a test to wait for."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callguard.pbx.esl import EslAddress, EslBounds, EslCommand, EslLink, Headers, LinkCallbacks, OnEvent, Outcome
from tests.integration.ami_server import until
from tests.integration.esl_server import SECRET

SHORT = EslBounds(
    connect_s=0.5,
    login_s=0.5,
    ping_after_s=0.3,
    dead_after_s=0.8,
    retry_first_s=0.1,
    retry_longest_s=0.4,
    refused_first_s=0.8,
    refused_longest_s=1.6,
)


@dataclass(slots=True)
class Owner:
    """Records every callback of one link; `heard` holds (event name, headers) in order."""

    ups: int = 0
    downs: list[str] = field(default_factory=list)
    fatals: list[str] = field(default_factory=list)
    heard: list[tuple[str, Headers]] = field(default_factory=list)
    outcomes: list[tuple[EslCommand, Outcome]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    busy: threading.Event = field(default_factory=threading.Event)

    def callbacks(self, names: tuple[str, ...], events: Mapping[str, OnEvent]) -> LinkCallbacks:
        """Callbacks that record the named events; `events` adds ones of the test's own."""
        recorders = {name: self._recorder(name) for name in names}
        return LinkCallbacks({**recorders, **events}, self._up, self.downs.append, self.fatals.append, self.busy.is_set)

    def take(self, command: EslCommand, outcome: Outcome) -> None:
        """An `on_outcome`."""
        self.threads.add(threading.current_thread().name)
        self.outcomes.append((command, outcome))

    def wait_up(self, times: int) -> None:
        """Until the link has come up so many times."""
        until(lambda: self.ups == times)

    def values(self, header: str) -> list[str | None]:
        """The header of every event heard."""
        return [headers.get(header) for _, headers in self.heard]

    def kinds(self) -> list[type[Outcome]]:
        """What the outcomes were."""
        return [type(outcome) for _, outcome in self.outcomes]

    def _up(self) -> None:
        self.ups += 1

    def _recorder(self, name: str) -> OnEvent:
        return lambda headers: self.heard.append((name, headers))


@contextlib.contextmanager
def linked(
    port: int, owner: Owner, *names: str, bounds: EslBounds = SHORT, secret: str = SECRET, events: Mapping[str, OnEvent] | None = None
) -> Iterator[EslLink]:
    """A started link to a local port; stopped at the end, whatever happened."""
    link = EslLink(EslAddress("127.0.0.1", port, secret), owner.callbacks(names, events or {}), bounds)
    link.start()
    try:
        yield link
    finally:
        link.stop()


@contextlib.contextmanager
def up(port: int, owner: Owner, *names: str, bounds: EslBounds = SHORT, events: Mapping[str, OnEvent] | None = None) -> Iterator[EslLink]:
    """As `linked`, and logged in."""
    with linked(port, owner, *names, bounds=bounds, events=events) as link:
        until(lambda: owner.ups)
        yield link
