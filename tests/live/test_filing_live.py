"""What a real MixMonitor leaves on the disk, and what filing makes of it: the facts that `callguard.retention.wav` rests on."""

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callguard.call.commands import FileRecording
from callguard.retention.filing import file_recording
from callguard.retention.folders import prepare_folder
from callguard.retention.measure import is_finished
from callguard.retention.wav import Blemish
from tests.rig.asterisk import PrivateAsterisk

pytestmark = pytest.mark.live

DIALPLAN = """
[lab]
exten = tone,1,Answer()
 same = n,Milliwatt()
exten = silence,1,Answer()
 same = n,Wait(60)
"""
DAY = "2026/08/31"
EXPIRES = datetime(2027, 2, 28, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(asterisk_root, dialplan=None, extra_dialplan=DIALPLAN) as running:
        yield running


def order(name: str) -> FileRecording:
    return FileRecording(pbx="main", linkedid="1.1", leg="1.2", recording=name, path=f"{DAY}/{name}.wav", expires_at=EXPIRES)


def begin(pbx: PrivateAsterisk, name: str, sound: str) -> str:
    """Record a channel that hears `sound`, and return its name."""
    prepare_folder(pbx.recordings.outside, f"{DAY}/{name}.wav")
    before = channels(pbx)
    originate(pbx, sound)
    end = time.monotonic() + 5
    while not (new := channels(pbx) - before):
        assert time.monotonic() < end, "no channel"
    channel = new.pop()
    pbx.cli(f"mixmonitor start {channel} {pbx.recordings.inside / DAY / name}.wav")
    return channel


def originate(pbx: PrivateAsterisk, sound: str) -> None:
    actions = (
        {"Action": "Login", "Username": pbx.observer_username, "Secret": pbx.observer_secret, "Events": "off"},
        {"Action": "Originate", "Channel": f"Local/{sound}@lab", "Context": "lab", "Exten": "silence", "Priority": "1", "Async": "true"},
        {"Action": "Logoff"},
    )
    with socket.create_connection(("127.0.0.1", pbx.ami_port), timeout=5) as link:
        for action in actions:
            link.sendall("".join(f"{name}: {value}\r\n" for name, value in action.items()).encode() + b"\r\n")
        while link.recv(4096):
            pass


def channels(pbx: PrivateAsterisk) -> set[str]:
    """The channels that make a sound, or keep silent, by now: Asterisk waits half a second for media when it answers."""
    lines = [line.split("!") for line in pbx.cli("core show channels concise").splitlines()]
    return {line[0] for line in lines if line[0].endswith(";2") and line[5] in {"Milliwatt", "Wait"}}


@pytest.mark.parametrize("end", ["mixmonitor stop", "channel request hangup"])
def test_a_recording_is_whole_as_soon_as_it_ends(pbx: PrivateAsterisk, end: str) -> None:
    """S8: Asterisk writes the sizes when it closes the file, and filing does not wait longer than that."""
    root, name = pbx.recordings.outside, end.rpartition(" ")[2]
    path = root / DAY / f"{name}.wav"
    channel = begin(pbx, name, "tone")
    time.sleep(1.0)
    assert path.exists()
    assert not is_finished(root, f"{DAY}/{name}.wav")
    pbx.cli(f"{end} {channel}")
    begun = time.monotonic()
    measured = file_recording(root, order(name))
    assert time.monotonic() - begun < 0.5
    content = path.read_bytes()
    assert (measured.size, measured.sha256, measured.fault) == (len(content), hashlib.sha256(content).hexdigest(), None)
    assert 44 + 14_000 < len(content) < 44 + 32_000
    assert os.getxattr(path, "user.callguard.expires") == b"2027-02-28T09:30:00.000Z"
    pbx.cli(f"channel request hangup {channel}")


def test_a_call_in_which_nothing_was_heard_leaves_an_empty_recording(pbx: PrivateAsterisk) -> None:
    channel = begin(pbx, "nothing", "silence")
    pbx.cli(f"channel request hangup {channel}")
    measured = file_recording(pbx.recordings.outside, order("nothing"))
    assert (measured.size, measured.fault) == (44, Blemish.EMPTY)


def test_a_recording_that_goes_on_is_not_taken_for_whole(pbx: PrivateAsterisk) -> None:
    channel = begin(pbx, "going-on", "tone")
    time.sleep(0.3)
    measured = file_recording(pbx.recordings.outside, order("going-on"), patience_s=0.3)
    assert (measured.size, measured.fault) == (44, Blemish.EMPTY)
    pbx.cli(f"channel request hangup {channel}")


def test_what_a_killed_pbx_leaves_is_repaired(asterisk_root: Path) -> None:
    """All but the last 32 KiB is there, under a header that knew of nothing."""
    with PrivateAsterisk(asterisk_root, dialplan=None, extra_dialplan=DIALPLAN) as pbx:
        begin(pbx, "cut", "tone")
        time.sleep(2.5)
        pbx.kill()
        measured = file_recording(pbx.recordings.outside, order("cut"), patience_s=0.3)
        assert is_finished(pbx.recordings.outside, f"{DAY}/cut.wav")
    assert (measured.size, measured.fault) == (44 + 32_768, Blemish.REPAIRED)
