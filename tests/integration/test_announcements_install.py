"""Putting the prompts where the PBX looks, from the audio that callguard ships; and that audio itself, measured."""

import hashlib
import io
import os
import resource
import shutil
import stat
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callguard.announcements import Catalogue, Wording, inspect, install, listing, shipped
from callguard.announcements.audio import Audio, read_wav
from callguard.announcements.catalogue import Edition, audio_hash, version_of
from callguard.announcements.text import LANGUAGES, NAMES, prompts
from callguard.errors import FileFault

SHIPPED = Catalogue.load(shipped.built())


@pytest.fixture
def pbx(tmp_path: Path) -> Path:
    folder = tmp_path / "pbx-sounds"
    folder.mkdir()
    return folder


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino) for path in folder.rglob("*") if path.is_file()}


# Installing


def test_every_prompt_lands_under_the_name_by_which_it_is_played(pbx: Path) -> None:
    found = install(SHIPPED, pbx)
    assert len(found.missing) == 4 * len(NAMES) * len(LANGUAGES)
    for name in NAMES:
        for language in LANGUAGES:
            played = SHIPPED.find(name, language).file
            of_asterisk = (pbx / f"{played}{extension}" for extension in (".wav", ".wav16"))
            of_freeswitch = ((pbx / played).parent / str(rate) / f"{Path(played).name}.wav" for rate in (8000, 16000))
            narrow, wide, *again = (read_wav(path.read_bytes()) for path in (*of_asterisk, *of_freeswitch))
            assert (narrow.rate, wide.rate, again) == (8000, 16000, [narrow, wide])
            assert len(narrow.samples) * 1000 // 8000 == SHIPPED.find(name, language).duration_ms
    assert not list(pbx.glob(".*"))


def test_what_is_installed_can_be_read_by_the_pbx_whatever_the_umask(pbx: Path) -> None:
    before = os.umask(0o077)
    try:
        install(SHIPPED, pbx)
    finally:
        os.umask(before)
    assert (pbx / "callguard" / "ro").is_dir()
    for path in pbx.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)


def test_installing_again_writes_nothing(pbx: Path) -> None:
    install(SHIPPED, pbx)
    before = everything(pbx)
    found = install(SHIPPED, pbx)
    assert (found.missing, found.damaged) == ((), ())
    assert len(found.present) == len(before)
    assert everything(pbx) == before


def test_a_damaged_file_is_found_and_replaced_and_older_versions_stay(pbx: Path) -> None:
    """C5: nothing that somebody has heard is taken away."""
    install(SHIPPED, pbx)
    whole = everything(pbx)
    played = SHIPPED.find("inbound-notice", "ro").file
    (pbx / f"{played}.wav").write_bytes(b"RIFF cut short")
    older = pbx / "callguard" / "ro" / "inbound-notice-000000000000.wav"
    older.write_bytes(b"older")
    assert inspect(SHIPPED, pbx).damaged == (f"{played}.wav",)
    assert install(SHIPPED, pbx).damaged == (f"{played}.wav",)
    assert older.read_bytes() == b"older"
    assert {name: content for name, (content, _) in everything(pbx).items() if "000000000000" not in name} == {
        name: content for name, (content, _) in whole.items()
    }


def test_inspecting_only_looks(pbx: Path) -> None:
    found = inspect(SHIPPED, pbx)
    assert len(found.missing) == 4 * len(NAMES) * len(LANGUAGES)
    assert not list(pbx.iterdir())


def test_sound_that_is_not_of_its_version_is_not_installed(pbx: Path, tmp_path: Path) -> None:
    """S12: a PBX must never play something else under the version that the consent rows name."""
    shutil.copytree(shipped.built(), tmp_path / "built")
    one = SHIPPED.current[3]
    path = tmp_path / "built" / one.files[0]
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x02")
    with pytest.raises(FileFault, match=one.stem):
        install(Catalogue.load(tmp_path / "built"), pbx)
    assert not list(pbx.iterdir())


def test_a_mistyped_sounds_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match=r"sonds: not a folder .*name the PBX's sounds folder"):
        install(SHIPPED, tmp_path / "sonds")
    assert not (tmp_path / "sonds").exists()


def test_an_unreadable_file_at_the_pbx_is_named(pbx: Path) -> None:
    path = pbx / f"{SHIPPED.find('refused', 'en').file}.wav"
    path.mkdir(parents=True)
    with pytest.raises(FileFault, match=f"{path}: cannot be read: Is a directory"):
        inspect(SHIPPED, pbx)


