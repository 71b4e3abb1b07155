"""A recording that stopped: waited for, measured, hashed, tagged, reported. Real files, real threads."""

import hashlib
import json
import os
import queue
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from structlog.testing import capture_logs

from callguard.call.commands import FileRecording
from callguard.call.events import RecordingFiled
from callguard.clock import utc_now
from callguard.retention.filing import Filing, file_recording
from callguard.retention.measure import Measured
from callguard.retention.paths import FOLDER, Spot
from callguard.retention.tag import Tag, attach
from callguard.retention.wav import BUFFER_BYTES, Blemish
from tests.other_user import as_ordinary_user
from tests.small_disk import fill, small_disk
from tests.wav_bytes import still_open, whole

DAY = "2026/08/31"
EXPIRES = datetime(2027, 2, 28, 9, 30, 0, 123456, UTC)


def order(name: str) -> FileRecording:
    return FileRecording(pbx="main", linkedid="1.1", leg="1.2", recording=f"{name}-1", path=f"{DAY}/{name}.wav", expires_at=EXPIRES)


def place(root: Path, name: str, content: bytes) -> Path:
    path = root / DAY / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Inbox:
    """What the engine would get."""

    def __init__(self) -> None:
        self._events: queue.Queue[RecordingFiled] = queue.Queue()
        self.deliver = self._events.put

    def next(self, timeout: float = 5.0) -> RecordingFiled:
        return self._events.get(timeout=timeout)

    def empty(self) -> bool:
        return self._events.empty()


