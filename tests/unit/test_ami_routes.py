"""Which event reaches whom: by name in any case, whatever comes before, behind, or in great numbers around it."""

import pytest

from callguard.pbx.ami_protocol import RECOGNISED_BY, Routes
from callguard.pbx.ami_wire import Headers

LONG = "X" * RECOGNISED_BY


def hang_up(_headers: Headers) -> None: ...


def long_one(_headers: Headers) -> None: ...


def long_two(_headers: Headers) -> None: ...


def respond(_headers: Headers) -> None: ...


@pytest.fixture
def routes() -> Routes:
    return Routes({"HangUp": hang_up, f"{LONG}One": long_one, f"{LONG}Two": long_two}, respond)


@pytest.mark.parametrize(
    ("message", "route"),
    [
        (b"Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1", hang_up),
        (b"Event: hangup", hang_up),
        (b"\r\nEvent: Hangup\r\nUniqueid: 1", hang_up),
        (b"Event: HangupRequest\r\nPrivilege: call,all", None),
        (f"Event: {LONG}One\r\nA: b".encode(), long_one),
        (f"Event: {LONG}Two\r\nA: b".encode(), long_two),
        (f"Event: {LONG}".encode(), None),
        (b"Response: Success\r\nActionID: 1", respond),
        (b"Response: Error", respond),
        (b"Uniqueid: 1\r\nEvent: Hangup", None),
        (b"Event: \xff\r\nA: b", None),
        (b"Event:", None),
        (b"\r\n", None),
        (b"", None),
    ],
)
def test_a_message_finds_its_route(routes: Routes, message: bytes, route: object) -> None:
    """The first time, when it is looked at, and the second, when it may be known."""
    assert routes.learn(message) is route
    assert routes.known.get(message[:RECOGNISED_BY], route) is route


def test_only_beginnings_that_tell_the_name_are_known(routes: Routes) -> None:
    """Two long names with one beginning would be taken for each other."""
    routes.learn(f"Event: {LONG}One\r\nA: b".encode())
    assert not routes.known
    routes.learn(b"Event: ".ljust(RECOGNISED_BY, b"X"))
    assert not routes.known
    routes.learn(b"Event: Hangup\r\nUniqueid: 1")
    assert list(routes.known.values()) == [hang_up]


def test_what_is_known_is_bounded(routes: Routes) -> None:
    """However many names a PBX makes up; and a name that came too late is found all the same."""
    for number in range(5000):
        assert routes.learn(f"Event: E{number}\r\nA: b".encode()) is None
    assert len(routes.known) == 1024
    assert routes.learn(b"Event: Hangup\r\nA: b") is hang_up
