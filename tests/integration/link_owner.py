"""The owner of a link in tests: keeps what it is told, whichever PBX is at the other end."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from tests.integration.pbx_server import until


class Named(Protocol):
    """Headers of either PBX."""

    def get(self, name: str, /) -> str | None:
        """The first of that name."""


HeadersT = TypeVar("HeadersT", bound=Named)
OrderT = TypeVar("OrderT")
OutcomeT = TypeVar("OutcomeT")


@dataclass(slots=True)
class LinkOwner(Generic[HeadersT, OrderT, OutcomeT]):
    """Records every callback of one link; `heard` holds (event name, headers) in order."""

    ups: int = 0
    downs: list[str] = field(default_factory=list)
    fatals: list[str] = field(default_factory=list)
    heard: list[tuple[str, HeadersT]] = field(default_factory=list)
    outcomes: list[tuple[OrderT, OutcomeT]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    busy: threading.Event = field(default_factory=threading.Event)

    def take(self, order: OrderT, outcome: OutcomeT) -> None:
        """An `on_outcome`."""
        self.threads.add(threading.current_thread().name)
        self.outcomes.append((order, outcome))

    def wait_up(self, times: int) -> None:
        """Until the link has come up so many times."""
        until(lambda: self.ups == times)

    def values(self, header: str) -> list[str | None]:
        """The header of every event heard."""
        return [headers.get(header) for _, headers in self.heard]

    def kinds(self) -> list[type[OutcomeT]]:
        """What the outcomes were."""
        return [type(outcome) for _, outcome in self.outcomes]

    def came_up(self) -> None:
        """An `on_up`."""
        self.ups += 1

    def recorders(self, names: tuple[str, ...], more: Mapping[str, Callable[[HeadersT], None]]) -> dict[str, Callable[[HeadersT], None]]:
        """What records the named events, and more of the test's own."""
        return {**{name: self._recorder(name) for name in names}, **more}

    def _recorder(self, name: str) -> Callable[[HeadersT], None]:
        return lambda headers: self.heard.append((name, headers))
