"""Many small things at once, each of which waits for the disk: what is removed after months must be read before it can be changed.

A few threads, as the disk does several things in the time of one; more of them would only wait for one another. What they do must be
system calls for the most part: these let other threads run, and the daemon's own engine is one.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_ABREAST = 4
_WORTH_IT = 20
"""Fewer are done before threads have begun."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def abreast(work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """What came of each item, in order. Raises what ``work`` raises, when no thread is at work any more."""
    if len(items) < _WORTH_IT:
        return [work(item) for item in items]
    size = -(-len(items) // _ABREAST)
    slices = [items[start : start + size] for start in range(0, len(items), size)]
    with ThreadPoolExecutor(_ABREAST) as pool:
        return [result for done in pool.map(lambda some: [work(item) for item in some], slices) for result in done]
