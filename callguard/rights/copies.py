"""Giving a copy out of the house: to a person (S11), to an authority or a third party (C11).

Each copy is entered before its first byte is written: what was given, to whom, on which ground, when and by whom, with the hash of the file
in the ledger. Since a mark makes the copy unlike every other (:mod:`callguard.evidence.copying`), its hash is known only once it has been
made; so it is made twice, first for the hash alone. A copy that then cannot be written whole leaves an empty file behind, and the entry.
"""

import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, FileFault
from callguard.evidence.copying import marked
from callguard.evidence.listening import genuine, the_heard
from callguard.evidence.vault import Vault
from callguard.lines import line
from callguard.private_file import new_private_file
from callguard.store.copy_rows import Copy, call_of, find_copy
from callguard.store.database import Database
from callguard.store.register_rows import enter
from callguard.store.register_tables import copies

Make = Callable[[str], Iterable[bytes]]
"""From the mark to the blocks of the copy, each time anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """Who gets it, on what ground, on whose paper, why, and who gives it."""

    way: str
    recipient: str
    ground: str
    reference: str
    reason: str
    by: str

    def checked(self) -> "Handing":
        """The same with each a line of text. Raises :class:`UsageError`."""
        options = {"recipient": "--to", "ground": "--lawful-ground", "reference": "--reference", "reason": "--reason", "by": "--by"}
        return Handing(way=self.way, **{name: line(getattr(self, name), option) for name, option in options.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is copied, and what must hold at the moment of entering it: ``permit`` raises what stands against it."""

    call: str
    recording: str | None
    make: Make
    permit: Callable[[sa.Connection], None]


def recorded(database: Database, root: Path, vault: Vault | None, recording: str, permit: Callable[[sa.Connection], None]) -> Source:
    """A recording as what is copied. Raises :class:`CallguardError` when there is no sound to copy, and what ``permit`` raises."""
    with database.read() as connection:
        permit(connection)
        found, call = the_heard(connection, recording), call_of(connection, recording)
    if call is None or found.size is None:
        raise CallguardError(f"is not there to be given out: its status is {found.status}", place=f"recording {recording}")
    size = found.size
    return Source(
        call=call,
        recording=recording,
        make=lambda mark: marked(genuine(found, root, vault), size, f"callguard copy {mark} of recording {recording}"),
        permit=permit,
    )


def hand_out(database: Database, source: Source, handing: Handing, output: Path) -> Copy:
    """Enter the copy and write it to a new file for its owner alone; the entry.

    Raises :class:`UsageError`, :class:`FileFault`, and what ``source`` raises.
    """
    told, mark = handing.checked(), secrets.token_hex(8)
    digest = sha256()
    for block in source.make(mark):
        digest.update(block)
    with new_private_file(output) as descriptor:
        row = {**asdict(told), "recording_id": source.recording, "call_id": source.call, "mark": mark, "sha256": digest.hexdigest()}
        with database.write() as connection:
            source.permit(connection)
            given = find_copy(connection, enter(connection, copies, row | {"at": utc_now()}))
        _write(descriptor, source.make(mark), given, output)
    return given


def _write(descriptor: int, blocks: Iterable[bytes], given: Copy, output: Path) -> None:
    digest = sha256()
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(descriptor)
    except OSError as failure:
        remedy = f"make room, or name another place; copy {given.id} stays entered, and nothing of it is in the file"
        raise FileFault(f"cannot be written: {failure.strerror}", place=str(output), remedy=remedy) from failure
    if digest.hexdigest() != given.sha256:
        raise FileFault("is not the copy that was entered: what it was made from has changed meanwhile", place=str(output))
