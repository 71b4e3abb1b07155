"""Asks an Asterisk over AMI whether all its modules are loaded.

`FullyBooted` is sent to a new session at once when that is so, and otherwise as soon as it is (only with `system` in `read=`).
"""

import socket

_ANSWER_BOUND_S = 5.0


def is_fully_booted(port: int, username: str, secret: str) -> bool:
    """False when nobody listens yet, when the login is refused, or when `FullyBooted` does not come within 5 s."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_BOUND_S) as link:
            link.sendall(f"Action: Login\r\nUsername: {username}\r\nSecret: {secret}\r\n\r\n".encode())
            return _wait_for(link, b"Event: FullyBooted")
    except OSError:
        return False


def _wait_for(link: socket.socket, needle: bytes) -> bool:
    seen = b""
    while needle not in seen:
        received = link.recv(4096)
        if not received:
            return False
        seen += received
    return True
