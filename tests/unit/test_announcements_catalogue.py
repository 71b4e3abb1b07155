"""Versions, and the catalogue that lists them."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.announcements.audio import Audio
from callguard.announcements.catalogue import Catalogue, Edition, audio_hash, document, listing, version_of, wav_files
from callguard.call.policy import Announcement
from callguard.errors import FileFault

AUDIO = Audio(b"\x01\x02" * 160, b"\x03\x04" * 320)


def edition(text: str = "Bună ziua, Știință!", *, current: bool = True, name: str = "thank-you") -> Edition:
    version = version_of(name, "ro", text, AUDIO)
    return Edition(name, "ro", version, current, text, None, "9", audio_hash(AUDIO), AUDIO.duration_ms, 160, "0" * 64)


def stored(folder: Path, *editions: Edition) -> Catalogue:
    (folder / "catalogue.json").write_bytes(document(editions))
    (folder / "ro").mkdir()
    for one in editions:
        for file, content in zip(one.files, wav_files(AUDIO), strict=True):
            (folder / file).write_bytes(content)
    return Catalogue.load(folder)


parts = st.tuples(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4), st.binary(max_size=4), st.binary(max_size=4))


@given(parts, parts)
def test_versions_are_equal_only_for_equal_parts(
    one: tuple[str, str, str, bytes, bytes], other: tuple[str, str, str, bytes, bytes]
) -> None:
    """S12: what moved from one part to the next, or from text to sound, is another announcement."""
    versions = [version_of(name, language, text, Audio(narrow, wide)) for name, language, text, narrow, wide in (one, other)]
    assert (versions[0] == versions[1]) == (one == other)


@given(st.text(max_size=6), st.integers(min_value=0, max_value=6))
def test_a_letter_that_moves_from_the_name_to_the_language_makes_another_version(word: str, cut: int) -> None:
    assert version_of(word[:cut], word[cut:], "", AUDIO) != version_of(word + "x", "", "", AUDIO)


def test_a_version_is_this_hash_for_ever() -> None:
    """C5: a version stored today must be found by the same arithmetic in ten years."""
    digest = hashlib.sha256()
    for part in (b"thank-you", b"ro", "Știu.".encode(), AUDIO.samples_8k, AUDIO.samples_16k):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    assert version_of("thank-you", "ro", "Știu.", AUDIO) == digest.hexdigest()
    assert digest.hexdigest() == "d8d8f2d27300e0fe415cc7c3ab4d98c8d48ac25ad3218b8a8ec842f1d570398b"


def test_what_is_stored_is_read_back(tmp_path: Path) -> None:
    editions = (edition(), edition("old", current=False))
    assert stored(tmp_path, *editions) == Catalogue(tmp_path, editions)


def test_the_current_version_is_found_as_the_call_core_wants_it(tmp_path: Path) -> None:
    now, old = edition(), edition("old", current=False)
    catalogue = stored(tmp_path, old, now)
    expected = Announcement(now.version, "thank-you", "ro", 20, f"callguard/ro/thank-you-{now.version[:12]}")
    assert catalogue.find("thank-you", "ro") == expected
    assert catalogue.current == (now,)


@pytest.mark.parametrize(("name", "language"), [("refused", "ro"), ("thank-you", "en")])
def test_a_prompt_that_is_not_there_is_an_error_that_names_the_file(tmp_path: Path, name: str, language: str) -> None:
    with pytest.raises(FileFault, match=f"catalogue.json: no announcement '{name}' in language '{language}'"):
        stored(tmp_path, edition()).find(name, language)


def test_the_listing_says_all_and_is_what_the_file_says(tmp_path: Path) -> None:
    one = edition()
    (row,) = listing(stored(tmp_path, one))
    assert row == json.loads((tmp_path / "catalogue.json").read_text(encoding="utf-8"))["announcements"][0]
    assert row["text"] == "Bună ziua, Știință!"
    assert row["text_sha256"] == hashlib.sha256(one.text.encode()).hexdigest()
    assert row["files"] == [f"ro/thank-you-{one.version[:12]}.wav", f"ro/thank-you-{one.version[:12]}.wav16"]
    assert row["rates"] == [8000, 16000]
    assert "Știință" in (tmp_path / "catalogue.json").read_text(encoding="utf-8")


def test_a_version_is_archived_whole(tmp_path: Path) -> None:
    """C5: earlier versions stay in the archive, text and sound."""
    old = edition("old", current=False)
    kept = stored(tmp_path, edition(), old).archived(old)
    assert (kept.version, kept.name, kept.language, kept.text, kept.duration_ms) == (old.version, "thank-you", "ro", "old", 20)
    assert kept.audio_8k == (tmp_path / old.files[0]).read_bytes()
    assert kept.audio_16k == (tmp_path / old.files[1]).read_bytes()


@pytest.mark.parametrize("extension", [".wav", ".wav16"])
def test_altered_sound_is_not_passed_off_as_its_version(tmp_path: Path, extension: str) -> None:
    """S12: the archive may hold only what the version says."""
    one = edition()
    catalogue = stored(tmp_path, one)
    path = tmp_path / (one.stem + extension)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(FileFault, match="the sound is not the one of its version"):
        catalogue.archived(one)


def test_missing_and_truncated_sound_is_named(tmp_path: Path) -> None:
    one = edition()
    catalogue = stored(tmp_path, one)
    path = tmp_path / one.files[1]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileFault, match=rf"{path}: cut short"):
        catalogue.audio(one)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(FileFault, match=rf"{path}: cannot be read: No such file"):
        catalogue.audio(one)


def row(**changes: object) -> bytes:
    rows = json.loads(document([edition()]))
    rows["announcements"][0] |= changes
    return json.dumps(rows).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 2, "announcements": []}',
        b'{"format": 1}',
        row(name="../../etc/passwd"),
        row(language="ro/.."),
        row(version="ABC"),
        row(duration_ms="long"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_its_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalogue.json").write_bytes(content)
    with pytest.raises(FileFault, match=r"catalogue\.json: not a catalogue: .*restore it, or move it away"):
        Catalogue.load(tmp_path)


def test_a_folder_without_a_catalogue_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match=r"catalogue\.json: no announcements here .*announcements build"):
        Catalogue.load(tmp_path)


def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").mkdir()
    with pytest.raises(FileFault, match=r"catalogue\.json: cannot be read: Is a directory"):
        Catalogue.load(tmp_path)
