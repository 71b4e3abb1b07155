"""What panoramisk 1.4 does when it is used as it comes: the reason for every part of the AMI link.

Each test shows one defect on panoramisk itself, over a real socket; `test_ami_link.py` has a test of the same name that shows the link
without it. A test here that fails means that panoramisk has been repaired, and that the part which works around it may go.
"""

import asyncio
import contextlib
import copy
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

import panoramisk
import pytest

from tests.integration.ami_server import FULLY_BOOTED, SECRET, USERNAME, AmiServer, Connection, Received, ignore
from tests.integration.ami_stream import FLOOD, event, events, full_backlog, queue_agi

WAIT_S = 8.0


@pytest.fixture(autouse=True)
def loggers_as_they_come() -> Iterator[None]:
    """The link silences panoramisk's loggers for the whole interpreter; here they speak."""
    loggers = [logging.getLogger(name) for name in ("panoramisk", "panoramisk.manager", "panoramisk.ami_protocol")]
    kept = [(logger.level, logger.filters[:]) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
        logger.filters.clear()
    yield
    for logger, (level, filters) in zip(loggers, kept, strict=True):
        logger.setLevel(level)
        logger.filters[:] = filters


async def eventually(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s, f"not within {WAIT_S} s"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def stock(port: int, **config: object) -> AsyncIterator[panoramisk.Manager]:
    """A panoramisk manager as its documentation shows it, connected and logged in."""
    settings = {"host": "127.0.0.1", "port": port, "username": USERNAME, "secret": SECRET, **config}
    manager = panoramisk.Manager(loop=asyncio.get_running_loop(), **settings)
    await manager.connect()
    try:
        if settings["secret"] == SECRET:
            await eventually(lambda: manager.authenticated)
        yield manager
    finally:
        manager.connect = lambda: None
        manager.close()
        await asyncio.sleep(0.05)


def run(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(scenario)


def test_unanswered_actions_are_not_sent_again() -> None:
    """Stock sends a `MixMonitor` of the lost connection on the next one."""

    async def scenario() -> None:
        with AmiServer(ignore) as server:
            async with stock(server.port, reconnect_timeout=0) as manager:
                manager.send_action({"Action": "MixMonitor", "Channel": "PJSIP/a-00000001", "File": "x.wav"})
                await eventually(lambda: "mixmonitor" in server.last.names())
                server.last.hang_up()
                await eventually(lambda: len(server.connections) > 1 and "mixmonitor" in server.last.names())

    run(scenario())


def test_every_wait_ends() -> None:
    """Stock leaves a wait open when the connection is lost, and keeps the id of one that timed out."""

    async def scenario() -> None:
        with AmiServer(ignore) as server:
            async with stock(server.port, reconnect_timeout=1) as manager:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(manager.send_action({"Action": "Status"}), 0.1)
                assert len(manager.protocol.responses) == 1
                waiting = manager.send_action({"Action": "Status"})
                server.last.hang_up()
                await eventually(lambda: manager.protocol.closed)
                await asyncio.sleep(0.1)
                assert not waiting.done()

    run(scenario())


def test_agi_is_answered_and_its_event_heard() -> None:
    """Stock waits for ever for an AGI command, keeps its event to itself, and overwrites `as_list`."""

    async def scenario() -> None:
        heard: list[object] = []
        with AmiServer(queue_agi) as server:
            async with stock(server.port) as manager:
                manager.register_event("AsyncAGIExec", lambda _manager, message: heard.append(message))
                command = manager.send_agi_command("PJSIP/a-00000001", "ANSWER", as_list=True)
                await eventually(lambda: "agi" in server.last.names())
                await asyncio.sleep(0.2)
                assert not command.done()
                assert not heard
                assert {action.as_list for action in manager.protocol.responses.values()} == {None}

    run(scenario())


def test_a_raising_callback_harms_nothing() -> None:
    """Stock closes the connection, and the events behind it in the segment are gone."""

    async def scenario() -> None:
        heard: list[str] = []

        def listen(_manager: object, message: panoramisk.Message) -> None:
            heard.append(message.uniqueid)
            raise RuntimeError

        with AmiServer() as server:
            async with stock(server.port, reconnect_timeout=1) as manager:
                manager.register_event("Hangup", listen)
                server.last.send(b"".join(events("Hangup", 3)))
                await eventually(server.last.ended.is_set)
                assert heard == ["0"]

    run(scenario())


def test_events_keep_their_order() -> None:
    """Stock starts a task for each event, and the tasks overtake one another."""

    async def scenario() -> None:
        heard: list[str] = []

        async def listen(_manager: object, message: panoramisk.Message) -> None:
            await asyncio.sleep(0.05 if message.uniqueid == "0" else 0)
            heard.append(message.uniqueid)

        with AmiServer() as server:
            async with stock(server.port) as manager:
                manager.register_event("Hangup", listen)
                server.last.send(b"".join(events("Hangup", 3)))
                await eventually(lambda: len(heard) == 3)
                assert heard != ["0", "1", "2"]

    run(scenario())


def test_a_congested_owner_pushes_back() -> None:
    """Stock takes in whatever comes, while not one of its callbacks has finished."""

    async def scenario() -> None:
        never = asyncio.Event()

        async def listen(_manager: object, _message: object) -> None:
            await never.wait()

        with AmiServer() as server:
            async with stock(server.port) as manager:
                manager.register_event("Hangup", listen)
                sent_before = server.last.sent
                sender = asyncio.create_task(asyncio.to_thread(server.last.send, FLOOD))
                await asyncio.wait_for(sender, 5 * WAIT_S)
                assert server.last.sent - sent_before == len(FLOOD)
                never.set()

    run(scenario())


def test_many_subscriptions_cost_no_more_than_one() -> None:
    """Stock asks every pattern about every event."""

    async def cpu_s(names: int) -> float:
        marks: list[float] = []
        with AmiServer() as server:
            async with stock(server.port) as manager:
                for number in range(names):
                    manager.register_event(f"Unheard{number}", lambda *_: None)
                manager.register_event("Mark", lambda *_: marks.append(time.thread_time()))
                burst = event("Mark") + b"".join(events("Newexten", 3000)) + event("Mark")
                await asyncio.to_thread(server.last.send, burst)
                await eventually(lambda: len(marks) == 2)
        return marks[1] - marks[0]

    one = min(asyncio.run(cpu_s(1)) for _ in range(3))
    many = min(asyncio.run(cpu_s(100)) for _ in range(3))
    assert many > 1.3 * one


def test_a_value_cannot_inject_an_action() -> None:
    """Stock writes line ends as they are."""

    async def scenario() -> None:
        with AmiServer() as server:
            async with stock(server.port) as manager:
                manager.send_action({"Action": "Setvar", "Value": "x\r\n\r\nAction: Command\r\nCommand: core stop now"})
                await eventually(lambda: "command" in server.last.names())
                assert any(action.headers.get("command") == "core stop now" for action in server.last.actions)

    run(scenario())


def test_a_split_character_is_whole() -> None:
    """Stock decodes each segment by itself and leaves out what does not decode."""

    async def scenario() -> None:
        heard: list[str] = []
        with AmiServer() as server:
            async with stock(server.port) as manager:
                manager.register_event("*", lambda _manager, message: heard.append(message.calleridname))
                message = event("Newchannel", CallerIDName="Ștefan")
                cut = message.index(b"\x98")
                latin_1 = b"Event: Newchannel\r\nCallerIDName: M\xfcller\r\n\r\n"
                await asyncio.to_thread(server.last.send, message[:cut], message[cut:], latin_1, apart_s=0.1)
                await eventually(lambda: len(heard) >= 2)
                assert heard[-2:] == ["tefan", "Mller"]

    run(scenario())


def test_unterminated_input_is_bounded() -> None:
    """Stock keeps all of it and waits for more."""

    async def scenario() -> None:
        with AmiServer() as server:
            async with stock(server.port) as manager:
                await asyncio.to_thread(server.last.send, b"Event: " + b"x" * (1 << 20))
                await eventually(lambda: sum(map(len, manager.protocol.queue)) > 1 << 20)
                assert not manager.protocol.closed

    run(scenario())


def test_a_refused_login_is_not_stormed() -> None:
    """Stock logs in again at its fixed interval, for ever, and `close()` does not end that."""

    async def scenario() -> None:
        with AmiServer() as server:
            async with stock(server.port, secret="wrong", reconnect_timeout=1) as manager:  # noqa: S106 - it is none
                await eventually(lambda: server.received().count("login") == 3)
                first, second, third = server.times_s
                assert abs((third - second) - (second - first)) < 0.3
                await eventually(lambda: server.last.ended.is_set() and manager.protocol.closed)
                manager.close()
                await eventually(lambda: server.received().count("login") == 4)

    run(scenario())


def test_connecting_has_an_end() -> None:
    """Stock has no bound of its own on connecting."""

    async def scenario() -> None:
        with full_backlog() as port:
            manager = panoramisk.Manager(loop=asyncio.get_running_loop(), host="127.0.0.1", port=port)
            manager.connection_made = lambda _attempt: None  # it would log the cancellation below as an error of its own
            attempt = manager.connect()
            await asyncio.sleep(1.5)
            assert not attempt.done()
            attempt.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await attempt

    run(scenario())


def test_a_dead_peer_is_noticed() -> None:
    """Stock pings into the void, keeps each ping's id, and thinks itself connected."""

    async def scenario() -> None:
        lost: list[object] = []
        with AmiServer(ignore) as server:
            async with stock(server.port, on_disconnect=lambda *_: lost.append(1)) as manager:
                manager.ping_delay = manager.ping_interval = 0.1
                manager.login(_accepted())
                await eventually(lambda: server.last.names().count("ping") >= 9)
                assert len(manager.protocol.responses) >= 9
                assert not lost

    run(scenario())


def test_originate_without_async_is_answered() -> None:
    """Stock looks for a header that is not there, and loses the connection over it."""

    def script(connection: Connection, action: Received) -> None:
        connection.send(action.reply("Message: Originate successfully queued"))

    async def scenario() -> None:
        with AmiServer(script) as server:
            async with stock(server.port, reconnect_timeout=1) as manager:
                manager.send_action({"Action": "Originate", "Channel": "Local/a@b"})
                await eventually(server.last.ended.is_set)
                assert "originate" in server.last.names()

    run(scenario())


def test_what_is_read_can_be_kept() -> None:
    """A stock message cannot be copied or written as JSON, makes up '' for what is missing, and fails on one `ChanVariable`."""

    async def scenario() -> None:
        heard: list[panoramisk.Message] = []
        with AmiServer() as server:
            async with stock(server.port) as manager:
                manager.register_event("Newchannel", lambda _manager, message: heard.append(message))
                server.last.send(event("Newchannel", ChanVariable="A=1"))
                await eventually(lambda: heard)
        with pytest.raises(RecursionError):
            copy.copy(heard[0])
        with pytest.raises(TypeError):
            json.dumps(heard[0])
        with pytest.raises(TypeError):
            heard[0].getdict("ChanVariable")
        assert heard[0].unheard_of == ""

    run(scenario())


def test_nothing_said_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Stock logs message bodies at DEBUG, whole actions at INFO and, when it cannot write the login, the secret."""
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        with AmiServer(ignore, after_login=FULLY_BOOTED + event("DongleNewSMS", Message="sms-canary")) as server:
            async with stock(server.port, reconnect_timeout=1) as manager:
                manager.send_action({"Action": "Setvar", "Value": "action-canary"})
                await eventually(lambda: "setvar" in server.last.names())
                server.last.hang_up()
                await eventually(lambda: manager.protocol.closed)
        with AmiServer() as server:
            async with stock(server.port, username="ș", encoding="ascii", secret="secret-canary"):  # noqa: S106 - it is none
                await asyncio.sleep(0.1)

    run(scenario())
    assert all(canary in caplog.text for canary in ("sms-canary", "action-canary", "secret-canary"))


def _accepted() -> asyncio.Future[panoramisk.Message]:
    """A login that succeeded, to make the manager arm its ping timer with the intervals it has now."""
    answer: asyncio.Future[panoramisk.Message] = asyncio.get_running_loop().create_future()
    answer.set_result(panoramisk.Message({"Response": "Success"}))
    return answer
