"""One ESL connection for tests and the rig itself: it watches everything and can do what an administrator can.

What the daemon stores is compared with what this one saw. It speaks ESL by itself, with nothing of callguard's in between. A block is split
into lines before its values are un-quoted: a caller's name may hold a percent-encoded line break.
"""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import unquote

ANSWER_BOUND_S = 10.0

Told = dict[str, str]
"""The headers of an event or a reply; of a header said twice the first."""


class EslError(RuntimeError):
    """FreeSWITCH refused the connection or a command."""


@dataclass
class Esl:
    """Logged in from the beginning to the end of its `with` block; `seen` holds every event, in order.

    `events` is what is subscribed to, as `event plain` takes it; nothing by default.
    """

    port: int
    password: str
    events: str = ""
    seen: list[Told] = field(default_factory=list)
    _answers: deque[tuple[Told, str]] = field(default_factory=deque)
    _told: threading.Condition = field(default_factory=threading.Condition)

    def api(self, command: str) -> str:
        """What the command prints; its refusals are text as well (`-ERR …`)."""
        return self._send(f"api {command}")[1]

    def send(self, lines: str) -> str:
        """Send any other command and return the text of its reply; EslError when it is refused."""
        reply = self._send(lines)[0].get("Reply-Text", "")
        if reply.startswith("-ERR"):
            raise EslError(f"{lines!r}: {reply}")
        return reply

    def execute(self, leg: str, application: str, argument: str, identity: str = "") -> None:
        """Have the leg run an application of the dialplan."""
        named = f"\nEvent-UUID: {identity}" if identity else ""
        order = f"call-command: execute\nexecute-app-name: {application}\nexecute-app-arg: {argument}"
        self.send(f"sendmsg {leg}\n{order}{named}")

    def wait(self, what: str, wanted: Callable[[Told], bool], bound_s: float = ANSWER_BOUND_S) -> Told:
        """The first event, past or to come, of which this is true."""
        end = time.monotonic() + bound_s
        looked = 0
        while time.monotonic() < end:
            fresh = self.seen[looked:]
            found = next(filter(wanted, fresh), None)
            if found is not None:
                return found
            looked += len(fresh)
            with self._told:
                self._told.wait(0.01)
        raise TimeoutError(f"waited {bound_s:g} s in vain for {what}")

    def named(self, event: str) -> list[Told]:
        """The events so far of that name, or of that subclass."""
        return [told for told in tuple(self.seen) if event in (told.get("Event-Name"), told.get("Event-Subclass"))]

    def _send(self, lines: str) -> tuple[Told, str]:
        self._link.sendall(f"{lines}\n\n".encode())
        with self._told:
            if not self._told.wait_for(lambda: self._answers, ANSWER_BOUND_S):
                raise TimeoutError(f"no answer to {lines!r} within {ANSWER_BOUND_S:g} s")
            return self._answers.popleft()

    def __enter__(self) -> Self:
        self._link = socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_BOUND_S)
        self._link.settimeout(None)
        self._thread = threading.Thread(target=self._read, name="esl", daemon=True)
        self._thread.start()
        try:
            self.send(f"auth {self.password}")
            if self.events:
                self.send(f"event plain {self.events}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join(ANSWER_BOUND_S)
        self._link.close()

    def _read(self) -> None:
        with self._link.makefile("rb") as source, contextlib.suppress(OSError):
            while head := _block(source):
                body = source.read(int(head.get("Content-Length", "0")))
                self._take(head, body)
                with self._told:
                    self._told.notify_all()

    def _take(self, head: Told, body: bytes) -> None:
        if head["Content-Type"] == "text/event-plain":
            self.seen.append(_headers(body.partition(b"\n\n")[0]))
        elif head["Content-Type"] in ("command/reply", "api/response"):
            self._answers.append((head, body.decode("utf-8", "replace")))


def _block(source: BinaryIO) -> Told:
    lines = b""
    while (line := source.readline()) not in (b"\n", b""):
        lines += line
    return _headers(lines)


def _headers(lines: bytes) -> Told:
    told: Told = {}
    for line in lines.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(": ")
        told.setdefault(name, unquote(value))
    return told
