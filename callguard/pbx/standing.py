"""How a link stands, for AMI and ESL alike: what its owner was last told, and how long to wait before the next attempt."""

import logging
import random
from collections.abc import Callable
from functools import partial
from typing import Protocol

from callguard.errors import LinkError, LoginRefused
from callguard.pbx.contain import Contain

_RANDOM = random.SystemRandom()


class Told(Protocol):
    """Whom a link tells how it stands: the parts of either `LinkCallbacks` that matter here."""

    @property
    def on_up(self) -> Callable[[], None]:
        """It is up."""

    @property
    def on_down(self) -> Callable[[str], None]:
        """It is not, and why; it goes on trying."""

    @property
    def on_fatal(self) -> Callable[[str], None]:
        """It is refused, and why; it goes on trying, slowly."""


class Patience(Protocol):
    """How long a link waits after a loss, and after a refused login: seconds, the first time and at most."""

    @property
    def retry_first_s(self) -> float:
        """After one loss."""

    @property
    def retry_longest_s(self) -> float:
        """After many."""

    @property
    def refused_first_s(self) -> float:
        """After one refusal: a PBX that bans guessers would ban the daemon."""

    @property
    def refused_longest_s(self) -> float:
        """After many."""


class Standing:
    """What is the same as before is not told again. `reason` is the last that was told; `title` names the link in the log."""

    def __init__(self, title: str, told: Told, patience: Patience, contain: Contain, log: logging.Logger) -> None:
        self.reason = "not connected yet"
        self._title = title
        self._told = told
        self._patience = patience
        self._contain = contain
        self._log = log
        self._failures = 0

    def up(self) -> None:
        """Logged in."""
        self._tell("connected", self._told.on_up, logging.INFO)

    def held(self) -> None:
        """It was up for long enough that the next loss counts as the first."""
        self._failures = 0

    def ended(self, end: LinkError) -> float:
        """A connection, or the attempt at one, ended so; the seconds to wait before the next."""
        self._failures += 1
        patience = self._patience
        if isinstance(end, LoginRefused):
            self._tell(f"login refused: {end.message}", partial(self._told.on_fatal, end.message))
            return retry_delay_s(self._failures, patience.refused_first_s, patience.refused_longest_s)
        self._tell(end.message, partial(self._told.on_down, end.message))
        return retry_delay_s(self._failures, patience.retry_first_s, patience.retry_longest_s)

    def _tell(self, reason: str, tell: Callable[[], None], level: int = logging.WARNING) -> None:
        if reason == self.reason:
            return
        self.reason = reason
        self._log.log(level, "%s: %s", self._title, reason)
        with self._contain:
            tell()


def retry_delay_s(failures: int, first_s: float, longest_s: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from the first to the longest, of which a random half to whole.

    The spread keeps many daemons that lost one PBX from coming back in the same instant.
    """
    return min(first_s * 2.0 ** min(failures - 1, 30), longest_s) * _RANDOM.uniform(0.5, 1.0)
