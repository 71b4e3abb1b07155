"""Who redirected a call, so that they are found as its caller is (C1, S15): a row for each number in ``calls.redirecting``.

The column keeps what the PBX told, in its order; the rows only find it, by the last seven digits, which all spellings of a number share.
They are written when the call is, as nothing of them changes afterwards, and go with it. Whoever rewrites the column rewrites the rows.
"""

import re

from callguard.call.state import Call

_DIGITS = 7
"""Fewer are an extension or a short code, which is found as it is."""


def ending(written: str) -> str:
    """What a number is found by. It never changes, or rows that are there could not be found."""
    digits = re.sub(r"[^0-9]", "", written)
    return digits[-_DIGITS:] if len(digits) >= _DIGITS else written


def redirection_rows(call: Call) -> list[dict[str, object]]:
    """The rows of ``redirections``; most calls have none."""
    told = enumerate(call.redirecting)
    return [{"call_id": call.id, "position": place, "number": number, "ending": ending(number)} for place, number in told]
