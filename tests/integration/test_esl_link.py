"""The ESL link without greenswitch's defects: each test has a twin of the same name in `test_greenswitch_stock.py`.

All of them over a real socket, against a server that misbehaves.
"""

import logging
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import gevent.monkey
import pytest

from callguard.errors import ActionRefused, LinkLost, UnsafeText
from callguard.pbx.esl import EslAddress, EslCommand, EslLink, Headers, LinkCallbacks, Outcome, Reply, api, job
from tests.integration.ami_stream import full_backlog
from tests.integration.esl_owner import SHORT, Owner, linked, up
from tests.integration.esl_server import SECRET, Connection, EslServer, Received, block, done, echo, event, events, ignore, output
from tests.integration.pbx_server import until

PATIENT = replace(SHORT, ping_after_s=20.0, dead_after_s=40.0)


def test_a_forged_header_forges_nothing() -> None:
    """S1, S2: no caller gives a consent, or becomes another call, by the name he calls himself; the name stays whole."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE"):
        name = "Caller-Caller-ID-Name: x%0AUnique-ID: forged%0Avariable_callguard_consent: granted"
        server.last.send(event("CHANNEL_CREATE", name, "Unique-ID: second", Unique_ID="true", variable_callguard_consent="none"))
        server.last.send(event("CHANNEL_CREATE", name))
        until(lambda: len(owner.heard) == 2)
    first, second = (headers for _, headers in owner.heard)
    assert (first.get("Unique-ID"), first.get("variable_callguard_consent")) == ("true", "none")
    assert first.count("Unique-ID") == 2
    assert (second.get("Unique-ID"), second.get("variable_callguard_consent")) == (None, None)
    assert second.get("Caller-Caller-ID-Name") == "x\nUnique-ID: forged\nvariable_callguard_consent: granted"


def test_a_body_is_no_header() -> None:
    """C1: the text of an SMS is gone before anybody sees the event; a job's output reaches its own job and nobody else."""
    owner = Owner()
    text = b"hello\n\nUnique-ID: forged\n\n" + event("CHANNEL_HANGUP", Unique_ID="true")
    with EslServer() as server, up(server.port, owner, "MESSAGE", "BACKGROUND_JOB", "CHANNEL_HANGUP") as link:
        server.last.send(event("MESSAGE", Unique_ID="true", body=text), done("1", "+OK\nJob-UUID: another\n"))
        assert link.ask(job("show", "channels as json"), 1.0) == Reply("+OK")
        until(lambda: len(owner.heard) == 3)
    assert [name for name, _ in owner.heard] == ["MESSAGE", "BACKGROUND_JOB", "BACKGROUND_JOB"]
    message, jobs = owner.heard[0][1], owner.heard[1][1]
    assert (message.get("Unique-ID"), message.count("Unique-ID"), jobs.get("Job-UUID"), jobs.count("Job-UUID")) == ("true", 1, "1", 1)
    assert not any(b"hello" in getattr(message, slot) for slot in Headers.__slots__)


@pytest.mark.alone
def test_an_end_in_mid_body_ends_the_connection() -> None:
    """What came of the event is dropped, the link is made anew, and neither takes CPU."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE"):
        cpu_s = time.process_time()
        server.last.send(event("CHANNEL_CREATE")[:-10])
        server.last.hang_up()
        owner.wait_up(2)
        time.sleep(0.2)
        assert time.process_time() - cpu_s < 0.2
        assert (owner.downs, owner.heard) == (["the PBX closed the connection"], [])


def test_the_end_of_the_connection_is_told() -> None:
    """What waits fails, what had come is heard, and the owner is told, once."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner, "CHANNEL_CREATE") as link:
        link.send([api("uuid_exists", "1"), job("uuid_record", "1 start x"), api("strepoch")], owner.take)
        until(lambda: len(server.last.lines()) == 3)
        server.last.send(b"".join(events("CHANNEL_CREATE", 3)))
        server.last.hang_up()
        owner.wait_up(2)
        assert owner.downs == ["the PBX closed the connection"]
        assert [str(outcome) for _, outcome in owner.outcomes] == ["the PBX closed the connection"] * 3
        assert owner.kinds() == [LinkLost] * 3
        assert owner.values("Unique-ID") == ["0", "1", "2"]
        assert server.last.lines() == []


