"""What the daemon tells the service manager: ready, alive, reloading, stopping, and a line of status.

The protocol of sd_notify(3): a datagram of `NAME=value` lines to the socket that `$NOTIFY_SOCKET` names, a path or, with a leading `@`, a
name in the abstract namespace. Started by hand there is no such socket, and nothing is sent.

A message is sent without waiting and a failure is told by `False`, never raised: being watched must not be able to stop the daemon. What a
lost message means is decided at the other end: without READY the start fails, without WATCHDOG the daemon is started anew.
"""

import os
import socket
import time
from datetime import timedelta


def ready(status: str) -> bool:
    """The daemon serves: links are up and the snapshot is reconciled. Also ends a reload."""
    return _send("READY=1", _status(status))


def reloading() -> bool:
    """The configuration is being read anew; `ready` follows, whether it was taken over or not."""
    return _send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> bool:
    """The daemon ends of its own accord or was told to."""
    return _send("STOPPING=1")


def alive() -> bool:
    """Feeds the watchdog. For the engine's own loop to call: a thread of its own would go on feeding while the engine hangs."""
    return _send("WATCHDOG=1")


def status(text: str) -> bool:
    """One line for `systemctl status`."""
    return _send(_status(text))


def watchdog_period() -> timedelta | None:
    """How long the service manager waits for `alive` before it kills; feed at half of it. `None`: nobody watches this process."""
    period, watched = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not period.isdecimal() or int(period) == 0 or watched not in {"", str(os.getpid())}:
        return None
    return timedelta(microseconds=int(period))


def _status(text: str) -> str:
    """A newline would begin an assignment of its own."""
    return f"STATUS={' '.join(text.split())}"


def _send(*assignments: str) -> bool:
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return False
    address = f"\0{name[1:]}" if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as outlet:
            outlet.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True
