"""What is entered in the ledger of the do-not-record register.

An entry of the register tells a telephone number and names people, so it is entered as a commitment, as decisions and holds are (see
:mod:`callguard.evidence.entries`): its number in the register, and the digest of its whole row, which holds 16 random bytes.
"""

from collections.abc import Mapping
from typing import Any

from callguard.evidence.chain import Entry, canonical, digest

OPTOUT_COLUMNS = (
    *("entered_at", "entered_by", "number", "reference", "removal_reason", "removed_at", "removed_by", "salt"),
    *("way", "wished_on", "written"),
)
"""What the digest is over, under their names: times in milliseconds since 1970-01-01T00:00Z, the day of the wish as in 2026-11-22."""


def optout(kind: str, identifier: int, row: Mapping[str, Any]) -> Entry:
    """An entry as it stands after it was made (``optout``) or removed (``optout-removal``)."""
    return Entry(kind, canonical({"optout": identifier, "digest": digest({name: row[name] for name in OPTOUT_COLUMNS})}))


def optouts_imported(sha256_of_file: str, new: int, known: int) -> Entry:
    """A list was taken over; each new entry of it stands in the ledger by itself."""
    return Entry("optouts-imported", canonical({"sha256": sha256_of_file, "new": new, "known": known}))
