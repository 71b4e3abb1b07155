"""What retention enters in the ledger beside the deletion of recordings: the deletion of rows, holds, changed terms, contracts, overrides.

What names nobody is entered in the clear. A hold names people, those who place and release it and often the one whom it is about, so it is
entered as a commitment, as decisions are (see :mod:`callguard.evidence.entries`): its number, and the digest of its whole row, which holds
16 random bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from callguard.evidence.chain import Entry, canonical, digest, written

HOLD_COLUMNS = (
    *("call", "number", "number_e164", "placed_at", "placed_by", "queue", "reason", "recording", "reference"),
    *("release_reason", "released_at", "released_by", "salt", "since", "until"),
)
"""What the digest of a hold is over, under their names; times in milliseconds since 1970-01-01T00:00Z."""


def record_deletion(kind: str, record: str, rule: str, kept_until: int) -> Entry:
    """A call's or a message's row, or the evidence of a decision, was deleted when its term had ended."""
    return Entry("record-deletion", canonical({"kind": kind, "record": record, "rule": rule, "kept_until": written(kept_until)}))


def hold(kind: str, identifier: int, row: Mapping[str, Any]) -> Entry:
    """A hold as it stands after it was placed (``hold``) or released (``hold-release``)."""
    return Entry(kind, canonical({"hold": identifier, "digest": digest({name: row[name] for name in HOLD_COLUMNS})}))


def retag(order: int | None, kind: str, record: str, rule: str, ends: tuple[int | None, int | None]) -> Entry:
    """A changed rule was applied to a record: when it was to go before, and when it is to go now.

    ``order`` is the row of ``retags`` that says by whom; it has an entry of its own.
    """
    told = {name: None if end is None else written(end) for name, end in zip(("from", "to"), ends, strict=True)}
    return Entry("retag", canonical({"order": order, "kind": kind, "record": record, "rule": rule, **told}))


def contracts(sha256_of_file: str, new: int, changed: int) -> Entry:
    """A list of contract ends was taken over."""
    return Entry("contracts", canonical({"sha256": sha256_of_file, "new": new, "changed": changed}))


def guards_overridden(objections: Sequence[str], as_of: int) -> Entry:
    """Somebody let a sweep delete although guards objected."""
    return Entry("guards-overridden", canonical({"objections": list(objections), "as_of": written(as_of)}))
