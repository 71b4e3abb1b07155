"""What is entered in the ledger of an access to a recording.

Who listened is a person, and why may name another, so it is entered as a commitment, as decisions and holds are (see
:mod:`callguard.evidence.entries`): its number, the recording, and the digest of its whole row, which holds 16 random bytes.
"""

from collections.abc import Mapping
from typing import Any

from callguard.evidence.chain import Entry, canonical, digest

ACCESS_COLUMNS = ("at", "by", "reason", "recording_id", "salt", "way")
"""What the digest is over, under their names; ``at`` in milliseconds since 1970-01-01T00:00Z."""


def access(identifier: int, row: Mapping[str, Any]) -> Entry:
    """Somebody was given a recording to hear."""
    body = {"access": identifier, "recording": row["recording_id"], "digest": digest({name: row[name] for name in ACCESS_COLUMNS})}
    return Entry("access", canonical(body))
