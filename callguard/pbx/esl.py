"""ESL, as the rest of `pbx` sees it: a link that keeps itself alive, commands with one outcome each, headers read by name.

    other threads ── send / ask ──► EslLink ─► EslSession ─► EslProtocol ══ TCP ══ FreeSWITCH
                                       ▲        (login,        (blocks, waits, lanes)
          LinkCallbacks ◄── its thread ┘         watch)

greenswitch 0.0.19 opens the connection; what it does wrong is replaced in a subclass, row by row as
`tests/integration/test_greenswitch_stock.py` shows on greenswitch itself. ESL has no TLS: to a FreeSWITCH on another machine it belongs
into a tunnel.
"""

from callguard.pbx.esl_bounds import EslBounds
from callguard.pbx.esl_command import QUICK, EslAddress, EslCommand, OnOutcome, Outcome, Reply, api, job
from callguard.pbx.esl_link import EslLink
from callguard.pbx.esl_routes import OnEvent
from callguard.pbx.esl_session import LinkCallbacks
from callguard.pbx.esl_wire import Headers

__all__ = [
    "QUICK",
    "EslAddress",
    "EslBounds",
    "EslCommand",
    "EslLink",
    "Headers",
    "LinkCallbacks",
    "OnEvent",
    "OnOutcome",
    "Outcome",
    "Reply",
    "api",
    "job",
]
