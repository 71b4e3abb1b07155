"""The AMI link without panoramisk's defects: each test has a twin of the same name in `test_panoramisk_stock.py`.

All of them over a real socket, against a server that misbehaves.
"""

import copy
import json
import logging
import pickle
import time
from dataclasses import replace

import pytest

from callguard.errors import ActionRefused, LinkLost, LinkOverdue, UnsafeText
from callguard.pbx.ami import AmiAction, Headers, Reply
from tests.integration.ami_owner import SHORT, Owner, linked, up
from tests.integration.ami_server import FULLY_BOOTED, SECRET, AmiServer, Connection, Received, ignore, obey
from tests.integration.ami_stream import FLOOD, event, events, full_backlog, queue_agi
from tests.integration.pbx_server import until

PATIENT = replace(SHORT, ping_after_s=20.0, dead_after_s=40.0)


def test_unanswered_actions_are_not_sent_again() -> None:
    """Requirements 7: a command replayed on reconnect reaches a channel that has become another call."""
    owner = Owner()
    with AmiServer(ignore) as server, up(server.port, owner) as link:
        link.send([AmiAction("MixMonitor", (("Channel", "PJSIP/a-00000001"), ("File", "x.wav")))], owner.take)
        until(lambda: "mixmonitor" in server.last.names())
        server.last.hang_up()
        until(lambda: owner.ups == 2)
        until(lambda: "ping" in server.last.names())
        assert [type(outcome) for _, outcome in owner.outcomes] == [LinkLost]
        assert server.received().count("mixmonitor") == 1


def test_every_wait_ends() -> None:
    """By its bound, and then a late answer finds nobody; or by the loss of the connection."""

    def late(connection: Connection, action: Received) -> None:
        if action.name == "status":
            time.sleep(0.2)
            connection.send(action.reply())

    owner = Owner()
    with AmiServer(late) as server, up(server.port, owner) as link:
        link.send([AmiAction("Status", bound_s=0.1)], owner.take)
        until(lambda: owner.outcomes)
        link.send([AmiAction("Originate")], owner.take)
        until(lambda: "originate" in server.last.names())
        server.last.hang_up()
        until(lambda: len(owner.outcomes) > 1)
        assert [type(outcome) for _, outcome in owner.outcomes] == [LinkOverdue, LinkLost]
        assert owner.threads == {link_thread(server)}


def test_agi_is_answered_and_its_event_heard() -> None:
    """The response settles the action, the event of its execution comes as an event, in this order."""
    owner, order = Owner(), []

    def heard(headers: Headers) -> None:
        order.append(headers.get("CommandID"))

    with AmiServer(queue_agi) as server, up(server.port, owner, events={"asyncagiexec": heard}) as link:
        action = AmiAction("AGI", (("Channel", "PJSIP/a-00000001"), ("Command", "ANSWER"), ("CommandID", "notice-1")))
        link.send([action], lambda _action, outcome: order.append(type(outcome).__name__))
        until(lambda: len(order) == 2)
        assert order == ["Reply", "notice-1"]


def test_a_raising_callback_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither one of an event nor one of an outcome; and what it raised is not quoted."""
    owner = Owner()

    def listen(headers: Headers) -> None:
        owner.heard.append(("Hangup", headers))
        raise RuntimeError("caller-canary")

    def taken(action: AmiAction, outcome: object) -> None:
        owner.outcomes.append((action, LinkLost("")))
        raise ValueError(str(outcome))

    def answer_some(connection: Connection, action: Received) -> None:
        if action.name != "absent":
            obey(connection, action)

    with AmiServer(answer_some) as server, up(server.port, owner, events={"Hangup": listen}) as link:
        server.last.send(b"".join(events("Hangup", 100)))
        link.send([AmiAction("Status"), AmiAction("Status")], taken)
        until(lambda: len(owner.heard) == 100 and len(owner.outcomes) == 2)
        assert isinstance(link.ask(AmiAction("Status"), 1.0), Reply)
        assert not owner.downs
        link.send([AmiAction("Absent")] * 3, taken)
        until(lambda: "absent" in server.last.names())
        server.last.hang_up()
        until(lambda: len(owner.outcomes) == 5, within_s=1.0)
    assert "RuntimeError" in caplog.text
    assert "caller-canary" not in caplog.text
    assert caplog.text.count("in a callback") <= 7  # at failures 1, 2, 4 … 64


def test_events_keep_their_order() -> None:
    """Each event's callback has returned before the next is looked at."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner, "Hangup") as _:
        server.last.send(b"".join(events("Hangup", 500)))
        until(lambda: len(owner.heard) == 500)
        assert owner.values("Uniqueid") == [str(number) for number in range(500)]


