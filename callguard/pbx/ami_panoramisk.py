"""The only door to panoramisk: the parts of it that are used, with the types it does not have, and its loggers silenced.

panoramisk 1.4 logs whole actions at INFO, message bodies at DEBUG and, when a write fails, the login secret. Its loggers are
therefore raised to WARNING, and what still passes is reduced to the fact that something was said.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:

    class AMIProtocol(asyncio.Protocol):
        """`panoramisk.ami_protocol.AMIProtocol`."""

        closed: bool
        version: str | None

    class Manager:
        """`panoramisk.manager.Manager`."""

        def __init__(self, **config: object) -> None: ...

        def connect(self) -> asyncio.Task[tuple[asyncio.Transport, asyncio.Protocol]]:
            """Opens the connection with `protocol_factory`."""
            ...

else:
    from panoramisk.ami_protocol import AMIProtocol
    from panoramisk.manager import Manager

__all__ = ["AMIProtocol", "Manager", "silence"]

_LOGGERS = ("panoramisk", "panoramisk.manager", "panoramisk.ami_protocol")


def _withhold(record: logging.LogRecord) -> bool:
    record.msg, record.args = "panoramisk wrote a log line, withheld as it may quote the call", ()
    record.exc_info = record.exc_text = record.stack_info = None
    return True


_FILTER: Callable[[logging.LogRecord], bool] = _withhold


def silence() -> None:
    """Raises panoramisk's loggers to WARNING and takes the content out of what remains. May be called again."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.addFilter(_FILTER)
