"""A recording that is sealed: what lies there then, that it opens with its key alone, and what happens when it cannot be sealed."""

import hashlib
import io
import os
import queue
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callguard.call.events import RecordingFiled
from callguard.errors import ConfigError, FileFault
from callguard.evidence.keys import BACKUP_TAG, KeyGone, KeyStore
from callguard.evidence.master import MasterKey
from callguard.evidence.sealing import CHUNK_BYTES, TAG_BYTES, Sound, seal, unseal
from callguard.evidence.vault import Vault
from callguard.retention.filing import Filing
from callguard.retention.measure import Measured, retag_file
from callguard.retention.naming import part, sealed
from callguard.retention.rules import stamp
from callguard.retention.tag import Tag
from callguard.retention.wav import Blemish
from tests.integration.sealed_place import Sealer, new_sealer, order
from tests.integration.sweep_place import CONTENT, DUE, STARTED
from tests.wav_bytes import left_by_freeswitch, whole

KEY = bytes(range(32))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return new_sealer(tmp_path)


def sealed_form(content: bytes, recording: str = "a", key: bytes = KEY) -> bytes:
    sink = io.BytesIO()
    assert seal(io.BytesIO(content), sink, key, recording, lambda: None) == (len(content), hashlib.sha256(content).hexdigest())
    return sink.getvalue()


def opened(form: bytes, recording: str = "a", key: bytes = KEY) -> bytes:
    return b"".join(unseal(io.BytesIO(form), key, recording))


# The form --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_opens_again(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed_form(content)) == content


