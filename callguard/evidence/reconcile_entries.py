"""What a reconciliation enters: what was mended, and what went to quarantine and came back from it.

No entry holds a path, which a PBX may have made of a number. Who releases a file from quarantine, and why, is entered as a commitment, as
holds are (see :mod:`callguard.evidence.entries`).
"""

from collections.abc import Mapping
from typing import Any

from callguard.evidence.chain import Entry, canonical, digest, written

RELEASE_COLUMNS = ("ended_at", "id", "release_reason", "released_by", "salt")
"""What the digest of a release is over, under their names; ``ended_at`` in milliseconds since 1970-01-01T00:00Z."""


def mended(step: str, ground: str, recording: str | None, form: str) -> Entry:
    """A file was removed, a key or a deleted recording destroyed again, or a row marked; ``form`` says what of it, or the row's status."""
    return Entry("reconciliation", canonical({"step": step, "ground": ground, "recording": recording, "of": form}))


def quarantined(row: Mapping[str, Any]) -> Entry:
    """A file is about to be moved; which one is told by its hash."""
    told = {name: row[name] for name in ("recording_id", "sha256", "size")}
    return Entry("quarantine", canonical({"quarantine": row["id"], "until": written(row["expires_at"]), **told}))


def quarantine_released(row: Mapping[str, Any]) -> Entry:
    """A file was given back."""
    committed = digest({name: row[name] for name in RELEASE_COLUMNS})
    return Entry("quarantine-release", canonical({"quarantine": row["id"], "digest": committed}))
