"""Actions over the AMI link: batches, answers, lists, and the bounds that keep a silent or slow PBX from filling memory."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from callguard.errors import ActionRefused, LinkError, LinkLost, LinkOverdue, ProtocolFault
from callguard.pbx.ami import AmiAction, Headers, Outcome, Reply
from tests.integration.ami_owner import SHORT, Owner, linked, up
from tests.integration.ami_server import AmiServer, Connection, Received, ignore, obey
from tests.integration.ami_stream import event
from tests.integration.pbx_server import until


def test_a_batch_is_one_write() -> None:
    """Sixty actions of several threads' worth arrive in one piece and in order; each is answered once, in the link's thread."""
    owner, pieces = Owner(), []

    def count(connection: Connection, action: Received) -> None:
        pieces.append(bytes(connection.wire).count(b"ActionID"))
        obey(connection, action)

    with AmiServer(count) as server, up(server.port, owner) as link:
        actions = [AmiAction("Setvar", (("Variable", f"V{number}"), ("Value", "1"))) for number in range(60)]
        link.send(actions, owner.take)
        until(lambda: len(owner.outcomes) == 60)
        assert pieces[0] == 62  # challenge and login before them
        assert [action for action, _ in owner.outcomes] == actions
        assert len(owner.threads) == 1
        assert threading.current_thread().name not in owner.threads


def test_an_answered_action_is_never_overdue(caplog: pytest.LogCaptureFixture) -> None:
    """Its bound is dropped with its id."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner) as link:
        link.send([AmiAction("Status", bound_s=0.1)], owner.take)
        until(lambda: owner.outcomes)
        time.sleep(0.2)
        assert len(owner.outcomes) == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_repeated_header_is_sent_repeatedly() -> None:
    with AmiServer() as server, up(server.port, Owner()) as link:
        link.ask(AmiAction("Originate", (("Variable", "A=1"), ("Channel", "Local/ș@b"), ("Variable", "B=2"))), 1.0)
        assert "Variable: A=1\r\nChannel: Local/ș@b\r\nVariable: B=2\r\n\r\n".encode() in server.last.wire


def test_sending_without_a_connection_fails_at_once() -> None:
    """Nothing is kept until the PBX is back."""
    owner = Owner()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with linked(port, owner) as link:
        until(lambda: owner.downs)
        link.send([AmiAction("Status"), AmiAction("Ping")], owner.take)
        until(lambda: len(owner.outcomes) == 2)
        assert {str(outcome) for _, outcome in owner.outcomes} == {"cannot connect (ConnectionRefusedError)"}


def test_asking() -> None:
    """A refusal and a silence are told apart; the link's own thread may not ask."""
    errors: list[RuntimeError] = []

    def script(connection: Connection, action: Received) -> None:
        if action.name == "mixmonitor":
            connection.send(action.reply("Message: No such channel", response="Error"))

    def ask_from_inside(_headers: Headers) -> None:
        try:
            link.ask(AmiAction("Status"), 1.0)
        except RuntimeError as error:
            errors.append(error)

    with AmiServer(script) as server, up(server.port, Owner(), events={"Hangup": ask_from_inside}) as link:
        with pytest.raises(ActionRefused, match="No such channel"):
            link.ask(AmiAction("MixMonitor"), 1.0)
        with pytest.raises(LinkOverdue, match=r"no answer within 0\.1 s"):
            link.ask(AmiAction("Status"), 0.1)
        server.last.send(event("Hangup"))
        until(lambda: errors)


class _Channels:
    """The script of a PBX with so many channels; other events come in between."""

    def __init__(self, count: int, ending: str = "Complete") -> None:
        self.count, self.ending = count, ending

    def __call__(self, connection: Connection, action: Received) -> None:
        ident = action.headers["actionid"]
        entries = [
            event("CoreShowChannel", ActionID=ident, Channel=f"PJSIP/a-{number:08}") + event("Hangup") for number in range(self.count)
        ]
        end = event("CoreShowChannelsComplete", ActionID=ident, EventList=self.ending, ListItems=str(self.count))
        connection.send(action.reply("EventList: start", "Message: Channels will follow") + b"".join(entries) + end)


