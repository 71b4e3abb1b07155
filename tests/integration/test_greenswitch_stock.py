"""What greenswitch 0.0.19 does when it is used as it comes: the reason for every part of the ESL link.

Each test shows one defect on greenswitch itself, over a real socket; `test_esl_link.py` has a test of the same name that shows the link
without it. A test here that fails means that greenswitch has been repaired, and that the part which works around it may go.
"""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import gevent
import greenswitch
import pytest
from gevent.event import Event

from tests.integration.esl_server import SECRET, Connection, EslServer, Received, block, done, event, events, ignore, output

WAIT_S = 8.0


def run(scenario: Callable[[], None]) -> None:
    """In a thread, with a hub that ends with it: pytest's own thread never meets gevent."""
    errors: list[BaseException] = []

    def with_a_hub() -> None:
        try:
            scenario()
        except BaseException as error:  # noqa: BLE001 - raised again below, in pytest's thread
            errors.append(error)
        finally:
            gevent.get_hub().destroy(destroy_loop=True)

    thread = threading.Thread(target=with_a_hub, daemon=True)
    thread.start()
    thread.join(3 * WAIT_S)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


def eventually(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s, f"not within {WAIT_S} s"
        gevent.sleep(0.005)


@contextlib.contextmanager
def client(port: int, timeout: float = 5.0) -> Iterator[greenswitch.InboundESL]:
    """A greenswitch client, put away at the end, however it stands."""
    esl = greenswitch.InboundESL("127.0.0.1", port, SECRET, timeout)
    try:
        yield esl
    finally:
        esl._run = False  # it would survive being killed in a handler
        gevent.killall([one for one in (esl._receive_events_greenlet, esl._process_events_greenlet) if one])
        for opened in ("sock_file", "sock"):
            if hasattr(esl, opened):
                getattr(esl, opened).close()


@contextlib.contextmanager
def stock(port: int) -> Iterator[greenswitch.InboundESL]:
    """As its documentation shows it, connected and logged in."""
    with client(port) as esl:
        esl.connect()
        yield esl


def heard(esl: greenswitch.InboundESL, name: str) -> list[dict[str, str]]:
    """The headers of these events, as they come."""
    headers: list[dict[str, str]] = []
    esl.register_handle(name, lambda one: headers.append(one.headers))
    return headers


def test_a_forged_header_forges_nothing() -> None:
    """Stock un-quotes the block before it splits lines: a caller's name becomes the id of another call, and a consent."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            got = heard(esl, "CHANNEL_CREATE")
            name = "Caller-Caller-ID-Name: x%0AUnique-ID: forged%0Avariable_callguard_consent: granted"
            server.last.send(event("CHANNEL_CREATE", name, Unique_ID="true"))
            eventually(lambda: got)
            assert (got[0]["Unique-ID"], got[0]["variable_callguard_consent"]) == ("forged", "granted")

    run(scenario)


def test_a_body_is_no_header() -> None:
    """Stock reads the text of an SMS, and the output of a job, as headers."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            messages, jobs = heard(esl, "MESSAGE"), heard(esl, "BACKGROUND_JOB")
            server.last.send(event("MESSAGE", Unique_ID="true", body=b"hello\n\nUnique-ID: forged"))
            server.last.send(done("1", "+OK\nJob-UUID: another\n"))
            eventually(lambda: messages and jobs)
            assert (messages[0]["Unique-ID"], jobs[0]["Job-UUID"]) == ("forged", "another")

    run(scenario)


def test_an_end_in_mid_body_ends_the_connection() -> None:
    """Stock reads the end of the stream over and over, and logs each time, until the disk is full."""
    program = """if True:
        import sys, greenswitch
        esl = greenswitch.InboundESL("127.0.0.1", int(sys.argv[1]), sys.argv[2])
        esl.connect()
        esl.send("api status")
    """

    def break_off(connection: Connection, _command: Received) -> None:
        connection.send(event("CHANNEL_CREATE")[:-10])
        connection.hang_up()

    with (
        EslServer(break_off) as server,
        subprocess.Popen([sys.executable, "-c", program, str(server.port), SECRET], stderr=subprocess.PIPE) as child,
    ):
        assert child.stderr is not None
        logged = [child.stderr.readline() for _ in range(2000)]
        assert child.poll() is None
        child.kill()
        child.communicate()
    assert sum(b"Socket should read" in line for line in logged) > 1900


def test_the_end_of_the_connection_is_told() -> None:
    """Stock waits for ever for the answer, loses the events it has, and tells nobody."""

    def scenario() -> None:
        handled: list[str] = []

        def slowly(one: greenswitch.esl.ESLEvent) -> None:
            gevent.sleep(0.1)
            handled.append(one.headers["Unique-ID"])

        with EslServer(ignore) as server, stock(server.port) as esl:
            esl.register_handle("CHANNEL_CREATE", slowly)
            told = heard(esl, "DISCONNECT")
            waiting = gevent.spawn(esl.send, "api status")
            eventually(server.last.lines)
            server.last.send(b"".join(events("CHANNEL_CREATE", 3)))
            server.last.hang_up()
            eventually(lambda: not esl.connected)
            gevent.sleep(0.5)
            assert (handled, told) == (["0"], [])
            assert not waiting.ready()
            waiting.kill()

    run(scenario)


def test_connecting_has_an_end() -> None:
    """Stock's time-out is for the socket alone."""

    def scenario() -> None:
        with EslServer(greeting=b"") as server, client(server.port, timeout=0.1) as esl:
            attempt = gevent.spawn(esl.connect)
            gevent.sleep(0.6)
            assert not attempt.ready()
            attempt.kill()

    run(scenario)


def test_the_link_comes_back() -> None:
    """Stock does not, and its object cannot be connected again."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            server.last.hang_up()
            eventually(lambda: not esl.connected)
            gevent.sleep(0.3)
            assert len(server.connections) == 1
            esl.sock_file.close()
            esl.sock.close()
            again = gevent.spawn(esl.connect)
            gevent.sleep(0.3)
            assert not again.ready()
            again.kill()

    run(scenario)


def test_a_bad_byte_ends_nothing() -> None:
    """Stock's receiver dies of it and nobody notices: it calls itself connected."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            got = heard(esl, "CHANNEL_CREATE")
            server.last.send(block("text/event-plain", b"Event-Name: CHANNEL_CREATE\nCaller-Caller-ID-Name: M\xfcller\n\n"))
            server.last.send(event("CHANNEL_CREATE"))
            eventually(esl._receive_events_greenlet.ready)
            assert esl.connected
            assert not got

    run(scenario)


def test_a_line_end_cannot_inject_a_command() -> None:
    """Stock writes line ends as they are."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            esl.send("api uuid_setvar 1 name x\n\napi fsctl shutdown now")
            eventually(lambda: "api fsctl shutdown now" in server.lines())

    run(scenario)


def test_a_congested_owner_pushes_back() -> None:
    """Stock takes in whatever comes, while its first handler has not finished."""

    def scenario() -> None:
        never = Event()
        with EslServer() as server, stock(server.port) as esl:
            esl.register_handle("CHANNEL_CREATE", lambda _event: never.wait())
            server.in_background(server.last.send, b"".join(events("CHANNEL_CREATE", 20_000)))
            eventually(lambda: esl._esl_event_queue.qsize() >= 19_999)
            never.set()

    run(scenario)


def test_answers_reach_their_own_commands() -> None:
    """Stock queues the wait and writes the command in two steps: from two threads, each gets the other's answer."""

    def answer(connection: Connection, command: Received) -> None:
        connection.send(output(command.argument))

    class Interrupted:
        """The socket, where a thread switch comes just before the first command is written."""

        def __init__(self, stock_socket: gevent.socket.socket) -> None:
            self._socket = stock_socket
            self.second_sent = threading.Event()

        def send(self, wire: bytes) -> int:
            if wire.startswith(b"api first"):
                second.start()
                assert self.second_sent.wait(WAIT_S)
            written: int = self._socket.send(wire)
            self.second_sent.set()
            return written

        def close(self) -> None:
            self._socket.close()

    def scenario() -> None:
        with EslServer(answer) as server, stock(server.port) as esl:
            esl.sock = Interrupted(esl.sock)
            clients.append(esl)
            assert esl.send("api first").data == "second"

    def send_second() -> None:
        with contextlib.suppress(gevent.Timeout), gevent.Timeout(0.5):
            clients[0].send("api second")
        gevent.get_hub().destroy(destroy_loop=True)

    clients: list[greenswitch.InboundESL] = []
    second = threading.Thread(target=send_second, daemon=True)
    run(scenario)
    second.join(WAIT_S)


def test_nothing_said_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Stock writes all headers of an event to the root logger when a handler raises."""

    def fail(_event: greenswitch.esl.ESLEvent) -> None:
        raise ValueError

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            esl.register_handle("CHANNEL_CREATE", fail)
            server.last.send(event("CHANNEL_CREATE", Caller_Caller_ID_Number="caller-canary"))
            eventually(lambda: "caller-canary" in caplog.text)

    caplog.set_level(logging.DEBUG)
    run(scenario)
    assert {record.name for record in caplog.records} >= {"root"}


def test_events_as_json_are_not_asked_for() -> None:
    """Stock's receiver dies of the first."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            server.last.send(block("text/event-json", b'{"Event-Name":"CHANNEL_CREATE","Unique-ID":"1"}'))
            eventually(esl._receive_events_greenlet.ready)

    run(scenario)


def test_what_is_empty_reads_empty() -> None:
    """Stock hands out FreeSWITCH's stand-in for an empty value."""

    def scenario() -> None:
        with EslServer() as server, stock(server.port) as esl:
            got = heard(esl, "CHANNEL_CREATE")
            server.last.send(event("CHANNEL_CREATE", Caller_Caller_ID_Name="_undef_"))
            eventually(lambda: got)
            assert got[0]["Caller-Caller-ID-Name"] == "_undef_"

    run(scenario)


def test_nobody_can_connect_to_us() -> None:
    """Stock's server for outbound sockets takes more calls than its limit."""

    def scenario() -> None:
        served: list[object] = []

        class Application:
            def __init__(self, session: object) -> None:
                served.append(session)

            def run(self) -> None:
                gevent.sleep(0.3)

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = greenswitch.OutboundESLServer("127.0.0.1", port, Application, max_connections=1)
        listening = gevent.spawn(server.listen)
        eventually(lambda: server._running)
        with contextlib.ExitStack() as stack:
            calls = [stack.enter_context(gevent.socket.create_connection(("127.0.0.1", port))) for _ in range(2)]
            for call in calls:
                assert call.recv(100).startswith(b"connect")
            for call in calls:
                call.sendall(b"Content-Type: command/reply\nReply-Text: +OK\nvariable_uuid: 1\n\n")
            eventually(lambda: len(served) == 2)
            assert server.connection_count > server.max_connections
            gevent.killall([listening, *server._greenlets])
        server.server.close()

    run(scenario)
