"""The AMI link's life: what it finds behind a port, how it comes back after a loss, and how it is stopped."""

import socket
import threading
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from callguard.errors import LinkLost
from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, Headers
from tests.integration.ami_owner import SHORT, Owner, linked, up
from tests.integration.ami_server import GREETING, SECRET, USERNAME, AmiServer, ignore
from tests.integration.ami_stream import event, events
from tests.integration.pbx_server import until


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there does not greet as AMI does"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers there does not greet as AMI does"),
        (b"\x16\x03\x01\x00", "what answers there does not greet as AMI does"),
        (b"Asterisk Call Manager/" + b"9" * 300, "what answers there does not greet as AMI does"),
        (b"", "no AMI greeting within 0.5 s (wrong port, or one that expects TLS)"),
        (b"Asterisk Call", "no AMI greeting within 0.5 s (wrong port, or one that expects TLS)"),
    ],
)
def test_a_port_that_is_no_ami_is_named(greeting: bytes, reason: str) -> None:
    owner = Owner()
    with AmiServer(greeting=greeting) as server, linked(server.port, owner):
        until(lambda: owner.downs, within_s=1.5)
        assert owner.downs == [reason]
        assert not server.received()


def test_a_closed_port_is_tried_again_until_it_opens() -> None:
    """Said once, tried at growing intervals, up as soon as there is a PBX."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    owner = Owner()
    with linked(port, owner) as link:
        until(lambda: owner.downs)
        time.sleep(0.5)
        assert owner.downs == ["cannot connect (ConnectionRefusedError)"]
        with AmiServer(port=port) as server:
            until(lambda: owner.ups, within_s=1.0)
            assert len(server.connections) == 1
        until(lambda: owner.downs[2:] == ["cannot connect (ConnectionRefusedError)"])
        with pytest.raises(LinkLost, match="cannot connect"):
            link.ask(AmiAction("Status"), 1.0)


def test_a_greeting_in_pieces_is_one() -> None:
    owner = Owner()
    with AmiServer(greeting=b"") as server, linked(server.port, owner):
        server.last.send(*(bytes([byte]) for byte in GREETING), apart_s=0.001)
        until(lambda: owner.ups)


def test_a_link_that_flaps_is_slowed_down_until_it_holds() -> None:
    """A PBX that hangs up after each login is not called at the first interval for ever; one that then held for a while is."""
    owner = Owner()
    with AmiServer() as server, linked(server.port, owner, bounds=replace(SHORT, retry_longest_s=5)):
        for times in range(1, 5):
            owner.wait_up(times)
            server.last.hang_up()
        until(lambda: owner.ups == 5)
        gaps = [later - earlier for earlier, later in pairwise(server.times_s)]
        assert gaps[-1] > 2 * gaps[0]
        assert gaps[-1] >= 0.4
        time.sleep(SHORT.dead_after_s + 0.1)
        server.last.hang_up()
        until(lambda: owner.ups == 6, within_s=0.3)


def test_a_pbx_that_shuts_down_is_left_at_once() -> None:
    """What waits fails with the reason, and what follows in the segment is not heard any more."""
    owner = Owner()
    with AmiServer(ignore) as server, up(server.port, owner, "Hangup", "Shutdown") as link:
        link.send([AmiAction("Status")], owner.take)
        until(lambda: "status" in server.last.names())
        server.last.send(event("Shutdown", Shutdown="Cleanly", Restart="False") + event("Hangup"))
        until(lambda: owner.downs)
        assert owner.downs == ["the PBX shut down"]
        assert [(type(outcome), str(outcome)) for _, outcome in owner.outcomes] == [(LinkLost, "the PBX shut down")]
        assert [name for name, _ in owner.heard] == ["Shutdown"]


def test_up_is_told_without_fully_booted_too() -> None:
    """FullyBooted only reaches users with the class `system`; without it the link waits its bound and goes on."""
    owner = Owner()
    with AmiServer(after_login=b"") as server, linked(server.port, owner):
        until(lambda: "login" in server.received())
        time.sleep(0.1)
        assert owner.ups == 0
        until(lambda: owner.ups, within_s=0.5)
        assert not owner.downs


def test_every_loss_is_told() -> None:
    """The same reason twice is told twice when the link was up in between."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner):
        server.last.hang_up()
        until(lambda: owner.ups == 2)
        server.last.hang_up()
        until(lambda: owner.ups == 3)
        assert owner.downs == ["the PBX closed the connection"] * 2


def test_a_reader_whom_the_pbx_gives_up_comes_back() -> None:
    """Asterisk cuts off who is late for longer than its `writetimeout`: what had come is heard, the loss told, the state read anew."""
    owner = Owner()
    with AmiServer() as server, up(server.port, owner, "Hangup", bounds=replace(SHORT, dead_after_s=20.0)):
        owner.busy.set()
        server.last.send(b"".join(events("Hangup", 100)))
        server.last.hang_up()
        time.sleep(0.1)
        assert (owner.ups, len(owner.downs)) == (1, 0)
        owner.busy.clear()
        until(lambda: owner.ups == 2)
        assert owner.downs == ["the PBX closed the connection"]
        assert owner.values("uniqueid") == [str(number) for number in range(100)]


def test_stopping_is_bounded_and_may_be_repeated() -> None:
    """What waits fails; later sends are refused; nothing connects again; the threads are gone."""
    owner = Owner()
    with AmiServer(ignore) as server:
        with up(server.port, owner) as link:
            link.send([AmiAction("Status")] * 3, owner.take)
            until(lambda: "status" in server.last.names())
            link.stop()
            link.stop()
            assert {str(outcome) for _, outcome in owner.outcomes} == {"the link was stopped"}
            assert len(owner.outcomes) == 3
            with pytest.raises(LinkLost, match="not running"):
                link.send([AmiAction("Status")], owner.take)
            with pytest.raises(RuntimeError):
                link.start()
        time.sleep(0.2)
        assert len(server.times_s) == 1
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("ami 127.0.0.1")]


@pytest.mark.alone
def test_stopping_does_not_wait_for_a_callback_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hang(_headers: Headers) -> None:
        inside.set()
        gate.wait(8.0)

    with AmiServer() as server, up(server.port, Owner(), events={"Hangup": hang}) as link:
        server.last.send(event("Hangup"))
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

    with AmiServer() as server, up(server.port, owner, events={"Hangup": stop}) as link:
        server.last.send(event("Hangup"))
        assert stopped.wait(2.0)
        until(server.last.ended.is_set)
    assert not owner.downs


def test_stopping_before_and_while_connecting() -> None:
    link = AmiLink(AmiAddress("127.0.0.1", 9, USERNAME, SECRET), Owner().callbacks((), {}), SHORT)
    link.stop()
    link.start()
    link.stop()
    with pytest.raises(LinkLost):
        link.ask(AmiAction("Status"), 0.1)


def test_the_secret_is_in_no_representation() -> None:
    """S13: neither of the address nor of an action."""
    address = AmiAddress("127.0.0.1", 5038, USERNAME, SECRET)
    assert SECRET not in f"{address} {address!r} {AmiAction('Login', (('Secret', SECRET),))!r}"