def test_a_full_disk_leaves_no_half_of_a_file(pbx: Path) -> None:
    """The thank-you fits, the notice does not: neither is installed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FileFault, match=r"cannot be written: File too large .*make room"):
            install(SHIPPED, pbx)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(pbx.iterdir())


def test_a_folder_that_cannot_be_made_is_named(pbx: Path) -> None:
    (pbx / "callguard").write_text("a file in the way")
    with pytest.raises(FileFault, match="Not a directory"):
        install(SHIPPED, pbx)
    assert [path.name for path in pbx.iterdir()] == ["callguard"]


# The audio that is shipped


def test_the_shipped_audio_says_the_shipped_texts() -> None:
    """S12: a text that was changed without building its audio anew would make people hear something else than is stored."""
    written = {(one.language, one.name): hashlib.sha256(one.text.encode()).hexdigest() for one in prompts(shipped.sources(), Wording())}
    assert {(row["language"], row["name"]): row["text_sha256"] for row in listing(SHIPPED) if row["current"]} == written


def test_the_shipped_audio_is_whole_and_no_other_file_is_there() -> None:
    for one in SHIPPED.editions:
        audio = SHIPPED.audio(one)
        assert version_of(one.name, one.language, one.text, audio) == one.version
        assert (audio_hash(audio), audio.duration_ms) == (one.audio_sha256, one.duration_ms)
    files = {str(path.relative_to(shipped.built())) for path in shipped.built().rglob("*") if path.is_file()}
    assert files == {"catalogue.json", *(file for one in SHIPPED.editions for file in one.files)}
    assert sum((shipped.built() / file).stat().st_size for file in files) < 6_000_000


def samples(packed: bytes) -> npt.NDArray[np.float64]:
    return np.frombuffer(packed, "<i2").astype(np.float64) / 32768


def each_rate(audio: Audio) -> tuple[tuple[npt.NDArray[np.float64], int], ...]:
    return (samples(audio.samples_8k), 8000), (samples(audio.samples_16k), 16000)


@pytest.mark.parametrize("one", SHIPPED.current, ids=lambda one: one.stem)
def test_a_shipped_prompt_has_its_level_its_length_and_no_silence_before_it(one: Edition) -> None:
    """Sound is what reaches -45 dB of the loudest: the faintest first letter, an English "th" in the telephone band, lies at -41."""
    answers = dict.fromkeys(("thank-you", "refused", "not-recorded"), (1_500, 3_200))
    expected = {"inbound-notice": (7_000, 9_000), **answers}.get(one.name, (6_000, 10_000))
    assert expected[0] <= one.duration_ms <= expected[1]
    for heard, rate in each_rate(SHIPPED.audio(one)):
        assert np.abs(heard).max() <= 10 ** (-3 / 20) + 1 / 32768
        assert -25 < 20 * np.log10(np.sqrt(np.mean(heard**2))) < -23.9
        width = rate // 200
        loud = np.sqrt(np.mean(heard[: len(heard) // width * width].reshape(-1, width) ** 2, axis=1))
        audible = np.flatnonzero(loud > 10 ** (-45 / 20) * loud.max())
        assert audible[0] * 5 <= 20, "ms of silence before the first word"
        assert (len(loud) - audible[-1]) * 5 <= 90, "ms of silence after the last word"


@pytest.mark.parametrize("one", SHIPPED.current, ids=lambda one: one.stem)
def test_both_rates_of_a_shipped_prompt_are_the_same_speech(one: Edition) -> None:
    """Below 3400 Hz the two are one signal but for the level; above, the narrow one has nothing that was folded back."""
    (narrow, _), (wide, _) = each_rate(SHIPPED.audio(one))
    low, high = np.fft.rfft(narrow), np.fft.rfft(wide)
    band = slice(0, int(3400 / 4000 * (len(low) - 1)))
    likeness = np.abs(np.vdot(low[band], high[band])) / np.linalg.norm(low[band]) / np.linalg.norm(high[band])
    assert likeness > 0.9999
    edge = slice(int(3950 / 4000 * (len(low) - 1)), None)
    assert np.linalg.norm(low[edge]) < 10 ** (-50 / 20) * np.linalg.norm(low)


def test_a_shipped_prompt_is_archived_as_it_is_played(pbx: Path) -> None:
    """S12, C5: text and audio of the exact version, for the database."""
    install(SHIPPED, pbx)
    edition = next(one for one in SHIPPED.current if (one.name, one.language) == ("inbound-notice", "ro"))
    kept = SHIPPED.archived(edition)
    played = SHIPPED.find("inbound-notice", "ro")
    assert (kept.version, kept.duration_ms) == (played.version, played.duration_ms)
    assert kept.audio_8k == (pbx / f"{played.file}.wav").read_bytes()
    assert kept.audio_16k == (pbx / f"{played.file}.wav16").read_bytes()
    assert io.BytesIO(kept.audio_8k).read(4) == b"RIFF"
