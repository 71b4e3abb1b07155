"""A mark in the recordings root, by which a disk that is not mounted is told from one whose files are gone.

The daemon puts it there at its first start, `.callguard-root` with a random word, and the database keeps the word. From then on a root
without that word is not the root: nothing is swept, and the mark is not written anew, since an empty mount point would then be believed.
Whoever moves the recordings moves the file along.
"""

import os
import secrets
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import FileFault
from callguard.retention.guards import RootState
from callguard.retention.paths import Obstruction, Spot, open_root, spot
from callguard.retention.walking import MARK
from callguard.store.database import Database
from callguard.store.root_rows import any_recording, remember_mark, root_mark

NAME = MARK

_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 100


def mark_root(database: Database, root: Path) -> RootState:
    """Put the mark into a root that never had one, unless it looks like an empty mount point; how the root is found then.

    The file comes before the row: cut off in between, the next start adopts the file. Raises :class:`FileFault` when it cannot be written
    and :class:`callguard.errors.StoreError`.
    """
    with database.read() as connection:
        state, _ = look(connection, root)
    if state is not RootState.UNMARKED:
        return state
    word = _read(root) or secrets.token_hex(16)
    _write(root, word)
    with database.write() as connection:
        remember_mark(connection, str(root), word, utc_now())
    return RootState.MARKED


def look(connection: sa.Connection, root: Path) -> tuple[RootState, str]:
    """How the root is found, and the word that must be in it; empty when it was never marked."""
    word = root_mark(connection, str(root)) or ""
    kept = not word and any_recording(connection)
    try:
        os.close(open_root(root))
    except Obstruction:
        return RootState.MISSING, word
    if word:
        return (RootState.MARKED if _read(root) == word else RootState.OTHER), word
    return (RootState.EMPTY if kept and not any(root.iterdir()) else RootState.UNMARKED), word


def _read(root: Path) -> str:
    """The word; empty when there is none or it cannot be read."""
    try:
        with spot(root, NAME) as at, os.fdopen(os.open(at.name, _READING, dir_fd=at.folder), encoding="ascii") as file:
            return file.read(_LONGEST).strip()
    except (Obstruction, OSError, UnicodeDecodeError):
        return ""


def _write(root: Path, word: str) -> None:
    try:
        with spot(root, NAME) as at:
            _write_at(at, word)
    except OSError as failure:
        raise FileFault(f"the recordings root cannot be marked: {failure.strerror}", place=str(root / NAME)) from failure


def _write_at(at: Spot, word: str) -> None:
    descriptor = os.open(at.name, _WRITING, mode=0o644, dir_fd=at.folder)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{word}\n")
        file.flush()
        os.fsync(descriptor)
    os.fsync(at.folder)
