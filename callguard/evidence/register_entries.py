"""What is entered in the ledger of the registers that only grow: requests, disclosures, incidents and what comes after them.

A row of such a register is never changed: what happens later (an extension, an answer, a notification) is a row of its own. So each row has
one entry, a commitment as those of decisions and holds are (see :mod:`callguard.evidence.entries`): which register, which row, and the
digest of the whole row, which holds 16 random bytes. The hash of a copy that was given out stands in the clear, so that a copy that turns
up somewhere can be told by the ledger alone: it is no secret, and of nobody.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from callguard.evidence.chain import Entry, Value, canonical, digest
from callguard.evidence.entries import Kind
from callguard.store.types import to_millis


def registered(register: str, identifier: int, row: Mapping[str, Any]) -> Entry:
    """A row of a register: all of its columns but ``id``. A time in milliseconds since 1970, a day as 2026-11-22."""
    content = {name: _as_digested(value) for name, value in row.items()}
    body = {"entry": f"{register} {identifier}", "digest": digest(content)}
    return Entry(Kind.REGISTER.value, canonical(body | ({"sha256": content["sha256"]} if "sha256" in content else {})))


def _as_digested(value: Any) -> Value:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, datetime):
        return to_millis(value)
    return value.isoformat() if isinstance(value, date) else value
