"""Calendar periods: "6 months" is six calendar months, never 180 days (S8).

Arithmetic is on the date in UTC with the time of day kept. A day that the target month does not have becomes its last one:
31 August + 6 months is 28 or 29 February. Standard library only, as the rules that build on it must be.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Unit(StrEnum):
    """What a period counts."""

    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


_WRITTEN = re.compile(r"(?P<count>[1-9][0-9]{0,3}) (?P<unit>day|month|year)s?")


@dataclass(frozen=True, slots=True)
class Period:
    """A number of days, months or years, at least one."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit.value if self.count > 1 else self.unit.value[:-1]}"

    def after(self, start: datetime) -> datetime:
        """The moment this period ends when it begins at ``start`` (aware, UTC)."""
        if self.unit is Unit.DAYS:
            return start + timedelta(days=self.count)
        months = self.count * (12 if self.unit is Unit.YEARS else 1)
        return add_months(start, months)


def parse_period(text: str) -> Period:
    """Read "6 months", "1 year", "90 days". Raises ``ValueError`` that says what to write instead."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no period: write a whole number from 1 to 9999 and days, months or years, as in "6 months"')
    return Period(int(found["count"]), Unit(found["unit"] + "s"))


def add_months(start: datetime, months: int) -> datetime:
    """The same day ``months`` later, or the last day of that month where it has no such day."""
    years, month0 = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last = calendar.monthrange(year, month0 + 1)[1]
    return start.replace(year=year, month=month0 + 1, day=min(start.day, last))
