"""The facts that `dialplan/asterisk/callguard.conf` tells of a call: a query string of percent-encoded values.

They come three ways: whole in a `UserEvent` at the start of the call, and without what is long as an argument of the async AGI
(`AsyncAGIStart`) and in the channel's application data, where a restarted daemon finds them. All text in them is what a caller or callee
chose to send.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote, unquote_plus

from callguard.call.events import CallStarted, HandedOver
from callguard.call.state import Direction
from callguard.pbx.border import Occasion, Parse, printable, uri_user

_WIDEBAND = ("g722", "slin1", "slin2", "slin3", "slin4", "slin9", "opus", "silk", "speex16", "speex32", "siren", "codec2")


@dataclass(frozen=True, slots=True)
class Facts:
    """The query string, taken apart; a value is decoded when it is asked for, and one that is not there is empty."""

    encoded: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Take apart; text that is no query string has no facts."""
        pairs = [pair.partition("=") for pair in text.split("&")]
        return cls({name: value for name, _, value in pairs if value})

    def __getitem__(self, name: str) -> str:
        value = self.encoded.get(name, "")
        return unquote_plus(value) if "%" in value or "+" in value else value

    @property
    def wideband(self) -> bool:
        """Whether Asterisk plays 16 kHz sounds on this channel and so counts `endpos` in them: `slin` alone is 8 kHz, `slin16` is not."""
        return self["format"].strip("(").startswith(_WIDEBAND)

    def started_at(self, otherwise: datetime) -> datetime:
        """The PBX's start of the call: from its CDR, else from the uniqueid of the caller's channel (whole seconds)."""
        for text in (self["start"], self["leg"].rpartition("-")[2].partition(".")[0]):
            moment = _epoch(text)
            if moment:
                return moment
        return otherwise

    def call_started(self, occasion: Occasion, direction: Direction, parse: Parse) -> CallStarted:
        """The first fact of a call. Redirecting numbers begin with the last one to redirect (RFC 5806: the topmost Diversion header)."""
        told = (self["from"], uri_user(self["by2"]), uri_user(self["by3"]), self["orig"])
        redirecting = dict.fromkeys(number for number in told if number)
        dialled, channel = parse(self["dialled"]), self["channel"] or occasion.channel
        where = occasion.where
        where["leg"] = self["leg"] or occasion.leg
        return CallStarted(
            **where,
            channel=channel,
            direction=direction,
            started_at=self.started_at(occasion.at),
            caller=parse(self["caller"]),
            callee=dialled,
            dialled=dialled.raw,
            redirecting=tuple(parse(number).raw for number in redirecting),
            equipment_ip=self["address"].rpartition(":")[0].strip("[]") or None,
            user_agent=printable(self["agent"]) or None,
            trunk=endpoint(channel),
            queue=printable(self["queue"]) or None,
        )

    def handed_over(self, occasion: Occasion, direction: Direction, parse: Parse) -> HandedOver:
        """The outside person's leg is ours: the caller's when inbound; when outbound the callee's, who after a transfer was not dialled."""
        called = self["callee"] or self["dialled"]
        return HandedOver(
            **occasion.where,
            channel=occasion.channel,
            number=parse(self["caller"] if direction is Direction.INBOUND else called),
        )


def agi_arguments(environment: str) -> list[str]:
    """The arguments of an async AGI in the `Env` of its start event, in order."""
    first = environment.find("%0Aagi_arg_")  # far behind much that nobody asks about
    lines = [line.partition(": ") for line in unquote(environment[max(first, 0) :]).split("\n")]
    return [value for name, _, value in lines if name.startswith("agi_arg_")]


def endpoint(channel: str) -> str:
    """`PJSIP/trunk-0000001a` is a channel of the endpoint `trunk`."""
    return channel.partition("/")[2].rpartition("-")[0]


def _epoch(text: str) -> datetime | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 32_503_680_000 else None
