"""Stands between daemon and PBX on their socket, in a process of its own, and notes when what passed; it looks at nothing until the end.

An event is stamped before it is handed to the kernel for the daemon, and an order by the kernel when it arrived from the daemon
(SO_TIMESTAMPNS), so that neither the relay's own work nor its waiting for a CPU is counted. Both clocks are CLOCK_REALTIME.
"""

import contextlib
import multiprocessing
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Final

_TIMESPEC: Final = struct.Struct("qq")
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; Python has no name for it
_SEGMENT: Final = 65_536
_BOUND_S: Final = 10.0

Passed = tuple[bool, int, bytes]
"""Whether it came from the PBX, when (nanoseconds), and the bytes."""


Cut = Callable[[bytes], list[bytes]]
"""Takes the next segment of one direction; gives the messages that it completes."""


@dataclass(frozen=True, slots=True)
class Message:
    """What has passed, and when its last byte did (nanoseconds)."""

    from_pbx: bool
    at: int
    text: bytes


class Relay:
    """What a bench holds: the port for the daemon, and afterwards what passed."""

    def __init__(self, port: int, pipe: Pipe) -> None:
        self.port = port
        self._pipe = pipe

    def messages(self, from_pbx: Cut, from_daemon: Cut) -> list[Message]:
        """Ask for everything, in the order of time; the relay ends."""
        self._pipe.send(None)
        passed: list[Passed] = self._pipe.recv()
        found = [
            Message(direction, at, text) for direction, at, segment in passed for text in (from_pbx if direction else from_daemon)(segment)
        ]
        return sorted(found, key=lambda message: message.at)


@contextmanager
def relay(pbx_port: int) -> Iterator[Relay]:
    """A relay to the PBX on that port."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_serve, args=(there, pbx_port), daemon=True)
    child.start()
    there.close()  # so that a child that died is noticed
    try:
        yield Relay(here.recv(), here)
    finally:
        child.terminate()
        child.join(_BOUND_S)


def _serve(pipe: Pipe, pbx_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_BOUND_S)
        pipe.send(listener.getsockname()[1])
        daemon, _ = listener.accept()
    with daemon, socket.create_connection(("127.0.0.1", pbx_port), _BOUND_S) as pbx:
        daemon.setblocking(True)
        daemon.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        for each in (daemon, pbx):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pipe.send(_pass_on(pipe, daemon, pbx))


def _pass_on(pipe: Pipe, daemon: socket.socket, pbx: socket.socket) -> list[Passed]:
    """Until the parent asks for what passed."""
    passed: list[Passed] = []
    with selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
        for each in (pipe, daemon, pbx):
            selector.register(each, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is pipe:
                    return passed
                passed.append(_from_pbx(pbx, daemon) if key.fileobj is pbx else _from_daemon(daemon, pbx))
    return passed


def _from_pbx(pbx: socket.socket, daemon: socket.socket) -> Passed:
    segment = pbx.recv(_SEGMENT)
    at = time.clock_gettime_ns(time.CLOCK_REALTIME)
    daemon.sendall(segment)
    return True, at, segment


def _from_daemon(daemon: socket.socket, pbx: socket.socket) -> Passed:
    segment, beside, _, _ = daemon.recvmsg(_SEGMENT, socket.CMSG_SPACE(_TIMESPEC.size))
    pbx.sendall(segment)
    seconds, nanoseconds = _TIMESPEC.unpack(beside[0][2])
    return False, seconds * 1_000_000_000 + nanoseconds, segment
