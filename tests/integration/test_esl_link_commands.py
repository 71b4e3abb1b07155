"""Commands over the ESL link: ways, answers, jobs and lanes, and the bounds that keep a silent or slow PBX from filling memory."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from callguard.errors import ActionRefused, LinkError, LinkLost, LinkOverdue, UnsafeText
from callguard.pbx.esl import Headers, Outcome, Reply, api, job
from tests.integration.esl_owner import SHORT, Owner, linked, up
from tests.integration.esl_server import Connection, EslServer, Received, done, echo, event, events, ignore, obey, output, reply
from tests.integration.pbx_server import until

PATIENT = replace(SHORT, ping_after_s=20.0, dead_after_s=40.0)


def test_what_is_sent() -> None:
    """Each way as FreeSWITCH reads it; a job has an id of ours, and no two have the same."""
    with EslServer() as server, up(server.port, Owner(), bounds=PATIENT) as link:
        link.ask(api("uuid_setvar", "7 name Ștefan"), 1.0)
        link.ask(api("strepoch"), 1.0)
        link.ask(job("uuid_record", "7 start x.wav"), 1.0)
        link.ask(job("status"), 1.0)
        *_, first, second = server.last.commands
        wire = bytes(server.last.wire).decode().partition("SHUTDOWN\n\n")[2]
    assert first.job != second.job
    assert wire == (
        "api uuid_setvar 7 name Ștefan\n\napi strepoch\n\n"
        f"bgapi uuid_record 7 start x.wav\nJob-UUID: {first.job}\n\nbgapi status\nJob-UUID: {second.job}\n\n"
    )


def test_what_may_take_time_is_no_api() -> None:
    """It would hold up every event behind it."""
    for name in ("originate", "uuid_record", "uuid_bridge", "show", "uuid_dump"):
        with pytest.raises(ValueError, match="send it as a job"):
            api(name)
    with pytest.raises(UnsafeText):
        job("show channels")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("+OK\n", Reply("+OK")),
        ("+OK Deleted: 1\n", Reply("+OK Deleted: 1")),
        ("true", Reply("true")),
        ("a\n\nb\n", Reply("a\n\nb")),
        ("Ștefan", Reply("Ștefan")),
        ("-ERR No such channel!\n", ActionRefused),
        ("-USAGE: <uuid> <var>\n", ActionRefused),
        ("-ERR uuid_getvar Command not found!\n", ActionRefused),
    ],
)
def test_what_an_answer_means(text: str, outcome: Outcome | type[Outcome]) -> None:
    """Of an `api` and, from the mouth of its event, of a job."""

    def answer(connection: Connection, command: Received) -> None:
        if command.way == "api":
            connection.send(output(text))
        else:
            connection.send(reply(f"+OK Job-UUID: {command.job}"), done(command.job, text))

    owner = Owner()
    with EslServer(answer) as server, up(server.port, owner) as link:
        link.send([api("uuid_getvar", "7 x"), job("uuid_getvar", "7 x")], owner.take)
        until(lambda: len(owner.outcomes) == 2)
    if isinstance(outcome, Reply):
        assert [one for _, one in owner.outcomes] == [outcome, outcome]
    else:
        assert owner.kinds() == [outcome, outcome]


def test_a_job_may_be_refused_at_once() -> None:
    """Before it has begun, as for a user who may not."""
    owner = Owner()
    with EslServer(lambda connection, _: connection.send(reply("-ERR permission denied"))) as server, up(server.port, owner) as link:
        link.send([job("originate", "x"), api("uuid_exists", "7")], owner.take)
        until(lambda: len(owner.outcomes) == 2)
        assert owner.kinds() == [ActionRefused] * 2
        assert str(owner.outcomes[0][1]) == "originate: -ERR permission denied"


def test_events_pass_while_a_job_runs() -> None:
    """A phone that rings for long holds up neither events nor other commands."""
    owner = Owner()
    jobs: list[str] = []

    def ring(connection: Connection, command: Received) -> None:
        if command.way == "bgapi":
            jobs.append(command.job)
            connection.send(reply(f"+OK Job-UUID: {command.job}"))
        else:
            obey(connection, command)

    with EslServer(ring) as server, up(server.port, owner, "CHANNEL_CREATE") as link:
        link.send([job("originate", "x", lane="a")], owner.take)
        until(lambda: jobs)
        server.last.send(event("CHANNEL_CREATE"))
        assert link.ask(api("uuid_exists", "7", lane="b"), 1.0) == Reply("+OK")
        until(lambda: owner.heard)
        assert not owner.outcomes
        server.last.send(done("of another", "+OK"), done(jobs[0], "-ERR USER_BUSY\n"))
        until(lambda: owner.outcomes)
        assert str(owner.outcomes[0][1]) == "originate: -ERR USER_BUSY"


def test_nothing_overtakes_a_job_of_its_lane() -> None:
    """S3: FreeSWITCH runs jobs side by side; a `stop` that overtook its `start` would leave the recording running."""
    owner, jobs = Owner(), []

    def hold(connection: Connection, command: Received) -> None:
        if command.way == "bgapi":
            jobs.append(command.job)
            connection.send(reply(f"+OK Job-UUID: {command.job}"))
        else:
            obey(connection, command)

    with EslServer(hold) as server, up(server.port, owner, bounds=PATIENT) as link:
        link.send([api("uuid_setvar", "7 a 1", lane="7"), job("uuid_record", "7 start x", lane="7")], owner.take)
        link.send([api("uuid_exists", "7", lane="7"), api("uuid_setvar", "7 b 1", lane="7")], owner.take)
        link.send([job("uuid_record", "7 stop x", lane="7"), api("uuid_setvar", "7 c 1", lane="7")], owner.take)
        link.send([api("uuid_setvar", "8 a 1", lane="8"), api("uuid_setvar", "9 a 1")], owner.take)
        ahead = ["api uuid_setvar 7 a 1", "bgapi uuid_record 7 start x", "api uuid_setvar 8 a 1", "api uuid_setvar 9 a 1"]
        until(lambda: len(owner.outcomes) == 3)
        assert server.last.lines() == ahead
        server.last.send(done(jobs[0], "+OK"))
        until(lambda: len(jobs) == 2)
        middle = ["api uuid_exists 7", "api uuid_setvar 7 b 1", "bgapi uuid_record 7 stop x"]
        assert server.last.lines() == ahead + middle
        server.last.send(done(jobs[1], "+OK"))
        until(lambda: len(owner.outcomes) == 8)
        assert server.last.lines() == [*ahead, *middle, "api uuid_setvar 7 c 1"]
        assert owner.kinds() == [Reply] * 8


def test_a_lane_goes_on_after_a_job_that_failed() -> None:
    """By its bound; what stands behind it is sent then, or fails with the connection, each once."""
    owner = Owner()

    def refuse_jobs(connection: Connection, command: Received) -> None:
        if command.way == "bgapi":
            connection.send(reply(f"+OK Job-UUID: {command.job}"))

    with EslServer(refuse_jobs) as server, up(server.port, owner, bounds=PATIENT) as link:
        link.send([job("uuid_record", "7 start x", lane="7", bound_s=0.1), job("uuid_record", "7 stop x", lane="7")], owner.take)
        link.send([api("uuid_exists", "7", lane="7", bound_s=0.1)], owner.take)
        until(lambda: len(server.last.lines()) == 2)
        assert owner.kinds() == [LinkOverdue]
        server.last.hang_up()
        until(lambda: len(owner.outcomes) == 3)
        time.sleep(0.15)
        assert owner.kinds() == [LinkOverdue, LinkLost, LinkLost]
        assert server.lines() == ["bgapi uuid_record 7 start x", "bgapi uuid_record 7 stop x"]


def test_a_late_answer_is_nobody_elses() -> None:
    """ESL answers have no ids: one that is too late keeps its place, and the next is not given to the wrong command."""
    gate = threading.Event()

    def late(connection: Connection, command: Received) -> None:
        if command.argument.endswith("slow"):
            gate.wait(2.0)
        echo(connection, command)

    owner = Owner()
    with EslServer(late) as server, up(server.port, owner, bounds=PATIENT) as link:
        link.send([api("uuid_getvar", "slow", bound_s=0.1)], owner.take)
        until(lambda: owner.outcomes)
        link.send([api("uuid_getvar", "quick")], owner.take)
        gate.set()
        until(lambda: len(owner.outcomes) == 2)
        assert [type(owner.outcomes[0][1]), owner.outcomes[1][1]] == [LinkOverdue, Reply("quick")]


@pytest.mark.parametrize("answer", [output("+OK"), reply("+OK")])
def test_an_answer_that_nobody_asked_for_ends_the_connection(answer: bytes) -> None:
    """From there on nobody could tell which answer is whose."""

    def surprise(connection: Connection, command: Received) -> None:
        if command.way == "bgapi":
            connection.send(output("+OK"))

    owner = Owner()
    with EslServer(surprise) as server, up(server.port, owner) as link:
        server.last.send(answer)
        owner.wait_up(2)
        link.send([job("status")], owner.take)
        owner.wait_up(3)
        assert owner.downs == ["the PBX answered what it was not asked"] * 2
        assert owner.kinds() == [LinkLost]


def test_a_batch_is_one_write() -> None:
    """Sixty commands arrive in one piece and in order; each is answered once, in the link's thread."""
    owner, pieces = Owner(), []

    def count(connection: Connection, command: Received) -> None:
        pieces.append(bytes(connection.wire).count(b"api "))
        obey(connection, command)

    with EslServer(count) as server, up(server.port, owner) as link:
        commands = [api("uuid_setvar", f"7 V{number} 1") for number in range(60)]
        link.send(commands, owner.take)
        until(lambda: len(owner.outcomes) == 60)
        assert pieces[0] == 60
        assert all(taken is sent for (taken, _), sent in zip(owner.outcomes, commands, strict=True))
        assert owner.threads == {f"esl 127.0.0.1:{server.port}"}