def test_connecting_has_an_end() -> None:
    """A port that says nothing, and one behind a firewall that drops: the reason is given within the bound."""
    owner = Owner()
    with EslServer(greeting=b"") as server, linked(server.port, owner):
        until(lambda: owner.downs, within_s=1.0)
    with full_backlog() as port, linked(port, owner):
        until(lambda: len(owner.downs) == 2, within_s=1.0)
    assert owner.downs == ["no ESL greeting (wrong port?) within 0.5 s", "no connection within 0.5 s"]


def test_the_link_comes_back() -> None:
    """Again and again, subscribed as before, and nothing that waited is sent a second time (requirements 7)."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner, "CHANNEL_CREATE") as link:
        for times in range(1, 4):
            owner.wait_up(times)
            link.send([job("uuid_record", f"{times} start x")], owner.take)
            until(server.last.lines)
            server.last.hang_up()
        owner.wait_up(4)
        server.last.send(event("CHANNEL_CREATE", Unique_ID="true"))
        until(lambda: owner.heard)
        assert server.lines() == [f"bgapi uuid_record {times} start x" for times in range(1, 4)]
        assert owner.kinds() == [LinkLost] * 3


@pytest.mark.parametrize("broken", [b"M\xfcller", b"M%FCller", b"\xc8%\x9a%", b"%"])
def test_a_bad_byte_ends_nothing(broken: bytes) -> None:
    """Bytes that are no UTF-8, and quoting that is none, are shown as well as they can be; the event is heard all the same."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE"):
        server.last.send(block("text/event-plain", b"Event-Name: CHANNEL_CREATE\nCaller-Caller-ID-Name: " + broken + b"\nUnique-ID: 7\n\n"))
        server.last.send(event("CHANNEL_CREATE", Unique_ID="true"))
        until(lambda: len(owner.heard) == 2)
        assert owner.values("Unique-ID") == ["7", "true"]
        assert owner.values("Caller-Caller-ID-Name")[0] in {"M\ufffdller", "\ufffd%\ufffd%", "%"}
        assert not owner.downs


@pytest.mark.parametrize("text", ["x\n\napi fsctl shutdown now", "x\ny", "x\ry", "x\0y", "x\x85y", "x\u2028y", "\ud800"])
def test_a_line_end_cannot_inject_a_command(text: str) -> None:
    """The refusal does not quote the text."""
    for make in (
        lambda: api("uuid_setvar", text),
        lambda: job("uuid_record", text),
        lambda: job(f"show{text}"),
        lambda: EslAddress("127.0.0.1", 1, text),
    ):
        with pytest.raises(UnsafeText) as refused:
            make()
        assert text not in str(refused.value)


def test_a_congested_owner_pushes_back() -> None:
    """A burst of 100,000 events: nothing is read, or kept, while the owner is congested; afterwards nothing is missing."""
    owner, count = Owner(), 100_000
    flood = b"".join(events("CHANNEL_CREATE", count))
    seen: list[str | None] = []
    handlers = {"CHANNEL_CREATE": lambda headers: seen.append(headers.get("Unique-ID"))}
    with EslServer() as server, up(server.port, owner, events=handlers, bounds=replace(SHORT, dead_after_s=0.6)):
        owner.busy.set()
        time.sleep(0.05)
        server.last.send(b"".join(events("CHANNEL_CREATE", 1)))
        sender = server.in_background(server.last.send, flood)
        resident = resident_bytes()
        time.sleep(0.8)
        assert len(seen) < 1500
        assert sender.is_alive()
        owner.busy.clear()
        until(lambda: len(seen) == count + 1)
        assert seen[-1] == str(count - 1)
        assert resident_bytes() - resident < 30e6
        assert not owner.downs


def test_answers_reach_their_own_commands() -> None:
    """From three threads, of both kinds: every answer is that of its own command."""
    wrong: list[tuple[EslCommand, Outcome]] = []
    right: list[EslCommand] = []

    def check(command: EslCommand, outcome: Outcome) -> None:
        if outcome == Reply(command.argument):
            right.append(command)
        else:
            wrong.append((command, outcome))

    def keep_asking(thread: int) -> None:
        for number in range(0, 300, 2):
            link.send([api("uuid_getvar", f"{thread}.{number}"), job("show", f"{thread}.{number + 1}")], check)

    with EslServer(echo) as server, up(server.port, Owner(), bounds=PATIENT) as link:
        threads = [threading.Thread(target=keep_asking, args=(thread,)) for thread in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: len(right) + len(wrong) == 900)
        assert not wrong