def test_a_congested_owner_pushes_back() -> None:
    """While the owner is congested nothing is read, the link lives on, and afterwards nothing is missing."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner, "Hangup", bounds=replace(SHORT, dead_after_s=0.6)) as _:
        owner.busy.set()
        sent_before = server.last.sent
        sender = server.in_background(server.last.send, FLOOD)
        time.sleep(1.2)
        heard_while_busy = len(owner.heard)
        assert heard_while_busy < 1500
        assert sender.is_alive()
        assert server.last.sent == sent_before
        owner.busy.clear()
        until(lambda: len(owner.heard) == 40_000)
        assert owner.heard[-1][1].get("uniqueid") == "39999"
        assert not owner.downs


@pytest.mark.alone
def test_many_subscriptions_cost_no_more_than_one() -> None:
    """An event nobody wants costs one look-up, however many are wanted."""

    def cpu_s(names: int) -> float:
        marks: list[float] = []
        subscriptions = {f"Unheard{number}": lambda _: None for number in range(names)}
        subscriptions["Mark"] = lambda _: marks.append(time.thread_time())
        with AmiServer() as server, up(server.port, Owner(), events=subscriptions, bounds=PATIENT):
            server.last.send(event("Mark") + b"".join(events("Newexten", 20_000)) + event("Mark"))
            until(lambda: len(marks) == 2)
        return marks[1] - marks[0]

    one, many = (min(cpu_s(names) for _ in range(3)) for names in (1, 100))
    assert many < 1.3 * one


@pytest.mark.parametrize("value", ["x\r\n\r\nAction: Command\r\nCommand: core stop now", "x\ny", "x\ry", "x\0y", "x\x85y", "\ud800"])
def test_a_value_cannot_inject_an_action(value: str) -> None:
    """The refusal names the header and does not quote the value."""
    with pytest.raises(UnsafeText, match=r"^the value of Value holds a control character$"):
        AmiAction("Setvar", (("Variable", "X"), ("Value", value)))
    with pytest.raises(UnsafeText):
        AmiAction("Setvar", ((value, "X"),))


@pytest.mark.parametrize("name", ["", "A:", "A b", "Ș", "ActionID", "actionid"])
def test_a_header_has_a_name_that_is_one(name: str) -> None:
    """The ids are the link's own: with another's, an answer would reach the wrong one."""
    with pytest.raises(UnsafeText):
        AmiAction("Setvar", ((name, "X"),))


def test_a_split_character_is_whole() -> None:
    """C1: a name arrives as it was sent, byte by byte; a byte that is not UTF-8 is marked and not left out."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner, "Newchannel", bounds=PATIENT) as _:
        message = event("Newchannel", CallerIDName="Ștefan", Uniqueid="1")
        server.last.send(*(message[at : at + 1] for at in range(len(message))), apart_s=0.001)
        server.last.send(b"Event: Newchannel\r\nCallerIDName: M\xfcller\r\nUniqueid: 2\r\n\r\n")
        until(lambda: len(owner.heard) == 2)
        assert owner.values("calleridname") == ["Ștefan", "M\ufffdller"]
        assert owner.values("uniqueid") == ["1", "2"]