def test_a_flood_holds_up_no_command() -> None:
    """While events come faster than they are taken, a command goes out among them and not after them."""
    heard_then: list[int] = []
    heard: list[Headers] = []

    def note(_connection: Connection, _command: Received) -> None:
        heard_then.append(len(heard))

    def take(headers: Headers) -> None:
        heard.append(headers)
        sum(range(500))

    flood = b"".join(events("CHANNEL_CREATE", 20_000))
    with EslServer(note) as server, up(server.port, Owner(), events={"CHANNEL_CREATE": take}, bounds=PATIENT) as link:
        server.in_background(server.last.send, flood)
        until(lambda: len(heard) > 100)
        link.send([api("strepoch")], lambda _command, _outcome: None)
        until(lambda: heard_then)
        until(lambda: len(heard) == 20_000)
    assert heard_then[0] < 15_000


def test_sending_without_a_connection_fails_at_once() -> None:
    """Nothing is kept until the PBX is back."""
    owner = Owner()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with linked(port, owner) as link:
        until(lambda: owner.downs)
        link.send([api("strepoch"), job("status")], owner.take)
        until(lambda: len(owner.outcomes) == 2)
        assert {str(outcome) for _, outcome in owner.outcomes} == {"cannot connect (ConnectionRefusedError)"}


