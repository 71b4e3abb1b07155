"""The kinds of value a configuration holds, each read strictly and refused with what to write instead.

A value that could be understood in two ways is refused rather than guessed: this file decides who is recorded and for how long.
"""

import json
import re
from collections.abc import Collection
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BeforeValidator, StrictStr
from pydantic_core import PydanticCustomError, PydanticKnownError

from callguard.announcements.text import LANGUAGES, LONGEST_COMPANY, NAMES
from callguard.call.period import Period, Unit, parse_period
from callguard.config.section import refusal
from callguard.rights.roles import Role

Item = TypeVar("Item")

EEA = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL"}
    | {"PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO"}
)
"""ISO 3166 codes of the 27 member states and of Iceland, Liechtenstein and Norway, where the GDPR holds by the EEA agreement (S9)."""

QUESTIONS = tuple(name for name in NAMES if name.startswith(("inbound-", "outbound-")))
"""The announcements that a policy may play first; the others are answers."""

ASSURANCES = ("not-recorded", "refused")
"""The announcements that a listed person may hear: they ask nothing, and say that the call is not recorded."""

LONGEST_YEARS = 100
"""Nothing is kept longer; it also keeps the sum with a call's start inside the calendar."""

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=60)
"""How long a person may be given to press a key."""

_WAIT = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>ms|s)")
_SIZE = re.compile(r"(?P<count>[1-9][0-9]{0,5}) (?P<unit>MiB|GiB|TiB)")
_CLOCK = re.compile(r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
_BYTES = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_PER_YEAR = {Unit.DAYS: 366, Unit.MONTHS: 12, Unit.YEARS: 1}


def shown(text: str) -> str:
    """Written text as a message may repeat it: quoted, control characters escaped, cut short."""
    return json.dumps(text if len(text) <= 40 else f"{text[:40]}…", ensure_ascii=False)


def _wrong(text: str, message: str, remedy: str) -> PydanticCustomError:
    return refusal(f"{shown(text)} {message}", remedy)


def _like(pattern: str, message: str, remedy: str) -> AfterValidator:
    """Text that fits the pattern from end to end."""
    shape = re.compile(pattern)

    def fitting(text: str) -> str:
        if not shape.fullmatch(text):
            raise _wrong(text, message, remedy)
        return text

    return AfterValidator(fitting)


def _among(allowed: Collection[str], message: str, remedy: str) -> AfterValidator:
    """Text that is one of those."""

    def member(text: str) -> str:
        if text not in allowed:
            raise _wrong(text, message, remedy)
        return text

    return AfterValidator(member)


def _filled(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if not items:
        raise refusal("must not be empty", "write at least one")
    return items


def _text(written: object) -> str:
    if not isinstance(written, str):
        raise PydanticKnownError("string_type")
    return written


def _period(written: object) -> Period:
    text = _text(written)
    remedy = 'write a whole number from 1 on and days, months or years, as in "6 months"'
    try:
        period = parse_period(text)
    except ValueError as wrong:
        raise _wrong(text, "is no period", remedy) from wrong
    if period.count > LONGEST_YEARS * _PER_YEAR[period.unit]:
        raise _wrong(text, f"is longer than {LONGEST_YEARS} years", remedy)
    return period


def _wait(written: object) -> timedelta:
    text = _text(written)
    remedy = 'write 1s to 60s, or milliseconds, without a space, as in "5s" or "1500ms"'
    found = _WAIT.fullmatch(text)
    if found is None:
        raise _wrong(text, "is no duration", remedy)
    wait = int(found["count"]) * timedelta(**{"milliseconds" if found["unit"] == "ms" else "seconds": 1})
    if not SHORTEST_WAIT <= wait <= LONGEST_WAIT:
        raise _wrong(text, "is too short or too long to wait for a key", remedy)
    return wait


def _size(written: object) -> int:
    text = _text(written)
    found = _SIZE.fullmatch(text)
    if found is None:
        raise _wrong(text, "is no size", 'write a whole number from 1 on, a space and MiB, GiB or TiB, as in "1 GiB"')
    return int(found["count"]) * _BYTES[found["unit"]]


def _time_of_day(written: object) -> time:
    text = _text(written)
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise _wrong(text, "is no time of day", 'write hours and minutes in UTC, as in "03:30"')
    return time(int(found["hour"]), int(found["minute"]))


def _time_zone(written: object) -> ZoneInfo:
    text = _text(written)
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        remedy = 'write it as in "Europe/Bucharest" or "UTC"; if it is a good one, install the package tzdata'
        raise _wrong(text, "is no time zone of this machine", remedy) from None


def _absolute(written: object) -> Path:
    text = _text(written)
    path = Path(text)
    if not path.is_absolute() or ".." in path.parts or not text.isprintable():
        raise _wrong(text, "is no absolute path", 'write the whole path from / on, without "..", as in "/var/spool/asterisk/monitor"')
    return path


_NAME_REMEDY = "use small letters, digits, - and _, at most 64 in all, and begin with a letter or digit"

Text = Annotated[StrictStr, _like(r"(?=.*\S)[^\x00-\x1f\x7f]{1,200}", "is no line of text", "write 1 to 200 characters on one line")]
Name = Annotated[StrictStr, _like(r"[a-z0-9][a-z0-9_-]{0,63}", "is no plain name", _NAME_REMEDY)]
"""Names of policies, PBXs and announcements: they stand in file names, keys and logs."""

Language = Annotated[StrictStr, _among(LANGUAGES, "is no language that callguard speaks", f"write one of {', '.join(LANGUAGES)}")]
"""ISO 639-1, as Asterisk names its sound folders."""

Question = Annotated[StrictStr, _among(QUESTIONS, "is no announcement that asks", f"write one of {', '.join(QUESTIONS)}")]
Assurance = Annotated[StrictStr, _among(ASSURANCES, "does not say that nothing is recorded", f"write one of {', '.join(ASSURANCES)}")]
Company = Annotated[
    StrictStr,
    _like(
        rf"(?=.*\S)[^\x00-\x1f\x7f]{{1,{LONGEST_COMPANY}}}", "is no name to speak", f"write 1 to {LONGEST_COMPANY} characters on one line"
    ),
]
Key = Annotated[StrictStr, _like(r"[0-9*#]", "is no key of a telephone", 'write one of 0 to 9, * and #, as in "1"')]
Keys = Annotated[
    StrictStr, _like(r"[0-9*#]{0,8}", "are no keys of a telephone", 'write at most eight of 0 to 9, * and #, as in "*9", or "" for none')
]
Variable = Annotated[StrictStr, _like(r"[A-Z_][A-Z0-9_]{0,63}", "is no name of a variable", "write capitals, digits and _")]
"""An environment variable."""

Address = Annotated[
    StrictStr,
    _like(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}", "is no e-mail address", 'write it as in "dpo@example.com"'),
]
"""Of a mailbox: the addr-spec of RFC 5322 as it is used."""

Country = Annotated[
    StrictStr,
    _among(EEA, "is no country of the EU or EEA", 'keep recordings on storage inside it and write its code in capitals, as in "RO"'),
]
Region = Annotated[
    StrictStr,
    _among(SUPPORTED_REGIONS, "is no region with a numbering plan", 'write the two capitals of the country, as in "RO"'),
]
"""The country whose national numbers are meant, anywhere in the world."""

TimeZone = Annotated[ZoneInfo, BeforeValidator(_time_zone)]
"""By its name in the IANA database."""

Retention = Annotated[Period, BeforeValidator(_period)]
Wait = Annotated[timedelta, BeforeValidator(_wait)]
Size = Annotated[int, BeforeValidator(_size)]
"""Bytes."""

TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
"""Hours and minutes in UTC."""

AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]

Filled = AfterValidator(_filled)
"""Lists that must hold something. As a validator, so that a list of faulty entries is not called empty on top of it."""

Texts = Annotated[tuple[Text, ...], Filled]

_ACCOUNT_REMEDY = 'write the name of an account, or % and the name of a group, as in ana = ["dpo"] or "%quality" = ["reviewer"]'
Account = Annotated[StrictStr, _like(r"%?[^\W\d][\w.@\\$-]{0,63}", "names no account of this machine", _ACCOUNT_REMEDY)]

_EVERY_ROLE = ", ".join(f'"{role}"' for role in Role)
_Role = Annotated[StrictStr, _among(frozenset(Role), "is no role", f"write one or more of {_EVERY_ROLE}")]
Roles = Annotated[tuple[_Role, ...], Filled]
"""What an account may do; see :mod:`callguard.rights.roles`."""
