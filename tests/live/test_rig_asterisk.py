"""The private Asterisk keeps its own promises, so that a failing live test speaks of callguard and not of its rig."""

import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.rig.asterisk import PHONE_HEADER, AsteriskError, PrivateAsterisk
from tests.rig.asterisk_ports import claim_ports

pytestmark = pytest.mark.live

# Where a call began can be told from the way in which it is refused.
REFUSALS: Final = """
[from-outside]
exten = 100,1,Hangup(21)

[from-inside]
exten = 100,1,Hangup(17)
"""
REFUSED_OUTSIDE: Final = "SIP/2.0 403 Forbidden"
REFUSED_INSIDE: Final = "SIP/2.0 486 Busy Here"

HOSTILE_SENDERS: Final = {
    "empty": '"" <sip:127.0.0.1>',
    "anonymous": '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "300 characters": f"<sip:{'9' * 300}@127.0.0.1>",
    "SQL": '"x\'; DROP TABLE calls;--" <sip:0722000000@127.0.0.1>',
    "UTF-8": '"Ștefan Țîru" <sip:0722000000@127.0.0.1>',
    "a phone of the house": "<sip:agent@127.0.0.1>",
}


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path) -> Iterator[PrivateAsterisk]:
    """One for all tests that only look at it."""
    phones = {"caller": 9, "agent": 9}  # the discard port: nobody is called
    with PrivateAsterisk(asterisk_root, phones=phones, outside={"caller"}, dialplan=None, extra_dialplan=REFUSALS) as running:
        yield running


