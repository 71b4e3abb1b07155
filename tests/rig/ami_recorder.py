"""Writes down everything that the daemon and a PBX say to each other over AMI or ESL: a TCP proxy for the daemon's configuration to name.

What comes of it are two things, in the form that the transcripts of FreeSWITCH have: every byte received from the PBX, and line by line
what was sent to it, with how many bytes had been received by then. An action that was caused by a message therefore never stands
before the end of that message. Two additions, since a daemon may connect more than once: the bytes of all connections follow each other,
and lines with `event` in place of `sent` say when a connection began and ended, and whatever the scenario marks: these have the wall
time `at` beside them, since not every message tells the PBX's.

The secret of the login, or its digest, is replaced before it is kept.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from callguard.clock import utc_now

REDACTED: Final = "***"

_SECRETS: Final = re.compile(r"^(Key: |Secret: |auth ).*?(?=\r?\n)", re.MULTILINE | re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_BOUND_S: Final = 5.0


@dataclass
class AmiRecorder:
    """Listens on `port` of 127.0.0.1 within its `with` block; one connection at a time, as the daemon makes them.

    `received` are the bytes from the PBX, `lines` what the daemon sent and what was marked; `end` is what ends a thing that is sent.
    """

    pbx_port: int
    end: bytes = _END
    received: bytearray = field(default_factory=bytearray)
    lines: list[dict[str, Any]] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def mark(self, event: str, **more: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Note that something happened now which no byte tells."""
        with self._writing:
            self._note({"event": event, "at": utc_now().isoformat(timespec="milliseconds"), **more})

    def cut(self) -> None:
        """Break the connection, as a network would; the daemon may come back at once."""
        for each in self._sockets:
            _close(each)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._in_background(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _close(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(_BOUND_S)

    def _note(self, line: dict[str, Any]) -> None:
        self.lines.append({"t": round(time.monotonic() - self._began, 4), "rx_offset": len(self.received), **line})

    def _in_background(self, work: Callable[..., None], *of: object) -> None:
        thread = threading.Thread(target=work, args=of, name="ami recorder", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                daemon, _ = self._listener.accept()
                self._connect(daemon)

    def _connect(self, daemon: socket.socket) -> None:
        """A PBX that is not there is not there for the daemon either."""
        try:
            pbx = socket.create_connection(("127.0.0.1", self.pbx_port), timeout=_BOUND_S)
        except OSError:
            _close(daemon)
            return
        pbx.settimeout(None)
        for each in (daemon, pbx):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets = [daemon, pbx]
        self.mark("connected")
        self._in_background(self._from_daemon, daemon, pbx)
        self._in_background(self._from_pbx, daemon, pbx)

    def _from_pbx(self, daemon: socket.socket, pbx: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while segment := pbx.recv(65536):
                with self._writing:
                    self.received += segment
                daemon.sendall(segment)
        self.mark("lost")
        _close(daemon)
        _close(pbx)

    def _from_daemon(self, daemon: socket.socket, pbx: socket.socket) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while segment := daemon.recv(65536):
                *actions, rest = (rest + segment).split(self.end)
                with self._writing:
                    for action in actions:
                        self._note({"sent": _SECRETS.sub(rf"\1{REDACTED}", (action + self.end).decode())})
                pbx.sendall(segment)
        _close(pbx)


def _close(one: socket.socket) -> None:
    """Wakes whoever reads from it, too."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
