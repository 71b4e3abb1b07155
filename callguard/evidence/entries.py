"""What is entered: one function for each kind of fact, from the fact's row to the entry that proves it.

The ledger is never shortened, so an entry about a person must still be harmless when the person has been erased. A decision is therefore
entered as a *commitment*: the id of its call, which is random and means nothing without the call's row, and the digest of the whole
``consents`` row. That row holds the number of who decided, and the ten digits of a number are soon found by trying; so it holds 16 random
bytes as well (``salt``), which stand nowhere else. Who has the row can check the digest with SHA-256 and nothing more, no key is needed or
could be lost; once the row is erased, nobody can tell any more whose decision the entry proves, with all numbers of the world to try.

What names nobody is entered in the clear: a deletion with all that its row says, so that the proof is complete without our database; a
sweep that deleted something; policies, announcements and the configuration by their digests, whose content is no secret of a person's.

``consents-removed`` must be entered by whoever removes the rows of a call's decisions lawfully (their retention, an erasure), in the same
transaction; for a row that is gone without it, the ledger says that the evidence was tampered with.

Rows that were there before the ledger began are entered by the migration, behind the first entry (``begin``), which says how many: for
these the ledger proves that they have not changed since, and nothing of the time before.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeAlias

from callguard.evidence.chain import Entry, Value, digest, encoded, written

Row: TypeAlias = Mapping[str, Any]
"""A row as the database holds it: times in milliseconds since 1970-01-01T00:00Z."""


class Kind(StrEnum):
    """What an entry is about."""

    BEGIN = "begin"
    CONSENT = "consent"
    CONSENTS_REMOVED = "consents-removed"
    DELETION = "deletion"
    RECORD_DELETION = "record-deletion"
    SWEEP = "sweep"
    HOLD = "hold"
    HOLD_RELEASE = "hold-release"
    ACCESS = "access"
    OPTOUT = "optout"
    OPTOUT_REMOVAL = "optout-removal"
    REGISTER = "register"
    POLICY = "policy"
    ANNOUNCEMENT = "announcement"
    CONFIGURATION = "configuration"


CONSENT_COLUMNS = (
    *("announced_at", "announcement", "call_id", "complete", "decided_at", "decision", "heard_ms", "how", "key", "language", "leg"),
    *("legal_basis", "number", "policy_version", "position", "purposes", "received_at", "salt"),
)
"""What the digest of a decision is over: all columns but the row's number, under their names."""

DELETION_COLUMNS = ("recording_id", "reason", "rule", "expires_at", "deleted_at", "sha256", "size", "file")
_DELETION_SORTED = tuple(sorted(DELETION_COLUMNS))
SWEEP_COLUMNS = ("as_of", "finished_at", "considered", "deleted", "failed")

_TRUTH = {0: False, 1: True}
_TIMES = frozenset({"expires_at", "deleted_at", "as_of", "finished_at"})


def begin(ledger: str, adopted: int) -> Entry:
    """The first: a random name for this ledger, and how many of the entries behind it are of rows that were there before."""
    return _entry(Kind.BEGIN, {"ledger": ledger, "adopted": adopted})


def consent(row: Row) -> Entry:
    """A decision; ``purposes`` as the JSON text that the row holds, ``complete`` as a truth value or as SQLite's 0 and 1."""
    evidence = {name: row[name] for name in CONSENT_COLUMNS}
    evidence["complete"] = _TRUTH[row["complete"]]
    evidence["purposes"] = _purposes(row["purposes"])
    found = sha256(flat(evidence, CONSENT_COLUMNS).encode()).hexdigest()
    return Entry(Kind.CONSENT.value, f'{{"call":{encoded(row["call_id"])},"digest":"{found}"}}')


def consents_removed(call: str, reason: str) -> Entry:
    """All decisions of a call were lawfully removed. The reason names a rule or a request and no person."""
    return _entry(Kind.CONSENTS_REMOVED, {"call": call, "reason": reason})


def deletion(row: Row) -> Entry:
    """The proof of a recording's deletion, whole (C7)."""
    return Entry(Kind.DELETION.value, flat(_cleartext(row, DELETION_COLUMNS), _DELETION_SORTED))


def sweep(row: Row) -> Entry:
    """A sweep that deleted something."""
    return _entry(Kind.SWEEP, _cleartext(row, SWEEP_COLUMNS))


def policy(version: str, name: str, content: Value) -> Entry:
    """The policy of that version was first seen; ``content`` as the archive keeps it (S12)."""
    return _entry(Kind.POLICY, {"version": version, "name": name, "digest": digest(content)})


def announcement(row: Row) -> Entry:
    """An announcement was archived: with SHA-256 of its text in UTF-8 and of both its sounds (S12)."""
    named = {name: row[name] for name in ("version", "name", "language", "duration_ms")}
    contents = {"text": row["text"].encode(), "audio_8k": row["audio_8k"], "audio_16k": row["audio_16k"]}
    return _entry(Kind.ANNOUNCEMENT, named | {name: sha256(content).hexdigest() for name, content in contents.items()})


def configuration(sha256_of_file: str, callguard: str) -> Entry:
    """The configuration file that the daemon goes by from now on, as ``sha256sum`` tells it, and the daemon's version."""
    return _entry(Kind.CONFIGURATION, {"sha256": sha256_of_file, "callguard": callguard})


def flat(members: Mapping[str, Any], names: Sequence[str]) -> str:
    """Canonical JSON of an object with these names, which are sorted; twice as fast as for what may have any shape."""
    return "{" + ",".join([f'"{name}":{_value(members[name])}' for name in names]) + "}"


def _value(value: Any) -> str:  # noqa: ANN401 - of a column
    if value is None:
        return "null"
    return repr(value) if type(value) is int else encoded(value)


def _entry(kind: Kind, body: Value) -> Entry:
    return Entry(kind.value, encoded(body))


def _cleartext(row: Row, columns: Sequence[str]) -> dict[str, Value]:
    return {name: written(row[name]) if name in _TIMES else row[name] for name in columns}


@lru_cache(maxsize=64)
def _purposes(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
