"""What is entered in the ledger of recordings that another program made. None of it names anybody, so all is in the clear."""

from callguard.evidence.chain import Entry, canonical, written


def adoption(recording: str, sha256: str, started_at: int, start_from: str, expires_at: int) -> Entry:
    """A recording was adopted: its sound, when its call began and by what that is known, and until when it is kept."""
    body = {"recording": recording, "sha256": sha256, "started_at": written(started_at), "start_from": start_from}
    return Entry("adoption", canonical({**body, "expires_at": written(expires_at)}))


def intake(adopted: int, already: int, left: int, sha256_of_cdr: str | None) -> Entry:
    """A folder was gone through: how many files were adopted, were adopted before, and were left; and by which CDR."""
    return Entry("intake", canonical({"adopted": adopted, "already": already, "left": left, "cdr": sha256_of_cdr}))
