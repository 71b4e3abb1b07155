"""Times, spans and counts as they are typed after an option.

A time without a zone is meant in UTC, as every time that callguard prints is; a date alone is its first moment.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeAlias

import typer

_SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,4})(?P<unit>[hdw])")
_COUNT = re.compile(r"0*[1-9][0-9]{0,9}")
_LARGEST = 2**31 - 1
"""What an integer column of every database can hold."""

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def moment(written: str) -> datetime:
    """An ISO 8601 date or time, as an aware moment in UTC."""
    try:
        read = datetime.fromisoformat(written)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{written!r} is no time: write a date or a time, as in 2026-11-21 or 2026-11-21T09:30:00Z") from None


def span(written: str) -> timedelta:
    """A number of hours, days or weeks."""
    found = _SPAN.fullmatch(written)
    if found is None:
        raise typer.BadParameter(f"{written!r} is no span: write hours, days or weeks, as in 12h, 7d or 2w")
    return int(found["count"]) * _UNITS[found["unit"]]


def day(written: str) -> date:
    """A day as it is written on a letter."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no day: write it as in 2026-11-21") from None


def count(written: str | int) -> int:
    """How many, or the number of an entry; both from 1 on."""
    if not _COUNT.fullmatch(str(written)) or int(written) > _LARGEST:
        raise typer.BadParameter(f"{written!r} is no whole number from 1 to {_LARGEST}")
    return int(written)


Since: TypeAlias = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="From this time on, in UTC.")]
Until: TypeAlias = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="Before this time, in UTC.")]
AsOf: TypeAlias = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="As if it were this time.")]
Within: TypeAlias = Annotated[timedelta | None, typer.Option(parser=span, metavar="SPAN", help="Only what expires within 12h, 7d, 2w …")]
