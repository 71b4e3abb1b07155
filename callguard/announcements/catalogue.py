"""Which announcements there are, in all their versions: the file ``catalogue.json`` and the values read from it.

A version is the SHA-256 of name, language, final text and the samples at both rates. So a consent row that stores a version says exactly
what the person heard (S12, C5), nobody can change text or sound behind it, and a rebuild that changes nothing keeps it. Old versions
stay in the catalogue and on disk beside the current ones.

The catalogue's rows also carry what follows from the rest (file names, hash of the text), for people and scripts; reading
takes only what does not follow, so that a row cannot disagree with itself or name a file elsewhere.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from callguard.announcements.audio import RATES, SAMPLE_WIDTH, Audio, AudioError, wav, wav_samples
from callguard.call.policy import Announcement
from callguard.errors import FileFault

FILE = "catalogue.json"
PBX_FOLDER = "callguard"
"""Below the sounds folder of the PBX; first part of the name by which a prompt is played."""

EXTENSIONS = (".wav", ".wav16")
"""By rate: Asterisk's names for WAV of 8 and of 16 kHz."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str, Field(pattern="^[a-z]+(-[a-z]+)*$")]


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of one prompt.

    ``source`` is a hash of all that it was made from (text, command or recording): what has not changed is not made again.
    ``accept_key`` and ``refuse_key`` are the keys the text tells, which a policy that plays it has to listen for.
    """

    name: Word
    language: Word
    version: Sha256
    current: bool
    text: str
    accept_key: str | None
    refuse_key: str | None
    audio_sha256: Sha256
    duration_ms: int
    samples_8k: int
    source: Sha256

    @property
    def stem(self) -> str:
        """The files' path without extension, relative to the catalogue's folder and to ``callguard/`` at the PBX."""
        return f"{self.language}/{self.name}-{self.version[:12]}"

    @property
    def files(self) -> tuple[str, ...]:
        """The two files, 8 kHz first."""
        return tuple(self.stem + extension for extension in EXTENSIONS)

    @property
    def announcement(self) -> Announcement:
        """The value that the call core plays and stores."""
        return Announcement(self.version, self.name, self.language, self.duration_ms, f"{PBX_FOLDER}/{self.stem}")


@dataclass(frozen=True, slots=True)
class ArchivedAnnouncement:
    """All of one version, for the database: it can be shown and played years later, whatever became of the files."""

    version: str
    name: str
    language: str
    text: str
    duration_ms: int
    audio_8k: bytes
    audio_16k: bytes


@dataclass(frozen=True, slots=True)
class _Document:
    format: Literal[1]
    announcements: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The announcements of one folder: current ones first, by language and name, then the earlier ones."""

    folder: Path
    editions: tuple[Edition, ...]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The catalogue in ``folder``. Raises :class:`FileFault` if it is missing, unreadable or no catalogue."""
        path = folder / FILE
        try:
            document = TypeAdapter(_Document).validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise FileFault("no announcements here", place=str(path), remedy="run: callguard announcements build") from error
        except OSError as error:
            raise FileFault(f"cannot be read: {error.strerror}", place=str(path), remedy="mend its mode or owner") from error
        except ValidationError as error:
            remedy = "restore it, or move it away and run: callguard announcements build"
            raise FileFault(f"not a catalogue: {_first(error)}", place=str(path), remedy=remedy) from error
        return cls(folder, document.announcements)

    @property
    def current(self) -> tuple[Edition, ...]:
        """The versions in use."""
        return tuple(edition for edition in self.editions if edition.current)

    def find(self, name: str, language: str) -> Announcement:
        """The current version of a prompt. Raises :class:`FileFault` if there is none."""
        for edition in self.current:
            if (edition.name, edition.language) == (name, language):
                return edition.announcement
        raise FileFault(
            f"no announcement {name!r} in language {language!r}",
            place=str(self.folder / FILE),
            remedy="run: callguard announcements build",
        )

    def audio(self, edition: Edition) -> Audio:
        """The sound of a version, proven by its hash. Raises :class:`FileFault` if a file is missing, unreadable or altered."""
        audio = Audio(*(self._samples(file) for file in edition.files))
        if version_of(edition.name, edition.language, edition.text, audio) != edition.version:
            raise FileFault(
                "the sound is not the one of its version",
                place=str(self.folder / edition.stem),
                remedy="run: callguard announcements build",
            )
        return audio

    def archived(self, edition: Edition) -> ArchivedAnnouncement:
        """A version as the database keeps it. Raises as :meth:`audio` does."""
        narrow, wide = wav_files(self.audio(edition))
        return ArchivedAnnouncement(edition.version, edition.name, edition.language, edition.text, edition.duration_ms, narrow, wide)

    def _samples(self, file: str) -> bytes:
        path = self.folder / file
        try:
            return wav_samples(path.read_bytes())
        except OSError as error:
            raise FileFault(f"cannot be read: {error.strerror}", place=str(path), remedy="run: callguard announcements build") from error
        except AudioError as error:
            raise FileFault(error.message, place=str(path), remedy="run: callguard announcements build") from error


def version_of(name: str, language: str, text: str, audio: Audio) -> str:
    """The version: SHA-256 in hex over the five parts, each after its length, so that no two sets of parts read the same."""
    digest = hashlib.sha256()
    for part in (name.encode(), language.encode(), text.encode(), audio.samples_8k, audio.samples_16k):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def audio_hash(audio: Audio) -> str:
    """SHA-256 in hex of the sound alone: the samples at 8 kHz, then those at 16 kHz."""
    return hashlib.sha256(audio.samples_8k + audio.samples_16k).hexdigest()


def wav_files(audio: Audio) -> tuple[bytes, bytes]:
    """The two files of a version, 8 kHz first."""
    return wav(audio.samples_8k, RATES[0]), wav(audio.samples_16k, RATES[1])


def samples_in(audio: Audio) -> int:
    """How many samples there are at 8 kHz."""
    return len(audio.samples_8k) // SAMPLE_WIDTH


def listing(catalogue: Catalogue) -> list[dict[str, object]]:
    """The rows of ``announcements list --json``, which are those of ``catalogue.json``."""
    return [_row(edition) for edition in catalogue.editions]


def document(editions: Sequence[Edition]) -> bytes:
    """The content of ``catalogue.json``."""
    return (json.dumps({"format": 1, "announcements": [_row(one) for one in editions]}, ensure_ascii=False, indent=2) + "\n").encode()


def _row(edition: Edition) -> dict[str, object]:
    derived = {
        "text_sha256": hashlib.sha256(edition.text.encode()).hexdigest(),
        "rates": list(RATES),
        "files": list(edition.files),
        "file": edition.announcement.file,
    }
    return asdict(edition) | derived


def _first(error: ValidationError) -> str:
    fault = error.errors(include_input=False, include_url=False)[0]
    return f"{fault['msg']} at {'.'.join(map(str, fault['loc'])) or 'its beginning'}"