@given(content=st.binary(min_size=1, max_size=300), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_of_it_can_be_changed(content: bytes, place: int, bit: int) -> None:
    """S13."""
    form = bytearray(sealed_form(content))
    form[place % len(form)] ^= 1 << bit
    with pytest.raises(FileFault):
        opened(bytes(form))


def test_no_part_of_it_can_be_cut_off_or_put_elsewhere() -> None:
    content = os.urandom(3 * CHUNK_BYTES)
    form = sealed_form(content)
    head = len(form) - 3 * (CHUNK_BYTES + TAG_BYTES)
    line, chunks = form[:head], [form[at : at + CHUNK_BYTES + TAG_BYTES] for at in range(head, len(form), CHUNK_BYTES + TAG_BYTES)]
    for found in (chunks[:2], chunks[:1], [], [chunks[1], chunks[0], chunks[2]], [chunks[0], chunks[2]], [*chunks, chunks[2]]):
        with pytest.raises(FileFault, match="damaged or cut off"):
            opened(line + b"".join(found))


def test_it_opens_with_its_own_key_and_as_itself_only() -> None:
    form = sealed_form(CONTENT)
    with pytest.raises(FileFault, match="damaged"):
        opened(form, key=bytes(32))
    with pytest.raises(FileFault, match="not the sealed form of this recording"):
        opened(form, recording="b")


def test_any_size_needs_a_few_chunks_of_memory(tmp_path: Path) -> None:
    long = tmp_path / "long"
    long.touch()
    os.truncate(long, 2**25)
    tracemalloc.start()
    try:
        with long.open("rb") as source, Path(os.devnull).open("wb") as sink:
            assert seal(source, sink, KEY, "a", lambda: None).size == 2**25
        assert tracemalloc.get_traced_memory()[1] < 10 * CHUNK_BYTES
    finally:
        tracemalloc.stop()


# The vault -------------------------------------------------------------------------------------------------------------------------


def test_a_sealed_recording_takes_the_place_of_the_plain_one(sealer: Sealer) -> None:
    """S13, C7: nothing of the sound is in the clear, nobody else may read it, and the tag has moved along (S8)."""
    sealer.record("a", whole(80_000))
    measured = sealer.file("a")
    file = sealer.day / sealed("a.wav")
    digest = hashlib.sha256(whole(80_000)).hexdigest()
    assert measured == Measured(len(whole(80_000)), digest, None, tagged=True, sealed=True)
    assert (sealer.left("a"), file.stat().st_mode & 0o777) == ([file.name], 0o600)
    assert (whole(80_000)[44:500] in file.read_bytes(), sealer.heard("a")) == (False, whole(80_000))
    assert {name: os.getxattr(file, name).decode() for name in os.listxattr(file)} == {
        "user.callguard.recording": "a",
        "user.callguard.expires": stamp(DUE),
        "user.callguard.sha256": digest,
    }


def test_a_key_is_its_owners_alone_and_says_so_to_backups(sealer: Sealer) -> None:
    sealer.record("a")
    sealer.file("a")
    folder = sealer.folder / "keys"
    assert [path.stat().st_mode & 0o777 for path in (folder, sealer.key("a").parent, sealer.key("a"))] == [0o700, 0o700, 0o600]
    assert (folder / BACKUP_TAG).read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")


def test_a_damaged_recording_is_sealed_as_well(sealer: Sealer) -> None:
    """S13: half a recording is a recording."""
    sealer.record("a", whole(4000)[:-1])
    measured = sealer.file("a")
    assert (measured.sealed, measured.fault, sealer.heard("a")) == (True, "truncated", whole(4000)[:-1])
    assert sealer.file("a") == measured


def test_what_a_dying_pbx_left_is_repaired_before_it_is_sealed(sealer: Sealer) -> None:
    """S13: what is heard of it later is a file that every player takes."""
    sealer.record("a", left_by_freeswitch())
    measured = sealer.file("a")
    assert (measured.sealed, measured.fault, sealer.heard("a")) == (True, "repaired", whole(32_768, channels=2))
    assert sealer.left("a") == [sealed("a.wav")]


def test_what_is_not_there_is_missing(sealer: Sealer) -> None:
    assert sealer.file("a") == Measured(None, None, Blemish.MISSING, tagged=False)


def test_what_cannot_be_read_is_not_sealed(sealer: Sealer) -> None:
    (sealer.day / "a.wav").mkdir(parents=True)
    assert (sealer.file("a").sealed, sealer.left("a")) == (False, ["a.wav"])


def test_without_a_key_store_the_recording_stays_plain_and_the_log_says_so(sealer: Sealer) -> None:
    """Lawfully made, so to lose it would be the greater harm."""
    path = sealer.record("a")
    (sealer.folder / "keys").rename(sealer.folder / "elsewhere")
    with capture_logs() as logs:
        measured = sealer.file("a")
    assert (measured.sealed, measured.sha256, path.read_bytes()) == (False, SHA256, CONTENT)
    assert [(line["log_level"], line["recording"]) for line in logs] == [("error", "a")]


def test_a_full_disk_keeps_the_plain_file_and_leaves_nothing_else(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sealer.record("a")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("callguard.evidence.vault.seal", full)
    with capture_logs() as logs:
        assert not sealer.file("a").sealed
    assert (path.read_bytes(), sealer.left("a"), "No space left" in logs[0]["fault"]) == (CONTENT, ["a.wav"], True)


def test_what_the_disk_did_not_keep_is_found_out_before_the_plain_file_goes(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sealer.record("a")
    synced = os.fsync

    def spoil(descriptor: int) -> None:
        synced(descriptor)
        written = Path(f"/proc/self/fd/{descriptor}")
        if written.readlink().name == part("a.wav"):
            os.pwrite(descriptor, bytes([written.read_bytes()[60] ^ 1]), 60)

    monkeypatch.setattr(os, "fsync", spoil)
    with capture_logs() as logs:
        assert not sealer.file("a").sealed
    assert (path.read_bytes(), sealer.left("a"), "damaged" in logs[0]["fault"]) == (CONTENT, ["a.wav"], True)


def test_a_file_that_changes_while_it_is_sealed_stays(sealer: Sealer) -> None:
    path = sealer.record("a")
    with pytest.raises(FileFault, match="not what was measured"):
        sealer.vault.seal(order("a"), Sound(14, "0" * 64), lambda: None)
    assert (path.read_bytes(), sealer.left("a")) == (CONTENT, ["a.wav"])


def test_another_master_key_opens_nothing(sealer: Sealer) -> None:
    sealer.record("a")
    sealer.file("a")
    stranger = Vault(sealer.vault.root, sealer.vault.keys, MasterKey.written("0" * 64, "there"))
    with pytest.raises(FileFault, match="does not open with this master key"):
        list(stranger.unsealed(order("a").path, "a"))


def test_a_key_in_another_ones_place_opens_nothing(sealer: Sealer) -> None:
    for name in ("a", "b"):
        sealer.record(name)
        sealer.file(name)
    sealer.key("b").write_bytes(sealer.key("a").read_bytes())
    with pytest.raises(FileFault, match="master key"):
        sealer.heard("b")
    sealer.key("b").write_bytes(b"nonsense")
    with pytest.raises(FileFault, match="damaged"):
        sealer.heard("b")


def test_a_store_that_cannot_be_made_or_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = KeyStore(tmp_path / "file")
    with pytest.raises(FileFault, match="cannot be prepared"):
        store.prepare()
    store = KeyStore(tmp_path / "keys")
    store.prepare()
    (tmp_path / "keys" / "a.wav").mkdir()
    with pytest.raises(FileFault, match="its key cannot be kept"):
        store.keep("a.wav", "a", KEY, MasterKey.written("5e" * 32, "here"))


def test_a_destroyed_key_was_written_over_where_it_lay(sealer: Sealer) -> None:
    """C7: another name of the key's file, as a copy by link would be, has nothing but zeros."""
    sealer.record("a")
    sealer.file("a")
    os.link(sealer.key("a"), sealer.folder / "kept")
    assert sealer.vault.keys.destroy(order("a").path)
    assert (sealer.key("a").exists(), set((sealer.folder / "kept").read_bytes())) == (False, {0})
    assert not sealer.vault.keys.destroy(order("a").path)
    with pytest.raises(KeyGone):
        sealer.heard("a")


def test_a_key_that_cannot_be_reached_is_not_taken_for_gone(sealer: Sealer) -> None:
    sealer.record("a")
    sealer.file("a")
    sealer.key("a").parent.rename(sealer.folder / "moved")
    sealer.key("a").parent.symlink_to(sealer.folder / "moved")
    with pytest.raises(FileFault, match="symbolic link"):
        sealer.vault.keys.holds(order("a").path)


def test_another_tag_goes_onto_the_sealed_file(sealer: Sealer) -> None:
    """S8: a retag is told by the file as well."""
    sealer.record("a")
    sealer.file("a")
    retag_file(sealer.vault.root, order("a").path, Tag("a", STARTED, SHA256))
    assert os.getxattr(sealer.day / sealed("a.wav"), "user.callguard.expires").decode() == stamp(STARTED)


def test_the_filing_thread_seals(sealer: Sealer) -> None:
    events: queue.Queue[RecordingFiled] = queue.Queue()
    filing = Filing(sealer.vault.root, events.put, vault=sealer.vault)
    filing.start()
    sealer.record("a")
    filing.submit(order("a"))
    event = events.get(timeout=5)
    assert filing.stop()
    assert (event.sealed, event.size, event.sha256, event.fault) == (True, len(CONTENT), SHA256, None)
    assert sealer.heard("a") == CONTENT


@pytest.mark.parametrize("written", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab" * 32 + " "])
def test_a_master_key_of_another_form_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand -hex 32") as caught:
        MasterKey.written(written, "recordings.master_key_file")
    assert not written or written not in str(caught.value)
    assert "5e5e" not in repr(MasterKey.written("5e" * 32, "here"))
