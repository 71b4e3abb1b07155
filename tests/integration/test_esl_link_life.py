"""The ESL link's life: what it finds behind a port, how it comes back after a loss, and how it is stopped."""

import gc
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import gevent
import pytest

from callguard.errors import LinkLost
from callguard.pbx.esl import EslAddress, EslLink, Headers, LinkCallbacks, Reply, api, job
from callguard.pbx.esl_protocol import EslProtocol
from tests.integration.esl_owner import SHORT, Owner, linked, up
from tests.integration.esl_server import GOODBYE, GREETING, LISTENING, SECRET, EslServer, block, event, events, ignore, obey, reply
from tests.integration.pbx_server import until

NO_ESL = "what answers there does not greet as ESL does"
SILENT = "no ESL greeting (wrong port?) within 0.2 s"
ANOTHER = "another"


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"Asterisk Call Manager/9.0.0\r\n", NO_ESL),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NO_ESL),
        (b"\x16\x03\x01\x00", NO_ESL),
        (event("CHANNEL_CREATE"), NO_ESL),
        (b"Content-Type: auth/req", SILENT),
        (b"Content-Type: nothing/known\n\n", SILENT),
        (b"Content-Type: " + b"x" * 9000, "the PBX sent a head of more than 8192 bytes"),
        (GOODBYE, "the PBX ended the connection"),
    ],
)
def test_a_port_that_is_no_esl_is_named(greeting: bytes, reason: str) -> None:
    owner = Owner()
    with EslServer(greeting=greeting) as server, linked(server.port, owner, bounds=replace(SHORT, connect_s=0.2)):
        until(lambda: owner.downs, within_s=1.5)
        assert owner.downs == [reason]
        assert server.logins() == 0


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", 1), ("no-such-host.invalid", 8021), ("ș" * 80, 8021)])
def test_an_address_that_is_none_is_named(host: str, port: int) -> None:
    owner = Owner()
    link = EslLink(EslAddress(host, port, SECRET), owner.callbacks((), {}), SHORT)
    link.start()
    until(lambda: owner.downs, within_s=2.0)
    link.stop()
    assert owner.downs[0].startswith(("cannot connect", "no connection within"))


