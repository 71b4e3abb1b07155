"""Free ports for one private PBX on 127.0.0.1.

An Asterisk needs a whole range of RTP ports, and several of them run side by side in different test processes. Asking the kernel for
"any free port" gives single ports and gives them back to others at once, so the space below Linux' own ephemeral ports is cut into
slots instead. Whoever holds a UDP socket on the last port of a slot owns the slot; the kernel frees it when the owner dies, however
it dies.
"""

import random
import socket
from dataclasses import dataclass

_LOWEST = 5000
_EPHEMERAL = 32768  # ip_local_port_range of Linux begins here
_SLOT = 1400  # RTP and RTCP of about 340 calls of two legs


@dataclass(frozen=True, slots=True)
class PortSlot:
    """A slot of ports, owned for as long as `claim` stays open."""

    sip: int
    ami: int
    rtp: range
    claim: socket.socket

    def release(self) -> None:
        """Let others have the slot."""
        self.claim.close()


def claim_ports() -> PortSlot:
    """Own a slot whose SIP and AMI ports are free.

    Raises:
        RuntimeError: every slot has an owner.
    """
    starts = list(range(_LOWEST, _EPHEMERAL - _SLOT, _SLOT))
    random.shuffle(starts)
    for start in starts:
        slot = _try_slot(start)
        if slot is not None:
            return slot
    raise RuntimeError(f"all {len(starts)} port slots between {_LOWEST} and {_EPHEMERAL} are taken")


def _try_slot(start: int) -> PortSlot | None:
    claim = _bind(socket.SOCK_DGRAM, start + _SLOT - 1)
    if claim is None:
        return None
    sip, ami = start + _SLOT - 2, start + _SLOT - 3
    if not (_is_free(socket.SOCK_DGRAM, sip) and _is_free(socket.SOCK_STREAM, ami)):
        claim.close()
        return None
    # Asterisk wants the range to begin with an even port, and skips those that another program holds.
    return PortSlot(sip, ami, range(start, start + _SLOT - 4), claim)


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    bound = _bind(kind, port)
    if bound is None:
        return False
    bound.close()
    return True


def _bind(kind: socket.SocketKind, port: int) -> socket.socket | None:
    candidate = socket.socket(socket.AF_INET, kind)
    try:
        candidate.bind(("127.0.0.1", port))
    except OSError:
        candidate.close()
        return None
    return candidate
