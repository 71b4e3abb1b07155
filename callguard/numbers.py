"""One telephone number in all the ways it is written: "0722 000 111", "+40722000111" and "0040722000111" are one person.

What was dialled or shown is kept as it was, cleaned and cut, because it is what happened (C1); E.164 stands beside it, because a person who
asks for their rights must be found however the PBX wrote them (S15). Three decisions:

- Only text made of digits and the marks people write between them is looked at. The library would also read letters as digits and take
  a number out of the middle of a sentence, so that a caller could name themselves into another person's records.
- With a country code, a number counts when its length is possible in that country: numbering plans are younger than any library. Without
  one it must be valid in the default region, else every six-digit extension would be somebody's telephone.
- Extensions and short codes have no E.164 form; withheld numbers are `NOBODY`, whatever word the network uses for it.

Nothing here raises: what callers send is never an error of ours.
"""

import re
from functools import lru_cache
from unicodedata import category

import phonenumbers

from callguard.call.state import NOBODY, Number

LONGEST = 80
"""Characters kept of what was dialled or shown; E.164 has fifteen digits, a SIP user part seldom more than forty characters."""

_WRITTEN = re.compile(r"\(?\+?[0-9 ().\-/\u2010-\u2015\u2212]{7,}")
"""The dashes are those of printed letters, from which people copy."""
_WITHHELD = frozenset(
    {"", "anonymous", "unknown", "<unknown>", "restricted", "unavailable", "private", "withheld", "anonymous@anonymous.invalid"}
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def parse(raw: str | None, region: str) -> Number:
    """The number as dialled or shown; `region` is the ISO 3166 code of the country whose national numbers are meant."""
    return _parsed(_cleaned(raw or ""), region)


@lru_cache(maxsize=4096)
def _parsed(text: str, region: str) -> Number:
    if text.casefold() in _WITHHELD:
        return NOBODY
    return Number(text, _e164(text, region))


def _e164(text: str, region: str) -> str | None:
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        found = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    national = found.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    believed = phonenumbers.is_valid_number(found) if national else phonenumbers.is_possible_number(found)
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if believed else None


def _cleaned(raw: str) -> str:
    """At most `LONGEST` characters, all printable: controls replaced, the invisible marks that copying from a screen brings left out."""
    if raw.isascii() and raw.isprintable():
        return raw[:LONGEST].strip()
    return "".join(map(_visible, raw[:LONGEST])).strip()


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return "" if category(character) == "Cf" else _REPLACEMENT
