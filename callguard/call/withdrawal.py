"""Following the withdrawal keys (``*9``) in a running conversation without keeping any key.

Only how many of the configured keys have come in a row is remembered, and for no longer than three seconds between two of them.
"""

from datetime import timedelta

from callguard.call.events import DigitPressed
from callguard.call.state import Withdrawal

PATIENCE = timedelta(seconds=3)


def follow(before: Withdrawal | None, event: DigitPressed, keys: str) -> tuple[Withdrawal | None, bool]:
    """How far the person has come with this key, and whether the keys are now whole. Empty ``keys`` switch withdrawal by key off."""
    so_far = keys[: _matched(before, event)] + event.key
    matched = next(count for count in range(len(keys), -1, -1) if so_far.endswith(keys[:count]))
    if matched and matched == len(keys):
        return None, True
    return (Withdrawal(event.leg, matched, event.at) if matched else None), False


def _matched(before: Withdrawal | None, event: DigitPressed) -> int:
    if before is None or before.leg != event.leg or event.at - before.at > PATIENCE:
        return 0
    return before.matched
