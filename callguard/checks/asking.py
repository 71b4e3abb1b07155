"""One AMI login, made to ask a few questions and left again: the daemon's own link, with short bounds and no second attempt."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from callguard.checks.clocks import Clock, compared
from callguard.config import PbxSettings
from callguard.errors import LinkError, LinkLost, LoginRefused
from callguard.pbx.ami import AmiAction, AmiAddress, AmiBounds, AmiLink, Headers, LinkCallbacks
from callguard.pbx.ami_events import pbx_time

BOUNDS = AmiBounds(connect_s=3.0, greeting_s=3.0, login_s=3.0, booted_s=1.0)
LOGIN_S = 15.0
"""Longer than its steps together may take."""

ANSWER_S = 3.0
MOST_SETTINGS = 100


class Asking:
    """A PBX that has let us in."""

    def __init__(self, link: AmiLink, booted: list[Headers]) -> None:
        self._link = link
        self._booted = booted

    @property
    def greeted(self) -> bool:
        """Whether `FullyBooted` came, which greets whoever has the class ``system``."""
        return bool(self._booted)

    def value(self, expression: str) -> str:
        """A global variable, or what a dialplan function says without a channel; empty for one that the PBX does not have."""
        return self._ask(AmiAction("Getvar", (("Variable", expression),))).get("Value") or ""

    def setting(self, file: str, section: str, name: str) -> str:
        """A setting as one of the PBX's configuration files has it; the last one counts, as with templates.

        Empty when there is none, and always when the PBX has no `func_config`.
        """
        return self.value(f"AST_CONFIG({file},{section},{name},-1)")

    def settings(self, file: str, section: str, name: str) -> Iterator[str]:
        """All settings of that name, in their order; no more than :data:`MOST_SETTINGS` are asked for."""
        for number in range(MOST_SETTINGS):
            found = self.value(f"AST_CONFIG({file},{section},{name},{number})")
            if not found:
                return
            yield found

    def reads_files(self) -> bool:
        """Whether :meth:`setting` says anything: without `enabled` in manager.conf we would not be here."""
        return bool(self.setting("manager.conf", "general", "enabled"))

    def allowed(self) -> Headers:
        """The actions that our user may perform, as names of headers."""
        return self._ask(AmiAction("ListCommands"))

    def clock(self) -> Clock | None:
        """``None`` from a PBX that does not tell its time."""
        return compared(lambda: pbx_time(self._ask(AmiAction("Ping"))))

    def _ask(self, action: AmiAction) -> Headers:
        return self._link.ask(action, ANSWER_S).headers


@contextmanager
def asking(pbx: PbxSettings, secret: str) -> Iterator[Asking]:
    """Log in, and out again at the end. Raises :class:`LinkError` when the PBX is not there or does not let us in."""
    outcome: SimpleQueue[LinkError | None] = SimpleQueue()
    booted: list[Headers] = []
    callbacks = LinkCallbacks(
        on_event={"FullyBooted": booted.append},
        on_up=lambda: outcome.put(None),
        on_down=lambda reason: outcome.put(LinkLost(reason)),
        on_fatal=lambda reason: outcome.put(LoginRefused(reason)),
        congested=lambda: False,
    )
    link = AmiLink(AmiAddress(pbx.host, pbx.port, pbx.username or "", secret, pbx.tls), callbacks, BOUNDS)
    link.start()
    try:
        wait_for_login(outcome, LOGIN_S)
        yield Asking(link, booted)
    finally:
        link.stop()


def wait_for_login(outcome: SimpleQueue[LinkError | None], bound_s: float) -> None:
    """Until a link of either switch is up. Raises what it came to instead, :class:`LinkLost` after so many seconds."""
    try:
        error = outcome.get(timeout=bound_s)
    except Empty:
        raise LinkLost(f"no login within {bound_s:.0f} s") from None
    if error is not None:
        raise error
