"""Under which master key a key store is: its name stands in a file of the store, with that of the one before it while a renewal goes on.

Whoever wraps a key looks there first, with the store to himself. So a daemon that was not started again after a renewal began, and still
has the old master key, wraps nothing by it any more: its recordings stay plain until it is started again, and `callguard seal` seals them
then. Without this a renewal could never say that it has come to its end.

A file that cannot be understood was cut off by a loss of power while it was written, or only made to be locked, and is written anew by
whoever prepares the store.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from callguard.errors import FileFault
from callguard.evidence.master import MasterKey
from callguard.retention.folders import make_durable
from callguard.retention.paths import open_root

NAME = "MASTER-KEY"

_NOBODY = "-" * 16
_FORM = re.compile(r"callguard master key 1 ([0-9a-f]{16}) ([0-9a-f]{16}|-{16})\n")
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Mastery:
    """Names of master keys: the one that wraps, and the one before it as long as it may have wrapped some that are still there."""

    present: str
    former: str | None


def mastery(store: Path) -> Mastery | None:
    """What the store says; ``None`` when it says nothing yet. Raises :class:`FileFault`."""
    try:
        descriptor = _open(store, _READING)
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise _unreadable(store, failure) from failure
    try:
        found = _FORM.fullmatch(os.read(descriptor, _LONGEST).decode("ascii", "replace"))
    finally:
        os.close(descriptor)
    return found and Mastery(found[1], None if found[2] == _NOBODY else found[2])


def require_mastery(store: Path, master: MasterKey) -> None:
    """Raises :class:`FileFault` when the store is under another master key by now: nothing may be wrapped by this one."""
    found = mastery(store)
    if found is not None and found.present != master.name:
        raise FileFault(
            "the keys are under another master key by now", place=str(store), remedy="start callguard again, then callguard seal"
        )


def take_over(store: Path, master: MasterKey) -> Mastery:
    """Have the store say that it is under this master key from now on. With the store to oneself; see :meth:`KeyStore.alone`.

    Raises :class:`FileFault` when it is under one that is not named as the one before it, or when an earlier renewal has not ended.
    """
    found = mastery(store)
    if found is not None and found.present == master.name:
        return found
    former = master.former.name if master.former else None
    if found is not None and found.present != former:
        raise FileFault("the keys are under another master key", place=str(store), remedy=_NAME_IT)
    if found is not None and found.former is not None:
        raise FileFault("the last renewal of the master key has not ended", place=str(store), remedy=_END_IT)
    return write_mastery(store, Mastery(master.name, former))


_NAME_IT = "name the one that was in force until now as old_master_key_file or old_master_key_credential, then callguard keys renew"
_END_IT = "name the two master keys of that renewal again, run callguard keys renew to its end, and begin the next one then"


def write_mastery(store: Path, said: Mastery) -> Mastery:
    """Write it, durably. Raises :class:`FileFault`."""
    try:
        descriptor = _open(store, _WRITING)
        try:
            os.pwrite(descriptor, f"callguard master key 1 {said.present} {said.former or _NOBODY}\n".encode(), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        make_durable(store)
    except OSError as failure:
        raise FileFault(f"cannot be written: {failure.strerror}", place=str(store / NAME)) from failure
    return said


def _open(store: Path, flags: int) -> int:
    folder = open_root(store)
    try:
        return os.open(NAME, flags, mode=0o600, dir_fd=folder)
    finally:
        os.close(folder)


def _unreadable(store: Path, failure: OSError) -> FileFault:
    return FileFault(f"cannot be read: {failure.strerror}", place=str(store / NAME), remedy="run it as callguard's user")
