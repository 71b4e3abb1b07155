"""Texts on FreeSWITCH: from whom, to whom and when, and never a word of them (C1), with the bodies and the search of `test_messages`.

The daemon runs with its log at `debug`. Beside it listens somebody who is subscribed to just what it is, and sees what crosses the socket.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from callguard.clock import utc_now
from tests.live.consent_house import House, freeswitch_house
from tests.live.test_messages import BODIES, CANARY, INSIDE, OUTSIDE, holding, memory, rows, send_all
from tests.rig.freeswitch_esl import Told
from tests.rig.phone import PhoneCall

pytestmark = pytest.mark.live

WITHIN_A_CALL = f"{CANARY}, said while we talk"

EVENTS = "BACKGROUND_JOB CHANNEL_ANSWER CHANNEL_DESTROY PLAYBACK_START CUSTOM callguard::inbound callguard::outbound callguard::back"


@dataclass(frozen=True, slots=True)
class Post:
    """The house after all texts have passed, and all that a subscriber like the daemon was told meanwhile."""

    house: House
    called: str
    overheard: list[Told]


@pytest.fixture(scope="module")
def post(freeswitch_prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("messages")
    with freeswitch_house(freeswitch_prefix, folder, '[logging]\nlevel = "debug"') as house, house.site.freeswitch.esl(EVENTS) as twin:
        send_all(house)
        called = talk_and_write(house)
        house.site.wait("a row for each text", lambda: len(rows(house)) > 2 * len(BODIES))
        yield Post(house, called, list(twin.seen))


def talk_and_write(house: House) -> str:
    """The number that the agent has called and writes to in mid-call."""
    number, inside = house.dial_out("0743")
    outside = house.at_callee(number)
    outside.answer()
    inside.wait_answered(3)
    write(inside, WITHIN_A_CALL)
    house.site.wait("the text", lambda: [text for text in house.site.caller.messages if text.body == WITHIN_A_CALL])
    time.sleep(0.1)
    inside.hang_up()
    return number


def write(call: PhoneCall, body: str) -> None:
    """RFC 3428, 8: a MESSAGE inside the dialog of the call."""
    built = call.dialog.request("MESSAGE")
    headers = (*(pair for pair in built.headers if pair[0] != "Contact"), ("Content-Type", "text/plain;charset=UTF-8"))
    with call.line.changed:
        text = replace(built, headers=headers, body=body.encode())
        call.line.repeat(call.key("text"), text, call.dialog.peer, lambda: None)


def test_every_text_has_a_row_in_its_direction(post: Post) -> None:
    """C1: sender and recipient as shown and in E.164, one row a text, in a call too, and none that a body invented."""
    inbound = ("inbound", INSIDE, INSIDE, "agent", None)
    outbound = ("outbound", "200", None, OUTSIDE, f"+4{OUTSIDE}")
    in_call = ("outbound", "200", None, post.called, f"+4{post.called}")
    assert sorted(rows(post.house)) == sorted([inbound] * len(BODIES) + [outbound] * len(BODIES) + [in_call])


def test_the_text_itself_arrived(post: Post) -> None:
    """C1: what is not kept was passed on all the same, whole, and once."""
    site = post.house.site
    for phone, in_call in ((site.agent, []), (site.caller, [WITHIN_A_CALL])):
        assert sorted(text.body.strip() for text in phone.messages) == sorted(body.strip() for body in [*BODIES.values(), *in_call])


def test_the_time_is_the_pbxs(post: Post) -> None:
    kept = post.house.rows("SELECT at, received_at FROM messages ORDER BY id")
    told = [int(one["Event-Date-Timestamp"]) // 1000 for one in post.overheard if one.get("Job-Command") == "echo"]
    assert [row["at"] for row in kept] == told
    assert all(-20 <= row["received_at"] - row["at"] < 500 for row in kept)
    assert all(row["received_at"] <= utc_now().timestamp() * 1000 for row in kept)


def test_a_text_never_comes_over_esl(post: Post) -> None:
    """C1: a subscriber like the daemon is told that a text passed, and not what it says."""
    assert len([told for told in post.overheard if told.get("Job-Command") == "echo"]) == 2 * len(BODIES) + 1
    assert holding({str(at): repr(told).encode() for at, told in enumerate(post.overheard)}) == []


def test_no_word_of_a_text_is_kept_or_in_the_process(post: Post) -> None:
    """C1: not in rows, write-ahead log, log, status file or tags; not in the environment, on the command line, or in memory."""
    kept = post.house.kept()
    assert {"callguard.db", "callguard.db-wal", "daemon.log"} <= {Path(name).name for name in kept}
    proc = Path(f"/proc/{post.house.site.daemons[0].pid}")
    process = {"environ": (proc / "environ").read_bytes(), "cmdline": (proc / "cmdline").read_bytes(), "memory": memory(int(proc.name))}
    assert INSIDE.encode() in process["memory"], "the search itself"
    assert holding(kept | process) == []
