"""What a file below the root holds, as far as a reconciliation has to know it: a hash, and of which recording it says it is."""

import json
import os
from io import BufferedReader
from pathlib import Path

from callguard.evidence.sealing import CHUNK_BYTES, Meter, names
from callguard.retention.differences import Content
from callguard.retention.measure import open_regular
from callguard.retention.naming import Form
from callguard.retention.paths import Obstruction, spot
from callguard.retention.walking import identity

NAME_ATTRIBUTE = "user.callguard.recording"

_LONGEST_HEAD = 4096
"""Bytes; a tag of ours and the first line of a sealed form are far shorter."""


def claim(root: Path, path: str, form: Form) -> str | None:
    """The recording that a file says it is of, by its tag or by the first line of its sealed form; ``None`` when it does not."""
    try:
        with spot(root, path) as at, open_regular(at) as file:
            if form is Form.SEALED:
                return names(os.pread(file.fileno(), _LONGEST_HEAD, 0)) or None
            return os.getxattr(file.fileno(), NAME_ATTRIBUTE).decode("ascii", "replace")
    except (Obstruction, OSError):
        return None


def content(root: Path, path: str, form: Form) -> Content:
    """All of it read, block by block; no hash when it cannot be."""
    try:
        with spot(root, path) as at, BufferedReader(open_regular(at)) as file:
            meter, head = Meter(), b""
            while block := file.read(CHUNK_BYTES):
                head = head or block[:_LONGEST_HEAD]
                meter.pass_on(block)
            told = _tagged(head) if form in {Form.TAG, Form.DRAFT} else names(head)
            return Content(meter.sound.sha256, identity(os.fstat(file.fileno())), told or None, ours=told is not None)
    except (Obstruction, OSError):
        return Content(None)


def _tagged(head: bytes) -> str | None:
    """The recording that a tag in a file of its own speaks of; ``None`` when it is no tag."""
    try:
        told = json.loads(head)
    except (ValueError, RecursionError):
        return None
    return str(told[NAME_ATTRIBUTE]) if isinstance(told, dict) and NAME_ATTRIBUTE in told else None
