"""AMI bytes and scripts that the tests of the link and those of stock panoramisk share."""

import contextlib
import socket
from collections.abc import Iterator

from tests.integration.ami_server import Connection, Received


def event(name: str, **headers: str) -> bytes:
    """One event with the headers in this order."""
    return "\r\n".join([f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items()), "", ""]).encode()


def events(name: str, count: int) -> list[bytes]:
    """Events of about the size a PBX sends, numbered from 0 in `Uniqueid`."""
    return [event(name, Privilege="call,all", Uniqueid=str(number), Padding="x" * 380) for number in range(count)]


FLOOD = b"".join(events("Hangup", 40_000))
"""17 MB of events: more than the kernel holds for a reader that does not read."""


def queue_agi(connection: Connection, action: Received) -> None:
    """Answers an `AGI` action as Asterisk ≥ 12 does: queued, and then the event of its execution, in one segment."""
    command = action.headers.get("commandid", "")
    executed = event("AsyncAGIExec", Privilege="agi,all", Uniqueid="1.1", Result="200%20result%3D0%0A", CommandId=command)
    connection.send(action.reply("Message: Added AGI command to queue") + executed)


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port where connecting neither succeeds nor fails, as behind a firewall that drops."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
