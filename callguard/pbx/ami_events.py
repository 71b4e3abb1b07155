"""AMI messages become call events here, by an allow-list: named headers are copied into frozen values and the message dies.

No header that could hold the text of an SMS is named in this module, and no event of a GSM gateway is asked for (C1). Caller-controlled
text passes only as a :class:`~callguard.call.state.Number` or a percent-encoded fact. Local channels are Asterisk's own plumbing, no party.

Asterisk writes a caller's number into its events as it is, line breaks and all (`%0D%0A` in a SIP user part; seen on 22.10). Our dialplan
takes them out of the calls that pass it, but any other call could still bring a header, or a whole event, of its caller's making: a key
that was never pressed, the hang-up of somebody else. So an event is believed only when it has each of :data:`ONCE` exactly once. A second
`Uniqueid` shows a header that was put in; and an event that was put in whole needs them all, for which the 79 characters of a number are
too few.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from callguard.call import events as ev
from callguard.call.state import Direction
from callguard.pbx.ami import Headers
from callguard.pbx.ami_agi import CommandId
from callguard.pbx.ami_facts import Facts, agi_arguments, endpoint
from callguard.pbx.ami_orders import Hands
from callguard.pbx.border import Border, Occasion, direction_of, uri_user
from callguard.pbx.causes import cause_name

LOG = logging.getLogger("callguard.pbx.ami")

Deliver = Callable[[ev.Event | ev.MessageSeen], None]
Handler = Callable[[Headers], None]

_STARTED = {"CallguardInbound": Direction.INBOUND, "CallguardOutbound": Direction.OUTBOUND}

ONCE = ("Privilege", "Channel", "ChannelState", "ChannelStateDesc", "Uniqueid", "Linkedid")
"""What Asterisk says of the channel in each event about one."""


class AmiEvents:
    """The handlers of one PBX's events, by AMI event name in :attr:`handlers`; they also keep :attr:`hands`."""

    def __init__(self, border: Border, deliver: Deliver) -> None:
        self.hands = Hands()
        self._border = border
        self._deliver = deliver
        self._refused = 0
        handlers: Mapping[str, Handler] = {
            "AsyncAGIStart": self._agi_start,
            "AsyncAGIExec": self._agi_exec,
            "AsyncAGIEnd": self._agi_end,
            "Newstate": self._new_state,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "DTMFEnd": self._dtmf_end,
            "Hangup": self._hang_up,
        }
        self.handlers: Mapping[str, Handler] = {
            **{name: self.believed(handler) for name, handler in handlers.items()},
            "UserEvent": self._user_event,
        }

    def believed(self, handler: Handler) -> Handler:
        """The handler, for those events only that no caller has written into."""
        return lambda message: handler(message) if self._believes(message) else None

    def _believes(self, message: Headers) -> bool:
        """The log hears of the 1st, 2nd, 4th, 8th … that is not believed."""
        if all(message.count(name) == 1 for name in ONCE):
            return True
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:
            LOG.warning("an AMI event that a caller may have written into was refused, refusal %d", self._refused)
        return False

    def occasion(self, message: Headers) -> Occasion:
        """Whose event this is, and when: Asterisk's `Timestamp` where `timestampevents` is on, else the receipt."""
        received_at = self._border.now()
        return Occasion(
            pbx=self._border.pbx,
            linkedid=message.get("Linkedid") or "",
            leg=message.get("Uniqueid") or "",
            channel=message.get("Channel") or "",
            at=pbx_time(message) or received_at,
            received_at=received_at,
        )

    def _agi_start(self, message: Headers) -> None:
        direction_word, *rest = (*agi_arguments(message.get("Env") or ""), "")
        direction = direction_of(direction_word)
        if direction is None:
            return
        facts, occasion = Facts.read(rest[0]), self.occasion(message)
        self.hands.take(occasion.leg, wideband=facts.wideband, answered=message.get("ChannelState") == "6")
        self._deliver(facts.call_started(occasion, direction, self._border.parse))
        self._deliver(facts.handed_over(occasion, direction, self._border.parse))

    def _agi_exec(self, message: Headers) -> None:
        command = CommandId.read(message.get("CommandId") or "")
        if command is None:
            return
        occasion = self.occasion(message)
        self._deliver(command.outcome(unquote(message.get("Result") or ""), occasion.where))

    def _agi_end(self, message: Headers) -> None:
        occasion = self.occasion(message)
        self.hands.give(occasion.leg)
        self._deliver(ev.HandedBack(**occasion.where))

    def _user_event(self, message: Headers) -> None:
        """Others may send user events too, about no channel at all; only ours are looked at."""
        name = message.get("UserEvent")
        if name not in (*_STARTED, "CallguardMessage") or not self._believes(message):
            return
        if name in _STARTED:
            facts = Facts.read(message.get("Facts") or "")
            self._deliver(facts.call_started(self.occasion(message), _STARTED[name], self._border.parse))
        else:
            self._message(message)

    def _message(self, message: Headers) -> None:
        """From and To only; the body has no header in this event and none is looked for."""
        direction = direction_of(message.get("Direction") or "")
        if direction is None:
            return
        received_at = self._border.now()
        self._deliver(
            ev.MessageSeen(
                pbx=self._border.pbx,
                at=pbx_time(message) or received_at,
                received_at=received_at,
                direction=direction,
                sender=self._border.parse(uri_user(unquote(message.get("From") or ""))),
                recipient=self._border.parse(uri_user(unquote(message.get("To") or ""))),
            )
        )

    def _new_state(self, message: Headers) -> None:
        if message.get("ChannelState") == "6":
            self._deliver(ev.LegAnswered(**self.occasion(message).where))

    def _dial_end(self, message: Headers) -> None:
        self._deliver(ev.DialEnded(**self.occasion(message).where, status=message.get("DialStatus") or ""))

    def _bridge_enter(self, message: Headers) -> None:
        occasion = self.occasion(message)
        if occasion.channel.startswith("Local/") or message.get("BridgeTechnology") == "holding_bridge":
            return
        self._deliver(
            ev.LegJoined(
                **occasion.where,
                channel=occasion.channel,
                bridge=message.get("BridgeUniqueid") or "",
                number=self._border.parse(message.get("CallerIDNum") or ""),
                outside=endpoint(occasion.channel) in self._border.trunks,
            )
        )

    def _bridge_leave(self, message: Headers) -> None:
        self._deliver(ev.LegLeft(**self.occasion(message).where, bridge=message.get("BridgeUniqueid") or ""))

    def _dtmf_end(self, message: Headers) -> None:
        """The other leg's `Sent` is the same key on its way out."""
        if message.get("Direction") == "Received":
            self._deliver(ev.DigitPressed(**self.occasion(message).where, key=message.get("Digit") or ""))

    def _hang_up(self, message: Headers) -> None:
        self._deliver(ev.LegGone(**self.occasion(message).where, cause=cause_name(message.get("Cause"))))


def pbx_time(message: Headers) -> datetime | None:
    """The PBX's time of the message (`timestampevents = yes`), microseconds kept."""
    stamp = message.get("Timestamp")
    try:
        return datetime.fromtimestamp(float(stamp), UTC) if stamp else None
    except (ValueError, OverflowError, OSError):
        return None
