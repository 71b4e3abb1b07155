"""Building for real: espeak-ng, other commands, recordings of people, and everything that goes wrong on the way."""

import json
import os
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from callguard.announcements import BuildSettings, Catalogue, Keys, Speaker, Wording, build, shipped, synthesis
from callguard.announcements.audio import read_wav, wav
from callguard.announcements.catalogue import listing
from callguard.announcements.synthesis import SynthesisError
from callguard.announcements.text import LANGUAGES, NAMES, Prompt
from callguard.errors import CallguardError, ConfigError, FileFault

SPEAKER_PROGRAM = """
import hashlib, math, struct, sys, wave
voice, source, target = sys.argv[1:]
text = open(source, encoding="utf-8").read()
with open(__file__ + ".heard", "a", encoding="utf-8") as heard:
    heard.write(f"{voice}: {text}")
pitch = 300 + hashlib.sha256(text.encode()).digest()[0]
with wave.open(target, "wb") as output:
    output.setnchannels(1)
    output.setsampwidth(2)
    output.setframerate(16000)
    output.writeframes(b"".join(struct.pack("<h", round(9000 * math.sin(index * pitch / 2500))) for index in range(1600)))
"""


class Beeper:
    """A command of the operator's own: it says every text as a short tone, and keeps what it was asked to say."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "beeper.py"
        self.program.write_text(SPEAKER_PROGRAM)
        self.speaker = Speaker((sys.executable, str(self.program), "{language}/{voice}", "{text_file}", "{output}"))

    @property
    def heard(self) -> list[str]:
        heard = Path(f"{self.program}.heard")
        return heard.read_text(encoding="utf-8").splitlines() if heard.exists() else []


@pytest.fixture
def beeper(tmp_path: Path) -> Beeper:
    return Beeper(tmp_path)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for language in LANGUAGES:
        shutil.copytree(shipped.sources() / language, tmp_path / "sounds" / language)
    return tmp_path / "sounds"


def settings(speaker: Speaker, company: str | None = "Știință SRL") -> BuildSettings:
    return BuildSettings(Wording(company=company), speaker)


def command(*arguments: str) -> BuildSettings:
    return BuildSettings(speaker=Speaker(arguments))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def a_reading(*, rate: int = 44100, seconds: float = 0.4) -> bytes:
    times = np.arange(round(rate * seconds)) / rate
    return wav(struct.pack(f"<{len(times)}h", *np.round(8000 * np.sin(2 * np.pi * 700 * times)).astype(int).tolist()), rate)


def pitch(content: bytes) -> float:
    sound = read_wav(content)
    spectrum = np.abs(np.fft.rfft(np.array(sound.samples, float) * np.hanning(len(sound.samples))))
    return float(np.argmax(spectrum)) * sound.rate / len(sound.samples)


# What a build makes


def test_every_prompt_is_made_in_every_language_at_both_rates(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    report = build(settings(beeper.speaker), sources, tmp_path / "out")
    assert Catalogue.load(tmp_path / "out") == report.catalogue
    assert {(one.language, one.name) for one in report.new} == {(language, name) for language in LANGUAGES for name in NAMES}
    for one in report.catalogue.current:
        narrow, wide = (read_wav((tmp_path / "out" / file).read_bytes()) for file in one.files)
        assert (narrow.rate, wide.rate) == (8000, 16000)
        assert len(narrow.samples) == one.samples_8k == one.duration_ms * 8
        assert len(wide.samples) == one.duration_ms * 16


def test_the_company_reaches_the_voice_with_its_diacritics(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    report = build(settings(beeper.speaker), sources, tmp_path / "out")
    assert any(line.startswith("ro/ro: Vă sună Știință SRL. Dorim să înregistrăm") for line in beeper.heard)
    assert any(line.startswith("en/en-gb: This is Știință SRL.") for line in beeper.heard)
    rows = {(row["language"], row["name"]): row for row in listing(report.catalogue)}
    assert "Știință SRL" in str(rows["ro", "inbound-notice"]["text"])


def test_files_and_folders_can_be_read_by_the_pbx_whatever_the_umask(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    before = os.umask(0o077)
    try:
        build(settings(beeper.speaker), sources, tmp_path / "a" / "out")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "out").rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "out").rglob("*") if path.is_dir()} == {0o755}


# Versions


def test_building_again_changes_nothing_and_asks_nobody_to_speak(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    build(settings(beeper.speaker), sources, tmp_path / "out")
    before, said = contents(tmp_path / "out"), len(beeper.heard)
    written = (tmp_path / "out" / "catalogue.json").stat().st_mtime_ns
    report = build(settings(beeper.speaker), sources, tmp_path / "out")
    assert report.new == ()
    assert contents(tmp_path / "out") == before
    assert (tmp_path / "out" / "catalogue.json").stat().st_mtime_ns == written
    assert len(beeper.heard) == said


def test_the_same_sources_give_the_same_versions_elsewhere(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    for target in ("one", "other"):
        build(settings(beeper.speaker), sources, tmp_path / target)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_another_company_makes_new_versions_and_the_old_ones_stay(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    """S12, C5: the conditions change, and what people heard before is still there, text and sound."""
    first = build(settings(beeper.speaker, "Unu"), sources, tmp_path / "out")
    kept = contents(tmp_path / "out")
    second = build(settings(beeper.speaker, "Doi"), sources, tmp_path / "out")
    named = {one.name for one in second.new}
    assert named == set(NAMES) - {"thank-you", "refused", "not-recorded"}
    assert contents(tmp_path / "out").items() >= {file: content for file, content in kept.items() if file != "catalogue.json"}.items()
    old = next(one for one in first.catalogue.current if (one.language, one.name) == ("ro", "inbound-notice"))
    again = next(one for one in second.catalogue.editions if one.version == old.version)
    assert not again.current
    assert "Unu" in second.catalogue.archived(again).text
    assert second.catalogue.find("inbound-notice", "ro").version != old.version


def test_going_back_to_the_old_company_goes_back_to_its_versions(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    first = build(settings(beeper.speaker, "Unu"), sources, tmp_path / "out")
    build(settings(beeper.speaker, "Doi"), sources, tmp_path / "out")
    said = len(beeper.heard)
    back = build(settings(beeper.speaker, "Unu"), sources, tmp_path / "out")
    assert back.catalogue.current == first.catalogue.current
    assert back.new == ()
    assert len(beeper.heard) == said


def test_another_key_makes_new_versions_of_the_prompts_that_tell_it(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    build(settings(beeper.speaker), sources, tmp_path / "out")
    changed = build(BuildSettings(Wording("Știință SRL", inbound=Keys("1", "7")), beeper.speaker), sources, tmp_path / "out")
    assert {one.name for one in changed.new} == {"inbound-notice", "inbound-opt-out", "inbound-opt-in"}
    assert {one.refuse_key for one in changed.new} == {"7"}


def test_damaged_or_lost_sound_is_made_again(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    report = build(settings(beeper.speaker), sources, tmp_path / "out")
    before = contents(tmp_path / "out")
    (tmp_path / "out" / report.catalogue.current[0].files[0]).write_bytes(b"RIFF")
    (tmp_path / "out" / report.catalogue.current[1].files[1]).rename(tmp_path / "lost")
    assert build(settings(beeper.speaker), sources, tmp_path / "out").new == ()
    assert contents(tmp_path / "out") == before


# A person's reading


def test_a_recording_beside_the_text_is_used_instead_of_synthesis(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    (sources / "ro" / "refused.wav").write_bytes(a_reading())
    report = build(settings(beeper.speaker), sources, tmp_path / "out")
    mine = next(one for one in report.catalogue.current if (one.language, one.name) == ("ro", "refused"))
    assert [pitch((tmp_path / "out" / file).read_bytes()) for file in mine.files] == pytest.approx([700, 700], abs=5)
    assert mine.text == "Am înțeles. Apelul nu va fi înregistrat."
    assert not any(line.startswith("ro/ro: Am înțeles") for line in beeper.heard)


def test_another_recording_is_another_version(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    (sources / "ro" / "refused.wav").write_bytes(a_reading())
    build(settings(beeper.speaker), sources, tmp_path / "out")
    (sources / "ro" / "refused.wav").write_bytes(a_reading(seconds=0.5))
    assert [one.name for one in build(settings(beeper.speaker), sources, tmp_path / "out").new] == ["refused"]


def test_an_unusable_recording_is_named_with_its_remedy(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    path = sources / "en" / "refused.wav"
    path.write_bytes(b"ID3 not a wav")
    refused(settings(beeper.speaker), sources, tmp_path / "out", FileFault, rf"{path}: not a WAV file.*sox in\.wav")


def test_an_unreadable_recording_is_named(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    (sources / "en" / "refused.wav").mkdir()
    refused(settings(beeper.speaker), sources, tmp_path / "out", FileFault, r"refused\.wav: cannot be read: Is a directory")


# What goes wrong leaves nothing behind


def refused(chosen: BuildSettings, sources: Path, target: Path, kind: type[CallguardError], said: str) -> CallguardError:
    before = contents(target)
    with pytest.raises(kind, match=said) as caught:
        build(chosen, sources, target)
    assert contents(target) == before
    assert not list(target.glob(".*"))
    assert all(fault.remedy for fault in caught.value.faults)
    return caught.value


def test_without_espeak_the_error_says_what_to_install(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refused(
        BuildSettings(), sources, tmp_path / "out", ConfigError, "espeak-ng cannot be run: No such file.*apt-get install espeak-ng"
    )
    assert error.exit_status == 2


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (("sh", "-c", "echo first >&2; echo 'no such voice' >&2; exit 3"), SynthesisError, "sh ended with status 3: no such voice"),
        (("sh", "-c", "kill -9 $$"), SynthesisError, "sh ended with status -9"),
        (("true",), SynthesisError, "true wrote no sound"),
        (("touch", "{output}"), SynthesisError, "touch wrote no sound"),
        (("cp", "{text_file}", "{output}"), SynthesisError, "cp made a sound that cannot be used: not a WAV file"),
        (("espeak", "{txt}"), ConfigError, "announcements.command: unknown placeholder: 'txt'"),
        (("espeak", "{output.x}"), ConfigError, "announcements.command: unknown placeholder"),
        (("espeak", "{"), ConfigError, "announcements.command: unknown placeholder"),
        (("espeak", "{}"), ConfigError, "announcements.command: unknown placeholder"),
        ((), ConfigError, "announcements.command: no program"),
    ],
)
def test_a_command_that_does_not_speak_is_told_apart(
    sources: Path, tmp_path: Path, arguments: tuple[str, ...], kind: type[CallguardError], said: str
) -> None:
    refused(command(*arguments), sources, tmp_path / "out", kind, said)


def test_silence_from_the_command_is_refused(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "silence.wav").write_bytes(wav(bytes(16000), 8000))
    refused(command("cp", str(tmp_path / "silence.wav"), "{output}"), sources, tmp_path / "out", SynthesisError, "silent")


def test_a_command_that_never_ends_is_ended(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "LONGEST_RUN_S", 0.2)
    refused(command("sleep", "30"), sources, tmp_path / "out", SynthesisError, "sleep took longer than")


def test_a_language_without_a_voice_is_named(sources: Path, tmp_path: Path) -> None:
    chosen = BuildSettings(speaker=Speaker(voices={"ro": "ro"}))
    refused(chosen, sources, tmp_path / "out", ConfigError, "announcements.voices: no voice for language 'en'")


def test_a_broken_text_stops_the_build_before_anything_is_spoken(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    build(settings(beeper.speaker, "Unu"), sources, tmp_path / "out")
    said = len(beeper.heard)
    (sources / "ro" / "refused.txt").write_text("{oops}")
    refused(settings(beeper.speaker, "Doi"), sources, tmp_path / "out", ConfigError, "unknown placeholder {oops}")
    assert len(beeper.heard) == said


def test_a_target_that_cannot_be_a_folder_is_named(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    (tmp_path / "file").write_text("")
    refused(settings(beeper.speaker), sources, tmp_path / "file" / "out", FileFault, "file/out: cannot be written: Not a directory")


def test_a_catalogue_that_is_none_is_not_written_over(sources: Path, tmp_path: Path, beeper: Beeper) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "catalogue.json").write_text("{ half")
    refused(settings(beeper.speaker), sources, tmp_path / "out", FileFault, r"catalogue\.json: not a catalogue")


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What the kernel refuses to write, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_last_build_whole(sources: Path, tmp_path: Path, beeper: Beeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tones of the command are small enough to be written, the catalogue is not; nor is what a tracer notes of the command."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    build(settings(beeper.speaker, "Unu"), sources, tmp_path / "out")
    with no_file_larger_than(6000):
        refused(settings(beeper.speaker, "Doi"), sources, tmp_path / "out", FileFault, "out: cannot be written: File too large")
    assert "Unu" in Catalogue.load(tmp_path / "out").current[0].text


# espeak-ng itself


def spoken(speaker: Speaker, text: str, language: str = "ro") -> Sequence[int]:
    return read_wav(speaker.speak(Prompt("refused", language, text, None, None))).samples


def test_espeak_says_the_same_words_in_the_same_samples() -> None:
    assert spoken(Speaker(), "Apelul nu va fi înregistrat.") == spoken(Speaker(), "Apelul nu va fi înregistrat.")


def test_espeak_reads_romanian_letters_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    here = spoken(Speaker(), "Știți ce țară")
    monkeypatch.setenv("LC_ALL", "C")
    assert spoken(Speaker(), "Știți ce țară") == here
    assert spoken(Speaker(), "Stiti ce tara") != here


@pytest.mark.parametrize(
    ("voice", "text", "phonemes"),
    [
        ("ro", "Apăsați tasta 9.", "t'asta n'oU"),
        ("ro", "Pentru acord apăsați 1, pentru refuz 2.", "'unu"),
        ("ro", "Pentru acord apăsați 1, pentru refuz 2.", "ref'uz d'o"),
        ("en-gb", "To go on unrecorded, press 9.", "pr'Es n'aIn"),
        ("en-gb", "If you consent, press 1; if not, press 2.", "pr'Es t'u"),
    ],
)
def test_espeak_says_a_key_as_the_number_of_its_language(voice: str, text: str, phonemes: str) -> None:
    said = subprocess.run(["espeak-ng", "-v", voice, "-q", "-x", "-b", "1", text], capture_output=True, text=True, check=True)
    assert phonemes in said.stdout


def test_espeak_makes_prompts_of_the_length_of_their_text(sources: Path, tmp_path: Path) -> None:
    """S1: the notice is short enough to be heard out, with a real company's name in it."""
    for language in LANGUAGES:
        for name in set(NAMES) - {"inbound-notice", "refused"}:
            (sources / language / f"{name}.wav").write_bytes(a_reading())
    report = build(BuildSettings(Wording("SMART ECO PLUS")), sources, tmp_path / "out")
    lengths = {(one.language, one.name): one.duration_ms for one in report.catalogue.current}
    for language in LANGUAGES:
        assert 7_000 < lengths[language, "inbound-notice"] < 11_000
        assert 1_500 < lengths[language, "refused"] < 3_000
    rows = json.loads((tmp_path / "out" / "catalogue.json").read_text(encoding="utf-8"))["announcements"]
    assert sum("SMART ECO PLUS" in row["text"] for row in rows) == 12
