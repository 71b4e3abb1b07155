"""The day's folder: usable by the PBX, which writes, and by the daemon, which deletes."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from callguard.errors import FileFault
from callguard.retention.folders import prepare_folder
from tests.other_user import as_ordinary_user

RECORDING = "2026/08/31/a-1.wav"


@pytest.fixture
def root() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_folder_is_shared_with_the_group_of_the_root(root: Path) -> None:
    group = next(iter(set(os.getgroups()) - {os.getegid()}), 4711 if os.geteuid() == 0 else os.getegid())
    os.chown(root, -1, group)
    prepare_folder(root, RECORDING)
    for name in ("2026", "2026/08", "2026/08/31"):
        assert (mode(root / name), (root / name).stat().st_gid) == (0o2770, group)
    assert not (root / RECORDING).exists()


def test_a_folder_whose_making_was_cut_off_is_completed(root: Path) -> None:
    (root / "2026").mkdir(mode=0o700)
    prepare_folder(root, RECORDING)
    assert mode(root / "2026") == 0o2770


def test_what_is_there_stays_as_it_is(root: Path) -> None:
    prepare_folder(root, RECORDING)
    (root / RECORDING).write_bytes(b"x")
    before = (root / "2026/08/31").stat()
    prepare_folder(root, RECORDING)
    assert (root / "2026/08/31").stat() == before


def test_a_folder_of_another_user_is_refused(root: Path) -> None:
    """What Asterisk makes by itself is 0755: the daemon could not delete from it when the time comes (S8). Needs root, as live tests do."""
    for name in ("2026", "2026/08", "2026/08/31"):
        (root / name).mkdir()
        (root / name).chmod(0o755)
    with as_ordinary_user(), pytest.raises(FileFault, match="belongs to another user"):
        prepare_folder(root, RECORDING)


def test_a_root_that_may_not_be_written_to_is_refused_with_the_remedy(root: Path) -> None:
    root.chmod(0o555)
    with as_ordinary_user(), pytest.raises(FileFault, match=r"Permission denied.*let callguard's user write"):
        prepare_folder(root, RECORDING)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("path", ["/etc/a.wav", "../a.wav", "2026/../../a.wav", "", "2026//a.wav", "./a.wav", "2026/\0/a.wav"])
def test_a_path_that_leads_astray_makes_nothing(root: Path, path: str) -> None:
    with pytest.raises(FileFault, match="astray"):
        prepare_folder(root, path)
    assert list(root.iterdir()) == []


def test_no_link_is_followed(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / "2026").symlink_to("elsewhere")
    with pytest.raises(FileFault, match="symbolic link"):
        prepare_folder(root, RECORDING)
    assert list((root / "elsewhere").iterdir()) == []


def test_a_root_that_is_not_there_is_not_made(root: Path) -> None:
    with pytest.raises(FileFault, match="root missing"):
        prepare_folder(root / "gone", RECORDING)
    assert not (root / "gone").exists()
