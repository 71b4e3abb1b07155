"""What FreeSWITCH tells of a leg: the same headers stand in each event about it and in `uuid_dump`, so a snapshot reads as an event does.

Named headers are copied, the rest is never looked at; `variable_digits_dialed`, which holds every key the person pressed, is not named.
A caller's text passes only as a number or as one printable line. What callguard's own dialplan says is in variables `callguard_*`, which no
caller can set: what comes of a SIP header is called `sip_…`. The name of a channel can be chosen by a caller (`X-FS-Channel-Name`), so who
is outside is told by the SIP profile and the gateway.
"""

import re
from datetime import UTC, datetime
from typing import Protocol

from callguard.call.events import CallStarted, HandedOver, LegJoined
from callguard.call.state import Direction, Number
from callguard.pbx.border import Border, Where, direction_of, printable, uri_user

_DIVERTED = re.compile(r"<(?:sips?|tel):[^>]*>|(?:sips?|tel):[^\s<>;,|]*")
_DIVERSIONS = 10
_NARROWBAND_HZ = 8_000

WAITING = ("silence_stream://5000", "silence_stream://3000")
"""What our dialplan plays while a leg waits for us, behind the hand-over and behind an order, and nothing else does."""


class Told(Protocol):
    """Headers by name: those of an event, or of `uuid_dump` as JSON."""

    def get(self, name: str, /) -> str | None:
        """The value, un-quoted; ``None`` where there is no such header."""


def hand_of(told: Told) -> Direction | None:
    """Whether the leg is in the daemon's hands, and of which kind of call (`callguard_hand`, by our dialplan)."""
    return direction_of(told.get("variable_callguard_hand") or "")


def is_waiting(told: Told) -> bool:
    """Whether a leg that is in our hands waits for an order at present, by a dump of it."""
    return told.get("variable_current_application") == "sleep" or told.get("variable_current_application_data") in WAITING


def leg_of(told: Told) -> str:
    """The leg's uuid."""
    return told.get("Unique-ID") or ""


def call_of(told: Told) -> str:
    """The uuid of the call: that of its first leg, which our dialplan exports to those that it calls."""
    return told.get("variable_callguard_call") or told.get("Channel-Call-UUID") or leg_of(told)


def occasion(told: Told, border: Border) -> Where:
    """Whose event this is, and when by the PBX's clock; a dump tells no time."""
    received_at = border.now()
    at = moment(told.get("Event-Date-Timestamp")) or received_at
    return {"pbx": border.pbx, "linkedid": call_of(told), "leg": leg_of(told), "at": at, "received_at": received_at}


def channel_of(told: Told) -> str:
    """The name of the leg, for people to read."""
    return printable(told.get("Channel-Name") or "")


def moment(microseconds: str | None) -> datetime | None:
    """A time of FreeSWITCH; ``None`` for 0, which stands for never."""
    if not microseconds or not microseconds.isdecimal() or not 0 < int(microseconds) < 32_503_680_000_000_000:
        return None
    return datetime.fromtimestamp(int(microseconds) / 1_000_000, UTC)


def is_answered(told: Told) -> bool:
    """Whether the leg is answered, and not hung up."""
    return told.get("Answer-State") == "answered"


def is_outside(told: Told, border: Border) -> bool:
    """Whether the leg came in or went out through a gateway or profile that faces the outside world."""
    names = ("variable_sip_gateway", "variable_sip_gateway_name", "variable_sofia_profile_name")
    return any(told.get(name) in border.trunks for name in names)


def person(told: Told, border: Border) -> Number:
    """The number of whoever is on this leg: of a leg that we made, the one that was called."""
    called = told.get("Call-Direction") == "outbound"
    return border.parse((told.get("Caller-Destination-Number") if called else told.get("Caller-Caller-ID-Number")) or "")


def call_started(told: Told, direction: Direction, border: Border) -> CallStarted:
    """The first fact of a call, told of its caller's leg. After a transfer only `sip_req_user` still knows what was dialled."""
    seen = occasion(told, border)
    dialled = _first(told, "variable_callguard_dialled", "variable_sip_req_user", "Caller-Destination-Number")
    return CallStarted(
        **seen,
        channel=channel_of(told),
        direction=direction,
        started_at=moment(told.get("Caller-Channel-Created-Time")) or seen["at"],
        caller=border.parse(told.get("Caller-Caller-ID-Number") or ""),
        callee=border.parse(dialled),
        dialled=border.parse(dialled).raw,
        redirecting=tuple(border.parse(number).raw for number in redirecting(told)),
        equipment_ip=printable(_first(told, "variable_sip_network_ip", "Caller-Network-Addr")) or None,
        user_agent=printable(told.get("variable_sip_user_agent") or "") or None,
        trunk=_first(told, "variable_sip_gateway", "variable_sofia_profile_name") or None,
        queue=printable(told.get("variable_callguard_queue") or "") or None,
    )


def handed_over(told: Told, border: Border) -> HandedOver:
    """The outside person's leg is ours."""
    return HandedOver(**occasion(told, border), channel=channel_of(told), number=person(told, border))


def joined(told: Told, bridge: str, border: Border) -> LegJoined:
    """The leg is in that bridge."""
    where, channel = occasion(told, border), channel_of(told)
    return LegJoined(**where, channel=channel, bridge=bridge, number=person(told, border), outside=is_outside(told, border))


def redirecting(told: Told) -> tuple[str, ...]:
    """Who redirected the call, the last one first (RFC 5806: the topmost Diversion header).

    FreeSWITCH keeps one header of several, unless the profile has `parse-all-invite-headers`.
    """
    text = _first(told, "variable_sip_i_diversion", "variable_sip_h_Diversion")
    found = (uri_user(uri) for uri in _DIVERTED.findall(text))
    return tuple(dict.fromkeys(number for number in found if number))[:_DIVERSIONS]


def _first(told: Told, *names: str) -> str:
    return next((value for value in map(told.get, names) if value), "")


def played_ms(told: Told, variable: str) -> int:
    """How much of a prompt was played; 0 where nothing was, as with a missing file: our dialplan unsets what an earlier sound left.

    The variable counts samples at the rate of the leg's codec (`playback_last_offset_pos`, measured on 1.10.12). `playback_ms` does not
    tell it: it counts what was read from the file, ahead of what was played, and says 3000 of a prompt cut at 2.1 s.
    """
    samples, rate = (told.get(name) or "" for name in (variable, "Channel-Read-Codec-Rate"))
    if not samples.isdecimal():
        return 0
    return int(samples) * 1000 // (int(rate) if rate.isdecimal() and int(rate) else _NARROWBAND_HZ)