def test_a_refused_login_is_not_stormed(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password is said once, tried again at growing intervals, and not at all after `stop`."""
    owner = Owner()
    with EslServer(secret=ANOTHER) as server:
        with linked(server.port, owner, bounds=replace(SHORT, refused_first_s=0.1)) as link:
            until(lambda: server.logins() == 4)
            with pytest.raises(LinkLost, match="login refused"):
                link.ask(api("strepoch"), 1.0)
        first, second, third, fourth = server.times_s
        assert second - first >= 0.05
        assert third - second >= 0.1
        assert fourth - third >= 0.2
        time.sleep(0.2)
        assert len(server.times_s) == 4
    assert owner.fatals == ["auth: -ERR invalid"]
    assert not owner.downs
    assert caplog.text.count("login refused") == 1


@pytest.mark.parametrize("kind", ["text/rude-rejection", "rude/rejection"])
def test_an_access_list_without_us_is_fatal(kind: str) -> None:
    """Somebody has to act at the PBX, as with a wrong password."""
    owner = Owner()
    rejection = f"Content-Type: {kind}\nContent-Length: 24\n\nAccess Denied, go away.\n".encode()
    with EslServer(greeting=rejection) as server, linked(server.port, owner):
        until(lambda: owner.fatals, within_s=1.0)
    assert owner.fatals == ["the PBX's access list does not have this address"]
    assert not owner.downs


def test_a_login_without_an_answer_has_an_end() -> None:
    owner = Owner()
    with EslServer() as server:
        server.mute = True
        with linked(server.port, owner, bounds=replace(SHORT, login_s=0.2)):
            until(lambda: owner.downs, within_s=1.0)
    assert owner.downs == ["login: auth: no answer within 0.2 s"]


def test_a_subscription_that_is_refused_is_no_link() -> None:
    """A link that heard nothing would look like a PBX on which nothing happens."""
    owner = Owner()
    with EslServer(listening=reply("-ERR no keywords supplied")) as server, linked(server.port, owner):
        until(lambda: owner.fatals)
    assert (owner.fatals, owner.ups, owner.downs) == (["event: -ERR no keywords supplied"], 0, [])


def test_a_closed_port_is_tried_again_until_it_opens() -> None:
    """Said once, tried at growing intervals, up as soon as there is a PBX."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    owner = Owner()
    with linked(port, owner) as link:
        until(lambda: owner.downs)
        time.sleep(0.3)
        assert owner.downs == ["cannot connect (ConnectionRefusedError)"]
        with EslServer(port=port) as server:
            until(lambda: owner.ups, within_s=1.0)
            assert len(server.connections) == 1
        until(lambda: owner.downs[2:] == ["cannot connect (ConnectionRefusedError)"])
        with pytest.raises(LinkLost, match="cannot connect"):
            link.ask(api("strepoch"), 1.0)


def test_no_event_comes_before_up() -> None:
    """Those in one segment with the answer to the subscription come after it, and before it nobody is told of any."""
    order: list[str] = []
    owner = Owner()
    callbacks = LinkCallbacks(
        {"CHANNEL_CREATE": lambda _: order.append("event")}, lambda: order.append("up"), owner.downs.append, owner.fatals.append, bool
    )
    early = GREETING + event("CHANNEL_CREATE")
    with EslServer(greeting=early, listening=reply(LISTENING) + b"".join(events("CHANNEL_CREATE", 3))) as server:
        link = EslLink(EslAddress("127.0.0.1", server.port, SECRET), callbacks, SHORT)
        link.start()
        until(lambda: len(order) == 4)
        link.stop()
    assert order == ["up", "event", "event", "event"]


@pytest.mark.parametrize("gap_s", [0.0, 0.001])
def test_segments_do_not_matter(gap_s: float) -> None:
    """All in one piece, and byte by byte."""
    owner = Owner()
    stream = b"".join(event("CHANNEL_CREATE", Unique_ID=name, body=b"x" * 30) for name in ("Ștefan", "b"))
    pieces = [stream] if gap_s == 0 else [stream[at : at + 1] for at in range(len(stream))]
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE"):
        server.last.send(*pieces, apart_s=gap_s)
        until(lambda: len(owner.heard) == 2)
        assert owner.values("Unique-ID") == ["Ștefan", "b"]


def test_custom_events_are_known_by_their_subclass() -> None:
    """Wherever FreeSWITCH writes it, and never as the event that one is named after."""
    owner = Owner()
    names = ("CUSTOM callguard::message", "CHANNEL_HANGUP", "CUSTOM sofia::register")
    with EslServer() as server, up(server.port, owner, *names):
        server.last.send(
            event("CUSTOM", Core_UUID="1", Event_Subclass="callguard::message"),
            block("text/event-plain", b"Event-Subclass: sofia%3A%3Aregister\nEvent-Name: CUSTOM\n\n"),
            event("CUSTOM", Event_Subclass="CHANNEL_HANGUP"),
            event("CUSTOM", Event_Subclass="unheard::of"),
            event("CUSTOM"),
            block("text/event-plain", b"Core-UUID: 1\nEvent-Name: CHANNEL_HANGUP\n\n"),
            block("text/event-plain", b"nothing at all"),
            block("log/data", b"Event-Name: CHANNEL_HANGUP\n\n"),
            event("CHANNEL_CREATE"),
            event("CHANNEL_HANGUP", Unique_ID="last"),
        )
        until(lambda: owner.values("Unique-ID")[-1:] == ["last"])
        assert [name for name, _ in owner.heard] == [names[0], names[2], names[1], names[1]]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (block("text/event-plain", b"Event-Name: X\n\n") + b"trailing garbage\n\n", "the PBX sent a head without a Content-Type"),
        (b"Content-Length: 25\nContent-Type: text/event-plain\n\nEvent-Name: X\n\n", "the PBX sent a head without a Content-Type"),
        (b"\x00\xff\xfe\n\n", "the PBX sent a head without a Content-Type"),
        (b"Content-Type: text/event-plain\nX: " + b"x" * (2 << 20), "the PBX sent a head of more than 8192 bytes"),
        (b"Content-Type: text/event-plain\nX: " + b"x" * 9000 + b"\n\n", "the PBX sent a head of more than 8192 bytes"),
        (b"A: b\n" * (1 << 18), "the PBX sent a head of more than 8192 bytes"),
        (b"Content-Type: a/b\nContent-Length: -1\n\n", "the PBX sent a body of a length that is none, or over 8388608 bytes"),
        (b"Content-Type: a/b\nContent-Length: 9999999\n\n", "the PBX sent a body of a length that is none, or over 8388608 bytes"),
        (
            b"Content-Type: a/b\nContent-Length: " + b"9" * 5000 + b"\n\n",
            "the PBX sent a body of a length that is none, or over 8388608 bytes",
        ),
        (GOODBYE, "the PBX ended the connection"),
    ],
)
def test_what_is_no_esl_ends_the_connection(wire: bytes, reason: str) -> None:
    """A body longer or shorter than said, garbage, a line of 2 MiB: nothing of it is heard, and the next connection works."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE") as link:
        server.last.send(wire + event("CHANNEL_CREATE"))
        owner.wait_up(2)
        assert owner.downs == [reason]
        assert owner.heard == []
        assert link.ask(api("strepoch"), 1.0) == Reply("+OK")


def test_a_dead_peer_is_noticed() -> None:
    """One ping after the idle bound, the loss at the silence bound; what waits fails, nothing is kept."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner) as link:
        link.send([job("status")], owner.take)
        until(lambda: owner.downs, within_s=2.0)
        assert owner.downs == ["the PBX was silent for 0.8 s"]
        assert server.connections[0].lines().count("api strepoch") == 1
        assert owner.kinds() == [LinkLost]
        owner.wait_up(2)


