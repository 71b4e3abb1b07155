"""Somebody who watches a private Asterisk over AMI, sees all that it tells, and can do what an administrator can.

What the daemon stores is compared with what this one saw. It speaks AMI by itself, with nothing of callguard's in between.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Self

from tests.rig.asterisk import PrivateAsterisk

ANSWER_BOUND_S = 5.0

Told = dict[str, str]
"""An AMI message; of a header said twice the first."""


class ObserverError(RuntimeError):
    """The PBX refused an action."""


@dataclass
class Observer:
    """Logged in from the beginning to the end of its `with` block; `seen` holds everything, in order.

    `login` is a name and a secret, by default those of the user who is told all there is.
    """

    pbx: PrivateAsterisk
    login: tuple[str, str] | None = None
    seen: list[Told] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def action(self, name: str, **headers: str) -> Told:
        """Have the PBX do something; ObserverError when it will not."""
        identifier = f"observer-{next(self._numbers)}"
        fields = {"Action": name, "ActionID": identifier, **headers}
        self._link.sendall("".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n")
        answer = self.wait(f"an answer to {name}", lambda told: told.get("ActionID") == identifier and "Response" in told)
        if answer["Response"] != "Success":
            raise ObserverError(f"{name}: {answer.get('Message')}")
        return answer

    def wait(self, what: str, wanted: Callable[[Told], bool], bound_s: float = ANSWER_BOUND_S) -> Told:
        """The first message, past or to come, of which this is true."""
        end = time.monotonic() + bound_s
        looked = 0
        while time.monotonic() < end:
            fresh = self.seen[looked:]
            found = next(filter(wanted, fresh), None)
            if found is not None:
                return found
            looked += len(fresh)
            time.sleep(0.01)
        raise TimeoutError(f"the observer waited {bound_s:g} s in vain for {what}")

    def events(self, name: str, **headers: str) -> list[Told]:
        """The events of this name so far that carry these headers."""
        wanted = {"Event": name, **headers}
        return [told for told in tuple(self.seen) if wanted.items() <= told.items()]

    def __enter__(self) -> Self:
        self._link = socket.create_connection(("127.0.0.1", self.pbx.ami_port), timeout=ANSWER_BOUND_S)
        self._link.settimeout(None)
        self._thread = threading.Thread(target=self._read, name="observer", daemon=True)
        self._thread.start()
        name, secret = self.login or (self.pbx.observer_username, self.pbx.observer_secret)
        self.action("Login", Username=name, Secret=secret)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join(ANSWER_BOUND_S)
        self._link.close()

    def _read(self) -> None:
        told: Told = {}
        with self._link.makefile("rb") as lines, contextlib.suppress(OSError):
            for line in lines:
                name, colon, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
                if colon:
                    told.setdefault(name, value.strip())
                elif told:
                    self.seen.append(told)
                    told = {}


def moment(told: Told) -> datetime:
    """When the PBX says that it happened."""
    return datetime.fromtimestamp(float(told["Timestamp"]), UTC)