def test_a_list_is_whole_or_an_error() -> None:
    """Entries by ActionID, whatever else happens meanwhile; more than the bound, or broken off, is an error and not half a list."""
    owner = Owner()
    with AmiServer(_Channels(50)) as server, up(server.port, owner, "Hangup", bounds=replace(SHORT, list_entries=50)) as link:
        channels = [headers.get("Channel") for headers in link.ask_list(AmiAction("CoreShowChannels"), 2.0)]
        assert channels == [f"PJSIP/a-{number:08}" for number in range(50)]
        assert len(owner.heard) == 50
        server.script = _Channels(51)
        with pytest.raises(ProtocolFault, match="more than 50 entries"):
            link.ask_list(AmiAction("CoreShowChannels"), 2.0)
        server.script = _Channels(3, ending="Cancelled")
        with pytest.raises(ActionRefused):
            link.ask_list(AmiAction("CoreShowChannels"), 2.0)
        server.script = _Channels(3, ending="")
        with pytest.raises(LinkOverdue):
            link.ask_list(AmiAction("CoreShowChannels"), 0.2)
        server.script = obey
        assert link.ask_list(AmiAction("CoreShowChannels"), 2.0) == []


def test_waits_are_bounded_in_number() -> None:
    owner = Owner()
    with AmiServer(ignore) as server, up(server.port, owner, bounds=replace(SHORT, pending_actions=10)) as link:
        link.send([AmiAction("Status", bound_s=0.3)] * 10, owner.take)
        until(lambda: "status" in server.last.names())
        link.send([AmiAction("Status", bound_s=0.3)] * 2, owner.take)
        until(lambda: len(owner.outcomes) == 2)
        assert {str(outcome) for _, outcome in owner.outcomes} == {"not sent: 10 actions wait for an answer already"}
        until(lambda: len(owner.outcomes) == 12)
        assert server.last.names().count("status") == 10


def test_a_thread_that_is_behind_takes_no_more() -> None:
    """While a callback holds the link, other threads cannot heap up actions without an end."""
    owner, gate, inside = Owner(), threading.Event(), threading.Event()

    def hang(_headers: Headers) -> None:
        inside.set()
        gate.wait(8.0)

    with AmiServer() as server, up(server.port, owner, bounds=replace(SHORT, pending_actions=10), events={"Hangup": hang}) as link:
        server.last.send(event("Hangup"))
        assert inside.wait(2.0)
        link.send([AmiAction("Status")] * 10, owner.take)
        with pytest.raises(LinkError, match="behind by 10 actions"):
            link.send([AmiAction("Status")], owner.take)
        gate.set()
        until(lambda: len(owner.outcomes) == 10)
        assert isinstance(link.ask(AmiAction("Status"), 1.0), Reply)


def test_a_pbx_that_does_not_read_is_left() -> None:
    """What cannot be sent is not heaped up: past its bound the connection is given up."""
    owner, gate = Owner(), threading.Event()

    def stop_reading(_connection: Connection, _action: Received) -> None:
        gate.wait(8.0)

    big = AmiAction("Setvar", (("Value", "x" * 65536),), bound_s=0.2)
    with AmiServer(stop_reading) as server, up(server.port, owner, bounds=replace(SHORT, dead_after_s=9.0, ping_after_s=8.0)) as link:
        for _ in range(400):
            link.send([big], owner.take)
        until(lambda: owner.downs)
        gate.set()
        assert owner.downs == ["the PBX does not take what is sent to it"]
        until(lambda: len(owner.outcomes) == 400)


def test_every_send_has_its_outcomes_also_when_it_races_a_stop() -> None:
    """From several threads, while the link is stopped: each action accepted has one outcome, no more and no less."""
    outcomes: list[Outcome] = []
    accepted = [0, 0, 0]

    def keep_sending(slot: int) -> None:
        while True:
            try:
                link.send([AmiAction("Status")] * 3, lambda _action, outcome: outcomes.append(outcome))
            except LinkLost:
                return
            except LinkError:
                time.sleep(0.001)
            else:
                accepted[slot] += 3

    with AmiServer() as server, up(server.port, Owner(), bounds=replace(SHORT, dead_after_s=9.0)) as link:
        threads = [threading.Thread(target=keep_sending, args=(slot,)) for slot in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        link.stop()
        for thread in threads:
            thread.join(2.0)
        assert len(outcomes) == sum(accepted) > 0
        assert {type(outcome) for outcome in outcomes} <= {Reply, LinkLost, LinkError}
