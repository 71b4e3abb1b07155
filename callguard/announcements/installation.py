"""Putting the current announcements where the PBX looks for sounds: ``<sounds folder>/callguard/<language>/``.

Each prompt lies there twice in each rate, under the names by which a PBX finds the one that fits a leg: Asterisk by suffix (``.wav16``),
FreeSWITCH in a folder beside it that is called like the rate (``16000/``; `mod_sndfile` looks there first, and takes the highest rate that
it finds before the plain name). Without them a wideband caller of FreeSWITCH would hear 8 kHz.

File names carry the version, so a new version never takes the place of one that is being played to somebody, and old ones stay for
calls that began with them. A file counts as present when its bytes are the catalogue's; one of the right name with other bytes is
damaged and is replaced whole, by renaming.
"""

from dataclasses import dataclass
from pathlib import Path

from callguard.announcements.audio import RATES
from callguard.announcements.catalogue import EXTENSIONS, PBX_FOLDER, Catalogue, wav_files
from callguard.announcements.publishing import publish
from callguard.errors import FileFault


@dataclass(frozen=True, slots=True)
class Inventory:
    """The files of the current announcements as the PBX has them, by path below its sounds folder."""

    present: tuple[str, ...]
    missing: tuple[str, ...]
    damaged: tuple[str, ...]


def inspect(catalogue: Catalogue, pbx_sounds: Path) -> Inventory:
    """What of the current announcements is in the PBX's sounds folder. Raises :class:`FileFault` if it or the catalogue is unreadable."""
    return _compare(_wanted(catalogue), pbx_sounds)


def install(catalogue: Catalogue, pbx_sounds: Path) -> Inventory:
    """Copy what is missing or damaged, and say how it was found; afterwards all is present.

    Raises :class:`FileFault` if a sound in the catalogue is not that of its version, or if the PBX's folder cannot be written.
    """
    wanted = _wanted(catalogue)
    found = _compare(wanted, pbx_sounds)
    if unlike := (*found.missing, *found.damaged):
        publish(pbx_sounds, {file: wanted[file] for file in unlike})
    return found


def _wanted(catalogue: Catalogue) -> dict[str, bytes]:
    return {
        place: content
        for edition in catalogue.current
        for place, content in zip(places(edition.announcement.file), 2 * wav_files(catalogue.audio(edition)), strict=True)
    }


def places(file: str) -> tuple[str, ...]:
    """Where a prompt that is played as ``file`` lies, below the sounds folder: of 8 and 16 kHz for Asterisk, then for FreeSWITCH."""
    folder, _, name = file.rpartition("/")
    return (*(file + extension for extension in EXTENSIONS), *(f"{folder}/{rate}/{name}.wav" for rate in RATES))


def _compare(wanted: dict[str, bytes], pbx_sounds: Path) -> Inventory:
    if not pbx_sounds.is_dir():
        raise FileFault("not a folder", place=str(pbx_sounds), remedy=f"name the PBX's sounds folder, in which {PBX_FOLDER}/ is made")
    found: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for file, content in wanted.items():
        found[_same(pbx_sounds / file, content)].append(file)
    return Inventory(present=tuple(found[True]), missing=tuple(found[None]), damaged=tuple(found[False]))


def _same(path: Path, content: bytes) -> bool | None:
    """Whether the file holds that content; ``None`` if there is no file."""
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileFault(f"cannot be read: {error.strerror}", place=str(path), remedy="mend its mode or owner") from error
