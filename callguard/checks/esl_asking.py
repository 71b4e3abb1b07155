"""One ESL login, made to ask a few questions and left again: the daemon's own link, with short bounds and no second attempt."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from callguard.checks.asking import wait_for_login
from callguard.checks.clocks import Clock, compared
from callguard.config import PbxSettings
from callguard.errors import LinkError, LinkLost, LoginRefused
from callguard.pbx.esl import EslAddress, EslBounds, EslLink, LinkCallbacks, api, job
from callguard.pbx.esl_facts import moment

BOUNDS = EslBounds(connect_s=3.0, login_s=3.0)
LOGIN_S = 10.0
"""Longer than its steps together may take."""

ANSWER_S = 3.0


class EslAsking:
    """A FreeSWITCH that has let us in."""

    def __init__(self, link: EslLink) -> None:
        self._link = link

    def quick(self, command: str, argument: str = "") -> str:
        """What an API command prints that FreeSWITCH answers at once."""
        return self._link.ask(api(command, argument), ANSWER_S).text

    def slow(self, command: str, argument: str) -> str:
        """What any other API command prints."""
        return self._link.ask(job(command, argument), ANSWER_S).text

    def clock(self) -> Clock | None:
        """``None`` from a PBX that does not tell its time: what tells it is in mod_dptools."""
        return compared(lambda: moment(self.quick("strmicroepoch")))


@contextmanager
def asking(pbx: PbxSettings, secret: str) -> Iterator[EslAsking]:
    """Log in, and out again at the end. Raises :class:`LinkError` when the PBX is not there or does not let us in."""
    outcome: SimpleQueue[LinkError | None] = SimpleQueue()
    callbacks = LinkCallbacks(
        on_event={},
        on_up=lambda: outcome.put(None),
        on_down=lambda reason: outcome.put(LinkLost(reason)),
        on_fatal=lambda reason: outcome.put(LoginRefused(reason)),
        congested=lambda: False,
    )
    link = EslLink(EslAddress(pbx.host, pbx.port, secret), callbacks, BOUNDS)
    link.start()
    try:
        wait_for_login(outcome, LOGIN_S)
        yield EslAsking(link)
    finally:
        link.stop()