@pytest.fixture
def common_folder() -> Iterator[Path]:
    """A root that every user may walk through; pytest's own temporary folders are closed to others."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def filing(tmp_path: Path, inbox: Inbox) -> Iterator[Filing]:
    thread = Filing(tmp_path, inbox.deliver, patience_s=0.25)
    thread.start()
    yield thread
    assert thread.stop(2.0)


def test_a_closed_file_is_measured_hashed_and_tagged(tmp_path: Path, filing: Filing, inbox: Inbox) -> None:
    """S8: the file itself says when it goes."""
    content = whole(8000 * 90)  # more than one block
    path = place(tmp_path, "a", content)
    before = utc_now()
    assert filing.submit(order("a"))
    event = inbox.next()
    assert (event.recording, event.pbx, event.linkedid, event.leg) == ("a-1", "main", "1.1", "1.2")
    assert (event.size, event.sha256, event.fault) == (len(content), hashlib.sha256(content).hexdigest(), None)
    assert before <= event.at <= utc_now()
    assert os.getxattr(path, "user.callguard.recording") == b"a-1"
    assert os.getxattr(path, "user.callguard.expires") == b"2027-02-28T09:30:00.123Z"
    assert os.getxattr(path, "user.callguard.sha256").decode() == event.sha256
    assert [one.name for one in path.parent.iterdir()] == ["a.wav"]


def test_a_file_that_the_pbx_still_writes_is_waited_for(tmp_path: Path, inbox: Inbox) -> None:
    path = place(tmp_path, "a", still_open(4000))
    filing = Filing(tmp_path, inbox.deliver, patience_s=10.0)
    filing.start()
    filing.submit(order("a"))
    with pytest.raises(queue.Empty):
        inbox.next(timeout=0.3)
    path.write_bytes(whole(8000))
    event = inbox.next(timeout=1.0)
    assert (event.size, event.fault) == (16044, None)
    assert filing.stop()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (whole(500)[:-1], "truncated"),
        (whole(500) + b"more", "truncated"),
        (whole(0), "empty"),
        (b"", "empty"),
        (b"no sound" * 99, "unreadable"),
    ],
)
def test_a_file_that_is_not_whole_is_reported_with_its_fault_and_hash(
    tmp_path: Path, filing: Filing, inbox: Inbox, content: bytes, fault: str
) -> None:
    path = place(tmp_path, "a", content)
    filing.submit(order("a"))
    event = inbox.next()
    assert (event.size, event.sha256, event.fault) == (len(content), hashlib.sha256(content).hexdigest(), fault)
    assert os.getxattr(path, "user.callguard.recording") == b"a-1"


def test_no_file_and_no_folder_are_both_missing(tmp_path: Path, filing: Filing, inbox: Inbox) -> None:
    filing.submit(order("a"))
    assert (inbox.next().fault, (tmp_path / DAY).exists()) == ("missing", False)
    (tmp_path / DAY).mkdir(parents=True)
    filing.submit(order("a"))
    event = inbox.next()
    assert (event.size, event.sha256, event.fault) == (None, None, "missing")


def test_what_is_no_file_of_ours_is_unreadable_and_left_alone(tmp_path: Path, filing: Filing, inbox: Inbox) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(whole(80))
    (tmp_path / DAY / "folder.wav").mkdir(parents=True)
    (tmp_path / DAY / "link.wav").symlink_to(secret)
    os.mkfifo(tmp_path / DAY / "fifo.wav")
    for name in ("folder", "link", "fifo"):
        filing.submit(order(name))
    assert {(event.fault, event.size, event.sha256) for event in (inbox.next(), inbox.next(), inbox.next())} == {("unreadable", None, None)}
    assert os.listxattr(secret) == []


@pytest.mark.alone
def test_many_files_that_never_close_cost_one_wait(tmp_path: Path, filing: Filing, inbox: Inbox) -> None:
    """A PBX that died with its calls."""
    for number in range(200):
        place(tmp_path, f"n{number}", still_open(100))
    begun = time.monotonic()
    for number in range(200):
        filing.submit(order(f"n{number}"))
    assert {inbox.next().fault for _ in range(200)} == {"repaired"}
    assert time.monotonic() - begun < 5.0


def test_more_than_can_wait_is_refused(tmp_path: Path, inbox: Inbox) -> None:
    filing = Filing(tmp_path, inbox.deliver, capacity=2)
    assert [filing.submit(order(name)) for name in "abc"] == [True, True, False]


@pytest.mark.alone
def test_stop_files_what_is_closed_and_leaves_the_rest(tmp_path: Path, inbox: Inbox) -> None:
    place(tmp_path, "open", still_open(100))
    filing = Filing(tmp_path, inbox.deliver, patience_s=60.0)
    filing.start()
    filing.submit(order("open"))
    place(tmp_path, "closed", whole(100))
    filing.submit(order("closed"))
    begun = time.monotonic()
    assert filing.stop(5.0)
    assert time.monotonic() - begun < 1.0
    assert inbox.next().recording == "closed-1"
    assert inbox.empty()


@pytest.mark.alone
def test_stop_ends_in_the_middle_of_a_file_when_its_bound_is_over(tmp_path: Path, inbox: Inbox) -> None:
    path = place(tmp_path, "long", b"")
    with path.open("r+b") as file:
        file.truncate(40 * 2**30)  # a sparse file: minutes of hashing
    filing = Filing(tmp_path, inbox.deliver, patience_s=0.0)
    filing.start()
    filing.submit(order("long"))
    time.sleep(0.2)
    begun = time.monotonic()
    assert not filing.stop(0.0)
    while "filing" in {thread.name for thread in threading.enumerate()} and time.monotonic() - begun < 3.0:
        time.sleep(0.01)
    assert time.monotonic() - begun < 1.0
    assert inbox.empty()


@pytest.mark.alone
def test_in_the_callers_own_thread(tmp_path: Path) -> None:
    content = whole(80)
    place(tmp_path, "a", content)
    assert file_recording(tmp_path, order("a")) == Measured(204, hashlib.sha256(content).hexdigest(), None, tagged=True)
    begun = time.monotonic()
    assert file_recording(tmp_path, order("b"), patience_s=0.2) == Measured(None, None, Blemish.MISSING, tagged=False)
    assert 0.2 <= time.monotonic() - begun < 1.0


def test_on_a_full_disk_a_file_that_looks_whole_is_not_believed(tmp_path: Path) -> None:
    """S8: the PBX lost a buffer and wrote sizes that agree with the rest. With room for one more it can have lost none."""
    with small_disk(tmp_path, 2**20) as root:
        place(root, "a", whole(80))
        ballast = fill(root, BUFFER_BYTES - 4096)
        assert file_recording(root, order("a")).fault is Blemish.TRUNCATED
        os.truncate(ballast, ballast.stat().st_size - 8192)
        assert file_recording(root, order("a")).fault is None


def test_where_attributes_cannot_be_had_a_sidecar_carries_the_tag(tmp_path: Path) -> None:
    """procfs really has none (EOPNOTSUPP); the sidecar goes beside the name that was given."""
    with Path("/proc/self/comm").open("rb") as file:
        folder = os.open(tmp_path, FOLDER)
        attach(Tag("a-1", EXPIRES, "f" * 64), file.fileno(), Spot(folder, "a.wav"))
        os.close(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav.json"]
    assert json.loads((tmp_path / "a.wav.json").read_text("utf-8")) == {
        "user.callguard.recording": "a-1",
        "user.callguard.expires": "2027-02-28T09:30:00.123Z",
        "user.callguard.sha256": "f" * 64,
    }


def test_a_file_that_belongs_to_the_pbx_gets_a_sidecar(common_folder: Path) -> None:
    """The usual case: Asterisk makes the file 0644 and its own, in a folder that is the daemon's."""
    content = whole(80)
    path = place(common_folder, "a", content)
    path.chmod(0o444)
    with as_ordinary_user(path, path.parent):
        measured = file_recording(common_folder, order("a"))
    assert measured == Measured(204, hashlib.sha256(content).hexdigest(), None, tagged=True)
    assert os.listxattr(path) == []
    assert sorted(one.name for one in path.parent.iterdir()) == ["a.wav", "a.wav.json"]
    assert json.loads((path.parent / "a.wav.json").read_text("utf-8"))["user.callguard.sha256"] == measured.sha256


def test_a_file_that_may_not_be_read_is_unreadable_with_the_size_its_folder_tells(common_folder: Path) -> None:
    path = place(common_folder, "a", whole(80))
    path.chmod(0o000)
    with as_ordinary_user(path, path.parent):
        assert file_recording(common_folder, order("a"), patience_s=0.0) == Measured(204, None, Blemish.UNREADABLE, tagged=False)


def test_a_file_that_can_carry_no_tag_is_measured_all_the_same(common_folder: Path, inbox: Inbox) -> None:
    path = place(common_folder, "a", whole(80))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    filing = Filing(common_folder, inbox.deliver)
    with as_ordinary_user(path, path.parent), capture_logs() as logs:
        filing.start()
        filing.submit(order("a"))
        event = inbox.next()
        assert filing.stop()
    assert (event.size, event.fault) == (204, None)
    assert [(line["log_level"], line["recording"]) for line in logs] == [("error", "a-1")]


def test_a_name_that_no_file_system_can_hold_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / DAY).mkdir(parents=True)
    assert file_recording(tmp_path, order("a" * 300), patience_s=0.0) == Measured(None, None, Blemish.UNREADABLE, tagged=False)
