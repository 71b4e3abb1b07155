"""Entering a wish not to be recorded, and taking it out again: who, when and why, in a row and in the ledger, in one transaction (S4, C8).

What the daemon makes of it is in :mod:`callguard.rights.listed`: who is listed is recorded no more from the next call on, and from within
a second on in a call that is going on. It is for the future; what was lawfully recorded before stays. A number is listed once: the second
wish of the same person changes nothing, and is told so with the entry that there is.

Erasure does not take an entry out. It is what keeps the person from being recorded, so it is kept for as long as the wish is.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from callguard.call.state import Number
from callguard.clock import utc_now
from callguard.errors import CallguardError
from callguard.evidence.optout_entries import optouts_imported
from callguard.lines import line
from callguard.rights.wishes import Wish, require_day
from callguard.store.database import Database
from callguard.store.ledger_rows import append
from callguard.store.optout_rows import Optout, add_optouts, find_listed, remove_optout, shut

AT_ONCE = 5_000
"""Entries of a list in one transaction: a tenth of a second."""

BREATH_S = 0.12
"""Between two of them; who waits for the lock of SQLite looks at least every 0.1 s."""


@dataclass(frozen=True, slots=True)
class ImportedOptouts:
    """How many numbers are listed since, and how many were already."""

    new: int
    known: int


def enter_optout(database: Database, wish: Wish, *, by: str) -> Optout:
    """Enter it; the entry.

    Raises :class:`UsageError` for a day or a text that cannot be, :class:`CallguardError` for a number that is listed already.
    """
    now, person = utc_now(), line(by, "--by")
    require_day(wish.wished_on, now, "--date")
    meant = replace(wish, reference=line(wish.reference, "--reference"))
    with database.write() as connection:
        shut(connection)
        known = find_listed(connection, [_key(wish.number)])
        if known:
            raise CallguardError(f"{_told(known)}; nothing was entered", place="NUMBER", remedy="callguard optout list --number NUMBER")
        (entered,) = add_optouts(connection, [meant], person, now)
    return entered


def remove_from_register(database: Database, number: Number, *, by: str, reason: str) -> Optout:
    """Take the number out; the entry as it is then. The person may be recorded again from the next call on, by the policies.

    Raises :class:`CallguardError` when the number is not listed, :class:`UsageError` for a text that cannot be.
    """
    person, why = line(by, "--by"), line(reason, "--reason")
    with database.write() as connection:
        shut(connection)
        known = find_listed(connection, [_key(number)])
        if not known:
            raise CallguardError("is not in the register", place="NUMBER", remedy="callguard optout list tells who is")
        return remove_optout(connection, known[_key(number)].id, person, why, utc_now())


def import_optouts(database: Database, wishes: Mapping[str, Wish], sha256: str, *, by: str) -> ImportedOptouts:
    """Enter all of a list that are not listed yet; ``sha256`` is that of its file. Raises :class:`UsageError`.

    It is entered in parts, each whole, since the daemon waits meanwhile. One that broke off is begun again: what is in is known.
    """
    person, new = line(by, "--by"), 0
    numbers = list(wishes)
    for start in range(0, len(numbers), AT_ONCE):
        if start:
            time.sleep(BREATH_S)
        new += _import_part(database, {number: wishes[number] for number in numbers[start : start + AT_ONCE]}, person)
    with database.write() as connection:
        append(connection, [optouts_imported(sha256, new, len(wishes) - new)])
    return ImportedOptouts(new, len(wishes) - new)


def _import_part(database: Database, wishes: Mapping[str, Wish], by: str) -> int:
    with database.write() as connection:
        shut(connection)
        known = find_listed(connection, list(wishes))
        return len(add_optouts(connection, [wish for number, wish in wishes.items() if number not in known], by, utc_now()))


def _key(number: Number) -> str:
    return number.e164 or number.raw


def _told(known: Mapping[str, Optout]) -> str:
    (entry,) = known.values()
    return f"is in the register already, by entry {entry.id} of {entry.entered_at:%Y-%m-%d}"
