"""The wish of a person not to be recorded, as it came: by which way, on which day, on which paper (S4). Pure.

The ways are those that the notice names, and a call, since people also say it on the telephone. The day is that of the wish and not of
its entry: a letter may have waited. A day that has begun nowhere on earth yet is refused, as is one before any call could be recorded.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from callguard.call.state import Number
from callguard.errors import UsageError

EARLIEST = date(1950, 1, 1)

_FIRST_ZONE = timedelta(hours=14)
"""How far the clocks of the Line Islands, where each day begins, are ahead of UTC."""


class Way(StrEnum):
    """By which way the wish came."""

    POST = "post"
    COURIER = "courier"
    FAX = "fax"
    E_MAIL = "e-mail"
    VISIT = "visit"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whose wish it is, how and when it came, and the file, letter or ticket it is on."""

    number: Number
    way: Way
    wished_on: date
    reference: str


def require_day(day: date, now: datetime, place: str) -> None:
    """Raises :class:`UsageError` for a day, written at ``place``, on which the wish cannot have come."""
    if day > (now + _FIRST_ZONE).date():
        raise UsageError("is in the future", place=place, remedy="write the day on which it came")
    if day < EARLIEST:
        raise UsageError(f"is before {EARLIEST.year}", place=place, remedy="write the day on which it came")
