"""`calls`, `show` and `recordings`: what scripts rely on, key by key, and what people read."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from callguard.call.state import NOBODY, Decision, How, Number, RecordingStatus
from callguard.clock import utc_now
from tests.integration.cli_site import EXPIRES, NOTICE, STARTED, Site, consent, inbound, new_site, recording

STAYED, REFUSED, NAMELESS, RUNNING = "57a7ed", "4ef05e", "a0be1e55", "4211"
LATER = EXPIRES + timedelta(minutes=30)
ESCAPE = "Phone\x1b]0;owned\x07[red]/1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Four calls, ten minutes apart."""
    stayed = inbound(STAYED, [consent(Decision.STAYED, How.STAYED)], [recording(f"{STAYED}-1", STAYED)], redirecting=("0722000999",))
    refused = inbound(REFUSED, [consent(Decision.REFUSED, How.KEY, "9")], caller=Number("+40733000222", "+40733000222"))
    nameless = inbound(NAMELESS, caller=NOBODY, user_agent=ESCAPE, equipment_ip=None)
    running = inbound(
        RUNNING,
        [consent(Decision.GRANTED, How.KEY, "1")],
        [recording(f"{RUNNING}-1", RUNNING, RecordingStatus.RECORDING, stopped_at=None, size=None, sha256=None, expires_at=LATER)],
        ended_at=None,
        hangup_cause=None,
        dial_status=None,
    )
    with new_site(tmp_path_factory.mktemp("site")) as made:
        for minutes, call in enumerate((stayed, refused, nameless, running)):
            made.add(replace(call, started_at=STARTED + timedelta(minutes=10 * minutes)))
        yield made


def test_a_call_has_the_shape_that_scripts_rely_on(site: Site) -> None:
    """S1, S2, S6, C1, C2, C3: the interface, key by key and in its order."""
    *_, call = site.json("calls")
    assert json.dumps(call) == json.dumps(
        {
            "id": STAYED,
            "pbx": "main",
            "linkedid": f"{STAYED}.1",
            "direction": "inbound",
            "caller": "+40722000111",
            "callee": "+40213334444",
            "dialled": "0213334444",
            "redirecting": ["0722000999"],
            "started_at": "2026-08-31T09:30:00.250Z",
            "answered_at": "2026-08-31T09:30:00.350Z",
            "ended_at": "2026-08-31T09:31:10.600Z",
            "duration_s": 70.35,
            "billable_s": 70.25,
            "disposition": "ANSWERED",
            "hangup_cause": "NORMAL_CLEARING",
            "equipment_ip": "192.0.2.10",
            "user_agent": "Phone/1",
            "policy": "inbound",
            "source": "live",
            "parties": [
                {
                    "role": "caller",
                    "number": "+40722000111",
                    "leg": f"{STAYED}.1",
                    "decision": "stayed",
                    "how": "stayed",
                    "key": None,
                    "announcement": NOTICE.version,
                    "heard_ms": 8760,
                    "complete": True,
                    "announced_at": "2026-08-31T09:30:09.150Z",
                    "decided_at": "2026-08-31T09:30:09.250Z",
                },
                {
                    "role": "callee",
                    "number": "200",
                    "leg": f"{STAYED}.2",
                    "decision": "not_required",
                    "how": None,
                    "key": None,
                    "announcement": None,
                    "heard_ms": 0,
                    "complete": False,
                    "announced_at": None,
                    "decided_at": None,
                },
            ],
            "recordings": [
                {
                    "id": f"{STAYED}-1",
                    "path": f"2026/08/31/{STAYED}-1.wav",
                    "status": "stopped",
                    "started_at": "2026-08-31T09:30:09.760Z",
                    "stopped_at": "2026-08-31T09:31:10.600Z",
                    "expires_at": "2027-02-28T09:30:00.250Z",
                    "sha256": "e5" * 32,
                    "size": 4,
                    "fault": None,
                    "held": False,
                    "restricted": False,
                }
            ],
        }
    )