@pytest.mark.alone
def test_a_pbx_that_talks_but_does_not_answer_is_left() -> None:
    """Answers come in order: behind one that never comes, none ever would."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner, "HEARTBEAT") as link:
        link.send([api("uuid_exists", "7", bound_s=0.1)], owner.take)
        began_s = time.monotonic()
        while not owner.downs:
            server.last.send(event("HEARTBEAT"))
            time.sleep(0.05)
            assert time.monotonic() - began_s < 2.0
        assert owner.downs == ["the PBX was silent for 0.8 s"]


def test_a_pbx_is_not_blamed_for_a_pause_of_ours() -> None:
    """While nothing was read nothing could be heard: after it the silence counts from the start."""
    owner = Owner()
    bounds = replace(SHORT, ping_after_s=0.1, dead_after_s=0.3)
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE", bounds=bounds) as link:
        owner.busy.set()
        server.last.send(event("CHANNEL_CREATE"))
        until(lambda: owner.heard)
        link.send([api("uuid_exists", "7")], owner.take)
        time.sleep(0.5)
        owner.busy.clear()
        time.sleep(0.25)
        assert (owner.downs, owner.kinds()) == ([], [Reply])


def test_a_reader_whom_the_pbx_gives_up_comes_back() -> None:
    """FreeSWITCH ends a listener that has fallen behind: what had come is heard, the loss is told, and the state is read anew."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner, "CHANNEL_CREATE", bounds=replace(SHORT, dead_after_s=20.0)):
        owner.busy.set()
        server.last.send(b"".join(events("CHANNEL_CREATE", 100)))
        server.last.hang_up()
        time.sleep(0.1)
        assert (owner.ups, len(owner.downs)) == (1, 0)
        owner.busy.clear()
        owner.wait_up(2)
        assert owner.downs == ["the PBX closed the connection"]
        assert owner.values("Unique-ID") == [str(number) for number in range(100)]


def test_an_idle_pbx_that_answers_is_kept() -> None:
    owner = Owner()
    with EslServer() as server, up(server.port, owner, bounds=replace(SHORT, ping_after_s=0.1, dead_after_s=0.4)):
        time.sleep(0.6)
        assert not owner.downs
        assert 3 <= server.last.lines().count("api strepoch") <= 6


