"""An export in one ZIP file, which can be gone on with: with a plain ZIP file that is not so, as its directory stands at its end.

At each state the directory is written, and kept in ``FILE.zip.state`` as well, with the place it stands at. Files that are added overwrite
it. A run that was cut off is brought back to the state by cutting the file off at that place and putting the directory there again.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from callguard.errors import UsageError
from callguard.retention.files import discard
from callguard.retention.paths import Spot
from callguard.rights.export_place import Place, State, locked, opened, read_state, written

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_AGAIN = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_STORED = (".wav", ".mp3", ".ogg")
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in it; ZIP knows none before, and the documents tell the times that matter."""


class Archive(Place):
    """An export in a ZIP file."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self._part, self._kept = file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.state")
        with written(file):
            if file.exists():
                raise UsageError("is there already", place=str(file), remedy="name a new file")
            if self._part.exists() and self._part.stat().st_size and not self._kept.exists():
                raise UsageError("is there already, and is not of an export that was cut off", place=str(self._part), remedy="name another")
            descriptor = os.open(self._part, _AGAIN if self._part.exists() else _NEW, mode=0o600)
            self._file = os.fdopen(locked(descriptor, file), "r+b")
            self._take_up()
            self._zip = zipfile.ZipFile(self._file, "a", zipfile.ZIP_DEFLATED)

    def _take_up(self) -> None:
        if not self._kept.exists():
            return
        head, _, directory = self._kept.read_bytes().partition(b"\n")
        state = read_state(head, self.shown)
        self._file.truncate(state["at"])
        self._file.seek(state["at"])
        self._file.write(directory)
        self._file.seek(0)
        self.state = state["done"]

    @contextmanager
    def sink(self, name: str) -> Iterator[IO[bytes]]:
        """A member; what a cut-off run left of it lies behind the last state, and is gone."""
        member = zipfile.ZipInfo(name, _EARLIEST)
        member.external_attr = 0o600 << 16
        member.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
        with self._zip.open(member, "w", force_zip64=True) as out:
            yield out

    def source(self, name: str) -> IO[bytes]:
        """As it was put."""
        return self._zip.open(name)

    def forget(self, *folders: str) -> None:
        """Nothing: it was cut off where the state stands."""

    def checkpoint(self, state: State) -> None:
        """With the directory, in a file beside it, by a rename."""
        with written(self.shown):
            at = self._zip.start_dir
            self._zip.close()
            self._file.flush()
            self._file.seek(at)
            content = json.dumps({"at": at, "done": dict(state)}).encode() + b"\n" + self._file.read()
            os.fsync(self._file.fileno())
            draft = self._kept.with_name(f"{self._kept.name}.part")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode=0o600), "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._kept)
            self._file.seek(0)
            self._zip = zipfile.ZipFile(self._file, "a", zipfile.ZIP_DEFLATED)

    def finish(self) -> None:
        """It gets its name, and the state goes."""
        with written(self.shown):
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            os.link(self._part, self.shown)
            with opened(self.shown.parent) as folder:
                for name in (self._kept.name, self._part.name):
                    discard(Spot(folder, name))
                os.fsync(folder)

    def close(self) -> None:
        """What it adds behind the last state is cut off again when it is gone on with."""
        with suppress(OSError):
            self._zip.close()
        with suppress(OSError):
            self._file.close()