def sip(pbx: PrivateAsterisk, method: str, sender: str = "<sip:rig@127.0.0.1>", phone: str | None = None) -> str:
    """Send one request without a body and return the status line of its first final answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.settimeout(2)
        port = link.getsockname()[1]
        lines = [
            f"{method} sip:100@127.0.0.1:{pbx.sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{time.monotonic_ns()};rport",
            f"From: {sender};tag={time.monotonic_ns()}",
            "To: <sip:100@127.0.0.1>",
            f"Call-ID: {time.monotonic_ns()}@rig",
            f"CSeq: 1 {method}",
            f"Contact: <sip:rig@127.0.0.1:{port}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            *([f"{PHONE_HEADER}: {phone}"] if phone else []),
        ]
        link.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), ("127.0.0.1", pbx.sip_port))
        while (status := link.recv(65535).decode().split("\r\n", 1)[0]).startswith("SIP/2.0 1"):
            pass
        return status


def answers(pbx: PrivateAsterisk) -> bool:
    return sip(pbx, "OPTIONS").startswith("SIP/2.0 ")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_starts_within_ten_seconds_and_complains_of_nothing(asterisk_root: Path) -> None:
    began = time.monotonic()
    with PrivateAsterisk(asterisk_root, dialplan=None) as pbx:
        assert time.monotonic() - began < 10
        assert answers(pbx)
        complaints = [line for line in pbx.log_tail(10_000).splitlines() if re.search(r"\b(ERROR|WARNING)\[", line)]
        assert complaints == []


def test_every_named_module_runs(pbx: PrivateAsterisk) -> None:
    modules = Path(__file__).parents[1] / "rig" / "asterisk_conf" / "modules.conf"
    named = set(re.findall(r"^load = (\S+)", modules.read_text("utf-8"), re.MULTILINE))
    running = {line.split()[0] for line in pbx.cli("module show").splitlines() if " Running " in line}
    assert named <= running


def test_two_run_side_by_side(asterisk_root: Path) -> None:
    with PrivateAsterisk(asterisk_root, dialplan=None) as first:
        with PrivateAsterisk(asterisk_root, dialplan=None) as second:
            assert not {first.sip_port, first.ami_port, *first.rtp_ports} & {second.sip_port, second.ami_port, *second.rtp_ports}
            assert answers(first)
            assert answers(second)
        assert answers(first)


def test_kill_leaves_the_folder_and_restart_brings_it_back(asterisk_root: Path) -> None:
    with PrivateAsterisk(asterisk_root, dialplan=None) as pbx:
        killed, sip_port, ami_port = pbx.pid, pbx.sip_port, pbx.ami_port
        (pbx.recordings.outside / "half.wav").write_bytes(b"RIFF")
        pbx.kill()
        assert not is_alive(killed)
        with pytest.raises(AsteriskError, match="not running"):
            _ = pbx.pid
        pbx.restart()
        assert (pbx.pid != killed, pbx.sip_port, pbx.ami_port) == (True, sip_port, ami_port)
        assert (pbx.recordings.outside / "half.wav").exists()
        assert answers(pbx)


def test_restart_of_a_running_one_ends_it_in_order(asterisk_root: Path) -> None:
    with PrivateAsterisk(asterisk_root, dialplan=None) as pbx:
        before = pbx.pid
        pbx.cli("database put rig kept yes")
        pbx.restart()
        assert not is_alive(before)
        assert "Value: yes" in pbx.cli("database get rig kept")


def test_cpu_seconds_count_the_work_of_all_threads(pbx: PrivateAsterisk) -> None:
    before = pbx.cpu_seconds()
    deadline = time.monotonic() + 10
    while pbx.cpu_seconds() < before + 0.05:
        assert time.monotonic() < deadline, "ten seconds of SIP requests and no CPU time"
        sip(pbx, "OPTIONS")


def test_stop_leaves_no_program_no_folder_and_no_port(asterisk_root: Path) -> None:
    pbx = PrivateAsterisk(asterisk_root, dialplan=None)
    with pbx:
        pid, folder = pbx.pid, pbx.recordings.outside.parent
        assert folder.exists()
    assert not is_alive(pid)
    assert not folder.exists()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as freed:
        freed.bind(("127.0.0.1", pbx.sip_port))


def test_a_start_without_sip_fails_with_its_log_and_leaves_nothing(asterisk_root: Path) -> None:
    pbx = PrivateAsterisk(asterisk_root, dialplan=None)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as intruder:
            intruder.bind(("127.0.0.1", pbx.sip_port))
            with pytest.raises(AsteriskError, match=r"(?s)no SIP transport.*res_pjsip"):
                pbx.start()
        with pytest.raises(AsteriskError, match="not running"):
            _ = pbx.pid
    finally:
        pbx.stop()
    assert not pbx.recordings.outside.parent.exists()


def test_paths_have_two_names(pbx: PrivateAsterisk) -> None:
    for folder in (pbx.sounds, pbx.recordings):
        assert folder.outside.is_dir()
        assert pbx.path_outside(folder.inside) == folder.outside
        assert pbx.path_inside(folder.outside) == folder.inside
    assert pbx.path_outside("/usr/sbin/asterisk").exists()
    with pytest.raises(ValueError, match="not in the subpath"):
        pbx.path_inside(Path("/etc/passwd"))


def test_a_phone_is_known_by_its_header_whatever_it_calls_itself(pbx: PrivateAsterisk) -> None:
    answered = {name: sip(pbx, "INVITE", sender, "caller") for name, sender in HOSTILE_SENDERS.items()}
    assert answered == dict.fromkeys(HOSTILE_SENDERS, REFUSED_OUTSIDE)
    assert sip(pbx, "INVITE", phone="agent") == REFUSED_INSIDE
    assert sip(pbx, "INVITE", "<sip:agent@127.0.0.1>") == REFUSED_OUTSIDE, "without the header nobody is of the house"


def test_ami_users_have_the_classes_that_the_rig_promises(pbx: PrivateAsterisk) -> None:
    def permissions(user: str) -> list[set[str]]:
        return [set(classes.split(",")) for classes in re.findall(r"(?:read|write) perm: (\S+)", pbx.cli(f"manager show user {user}"))]

    assert permissions(pbx.ami_username) == [{"system", "call", "agi", "dtmf", "user"}, {"system", "call", "agi", "originate"}]
    assert all({"cdr", "dialplan", "command"} <= classes for classes in permissions(pbx.observer_username))


def test_callguards_dialplan_and_the_tests_own_are_both_read(asterisk_root: Path, tmp_path: Path) -> None:
    own = tmp_path / "callguard.conf"
    own.write_text("[callguard-rig-probe]\nexten = s,1,NoOp(${EXTEN})\n", "utf-8")
    with PrivateAsterisk(asterisk_root, dialplan=own, extra_dialplan=REFUSALS) as pbx:
        assert "NoOp(${EXTEN})" in pbx.cli("dialplan show callguard-rig-probe")
        assert "Hangup(21)" in pbx.cli("dialplan show from-outside")


def test_no_two_slots_share_a_port() -> None:
    slots = [claim_ports() for _ in range(5)]
    try:
        taken = [port for slot in slots for port in (slot.sip, slot.ami, *slot.rtp)]
        assert len(taken) == len(set(taken))
        assert max(taken) < 32768
    finally:
        for slot in slots:
            slot.release()