def test_a_raising_callback_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither one of an event nor one of an outcome nor one of the link's own life."""
    told: list[str] = []

    def noting(what: str) -> Callable[..., NoReturn]:
        def fail(*_said: object) -> NoReturn:
            told.append(what)
            raise RuntimeError

        return fail

    callbacks = LinkCallbacks({"CHANNEL_CREATE": noting("event")}, noting("up"), noting("down"), noting("fatal"), noting("congested"))
    with EslServer() as server:
        link = EslLink(EslAddress("127.0.0.1", server.port, SECRET), callbacks, SHORT)
        link.start()
        for times in (1, 2):
            until(partial(_told, told, "up", times))
            server.last.send(b"".join(events("CHANNEL_CREATE", 100)))
            until(partial(_told, told, "event", 100 * times))
            link.send([api("uuid_exists", "7"), job("status")], noting("outcome"))
            until(partial(_told, told, "outcome", 2 * times))
            assert link.ask(api("strepoch"), 1.0) == Reply("+OK")
            server.script = ignore
            link.send([api("uuid_exists", "7"), job("status"), job("status", lane="7"), job("status", lane="7")], noting("loss"))
            until(lambda: len(server.last.lines()) == 6)
            server.last.hang_up()
            until(partial(_told, told, "loss", 4 * times))
            server.script = obey
        until(partial(_told, told, "down", 2))
        link.stop()
    assert "congested" in told
    assert "RuntimeError in a callback" in caplog.text


def _told(told: list[str], what: str, times: int) -> bool:
    return told.count(what) == times


def test_a_link_that_flaps_is_slowed_down_until_it_holds() -> None:
    """A PBX that hangs up after each login is not called at the first interval for ever; one that then held for a while is."""
    owner = Owner()
    bounds = replace(SHORT, retry_first_s=0.05, retry_longest_s=5, ping_after_s=0.2, dead_after_s=0.4)
    with EslServer() as server, linked(server.port, owner, bounds=bounds):
        for times in range(1, 5):
            owner.wait_up(times)
            server.last.hang_up()
        owner.wait_up(5)
        gaps = [later - earlier for earlier, later in pairwise(server.times_s)]
        assert gaps[-1] > 2 * gaps[0]
        assert gaps[-1] >= 0.2
        time.sleep(bounds.dead_after_s + 0.1)
        server.last.hang_up()
        until(lambda: owner.ups == 6, within_s=0.15)


def test_a_pbx_that_shuts_down_is_heard_to_the_end() -> None:
    """It tells of the end of every leg after it has said so, and then goes."""
    owner = Owner()
    with EslServer(ignore) as server, up(server.port, owner, "CHANNEL_DESTROY", "SHUTDOWN"):
        server.last.send(event("SHUTDOWN") + event("CHANNEL_DESTROY"))
        until(lambda: len(owner.heard) == 2)
        assert owner.downs == []
        server.last.hang_up()
        until(lambda: owner.downs)
        assert owner.downs == ["the PBX shut down"]
        assert [name for name, _ in owner.heard] == ["SHUTDOWN", "CHANNEL_DESTROY"]


def test_a_pbx_that_shuts_down_and_then_says_nothing_is_left() -> None:
    """As any that is silent."""
    owner = Owner()
    bounds = replace(SHORT, ping_after_s=0.05, dead_after_s=0.15)
    with EslServer(ignore) as server, up(server.port, owner, "SHUTDOWN", bounds=bounds):
        server.last.send(event("SHUTDOWN"))
        until(lambda: owner.downs)
        assert owner.downs == ["the PBX shut down"]