def test_nothing_said_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """C1: neither headers nor bodies nor commands nor the password, at any level, by any logger, also when something fails."""
    caplog.set_level(logging.DEBUG)
    owner = Owner()

    def fail(headers: Headers) -> None:
        owner.heard.append(("MESSAGE", headers))
        raise RuntimeError(headers.get("from"))

    def refuse(connection: Connection, _command: Received) -> None:
        connection.send(output("-ERR no channel reply-canary-0722000111\n"))

    with EslServer(refuse) as server, up(server.port, owner, events={"MESSAGE": fail}) as link:
        with pytest.raises(ActionRefused, match=r"^uuid_setvar: -ERR no channel reply-canary-…$"):
            link.ask(api("uuid_setvar", "action-canary"), 1.0)
        server.last.send(event("MESSAGE", body=b"sms-canary", **{"from": "caller-canary"}) * 100)
        until(lambda: len(owner.heard) == 100)
        server.last.send(block("text/garbage-canary", b"x") + b"garbage-canary\n\n")
        until(lambda: owner.downs)
    printed = capfd.readouterr()
    said = caplog.text + printed.out + printed.err
    assert "ESL link" in said
    assert said.count("RuntimeError in a callback") == 7  # at failures 1, 2, 4 … 64
    assert "canary" not in said
    assert SECRET not in said
    assert {record.name.partition(".")[0] for record in caplog.records} == {"callguard"}


def test_events_as_json_are_not_asked_for() -> None:
    """Only the events that somebody takes are, as plain text; one that comes as JSON all the same is dropped."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_PARK", "CUSTOM callguard::message", "CUSTOM a::b", "CHANNEL_CREATE"):
        server.last.send(block("text/event-json", b'{"Event-Name":"CHANNEL_CREATE"}'), event("CHANNEL_CREATE"))
        until(lambda: owner.heard)
        asked = [command.argument for command in server.last.commands if command.way == "event"]
        assert asked == ["plain BACKGROUND_JOB CHANNEL_CREATE CHANNEL_PARK SHUTDOWN CUSTOM a::b callguard::message"]
        assert len(owner.heard) == 1


def test_what_is_empty_reads_empty() -> None:
    """FreeSWITCH's stand-ins for nothing are nothing, and so is what is missing; the two are told apart."""
    owner = Owner()

    def stand_in(connection: Connection, command: Received) -> None:
        connection.send(output("_undef_" if "unset" in command.argument else "-ERR no reply\n"))

    with EslServer(stand_in) as server, up(server.port, owner, "CHANNEL_CREATE") as link:
        server.last.send(event("CHANNEL_CREATE", "A: _undef_", "B: "))
        assert link.ask(api("uuid_getvar", "1 unset"), 1.0) == link.ask(api("uuid_getvar", "1 empty"), 1.0) == Reply("")
        until(lambda: owner.heard)
        assert [owner.values(name) for name in ("A", "B", "C")] == [[""], [""], [None]]


def test_nobody_can_connect_to_us() -> None:
    """S13: the link opens no port; the calls of the switch are controlled over the connection that the daemon made."""
    before = listening()
    with EslServer() as server, up(server.port, Owner()):
        assert len(listening() - before) == 1  # the server's own


def listening() -> set[str]:
    """The inodes of this process's listening TCP sockets; proc(5): state 0A of /proc/net/tcp."""
    listens = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listens.add(f"socket:[{fields[9]}]")
    ours = {str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    return listens & ours


def resident_bytes() -> int:
    """Memory of this process; proc(5): the second field of statm, in pages."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_busy_thread_gives_way_soon() -> None:
    """A sweep, or a flood on another PBX, would keep an event waiting for five milliseconds at each turn, which is Python's default."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    try:
        with EslServer() as server, up(server.port, Owner()):
            assert sys.getswitchinterval() == pytest.approx(0.0005)
    finally:
        sys.setswitchinterval(before_s)


def test_a_link_is_one_thread() -> None:
    """Whatever gevent does for the link, it does there; and with the link it is gone, file descriptors too."""
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    owner = Owner()
    with EslServer() as server:
        link = EslLink(EslAddress("127.0.0.1", server.port, SECRET), LinkCallbacks({}, owner.came_up, print, print, bool), SHORT)
        link.start()
        owner.wait_up(1)
        assert [thread.name for thread in threading.enumerate() if "esl" in thread.name] == [f"esl 127.0.0.1:{server.port}"]
        assert threading.active_count() == threads + 3  # the server has two
        link.stop()
    assert not gevent.monkey.saved  # nothing of the standard library was patched for it
    until(lambda: threading.active_count() == threads)
    until(lambda: len(list(Path("/proc/self/fd").iterdir())) == descriptors)