@pytest.mark.parametrize("line", [b"Event: " + b"x" * (2 << 20), b"Event: X\r\n" + b"A: b\r\n" * (1 << 19)])
def test_unterminated_input_is_bounded(line: bytes) -> None:
    """A 2 MiB line, and lines without an end: the connection goes, and the next one works."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner) as link:
        server.last.send(line)
        until(lambda: owner.ups == 2)
        assert owner.downs == ["the PBX sent a message of more than 1048576 bytes"]
        assert isinstance(link.ask(AmiAction("Status"), 1.0), Reply)


def test_a_refused_login_is_not_stormed(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong secret is said once, tried again at growing intervals, never in the clear, and not at all after `stop`."""
    owner = Owner()
    bounds = replace(SHORT, refused_first_s=0.3)
    with AmiServer(secret="another") as server:  # noqa: S106 - made up, so that the link's own is wrong
        with linked(server.port, owner, bounds=bounds) as link:
            until(lambda: server.received().count("login") == 4)
            with pytest.raises(LinkLost, match="login refused"):
                link.ask(AmiAction("Status"), 1.0)
        first, second, third, fourth = server.times_s
        assert second - first >= 0.15
        assert third - second >= 0.3
        assert fourth - third >= 0.6
        time.sleep(0.3)
        assert len(server.times_s) == 4
        assert owner.fatals == ["Login: Authentication failed"]
        assert not owner.downs
        assert not any(SECRET.encode() in connection.wire for connection in server.connections)
    assert caplog.text.count("login refused") == 1


def test_connecting_has_an_end() -> None:
    """A PBX behind a firewall that drops: the reason is given within the bound."""
    owner = Owner()
    with full_backlog() as port, linked(port, owner):
        until(lambda: owner.downs, within_s=1.0)
        assert owner.downs == ["no connection within 0.5 s"]


def test_a_dead_peer_is_noticed() -> None:
    """One ping after the idle bound, the loss at the silence bound; what waits fails, nothing is kept."""
    owner = Owner()
    with AmiServer(ignore) as server, up(server.port, owner) as link:
        link.send([AmiAction("Status")], owner.take)
        until(lambda: owner.downs, within_s=2.0)
        assert owner.downs == ["the PBX was silent for 0.8 s"]
        assert server.connections[0].names().count("ping") == 1
        assert isinstance(owner.outcomes[0][1], LinkLost)
        until(lambda: owner.ups == 2)


def test_originate_without_async_is_answered() -> None:
    """Whatever the response says, it is the answer."""

    def script(connection: Connection, action: Received) -> None:
        connection.send(action.reply("Message: Originate successfully queued"))

    with AmiServer(script) as server, up(server.port, Owner()) as link:
        reply = link.ask(AmiAction("Originate", (("Channel", "Local/a@b"),)), 1.0)
        assert reply.headers.get("Message") == "Originate successfully queued"


def test_what_is_read_can_be_kept() -> None:
    """Values are plain text; missing is None and not ''; one `ChanVariable` reads like several."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner, "Newchannel") as _:
        server.last.send(event("Newchannel", ChanVariable="A=1", AccountCode=""))
        until(lambda: owner.heard)
    headers = owner.heard[0][1]
    for same in (headers, copy.copy(headers), copy.deepcopy(headers), pickle.loads(pickle.dumps(headers))):  # noqa: S301 - its own
        assert json.dumps([same.all("ChanVariable"), same.get("AccountCode"), same.get("Unheard")]) == '[["A=1"], "", null]'


def test_nothing_said_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """C1: neither bodies nor actions nor the secret, at any level, by any logger, also when something fails."""
    caplog.set_level(logging.DEBUG)
    owner = Owner()

    def refuse(connection: Connection, action: Received) -> None:
        connection.send(action.reply("Message: no channel reply-canary-0722000111", response="Error"))

    with AmiServer(refuse, after_login=FULLY_BOOTED + event("DongleNewSMS", Message="sms-canary")) as server:
        with up(server.port, owner, "DongleNewSMS") as link:
            with pytest.raises(ActionRefused, match=r"^Setvar: no channel reply-canary-…$"):
                link.ask(AmiAction("Setvar", (("Value", "action-canary"),)), 1.0)
            server.last.send(b"Event: x" * (1 << 18))
            until(lambda: owner.downs)
            logging.getLogger("panoramisk.manager").error("stock-canary %s", "stock-canary")
        assert "sms-canary" in (owner.heard[0][1].get("message") or "")
    assert "AMI link" in caplog.text
    assert not [canary for canary in ("sms-canary", "action-canary", "reply-canary", "stock-canary", SECRET) if canary in caplog.text]


def link_thread(server: AmiServer) -> str:
    """The name of the thread that serves the link to this server."""
    return f"ami 127.0.0.1:{server.port}"
