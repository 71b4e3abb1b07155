"""The owner of an AMI link in tests: keeps what it is told, with bounds short enough for a test to wait for."""

import contextlib
from collections.abc import Iterator, Mapping

from callguard.pbx.ami import AmiAction, AmiAddress, AmiBounds, AmiLink, Headers, LinkCallbacks, OnEvent, Outcome
from tests.integration.ami_server import SECRET, USERNAME
from tests.integration.link_owner import LinkOwner
from tests.integration.pbx_server import until

SHORT = AmiBounds(
    connect_s=0.5,
    greeting_s=0.5,
    login_s=0.5,
    booted_s=0.3,
    ping_after_s=0.3,
    dead_after_s=0.8,
    retry_first_s=0.1,
    retry_longest_s=0.4,
    refused_first_s=0.8,
    refused_longest_s=1.6,
)


class Owner(LinkOwner[Headers, AmiAction, Outcome]):
    """Of an AMI link."""

    def callbacks(self, names: tuple[str, ...], events: Mapping[str, OnEvent]) -> LinkCallbacks:
        """Callbacks that record the named events; `events` adds ones of the test's own."""
        return LinkCallbacks(self.recorders(names, events), self.came_up, self.downs.append, self.fatals.append, self.busy.is_set)


@contextlib.contextmanager
def linked(  # the pieces of one link, each with a default that fits most tests
    port: int, owner: Owner, *names: str, bounds: AmiBounds = SHORT, tls: bool = False, events: Mapping[str, OnEvent] | None = None
) -> Iterator[AmiLink]:
    """A started link to a local port; stopped at the end, whatever happened."""
    address = AmiAddress("127.0.0.1", port, USERNAME, SECRET, tls)
    link = AmiLink(address, owner.callbacks(names, events or {}), bounds)
    link.start()
    try:
        yield link
    finally:
        link.stop()


@contextlib.contextmanager
def up(port: int, owner: Owner, *names: str, bounds: AmiBounds = SHORT, events: Mapping[str, OnEvent] | None = None) -> Iterator[AmiLink]:
    """As `linked`, and logged in."""
    with linked(port, owner, *names, bounds=bounds, events=events) as link:
        until(lambda: owner.ups)
        yield link
