"""The person a telephone number stands for, however it is written (S15).

0722 000 111, +40722000111 and 0040722000111 are one person, found by E.164. What has no such form is looked for exactly as it was shown:
an extension, a short code, what a foreign PBX made up. Who withheld their number is nobody: all withheld callers together are no person,
and one of them must not be given what is kept of the others.

A redirecting number is kept only as the PBX told it, so the person's own spellings among those are recognised by reading each of them as
the person's number was read: with the same default region.
"""

import re
from dataclasses import dataclass

from callguard import numbers
from callguard.call.state import NOBODY, Number
from callguard.errors import UsageError

_INTERNATIONAL = re.compile(r"\(?(\+|00.{5})")

_REMEDY = "write it as in 0722 000 111, +40722000111 or 0040722000111, or an extension as `callguard calls` shows it"


@dataclass(frozen=True, slots=True)
class Person:
    """One person: the number in E.164 or as it was shown, and the region (ISO 3166) that national numbers are read in."""

    number: Number
    region: str

    @property
    def telephone(self) -> bool:
        """Whether it is a telephone number; if not, it is looked for exactly as it was shown."""
        return self.number.e164 is not None

    @property
    def shown(self) -> str:
        """As listings name them."""
        return self.number.e164 or self.number.raw

    def meant_by(self, written: str) -> bool:
        """Whether what a PBX told is this person's number."""
        read = numbers.parse(written, self.region)
        return read.e164 == self.number.e164 if self.number.e164 else read == self.number


def the_person(written: str, region: str, place: str = "NUMBER") -> Person:
    """Who is meant by what stands at ``place`` of the command line.

    Raises :class:`UsageError` for a withheld number, for what is no number at all, and for one that cannot be dialled.
    """
    number = numbers.parse(written, region)
    if number == NOBODY:
        raise UsageError("callers who withhold their number are nobody that could be told apart", place=place, remedy=_REMEDY)
    if not any(character in "0123456789" for character in number.raw):
        raise UsageError("this is no number", place=place, remedy=_REMEDY)
    if number.e164 is None and _INTERNATIONAL.match(number.raw):
        raise UsageError("no country has a telephone number like this: digits are missing, or too many", place=place, remedy=_REMEDY)
    return Person(number, region)
