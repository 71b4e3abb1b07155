"""What lies at a recording's path, and its removal: real files, and whatever somebody may have put in their place."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from callguard.errors import FileFault
from callguard.retention.files import delete, inspect
from callguard.retention.naming import all_names, sealed, sidecars
from callguard.retention.paths import Obstruction
from callguard.retention.rules import Finding
from tests.other_user import as_ordinary_user
from tests.wav_bytes import whole

DAY = "2026/08/31"
PATH = f"{DAY}/a-1.wav"


@pytest.fixture
def root() -> Iterator[Path]:
    """A root with one recording, which every user may walk through, and something outside that must never be touched."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        base = Path(name) / "recordings"
        (base / DAY).mkdir(parents=True)
        (base / PATH).write_bytes(whole(80))
        (Path(name) / "outside").mkdir()
        (Path(name) / "outside" / "a-1.wav").write_bytes(whole(80))
        yield base
        assert (Path(name) / "outside" / "a-1.wav").exists()


def file_is_a_link(root: Path) -> None:
    (root / PATH).unlink()
    (root / PATH).symlink_to(root.parent / "outside" / "a-1.wav")


def file_is_a_dangling_link(root: Path) -> None:
    (root / PATH).unlink()
    (root / PATH).symlink_to("nowhere")


def folder_is_a_link(root: Path) -> None:
    (root / DAY).rename(root / "moved")
    (root / DAY).symlink_to(root.parent / "outside")


def root_is_a_link(root: Path) -> None:
    root.rename(root.parent / "moved")
    root.symlink_to("moved")


def root_is_gone(root: Path) -> None:
    root.rename(root.parent / "moved")


def root_is_a_file(root: Path) -> None:
    root.rename(root.parent / "moved")
    root.write_bytes(b"")


def folder_is_gone(root: Path) -> None:
    (root / DAY).rename(root / "moved")


def folder_is_a_file(root: Path) -> None:
    (root / DAY).rename(root / "moved")
    (root / DAY).write_bytes(b"")


def file_is_a_folder(root: Path) -> None:
    (root / PATH).unlink()
    (root / PATH).mkdir()


def file_is_a_fifo(root: Path) -> None:
    (root / PATH).unlink()
    os.mkfifo(root / PATH)


OBSTACLES = {
    file_is_a_link: Finding.SYMLINK,
    file_is_a_dangling_link: Finding.SYMLINK,
    folder_is_a_link: Finding.SYMLINK,
    root_is_a_link: Finding.ROOT_MISSING,
    root_is_gone: Finding.ROOT_MISSING,
    root_is_a_file: Finding.ROOT_MISSING,
    folder_is_gone: Finding.FOLDER_MISSING,
    folder_is_a_file: Finding.NOT_REGULAR,
    file_is_a_folder: Finding.NOT_REGULAR,
    file_is_a_fifo: Finding.NOT_REGULAR,
}


