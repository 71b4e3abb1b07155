"""Making the announcements: text files and a voice in, a folder of WAV files and its catalogue out.

A prompt whose sources have not changed and whose files are whole is kept as it is: a build that changes nothing writes nothing, and a new
release of the synthesiser does not make new versions of what people hear until the text, the command or the recording changes.
A WAV file beside a text is a person's reading of it and is used instead of synthesis; its text is still needed, as evidence.

All prompts are made before the first is written, and the catalogue is written last: a build that fails leaves the last one whole.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from callguard.announcements.audio import Audio, AudioError, master, read_wav
from callguard.announcements.catalogue import FILE, Catalogue, Edition, audio_hash, document, samples_in, version_of, wav_files
from callguard.announcements.publishing import publish
from callguard.announcements.synthesis import Speaker, SynthesisError
from callguard.announcements.text import LANGUAGES, Prompt, Wording, prompts
from callguard.errors import FileFault

MASTERING = 1
"""Counted up whenever trimming, level or resampling change, so that the next build makes all anew."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What the operator decides: the words filled in, and who speaks."""

    wording: Wording = field(default_factory=Wording)
    speaker: Speaker = field(default_factory=Speaker)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The catalogue as it is now, and which of its current versions are new."""

    catalogue: Catalogue
    new: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """What one prompt is made from; ``recording`` is a person's reading, if there is one."""

    prompt: Prompt
    path: Path
    recording: bytes | None
    digest: str


def build(settings: BuildSettings, sources: Path, target: Path) -> BuildReport:
    """Make every prompt that is not up to date, from the texts and recordings in ``sources`` into the folder ``target``.

    Raises :class:`ConfigError` for faulty texts, wording or command (all faults of texts and wording at once), :class:`SynthesisError` when
    the command fails, :class:`FileFault` for recordings that cannot be used and for a target that cannot be written.
    """
    for language in LANGUAGES:
        settings.speaker.arguments(language, text_file="", output="")
    before = Catalogue.load(target) if (target / FILE).exists() else Catalogue(target, ())
    wanted = [_source(settings, sources, prompt) for prompt in prompts(sources, settings.wording)]
    files: dict[str, bytes] = {}
    made = [_kept(before, source) or _made(settings.speaker, source, files) for source in wanted]
    versions = {edition.version for edition in made}
    earlier = [replace(edition, current=False) for edition in before.editions if edition.version not in versions]
    after = Catalogue(target, (*made, *earlier))
    if files or after != before:
        publish(target, files | {FILE: document(after.editions)})
    known = {edition.version for edition in before.editions}
    return BuildReport(after, tuple(edition for edition in made if edition.version not in known))


def _source(settings: BuildSettings, sources: Path, prompt: Prompt) -> _Source:
    path = sources / prompt.language / f"{prompt.name}.wav"
    try:
        recording = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise FileFault(f"cannot be read: {error.strerror}", place=str(path), remedy="mend its mode or owner") from error
    speaker = settings.speaker
    voice = hashlib.sha256(recording).hexdigest() if recording is not None else [*speaker.command, speaker.voices[prompt.language]]
    told = [prompt.name, prompt.language, prompt.text, prompt.accept_key, prompt.refuse_key]
    digest = hashlib.sha256(json.dumps([MASTERING, told, voice]).encode()).hexdigest()
    return _Source(prompt, path, recording, digest)


def _kept(before: Catalogue, source: _Source) -> Edition | None:
    """The version made from the same source earlier, if its files are still whole."""
    for edition in before.editions:
        if edition.source == source.digest:
            try:
                before.audio(edition)
            except FileFault:
                return None
            return replace(edition, current=True)
    return None


def _made(speaker: Speaker, source: _Source, files: dict[str, bytes]) -> Edition:
    """A new version; its files are added to ``files``."""
    prompt, audio = source.prompt, _audio(speaker, source)
    edition = Edition(
        name=prompt.name,
        language=prompt.language,
        version=version_of(prompt.name, prompt.language, prompt.text, audio),
        current=True,
        text=prompt.text,
        accept_key=prompt.accept_key,
        refuse_key=prompt.refuse_key,
        audio_sha256=audio_hash(audio),
        duration_ms=audio.duration_ms,
        samples_8k=samples_in(audio),
        source=source.digest,
    )
    files.update(zip(edition.files, wav_files(audio), strict=True))
    return edition


def _audio(speaker: Speaker, source: _Source) -> Audio:
    if source.recording is None:
        try:
            return master(read_wav(speaker.speak(source.prompt)))
        except AudioError as error:
            raise SynthesisError(f"{speaker.command[0]} made a sound that cannot be used: {error.message}", remedy=error.remedy) from error
    try:
        return master(read_wav(source.recording))
    except AudioError as error:
        raise FileFault(error.message, place=str(source.path), remedy=error.remedy) from error
