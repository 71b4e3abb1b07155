"""The file tag: which recording this is, when it expires and what it must hash to, said by the file itself (S8).

A file that was restored from a backup, moved, or left behind by a lost database still tells when it has to go. The tag is three extended
attributes; where the file system has none, or the PBX owns the file and does not let the daemon write to it, it is a ``.json`` beside the
file with the same names. It holds no number and no name.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime

from callguard.retention.naming import sidecars
from callguard.retention.paths import Spot
from callguard.retention.rules import stamp

_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Tag:
    """What a finished recording carries."""

    recording: str
    expires_at: datetime
    sha256: str

    def attributes(self) -> dict[str, str]:
        """By the names that other programs may rely on."""
        return {
            "user.callguard.recording": self.recording,
            "user.callguard.expires": stamp(self.expires_at),
            "user.callguard.sha256": self.sha256,
        }


def attach(tag: Tag, file: int, at: Spot) -> None:
    """Tag the open ``file``, or put the tag beside it. Raises ``OSError`` when neither can be done."""
    try:
        for name, value in tag.attributes().items():
            os.setxattr(file, name, value.encode())
    except OSError:
        _write_sidecar(tag, at)


def _write_sidecar(tag: Tag, at: Spot) -> None:
    """Whole or not at all: a draft, made durable, takes the name in one step."""
    finished, draft = sidecars(at.name)
    written = os.open(draft, _DRAFT, mode=0o640, dir_fd=at.folder)
    with os.fdopen(written, "w", encoding="utf-8") as sidecar:
        json.dump(tag.attributes(), sidecar, indent=1)
        sidecar.flush()
        os.fsync(written)
    os.rename(draft, finished, src_dir_fd=at.folder, dst_dir_fd=at.folder)
    os.fsync(at.folder)