def everything_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize(("spoil", "finding"), OBSTACLES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_an_obstacle_is_told_and_nothing_is_removed(root: Path, spoil: Callable[[Path], None], finding: Finding) -> None:
    spoil(root)
    before = everything_below(root.parent)
    assert inspect(root, PATH) is finding
    with pytest.raises(Obstruction) as caught:
        delete(root, PATH)
    assert caught.value.finding is finding
    assert everything_below(root.parent) == before


@pytest.mark.parametrize(
    "path",
    [
        *("../outside/a-1.wav", f"{DAY}/../../../../outside/a-1.wav", f"/{PATH}", f"{DAY}//a-1.wav", f"{DAY}/"),
        *("", ".", "..", "/", "//", f"{DAY}/a-1.wav\0", "a\nb", "\ud800.wav"),
    ],
)
def test_a_path_that_is_not_plain_names_below_the_root_leads_astray(root: Path, path: str) -> None:
    before = everything_below(root.parent)
    assert inspect(root, path) is Finding.ASTRAY
    with pytest.raises(Obstruction):
        delete(root, path)
    assert everything_below(root.parent) == before


def test_an_absolute_path_of_an_existing_file_leads_astray(root: Path) -> None:
    assert inspect(root, str(root / PATH)) is Finding.ASTRAY


def test_a_name_that_no_file_system_can_hold_is_unreadable(root: Path) -> None:
    assert inspect(root, f"{DAY}/{'a' * 300}.wav") is Finding.UNREADABLE
    assert inspect(root, f"{'a' * 300}/a.wav") is Finding.UNREADABLE


def test_the_file_goes_and_its_folder_stays(root: Path) -> None:
    """S8."""
    (root / DAY / "b-1.wav").write_bytes(b"another")
    assert inspect(root, PATH) is Finding.PRESENT
    assert delete(root, PATH) is Finding.PRESENT
    assert inspect(root, PATH) is Finding.MISSING
    assert [one.name for one in (root / DAY).iterdir()] == ["b-1.wav"]
    delete(root, f"{DAY}/b-1.wav")
    assert (root / DAY).is_dir()


def test_the_tag_beside_the_file_goes_with_it_also_when_the_file_is_gone_already(root: Path) -> None:
    for _ in range(2):
        for name in sidecars("a-1.wav"):
            (root / DAY / name).write_text("{}", "utf-8")
        delete(root, PATH)
        assert list((root / DAY).iterdir()) == []


def test_a_sealed_recording_goes_with_all_that_may_lie_beside_it(root: Path) -> None:
    for name in all_names("a-1.wav"):
        (root / DAY / name).write_bytes(b"of a recording")
    assert inspect(root, PATH) is Finding.PRESENT
    assert delete(root, PATH) is Finding.PRESENT
    assert list((root / DAY).iterdir()) == []


def test_a_sealed_recording_alone_is_found(root: Path) -> None:
    (root / PATH).rename(root / DAY / sealed("a-1.wav"))
    assert inspect(root, PATH) is Finding.PRESENT
    assert delete(root, PATH) is Finding.PRESENT
    assert inspect(root, PATH) is Finding.MISSING


def test_an_obstacle_in_place_of_either_keeps_both(root: Path) -> None:
    (root / DAY / sealed("a-1.wav")).symlink_to(root / PATH)
    assert inspect(root, PATH) is Finding.SYMLINK
    with pytest.raises(Obstruction):
        delete(root, PATH)
    assert (root / PATH).exists()


def test_what_is_gone_is_missing(root: Path) -> None:
    delete(root, PATH)
    assert delete(root, PATH) is Finding.MISSING


def test_another_name_of_the_file_is_told_and_left(root: Path) -> None:
    """A second name is out of reach, but somebody has to hear of it (C7)."""
    os.link(root / PATH, root / "copy.wav")
    assert inspect(root, PATH) is Finding.LINKED
    assert delete(root, PATH) is Finding.LINKED
    assert not (root / PATH).exists()
    assert (root / "copy.wav").read_bytes() == whole(80)


def test_a_file_that_may_not_be_removed_stays_and_is_told(root: Path) -> None:
    """In a folder with the sticky bit only the owner of a file removes it."""
    (root / DAY).chmod(0o1777)
    with as_ordinary_user(), pytest.raises(FileFault, match=os.strerror(errno.EPERM)):
        delete(root, PATH)
    assert (root / PATH).read_bytes() == whole(80)


def delete_often(root: Path, times: int) -> None:
    for _ in range(times):
        delete(root, PATH)


def test_a_name_that_comes_back_at_once_is_not_taken_for_gone(root: Path) -> None:
    """A program that writes the file anew while it is deleted: no proof of a deletion may be written."""
    over = threading.Event()

    def write_again() -> None:
        while not over.is_set():
            (root / PATH).touch()

    writer = threading.Thread(target=write_again)
    writer.start()
    try:
        with pytest.raises(FileFault, match=r"there again|it changed"):
            delete_often(root, 10_000)
    finally:
        over.set()
        writer.join()


def test_a_folder_of_another_user_is_told(root: Path) -> None:
    """What Asterisk makes by itself: readable, but not ours to delete from."""
    (root / DAY).chmod(0o555)
    with as_ordinary_user():
        assert inspect(root, PATH) is Finding.PRESENT
        with pytest.raises(FileFault, match="Permission denied"):
            delete(root, PATH)
    assert (root / PATH).exists()


@pytest.mark.parametrize("closed", [".", "2026", DAY])
def test_a_folder_that_cannot_be_entered_is_unreadable(root: Path, closed: str) -> None:
    (root / closed).chmod(0o000)
    with as_ordinary_user():
        assert inspect(root, PATH) is Finding.UNREADABLE
    (root / closed).chmod(0o755)


def test_a_folder_that_can_be_listed_but_not_searched_is_unreadable(root: Path) -> None:
    (root / DAY).chmod(0o444)
    with as_ordinary_user():
        assert inspect(root, PATH) is Finding.UNREADABLE
    (root / DAY).chmod(0o755)


def test_a_file_that_may_not_be_read_can_still_be_deleted(root: Path) -> None:
    """It needs the folder's rights only; an unreadable file must not live for ever."""
    (root / PATH).chmod(0o000)
    with as_ordinary_user(root / DAY):
        assert delete(root, PATH) is Finding.PRESENT
    assert not (root / PATH).exists()