def test_calls_come_latest_first_and_unknown_is_null(site: Site) -> None:
    calls = site.json("calls")
    assert [call["id"] for call in calls] == [RUNNING, NAMELESS, REFUSED, STAYED]
    assert (calls[0]["ended_at"], calls[0]["duration_s"], calls[0]["disposition"]) == (None, None, None)
    assert calls[1]["equipment_ip"] is None


def test_no_more_calls_than_asked_for(site: Site) -> None:
    assert [call["id"] for call in site.json("calls", "--limit", "2")] == [RUNNING, NAMELESS]


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("2026-08-31", 4),
        ("2026-08-31T09:40:00.250", 3),
        ("2026-08-31T12:40:00.251+03:00", 2),
        ("2026-08-31T10:00:00.250Z", 1),
        ("2026-09-01", 0),
    ],
)
def test_calls_since_a_time_which_is_meant_in_utc_unless_it_says_otherwise(site: Site, since: str, found: int) -> None:
    assert len(site.json("calls", "--since", since)) == found


@pytest.mark.parametrize("written", ["0722000111", "+40722000111", "0040722000111", "0722 000 111", "0722-000-111"])
def test_a_number_is_found_however_it_is_written(site: Site, written: str) -> None:
    """S15: one person, many ways of writing."""
    assert [call["id"] for call in site.json("calls", "--number", written)] == [RUNNING, STAYED]


def test_a_number_that_nobody_has_finds_nobody(site: Site) -> None:
    assert site.json("calls", "--number", "0799999999") == []
    assert site.run("calls", "--number", "0799999999").stdout == "no calls\n"


def test_people_read_a_line_a_call_with_whole_numbers(site: Site) -> None:
    heading, *lines = site.run("calls").stdout.splitlines()
    assert heading.split()[:4] == ["started", "direction", "caller", "callee"]
    assert lines[3].split() == [
        "2026-08-31",
        "09:30:00Z",
        "inbound",
        "+40722000111",
        "+40213334444",
        "70.25",
        "ANSWERED",
        "stayed",
        "stopped",
        STAYED,
    ]
    assert lines[0].endswith(RUNNING)
    assert "in progress" in lines[0]


def test_what_callers_chose_cannot_steer_the_terminal(site: Site) -> None:
    """A user agent with an escape sequence and with rich's markup is shown as what it is."""
    shown = site.run("show", NAMELESS).stdout
    assert "Phone\ufffd]0;owned\ufffd[red]/1" in shown
    assert "\x1b" not in shown
    assert site.json("show", NAMELESS)["call"]["user_agent"] == ESCAPE


def test_show_proves_a_decision_with_the_words_that_were_heard(site: Site) -> None:
    """S6, S7, S12: version, text, milliseconds heard of how many, key, times, purposes, legal basis."""
    (evidence,) = site.json("show", REFUSED)["evidence"]
    assert evidence == {
        "leg": f"{REFUSED}.1",
        "number": "+40733000222",
        "decision": "refused",
        "how": "key",
        "key": "9",
        "announcement": NOTICE.version,
        "announcement_name": "inbound-notice",
        "announcement_text": "Apelul se înregistrează.",
        "announcement_ms": 8760,
        "language": "ro",
        "heard_ms": 8760,
        "complete": True,
        "announced_at": "2026-08-31T09:30:09.150Z",
        "decided_at": "2026-08-31T09:30:09.250Z",
        "received_at": "2026-08-31T09:30:09.254Z",
        "policy": "inbound",
        "policy_version": "d4" * 32,
        "legal_basis": "consent",
        "purposes": ["service quality", "legal claims"],
    }
    text = site.run("show", REFUSED).stdout
    for words in ("decision: refused", "key 9", "8760 of 8760 ms, whole", "Apelul se înregistrează.", "service quality, legal claims"):
        assert words in text


