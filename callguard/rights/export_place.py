"""Where an export is written: private files, each whole or not there, and a state from which a cut-off export goes on.

A folder and a ZIP file are written alike. Until the end stands in the place a state that says what is done: ``INCOMPLETE.json`` in the
folder, ``FILE.zip.state`` beside ``FILE.zip.part``. What was written behind the last state is written anew. Only when every file was read
back and is what was written, ``SHA256SUMS`` is put beside them and the state goes, or the ZIP file gets its name: nothing that is not whole
looks as if it were. Modes are 0600 and 0700 whatever the umask, as it is a person's whole life by telephone.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Self

from callguard.errors import CallguardError, UsageError
from callguard.retention.files import discard
from callguard.retention.paths import Spot
from callguard.retention.rules import stamp

SUMS = "SHA256SUMS"
INCOMPLETE = "INCOMPLETE.json"
BLOCK_BYTES = 2**16

State = Mapping[str, Any]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class PlaceError(CallguardError):
    """It cannot be written where the export is to go; nothing is the matter with what is exported."""


class Place(ABC):
    """One export's place; for one process at a time."""

    def __init__(self, shown: Path) -> None:
        self.shown = shown
        self.state: State | None = None
        """What was done before, when a cut-off export is gone on with."""
        self.scratch = shown.parent
        """Where sound may lie for a moment, without a name."""

    def put(self, name: str, blocks: Iterable[bytes]) -> str:
        """Write a file, in place of what a cut-off run left of it; its SHA-256. Raises :class:`PlaceError` when it cannot be written.

        What ``blocks`` raises passes, and the file is not there then.
        """
        meter = hashlib.sha256()
        with self.sink(name) as out:
            for block in blocks:
                meter.update(block)
                with written(self.shown):
                    out.write(block)
        return meter.hexdigest()

    def put_json(self, name: str, document: object) -> str:
        """Write a document; its SHA-256."""
        return self.put(name, [json.dumps(document, ensure_ascii=False, indent=1, default=as_text).encode()])

    def digest(self, name: str) -> str:
        """SHA-256 of what is there now."""
        meter = hashlib.sha256()
        with written(self.shown), self.source(name) as file:
            for block in blocks_of(file):
                meter.update(block)
        return meter.hexdigest()

    def read_json(self, name: str) -> Any:  # noqa: ANN401 - a document of ours
        """A document that was put before."""
        with written(self.shown), self.source(name) as file:
            return json.load(file)

    @contextmanager
    def spool(self) -> Iterator[IO[bytes]]:
        """A file without a name, which nothing is left of."""
        with written(self.shown):
            made = tempfile.TemporaryFile(dir=self.scratch)  # noqa: SIM115 - closed below, and not told as a fault of the disk
        with made:
            yield made

    @abstractmethod
    def sink(self, name: str) -> Any:  # noqa: ANN401 - a context of a binary file
        """A file to write, which is there once the block is left in order."""

    @abstractmethod
    def source(self, name: str) -> Any:  # noqa: ANN401 - a context of a binary file
        """A file to read."""

    @abstractmethod
    def forget(self, *folders: str) -> None:
        """Remove what a cut-off run may have left in these, which no state speaks of."""

    @abstractmethod
    def checkpoint(self, state: State) -> None:
        """Keep what is done so far, in one step."""

    @abstractmethod
    def finish(self) -> None:
        """All is written: let it look whole."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more is written, whether it is whole or not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Folder(Place):
    """An export in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with written(folder):
            if not folder.exists():
                folder.mkdir(mode=0o700)
            self.scratch = folder
            self.state = self._taken_up()
            self._lock = locked(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), folder)

    def _taken_up(self) -> State | None:
        if not self.shown.is_dir():
            raise UsageError("is no folder", place=str(self.shown), remedy="name a new folder, or FILE.zip")
        there = {path.name for path in self.shown.iterdir()}
        if not there:
            self.shown.chmod(0o700)
            return None
        if INCOMPLETE not in there:
            remedy = "name a new folder; one in which an export was cut off is gone on with"
            raise UsageError("is there already, and is not of an export that was cut off", place=str(self.shown), remedy=remedy)
        return read_state((self.shown / INCOMPLETE).read_bytes(), self.shown)

    @contextmanager
    def sink(self, name: str) -> Iterator[IO[bytes]]:
        """Under another name until it is whole."""
        path = self.shown / name
        part = path.with_name(f"{path.name}.part")
        with written(self.shown):
            for parent in reversed(path.relative_to(self.shown).parents):
                (self.shown / parent).mkdir(mode=0o700, exist_ok=True)
            out = os.fdopen(os.open(part, _NEW, mode=0o600), "wb")
        try:
            yield out
        except BaseException:
            with suppress(OSError):
                out.close()
            raise
        with written(self.shown):
            out.close()
            part.replace(path)

    def source(self, name: str) -> IO[bytes]:
        """As it lies there."""
        return (self.shown / name).open("rb")

    def forget(self, *folders: str) -> None:
        """File by file; the folders stay."""
        for folder in (self.shown / name for name in folders):
            if folder.is_dir():
                with written(self.shown), opened(folder) as descriptor:
                    for path in list(folder.iterdir()):
                        discard(Spot(descriptor, path.name))

    def checkpoint(self, state: State) -> None:
        """By a rename."""
        with written(self.shown):
            os.sync()
        self.put_json(INCOMPLETE, state)

    def finish(self) -> None:
        """The state goes last."""
        with written(self.shown):
            os.sync()
            discard(Spot(self._lock, INCOMPLETE))
            os.fsync(self._lock)

    def close(self) -> None:
        """Let others write there."""
        os.close(self._lock)


def blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of it."""
    while block := file.read(BLOCK_BYTES):
        yield block


def as_text(value: object) -> str:
    """A time or a day, as every document here tells it."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of the folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def written(place: Path) -> Iterator[None]:
    """What the disk refuses, as an error of ours."""
    try:
        yield
    except OSError as failure:
        remedy = "make room, or let this user write there; then run it again: it goes on where it was cut off"
        raise PlaceError(f"cannot be written: {failure.strerror or failure}", place=str(place), remedy=remedy) from failure


def locked(descriptor: int, place: Path) -> int:
    """The same, ours alone for as long as it is open. Raises :class:`PlaceError` when another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise PlaceError("another export is being written there", place=str(place)) from None
    return descriptor


def read_state(content: bytes, place: Path) -> State:
    """Raises :class:`PlaceError` for what is no state of ours."""
    try:
        state = json.loads(content)
    except ValueError:
        state = None
    if not isinstance(state, dict):
        raise PlaceError("what an export left there cannot be read", place=str(place), remedy="name another place")
    return state