def test_a_connection_that_breaks_is_named() -> None:
    """A reset, as of a switch that was killed."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner):
        server.last.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.last.socket.close()
        server.last.hang_up()
        owner.wait_up(2)
        assert owner.downs == ["the connection broke (ConnectionResetError)"]


def test_a_lost_connection_leaves_nothing_behind() -> None:
    """Neither greenlets nor buffers of connections that are gone."""
    before, owner = alive(), Owner()
    with EslServer() as server, up(server.port, owner, bounds=replace(SHORT, retry_first_s=0.01, retry_longest_s=0.02)) as link:
        for times in range(1, 6):
            owner.wait_up(times)
            assert link.ask(job("status"), 1.0) == Reply("+OK")
            server.last.hang_up()
        owner.wait_up(6)
        greenlets, protocols = (now - then for now, then in zip(alive(), before, strict=True))
        assert (greenlets, protocols) == (3, 1)  # one greenlet connects, one reads, one writes


def alive() -> tuple[int, int]:
    """Greenlets, and connections with their buffers, in this process."""
    gc.collect()
    everything = gc.get_objects()
    greenlets = sum(isinstance(one, gevent.Greenlet) and not one.dead for one in everything)
    return greenlets, sum(isinstance(one, EslProtocol) for one in everything)


def test_every_loss_is_told() -> None:
    """The same reason twice is told twice when the link was up in between."""
    owner = Owner()
    with EslServer() as server, up(server.port, owner):
        server.last.hang_up()
        owner.wait_up(2)
        server.last.hang_up()
        owner.wait_up(3)
        assert owner.downs == ["the PBX closed the connection"] * 2


@pytest.mark.alone
def test_stopping_is_bounded_and_may_be_repeated() -> None:
    """What waits fails; later sends are refused; nothing connects again; threads and files are gone."""
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    owner = Owner()
    with EslServer(ignore) as server:
        with up(server.port, owner) as link:
            link.send([api("strepoch"), job("status")], owner.take)
            until(lambda: len(server.last.lines()) == 2)
            began_s = time.monotonic()
            link.stop()
            link.stop()
            assert time.monotonic() - began_s < 0.5
            assert {str(outcome) for _, outcome in owner.outcomes} == {"the link was stopped"}
            assert len(owner.outcomes) == 2
            with pytest.raises(LinkLost, match="not running"):
                link.send([api("strepoch")], owner.take)
            with pytest.raises(RuntimeError):
                link.start()
        time.sleep(0.2)
        assert len(server.times_s) == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("esl 127.0.0.1")]
    assert not owner.downs
    until(lambda: len(list(Path("/proc/self/fd").iterdir())) == descriptors)


@pytest.mark.alone
def test_stopping_does_not_wait_for_a_callback_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hang(_headers: Headers) -> None:
        inside.set()
        gate.wait(8.0)

    with EslServer() as server, up(server.port, Owner(), events={"CHANNEL_CREATE": hang}) as link:
        server.last.send(event("CHANNEL_CREATE"))
        assert inside.wait(2.0)
        began_s = time.monotonic()
        link.stop(0.2)
        assert time.monotonic() - began_s < 0.5
        gate.set()
    assert "a callback holds it" in caplog.text


def test_stopping_from_a_callback() -> None:
    owner, stopped = Owner(), threading.Event()

    def stop(_headers: Headers) -> None:
        link.stop()
        stopped.set()

    with EslServer() as server, up(server.port, owner, events={"CHANNEL_CREATE": stop}) as link:
        server.last.send(event("CHANNEL_CREATE"))
        assert stopped.wait(2.0)
        until(server.last.ended.is_set)
    assert not owner.downs


def test_stopping_before_and_while_connecting() -> None:
    link = EslLink(EslAddress("127.0.0.1", 9, SECRET), Owner().callbacks((), {}), SHORT)
    link.stop()
    link.start()
    link.stop()
    with pytest.raises(LinkLost):
        link.ask(api("strepoch"), 0.1)
    with EslServer(greeting=b"") as server, linked(server.port, Owner()):
        until(lambda: server.connections)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("esl 127.0.0.1")]


def test_the_password_is_in_no_representation() -> None:
    """S13: neither of the address nor of a command nor of an answer."""
    address = EslAddress("127.0.0.1", 8021, SECRET)
    assert SECRET not in f"{address} {address!r} {job('x', SECRET)!r} {Reply(SECRET)!r}"
