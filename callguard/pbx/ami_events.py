"""AMI messages become call events here, by an allow-list: named headers are copied into frozen values and the message dies.

No header that could hold the text of an SMS is named in this module, and no event of a GSM gateway is asked for (C1). Caller-controlled
text passes only as a :class:`~callguard.call.state.Number` or a percent-encoded fact. Local channels are Asterisk's own plumbing, no party.

Asterisk writes a caller's number into its events as it is, line breaks and all (`%0D%0A` in a SIP user part; seen on 22.10). Our dialplan
takes them out of the calls that pass it, but any other call could still bring a header, or a whole event, of its caller's making: a key
that was never pressed, the hang-up of somebody else. So an event is believed only when it has each of :data:`ONCE` once, in whatever case,
and is dated once at most. A second `Uniqueid` shows a header that was put in; and an event that was put in whole needs them all, for
which the 79 characters of a number are too few.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote

from callguard.call import events as ev
from callguard.call.state import Direction
from callguard.pbx.ami import Headers
from callguard.pbx.ami_agi import CommandId
from callguard.pbx.ami_facts import Facts, agi_arguments, endpoint
from callguard.pbx.ami_orders import Hands
from callguard.pbx.ami_whispers import PREFIX, Whispers, is_whisper
from callguard.pbx.ami_wire import any_of, text
from callguard.pbx.border import Border, Occasion, direction_of, uri_user
from callguard.pbx.causes import cause_name

LOG = logging.getLogger("callguard.pbx.ami")

Deliver = Callable[[ev.Event | ev.MessageSeen], None]
Handler = Callable[[Headers], None]
Teller = Callable[[Headers, Occasion], None]

_STARTED = {"CallguardInbound": Direction.INBOUND, "CallguardOutbound": Direction.OUTBOUND}

ONCE = ("Privilege", "Channel", "ChannelState", "ChannelStateDesc", "Uniqueid", "Linkedid")
"""What Asterisk says of the channel in each event about one."""

SPIED = ("Privilege", "SpyerChannel", "SpyerUniqueid", "SpyerLinkedid", "SpyeeChannel", "SpyeeUniqueid", "SpyeeLinkedid")
"""The same of an event about two channels, of which one whispers into the other."""

_ONCE = frozenset(name.encode() for name in ONCE)
_SPIED_ONCE = frozenset(name.encode() for name in SPIED)
_DATED = frozenset({b"Timestamp"})
_SPOKEN = any_of(*ONCE, "Timestamp")
_SPIED = any_of(*SPIED, "Timestamp")


class AmiEvents:
    """The handlers of one PBX's events, by AMI event name in :attr:`handlers`; they also keep :attr:`hands`."""

    def __init__(self, border: Border, deliver: Deliver, whispers: Whispers) -> None:
        self.hands = Hands()
        self._whispers = whispers
        self._border = border
        self._deliver = deliver
        self._refused = 0
        tellers: Mapping[str, Teller] = {
            "AsyncAGIStart": self._agi_start,
            "AsyncAGIExec": self._agi_exec,
            "AsyncAGIEnd": self._agi_end,
            "Newstate": self._new_state,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "DTMFEnd": self._dtmf_end,
            "Hangup": self._hang_up,
            "Hold": lambda _, occasion: whispers.hold(occasion),
            "Unhold": lambda _, occasion: whispers.unhold(occasion),
        }
        self.handlers: Mapping[str, Handler] = {
            **{name: partial(self._tell, teller) for name, teller in tellers.items()},
            "UserEvent": self._user_event,
            "DialEnd": self._dialled,
            "ChanSpyStart": self._spy_start,
            "ChanSpyStop": self._spy_stop,
        }

    def _tell(self, teller: Teller, message: Headers) -> None:
        """Of an event that no caller has written into."""
        occasion = self.occasion(message)
        if occasion is not None:
            teller(message, occasion)
        else:
            self._refuse()

    def _refuse(self) -> None:
        """The log hears of the 1st, 2nd, 4th, 8th … that is not believed."""
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:
            LOG.warning("an AMI event that a caller may have written into was refused, refusal %d", self._refused)

    def occasion(self, message: Headers) -> Occasion | None:
        """Whose event this is, and when: Asterisk's `Timestamp` where `timestampevents` is on, else the receipt.

        ``None`` when a caller may have written into it. What every event needs is found in one go here.
        """
        found = message.find_all(_SPOKEN)
        told = dict(found)
        if len(told) != len(found) or told.keys() - _DATED != _ONCE:
            return None
        received_at = self._border.now()
        return Occasion(
            pbx=self._border.pbx,
            linkedid=text(told[b"Linkedid"]),
            leg=text(told[b"Uniqueid"]),
            channel=text(told[b"Channel"]),
            at=_moment(told.get(b"Timestamp")) or received_at,
            received_at=received_at,
        )

    def _agi_start(self, message: Headers, occasion: Occasion) -> None:
        if is_whisper(occasion.channel):
            self._whispers.waits(occasion)
            return
        direction_word, *rest = (*agi_arguments(message.get("Env") or ""), "")
        direction = direction_of(direction_word)
        if direction is None:
            return
        facts = Facts.read(rest[0])
        self.hands.take(occasion.leg, wideband=facts.wideband, answered=message.get("ChannelState") == "6")
        self._deliver(facts.call_started(occasion, direction, self._border.parse))
        self._deliver(facts.handed_over(occasion, direction, self._border.parse))

    def _agi_exec(self, message: Headers, occasion: Occasion) -> None:
        command = CommandId.read(message.get("CommandId") or "")
        answer = unquote(message.get("Result") or "")
        if command is not None and is_whisper(occasion.channel):
            self._whispers.ended(occasion, command, answer)
        elif command is not None:
            self._deliver(command.outcome(answer, occasion.where))

    def _agi_end(self, _message: Headers, occasion: Occasion) -> None:
        self.hands.give(occasion.leg)
        self._deliver(ev.HandedBack(**occasion.where))

    def _user_event(self, message: Headers) -> None:
        """Others may send user events too, about no channel at all; only ours are looked at."""
        name = message.get("UserEvent")
        if name in _STARTED:
            self._tell(partial(self._started, _STARTED[name]), message)
        elif name == "CallguardMessage":
            self._tell(self._message, message)

    def _started(self, direction: Direction, message: Headers, occasion: Occasion) -> None:
        facts = Facts.read(message.get("Facts") or "")
        self._deliver(facts.call_started(occasion, direction, self._border.parse))

    def _message(self, message: Headers, occasion: Occasion) -> None:
        """From and To only; the body has no header in this event and none is looked for."""
        direction = direction_of(message.get("Direction") or "")
        if direction is None:
            return
        self._deliver(
            ev.MessageSeen(
                pbx=occasion.pbx,
                at=occasion.at,
                received_at=occasion.received_at,
                direction=direction,
                sender=self._border.parse(uri_user(unquote(message.get("From") or ""))),
                recipient=self._border.parse(uri_user(unquote(message.get("To") or ""))),
            )
        )

    def _new_state(self, message: Headers, occasion: Occasion) -> None:
        if message.get("ChannelState") == "6":
            self._deliver(ev.LegAnswered(**occasion.where))

    def _dialled(self, message: Headers) -> None:
        """What was originated was dialled by nobody: then the event is about no channel but the one that was called."""
        if message.get("Channel") is not None:
            self._tell(self._dial_end, message)

    def _dial_end(self, message: Headers, occasion: Occasion) -> None:
        self._deliver(ev.DialEnded(**occasion.where, status=message.get("DialStatus") or ""))

    def _bridge_enter(self, message: Headers, occasion: Occasion) -> None:
        if occasion.channel.startswith(PREFIX) or message.get("BridgeTechnology") == "holding_bridge":
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

    def _bridge_leave(self, message: Headers, occasion: Occasion) -> None:
        self._deliver(ev.LegLeft(**occasion.where, bridge=message.get("BridgeUniqueid") or ""))

    def _dtmf_end(self, message: Headers, occasion: Occasion) -> None:
        """The other leg's `Sent` is the same key on its way out."""
        if message.get("Direction") == "Received":
            self._deliver(ev.DigitPressed(**occasion.where, key=message.get("Digit") or ""))

    def _spy_start(self, message: Headers) -> None:
        told = self._spied(message)
        if told is not None:
            self._whispers.attached(text(told[b"SpyerChannel"]), text(told[b"SpyeeUniqueid"]), _at(told, self._border))

    def _spy_stop(self, message: Headers) -> None:
        told = self._spied(message)
        if told is not None:
            self._whispers.detached(text(told[b"SpyerChannel"]), _at(told, self._border), self._border.now())

    def _spied(self, message: Headers) -> Mapping[bytes, bytes] | None:
        """What the event says, unless a caller may have written into it."""
        found = message.find_all(_SPIED)
        told = dict(found)
        if len(told) != len(found) or told.keys() - _DATED != _SPIED_ONCE:
            self._refuse()
            return None
        return told

    def _hang_up(self, message: Headers, occasion: Occasion) -> None:
        self._whispers.over(occasion)
        self._deliver(ev.LegGone(**occasion.where, cause=cause_name(message.get("Cause"))))


def _at(told: Mapping[bytes, bytes], border: Border) -> datetime:
    return _moment(told.get(b"Timestamp")) or border.now()


def pbx_time(message: Headers) -> datetime | None:
    """The PBX's time of the message (`timestampevents = yes`), microseconds kept."""
    return _moment(message.get("Timestamp"))


def _moment(stamp: str | bytes | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(stamp), UTC) if stamp else None
    except (ValueError, OverflowError, OSError):
        return None
