"""Hearing a recording: entered first, given afterwards, and only what is genuine (S10, S13).

Who wants to hear one says why. The access is in the database and in the ledger, committed, before the first byte of sound is given away; so
one that was then not heard to its end is entered all the same. Sealed or plain makes no difference to who asks; of a plain one it is
found out at its end only that it is not what was measured, of a sealed one at the first block.
"""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from callguard.call.state import RUNNING
from callguard.clock import utc_now
from callguard.errors import CallguardError, ConfigError, FileFault, GuardRefusal, UsageError
from callguard.evidence.sealing import CHUNK_BYTES, Meter, Sound
from callguard.evidence.vault import Vault, reading
from callguard.lines import line
from callguard.retention.naming import SEALED
from callguard.store.access_rows import Access, Heard, enter_access, lock_heard
from callguard.store.database import Database

RESTRICTED = "is restricted at the person's request (GDPR art. 18)"


def listen(database: Database, root: Path, vault: Vault | None, recording: str, *, by: str, reason: str) -> Iterator[bytes]:
    """Enter the access; the sound, block by block, as it is asked for.

    Raises :class:`GuardRefusal` for a restricted recording (GDPR art. 18), :class:`UsageError` for one that there is not and
    :class:`CallguardError` when it cannot be heard. The blocks raise :class:`FileFault` when what is there is not what was recorded.
    """
    access = Access(recording, "listen", line(by, "--by"), line(reason, "--reason"), utc_now())
    with database.write() as connection:
        found = the_heard(connection, recording)
        refuse_restricted(found)
        sound = genuine(found, root, vault)
        enter_access(connection, access)
    return sound


def the_heard(connection: sa.Connection, recording: str) -> Heard:
    """The recording, which nobody changes before this transaction ends. Raises :class:`UsageError` for one that there is not."""
    found = lock_heard(connection, recording)
    if found is None:
        raise UsageError("there is no such recording", place=recording, remedy="callguard recordings lists them")
    return found


def refuse_restricted(found: Heard) -> None:
    """Raises :class:`GuardRefusal` for a recording that is restricted."""
    if found.restricted:
        raise GuardRefusal(RESTRICTED, place=f"recording {found.id}", remedy="see callguard person restrict")


def genuine(found: Heard, root: Path, vault: Vault | None) -> Iterator[bytes]:
    """The sound, block by block; the first has been read already, so that what cannot be heard at all is refused here.

    Raises :class:`CallguardError` when it cannot be heard. The blocks raise :class:`FileFault` when it is not what was recorded.
    """
    sound = _sound(found, root, vault)
    return _checked(found, next(sound, b""), sound)


def _sound(found: Heard, root: Path, vault: Vault | None) -> Iterator[bytes]:
    place = f"recording {found.id}"
    if found.deleted_at is not None:
        raise CallguardError("is deleted", place=place)
    if found.status in RUNNING or found.size is None:
        raise CallguardError(f"is not there to be heard: its status is {found.status}", place=place)
    if found.status not in SEALED:
        return _plain(root, found.path)
    if vault is None:
        raise ConfigError("is sealed, and no master key is named", place=place, remedy="name it below [recordings]")
    return vault.unsealed(found.path, found.id)


def _plain(root: Path, path: str) -> Iterator[bytes]:
    with reading(root, path, str) as source:
        while block := source.read(CHUNK_BYTES):
            yield block


def _checked(found: Heard, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    meter = Meter()
    yield meter.pass_on(first)
    for block in rest:
        yield meter.pass_on(block)
    if meter.sound != Sound(found.size or 0, found.sha256 or ""):
        raise FileFault("what was heard is not what was recorded: the file was changed", place=found.id)
