"""The legs in our hands: our dialplan holds each with a few seconds of silence, after which it goes on by itself: that is the net.

An order is written into a variable of the leg, and then the silence is broken: the dialplan reads the order, carries it out and waits
again. So an order can only be given to a leg that waits; one that comes while a prompt is being played is kept until then, and the newest
counts. What a leg was told last is known here, so that only the end of that is believed.
"""

from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from callguard.pbx.esl import EslCommand, api

ORDER_VARIABLE: Final = "callguard_order"


@dataclass(slots=True)
class Hand:
    """A leg in our hands: whether it waits, what it is to be told when it does, and what it was told last.

    ``duration_ms`` is the length of the prompt that it plays as ``step``; 0 when it was asked for a key instead.
    """

    waits: bool
    pending: str = ""
    step: int = 0
    duration_ms: int = 0


@dataclass(slots=True)
class Hands:
    """Orders come from the engine's thread, what becomes of them from the link's."""

    legs: dict[str, Hand] = field(default_factory=dict)
    _gate: Lock = field(default_factory=Lock)

    def take(self, leg: str) -> None:
        """The dialplan holds the leg for us, and it waits; unless it was told something already."""
        with self._gate:
            self.legs.setdefault(leg, Hand(waits=True))

    def hold(self, leg: str, *, waits: bool) -> None:
        """A snapshot shows the leg in our hands; an earlier daemon may have told it something that it is still at."""
        with self._gate:
            self.legs.setdefault(leg, Hand(waits=waits))

    def give(self, leg: str) -> Hand | None:
        """The leg is the dialplan's again, or over."""
        with self._gate:
            return self.legs.pop(leg, None)

    def empty(self) -> None:
        """A new link: the snapshot will say what is ours."""
        with self._gate:
            self.legs.clear()

    def order(self, leg: str, order: str, step: int = 0, duration_ms: int = 0) -> tuple[EslCommand, ...]:
        """What to send so that the leg does this; nothing when it has to wait first, or is not ours."""
        with self._gate:
            hand = self.legs.get(leg)
            if hand is None:
                return ()
            hand.step, hand.duration_ms, hand.pending = step, duration_ms, order
            return _told(leg, hand) if hand.waits else ()

    def wait(self, leg: str) -> tuple[EslCommand, ...]:
        """The leg waits: what to send, if it was to be told something."""
        with self._gate:
            hand = self.legs.setdefault(leg, Hand(waits=True))
            hand.waits = True
            return _told(leg, hand) if hand.pending else ()

    def conclude(self, leg: str, step: int) -> Hand | None:
        """What the leg was told as this step, which has come to its end; ``None`` for anything older."""
        with self._gate:
            hand = self.legs.get(leg)
            if hand is None or not step or hand.step != step:
                return None
            told = Hand(waits=hand.waits, step=step, duration_ms=hand.duration_ms)
            hand.step = 0
            return told


def _told(leg: str, hand: Hand) -> tuple[EslCommand, ...]:
    order, hand.pending, hand.waits = hand.pending, "", False
    return api("uuid_setvar", f"{leg} {ORDER_VARIABLE} {order}", lane=leg), api("uuid_break", leg, lane=leg)
