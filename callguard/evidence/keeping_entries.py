"""What is entered in the ledger of how recordings are kept: one that was sealed later, and a renewal of the master key. It names nobody."""

from callguard.evidence.chain import Entry, canonical


def sealed_later(recording: str, sha256: str) -> Entry:
    """A recording that had been kept plain was sealed; ``sha256`` is that of its sound, as measured when it stopped."""
    return Entry("sealed-later", canonical({"recording": recording, "sha256": sha256}))


def keys_renewed(present: str, former: str | None, renewed: int, *, ended: bool) -> Entry:
    """So many keys were wrapped by another master key; ``ended`` when none is left that only the one before it opens."""
    return Entry("keys-renewed", canonical({"master": present, "former": former, "renewed": renewed, "ended": ended}))
