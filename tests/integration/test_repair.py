"""A recording over which the PBX died: mended in its place or by a copy, whoever owns it, and left alone where it cannot be mended."""

import hashlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from structlog.testing import capture_logs

from callguard.retention.filing import file_recording
from callguard.retention.measure import Measured, measure
from callguard.retention.naming import part
from tests.integration.sealed_place import order
from tests.integration.sweep_place import DAY
from tests.other_user import as_ordinary_user
from tests.wav_bytes import left_by_freeswitch, still_open, whole

SOUND = whole(32_768, channels=2)


@pytest.fixture
def root() -> Iterator[Path]:
    """A root that every user may walk through; pytest's own temporary folders are closed to others."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / DAY).mkdir(parents=True)
        yield Path(name)


@pytest.fixture
def left(root: Path) -> Path:
    """The file as FreeSWITCH left it when it was killed."""
    path = root / DAY / "a.wav"
    path.write_bytes(left_by_freeswitch())
    return path


def filed(root: Path) -> Measured:
    return file_recording(root, order("a"), patience_s=0.0)


def as_good_as_new(measured: Measured, content: bytes) -> bool:
    return (measured.size, measured.sha256, measured.fault) == (len(content), hashlib.sha256(content).hexdigest(), "repaired")


def test_it_is_mended_where_it_lies(root: Path, left: Path) -> None:
    """S8: size and hash are those of the file that every player takes, and it is the PBX's own."""
    before = left.stat()
    measured = filed(root)
    assert as_good_as_new(measured, SOUND)
    assert (left.read_bytes(), left.stat().st_ino, measured.tagged) == (SOUND, before.st_ino, True)


def test_what_asterisk_leaves_is_mended_as_well(root: Path, left: Path) -> None:
    left.write_bytes(still_open(16_384))
    assert as_good_as_new(filed(root), whole(16_384))


def test_half_a_sample_at_its_end_goes(root: Path, left: Path) -> None:
    left.write_bytes(left_by_freeswitch() + b"abc")
    assert as_good_as_new(filed(root), SOUND)
    assert left.read_bytes() == SOUND


def test_where_the_pbx_alone_may_write_a_copy_takes_its_place(root: Path, left: Path) -> None:
    """Longer than one block, with the rights that the PBX gave it, and nothing else is left behind."""
    left.write_bytes(left_by_freeswitch(600_000))
    left.chmod(0o444 if os.geteuid() else 0o644)
    with as_ordinary_user(left.parent):
        assert as_good_as_new(filed(root), whole(600_000, channels=2))
    assert left.stat().st_mode & 0o444 == 0o444
    assert [path.name for path in left.parent.glob("a.wav*.part")] == []


def test_a_file_that_grows_meanwhile_is_not_replaced(root: Path, left: Path) -> None:
    """The PBX lives after all, and what it writes from now on would be lost."""
    left.chmod(0o444)
    written = [bytes(400)]
    with left.open("ab", buffering=0) as pbx, as_ordinary_user(left, left.parent), capture_logs() as logs:
        measured = measure(root, order("a"), lambda: _write(pbx, written))
    assert (measured.fault, measured.size) == ("truncated", len(SOUND) + 400)
    assert [path.name for path in left.parent.glob("*.part")] == []
    assert [(line["log_level"], line["fault"]) for line in logs] == [("error", "the PBX still writes it")]


def test_one_that_cannot_be_mended_stays_as_it_is_and_the_log_says_so(root: Path, left: Path) -> None:
    """No room for a copy: it was lawfully made, and is kept."""
    left.chmod(0o444)
    with as_ordinary_user(left, left.parent), files_of_at_most(len(SOUND) // 2), capture_logs() as logs:
        measured = filed(root)
    assert (measured.fault, left.read_bytes(), (left.parent / part("a.wav")).exists()) == ("truncated", left_by_freeswitch(), False)
    assert [(line["log_level"], line["file"], line["fault"]) for line in logs] == [("error", "a.wav", "File too large")]


def _write(pbx: FileIO, waiting: list[bytes]) -> None:
    while waiting:
        pbx.write(waiting.pop())


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As long as it holds, this process can write no longer file: the nearest thing to a full disk that needs no root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
