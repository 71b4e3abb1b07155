"""UDP sockets whose packets carry the moment at which they came.

The kernel stamps each packet, and the stamp is carried over to the monotonic clock. A phone that shares an interpreter with twenty others
may look at a packet late; what it says about time stays right all the same.

Source: SO_TIMESTAMPNS in socket(7).
"""

import socket
import struct
import time

Address = tuple[str, int]

_SO_TIMESTAMPNS = 35


def bound(host: str) -> socket.socket:
    """A stamped, non-blocking socket on a free even port: the odd one above it is where a peer sends its RTCP (RFC 3550, 11)."""
    for _ in range(100):
        candidate = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        candidate.bind((host, 0))
        if candidate.getsockname()[1] % 2 == 0:
            candidate.setblocking(False)
            candidate.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            return candidate
        candidate.close()
    raise OSError(f"no even port free on {host}")


def receive(source: socket.socket) -> tuple[bytes, Address, float] | None:
    """The next packet, its sender and when it came (monotonic seconds); None when nothing waits."""
    while True:
        try:
            packet, ancillary, _, sender = source.recvmsg(65535, 64)
        except BlockingIOError:
            return None
        except ConnectionRefusedError:
            continue  # an ICMP answer to something we sent, not the end of what waits for us
        return packet, sender, _arrival(ancillary)


def send(source: socket.socket, packet: bytes, to: Address) -> None:
    """Send; that nobody listens there any more is for the protocol above to find out."""
    try:
        source.sendto(packet, to)
    except ConnectionRefusedError:
        return


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    now = time.monotonic()
    for _, kind, stamp in ancillary:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@ll", stamp[:16])
            age: float = time.clock_gettime(time.CLOCK_REALTIME) - seconds - nanoseconds / 1e9
            return now - max(0.0, age)
    return now
