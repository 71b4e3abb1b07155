"""What is entered in the ledger of recordings that another program made. None of it names anybody, so all is in the clear."""

from collections.abc import Mapping

from callguard.evidence.chain import Entry, canonical, written


def adoption(recording: str, sha256: str, started_at: int, start_from: str, expires_at: int) -> Entry:
    """A recording was adopted: its sound, when its call began and by what that is known, and until when it is kept."""
    body = {"recording": recording, "sha256": sha256, "started_at": written(started_at), "start_from": start_from}
    return Entry("adoption", canonical({**body, "expires_at": written(expires_at)}))


def intake(counts: Mapping[str, int], removed: int, sha256_of_cdr: str | None) -> Entry:
    """A folder was gone through: how many files were adopted, were adopted before, were left and were removed; and by which CDR."""
    came = {"adopted": counts["adopt"], "already": counts["already"], "left": counts["leave"]}
    return Entry("intake", canonical({**came, "removed": removed, "cdr": sha256_of_cdr}))
