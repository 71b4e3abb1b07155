"""Keeps an error of one callback from reaching the connection that called it."""

import logging
from types import TracebackType

LOG = logging.getLogger("callguard.pbx")


class Contain:
    """`with contain:` around foreign code: an `Exception` ends there, and only its type and place are logged.

    Its message is not, as it may quote what a caller sent. A callback that fails on every event is logged at failure 1, 2, 4, 8 …,
    so that it does not fill the disk.
    """

    __slots__ = ("failures",)

    def __init__(self) -> None:
        self.failures = 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, trace: TracebackType | None) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        self.failures += 1
        if self.failures & (self.failures - 1) == 0:
            LOG.error("%s in a callback at %s, failure %d; the link goes on", kind.__name__, _place(trace), self.failures)
        return True


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown place" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
