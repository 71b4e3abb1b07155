"""AMI, as the rest of `pbx` sees it: a link that keeps itself alive, actions with one outcome each, headers read by name.

    other threads ── send / ask ──► AmiLink ─► AmiSession ─► AmiProtocol ══ TCP or TLS ══ Asterisk
                                       ▲        (login,        (messages, waits)
          LinkCallbacks ◄── its thread ┘         watch)

panoramisk 1.4 opens the connection and writes the actions; what it does wrong is replaced in subclasses of its manager and protocol,
row by row as `tests/integration/test_panoramisk_stock.py` shows on panoramisk itself.
"""

from callguard.pbx.ami_action import AmiAction, AmiAddress, OnOutcome, Outcome, Reply
from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_link import AmiLink
from callguard.pbx.ami_protocol import OnEvent
from callguard.pbx.ami_session import LinkCallbacks
from callguard.pbx.ami_wire import Headers

__all__ = ["AmiAction", "AmiAddress", "AmiBounds", "AmiLink", "Headers", "LinkCallbacks", "OnEvent", "OnOutcome", "Outcome", "Reply"]
