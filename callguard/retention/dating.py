"""Records of calls and messages get their end when the call is over: computed by a sweep from the rules then in force, and kept.

As with recordings, a rule that is changed later changes nothing that is dated; that takes a `retag`. Only an import of contracts takes the
dates of the numbers it speaks of back, to have them computed from what is known now.

It is done page by page, each in a transaction of its own, with a rest as long as the work was (see :mod:`callguard.retention.execution`).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from callguard.retention.execution import LONGEST_REST_S
from callguard.retention.ruleset import RuleSet
from callguard.retention.terms import Expiry, Kind
from callguard.store.database import Database
from callguard.store.record_rows import StoredRecord, date_records, known_contracts, origin, undated_page

DATED = (Kind.CDR, Kind.SMS)
"""The kinds that have rows of their own; recordings are dated at their beginning, decisions go with their calls."""


def date_all(database: Database, rules: RuleSet, stopped: Callable[[], bool]) -> None:
    """Date what has ended since the last time. Raises :class:`callguard.errors.StoreError`."""
    for kind in DATED:
        while not stopped() and _date_page(database, rules, kind):
            pass


def undated(database: Database, rules: RuleSet) -> Iterator[tuple[StoredRecord, Expiry]]:
    """What is not dated yet, with the end that it would get; nothing is written."""
    for kind in DATED:
        last: str | None = None
        while page := _read_page(database, rules, kind, last):
            yield from page
            last = page[-1][0].id


def expiry(rules: RuleSet, record: StoredRecord, known: Mapping[str, date | None]) -> Expiry:
    """When the record ends by the rules, with the contracts that are known."""
    begins = origin(record, known)
    return rules.of_call(record.policy, begins) if record.kind is Kind.CDR else rules.of_message(begins)


def _read_page(database: Database, rules: RuleSet, kind: Kind, after: str | None) -> Sequence[tuple[StoredRecord, Expiry]]:
    with database.read() as connection:
        page = undated_page(connection, kind, after)
        known = known_contracts(connection, page)
    return [(record, expiry(rules, record, known)) for record in page]


def _date_page(database: Database, rules: RuleSet, kind: Kind) -> bool:
    """Whether there was anything to date. It is looked for without a writing transaction, since there mostly is nothing."""
    begun = time.monotonic()
    if not _read_page(database, rules, kind, None):
        return False
    with database.write() as connection:
        page = undated_page(connection, kind, None)
        known = known_contracts(connection, page)
        date_records(connection, kind, {record.id: expiry(rules, record, known) for record in page})
    time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))
    return True
