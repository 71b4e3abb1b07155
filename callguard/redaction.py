"""What may stand in a log line: no telephone number, no secret, no text of unbounded length, no control character.

Logs live by other rules than the database: they are shipped, searched and kept by people who may not see who called whom (S10). So every
value is taken apart here, and what is not known to be harmless is not shown:

- Seven digits or more, with or without the marks people write between them, are a telephone number wherever they stand, and become
  `*****111`: a thousand people share each of these, yet an operator on the telephone with one of them finds the lines. Internet addresses
  with that many digits go the same way, which is wanted: they lead to a person as well.
- Kept whole in any text: dates (`2026-11-21`, `2026/11/21`) with or without a time, UUIDs, hashes of 32 to 64 hexadecimal digits.
- Kept whole only under a key of `ID_KEYS`: Asterisk's ids (`1763757443.12`), which look like numbers. A number above a million is shown
  only under a key that says what it counts (`MEASURES`).
- A key that speaks of a secret loses its value, and so does `password=…` in the middle of a sentence or a URL.
- Of an exception that is not ours, of an object without a plain form, only the type is shown: its text may quote a caller.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import PurePath
from typing import Any

from callguard.errors import CallguardError

LONGEST_TEXT = 1000
"""Characters of one text in a log line."""

MOST_ITEMS, DEEPEST = 50, 4
"""Entries shown of a list or table, and how far inside one another."""

ID_KEYS = frozenset({"call", "leg", "linkedid", "uniqueid", "recording", "action_id", "bridge", "reference"})
MEASURES = re.compile(r".*_(?:s|ms|us|bytes|usec)|size|free|count|pid|port|capacity|rows")

_WITHHELD = "[withheld]"
_SECRET_KEY = re.compile(r"secret|passw|token|credential|authorization|cookie", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"""((?:secret|passw(?:or)?d|token)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)""", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^@\s]*@")
_LINKEDID = re.compile(r"(?<!\d)[12]\d{9}\.\d{1,10}")
_DIGITS = re.compile(
    r"""
    (?P<kept>
        (?<!\d) 20\d\d ([-/]) (?:0[1-9]|1[0-2]) \2 (?:0[1-9]|[12]\d|3[01]) (?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)? (?!\d)
      | \b [0-9a-f]{8} (?:-[0-9a-f]{4}){3} -[0-9a-f]{12} \b
      | \b (?=[0-9]*[a-f]) [0-9a-f]{32,64} \b
    )
    | \+? \d (?:[\s().\-/]{0,3} \d){6,}
    """,
    re.VERBOSE,
)


def redact(value: object, key: str = "", depth: int = 0) -> object:
    """The value as a log may show it: None, bool, number, text, or a list or table of these. Never raises."""
    if _SECRET_KEY.search(key):
        return _WITHHELD
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value, key, depth)
    return _type(value, key, depth)


def redact_text(text: str, key: str = "") -> str:
    """The text without numbers, secrets and control characters, cut to `LONGEST_TEXT`."""
    shown = "".join(character if character.isprintable() else " " for character in text[: 2 * LONGEST_TEXT])
    if len(text) > len(shown):
        shown = shown.rstrip("+0123456789 ().-/")
    tail = _LINKEDID.search(shown) if key in ID_KEYS else None
    if tail is not None and tail.end() == len(shown):
        return _masked(shown[: tail.start()]) + tail.group()
    return _masked(shown)[:LONGEST_TEXT]


def _masked(text: str) -> str:
    text = _SECRET_TEXT.sub(rf"\1{_WITHHELD}", text)
    text = _URL_PASSWORD.sub(rf"\1{_WITHHELD}@", text)
    return _DIGITS.sub(lambda found: found["kept"] or f"*****{_last_three(found.group())}", text)


def _last_three(number: str) -> str:
    return "".join(filter(str.isdecimal, number))[-3:]


def _type(value: object, _key: str, _depth: int) -> object:
    return f"<{type(value).__name__}>"


def _same(value: object, _key: str, _depth: int) -> object:
    return value


def _number(value: float, key: str, _depth: int) -> object:
    if abs(value) < 1_000_000 or MEASURES.fullmatch(key):
        return value
    return redact_text(f"{value:.0f}")


def _text(value: object, key: str, _depth: int) -> object:
    return redact_text(str(value), key)


def _time(value: datetime, _key: str, _depth: int) -> object:
    return value.isoformat().replace("+00:00", "Z")


def _table(value: Mapping[object, object], _key: str, depth: int) -> object:
    if depth == DEEPEST:
        return _type(value, "", depth)
    shown = list(value.items())[:MOST_ITEMS]
    return {redact_text(str(key)): redact(item, str(key), depth + 1) for key, item in shown}


def _list(value: Iterable[object], key: str, depth: int) -> object:
    if depth == DEEPEST:
        return _type(value, "", depth)
    return [redact(item, key, depth + 1) for item in islice(value, MOST_ITEMS)]


_FORMS: tuple[tuple[type | tuple[type, ...], Callable[[Any, str, int], object]], ...] = (
    ((bool, type(None)), _same),
    ((int, float), _number),
    ((str, PurePath, timedelta, CallguardError), _text),
    (datetime, _time),
    (Mapping, _table),
    ((list, tuple, set, frozenset), _list),
)
