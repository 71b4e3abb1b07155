"""How recordings are kept: sealed, and then that they can be opened; or plain, and then what is lost by that (S13, C7)."""

import stat
from collections.abc import Iterator

from callguard.checks.report import Check, Subject
from callguard.config import Settings
from callguard.premises import vault

LOST = "plain: after a deletion, copies and backups of a recording can still be heard, and who listens is entered nowhere"


def storage(settings: Settings) -> Iterator[Check]:
    """The master key can be read, and the keys are nobody else's."""
    kept = settings.recordings
    if kept.storage == "plain":
        remedy = "name a master key below [recordings]; leave it plain where a PBX's own web pages must play the files"
        yield Subject("storage", str(kept.root)).warning(LOST, remedy)
    else:
        subject = Subject("storage", str(kept.keys))
        yield from subject.attempt(lambda: _sealed(subject, settings))


def _sealed(subject: Subject, settings: Settings) -> Iterator[Check]:
    vault(settings)
    keys = settings.recordings.keys
    if not keys.exists():
        yield subject.unchecked("sealed; there is no key store yet", "the daemon makes it at its first start; after that, mount its disk")
        return
    mode = stat.S_IMODE(keys.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield subject.failed(f"others than its owner may use it: mode {mode:04o}", f"chmod 0700 {keys}")
    else:
        yield subject.ok("sealed, each recording with a key of its own, and the master key is there")
