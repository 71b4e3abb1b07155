"""Writing files so that whoever reads them finds a whole one or none.

All are first written and flushed to disk in a folder of their own on the same file system, then renamed into place in the order given;
a full disk or a crash leaves what was there before. Nothing is ever deleted but that folder. Announcements are public: files
0644, folders 0755, whatever the umask, since daemon and PBX run as different users.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from callguard.errors import FileFault


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put ``files`` (relative path to content) into ``folder``, which is made if it is not there.

    Raises :class:`FileFault` if one of them cannot be written; renamed by then is either none or, if renaming failed, those before it.
    """
    try:
        _make(folder)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as staging:
            staged = [(folder / name, _written(Path(staging, str(index)), files[name])) for index, name in enumerate(files)]
            for place, file in staged:
                _make(place.parent)
                file.replace(place)
    except OSError as error:
        raise FileFault(
            f"cannot be written: {error.strerror}", place=str(folder), remedy="make room, or let this user write there"
        ) from error


def _make(folder: Path) -> None:
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _written(path: Path, content: bytes) -> Path:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)
    return path