def test_asking() -> None:
    """A refusal and a silence are told apart; the link's own thread may not ask."""
    errors: list[RuntimeError] = []

    def script(connection: Connection, command: Received) -> None:
        if "uuid_record" in command.argument:
            connection.send(reply(f"+OK Job-UUID: {command.job}"), done(command.job, "-ERR No such channel!\n"))

    def ask_from_inside(_headers: Headers) -> None:
        try:
            link.ask(api("strepoch"), 1.0)
        except RuntimeError as error:
            errors.append(error)

    with EslServer(script) as server, up(server.port, Owner(), events={"CHANNEL_CREATE": ask_from_inside}) as link:
        with pytest.raises(ActionRefused, match="No such channel"):
            link.ask(job("uuid_record", "7 start x"), 1.0)
        with pytest.raises(LinkOverdue, match=r"no answer within 0\.1 s"):
            link.ask(api("strepoch"), 0.1)
        server.last.send(event("CHANNEL_CREATE"))
        until(lambda: errors)


def test_waits_are_bounded_in_number() -> None:
    """Those held back in a lane count too."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner, bounds=replace(PATIENT, pending_commands=10)) as link:
        link.send([job("uuid_record", "7 start x", lane="7")] * 10, owner.take)
        until(server.last.lines)
        link.send([api("strepoch")] * 2, owner.take)
        until(lambda: len(owner.outcomes) == 2)
        assert {str(outcome) for _, outcome in owner.outcomes} == {"not sent: 10 commands wait for an answer already"}


def test_a_thread_that_is_behind_takes_no_more() -> None:
    """While a callback holds the link, other threads cannot heap up commands without an end."""
    owner, gate, inside = Owner(), threading.Event(), threading.Event()

    def hang(_headers: Headers) -> None:
        inside.set()
        gate.wait(8.0)

    bounds = replace(PATIENT, pending_commands=10)
    with EslServer() as server, up(server.port, owner, bounds=bounds, events={"CHANNEL_CREATE": hang}) as link:
        server.last.send(event("CHANNEL_CREATE"))
        assert inside.wait(2.0)
        link.send([api("strepoch")] * 10, owner.take)
        with pytest.raises(LinkError, match="behind by 10 commands"):
            link.send([api("strepoch")], owner.take)
        gate.set()
        until(lambda: len(owner.outcomes) == 10)
        assert isinstance(link.ask(api("strepoch"), 1.0), Reply)


def test_a_pbx_that_does_not_read_is_left() -> None:
    """What cannot be sent is not heaped up: past its bound the connection is given up. What was sent counts no more."""
    owner, gate = Owner(), threading.Event()

    def stop_reading(_connection: Connection, _command: Received) -> None:
        gate.wait(8.0)

    big = api("uuid_setvar", "x" * 65536, bound_s=0.2)
    with EslServer() as server, up(server.port, Owner(), bounds=replace(PATIENT, unsent_bytes=1000)) as link:
        for _ in range(30):
            assert link.ask(api("uuid_setvar", "x" * 100), 1.0) == Reply("+OK")
    with EslServer(stop_reading) as server, up(server.port, owner, bounds=PATIENT) as link:
        for _ in range(400):
            link.send([big], owner.take)
        until(lambda: owner.downs)
        gate.set()
        assert owner.downs == ["the PBX does not take what is sent to it"]
        until(lambda: len(owner.outcomes) == 400)


def test_every_send_has_its_outcomes_also_when_it_races_a_stop() -> None:
    """From several threads, while the link is stopped: each command accepted has one outcome, no more and no less."""
    outcomes: list[Outcome] = []
    accepted = [0, 0, 0]

    def keep_sending(slot: int) -> None:
        commands = [api("strepoch"), job("status", lane="a"), api("strepoch", lane="a")]
        while True:
            try:
                link.send(commands, lambda _command, outcome: outcomes.append(outcome))
            except LinkLost:
                return
            except LinkError:
                time.sleep(0.001)
            else:
                accepted[slot] += 3

    with EslServer() as server, up(server.port, Owner(), bounds=replace(PATIENT, pending_commands=1000)) as link:
        threads = [threading.Thread(target=keep_sending, args=(slot,)) for slot in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        link.stop()
        for thread in threads:
            thread.join(2.0)
        assert len(outcomes) == sum(accepted) > 0
        assert {type(outcome) for outcome in outcomes} <= {Reply, LinkLost, LinkError}