def test_show_tells_the_course_of_a_call(site: Site) -> None:
    timeline = site.json("show", STAYED)["timeline"]
    assert [one["what"] for one in timeline] == [
        "started",
        "answered",
        "announced",
        "stayed",
        "connected",
        "recording requested",
        "recording started",
        "ended",
        "recording stopped",
    ]
    assert [one["at"] for one in timeline] == sorted(one["at"] for one in timeline)


def test_a_call_goes_by_the_beginning_of_its_id_and_by_the_name_that_the_pbx_has_for_it(site: Site) -> None:
    assert site.json("show", STAYED[:3])["call"]["id"] == STAYED
    assert site.json("show", f"{STAYED}.1")["call"]["id"] == STAYED


def test_a_name_that_several_calls_have_is_refused_with_their_names(site: Site) -> None:
    done = site.run("show", "4")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"callguard: 4: 2 calls are called so\n    write more of it: {RUNNING}, {REFUSED}\n"


def test_a_narrow_terminal_takes_nothing_away(site: Site) -> None:
    """The end of a number or of an id least of all: lines are whole, and broken by the terminal."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    command = [sys.executable, "-m", "callguard", "--config", str(site.config), "calls"]
    subprocess.run(command, stdin=inside, stdout=inside, stderr=inside, timeout=30, check=True)
    os.close(inside)
    lines = os.read(outside, 2**16).decode().splitlines()
    os.close(outside)
    assert [line.split()[-1] for line in lines[1:]] == [RUNNING, NAMELESS, REFUSED, STAYED]
    assert "+40733000222" in lines[3]


def test_a_call_that_is_not_there_is_an_error(site: Site) -> None:
    done = site.run("show", "ffff")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("callguard: ffff: no call is called so\n")


def test_recordings_come_in_order_of_expiry(site: Site) -> None:
    listed = site.json("recordings")
    assert [one["id"] for one in listed] == [f"{STAYED}-1", f"{RUNNING}-1"]
    assert listed[0] == site.json("calls")[3]["recordings"][0]


def test_recordings_by_status(site: Site) -> None:
    assert [one["id"] for one in site.json("recordings", "--status", "recording")] == [f"{RUNNING}-1"]
    assert site.run("recordings", "--status", "missing").stdout == "no recordings\n"


def test_recordings_that_expire_soon(tmp_path: Path) -> None:
    """Overdue ones are among them, what goes later is not."""
    now = utc_now()
    due = {"gone": now - timedelta(days=1), "soon": now + timedelta(days=6), "later": now + timedelta(days=8)}
    with new_site(tmp_path) as fresh:
        fresh.add(inbound("ca11", recordings=[recording(name, "ca11", expires_at=at) for name, at in due.items()]))
        assert [one["id"] for one in fresh.json("recordings", "--expiring", "7d")] == ["gone", "soon"]
        assert [one["id"] for one in fresh.json("recordings", "--expiring", "1w")] == ["gone", "soon"]
        assert [one["id"] for one in fresh.json("recordings", "--expiring", "145h")] == ["gone", "soon"]
        assert [one["id"] for one in fresh.json("recordings", "--expiring", "143h")] == ["gone"]


def test_people_read_when_a_recording_goes(site: Site) -> None:
    """S8: six calendar months from the start of the call."""
    line = site.run("recordings").stdout.splitlines()[1]
    assert line.startswith(f"{EXPIRES:%Y-%m-%d %H:%M:%SZ}  stopped")
    assert line.endswith(f"2026/08/31/{STAYED}-1.wav  {STAYED}-1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["calls", "--since", "yesterday"], "'yesterday' is no time"),
        (["calls", "--limit", "0"], "--limit"),
        (["recordings", "--expiring", "7 days"], "'7 days' is no span"),
        (["recordings", "--status", "lost"], "lost"),
        (["show"], "CALL"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(site: Site, arguments: list[str], words: str) -> None:
    done = site.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
