"""Who talks with whom: FreeSWITCH tells of a pair on one of its two legs, and may join them before the other is answered (early media).

A conversation is one between answered people, as on every switch: one of our own phones is in a bridge from the moment when it is joined
and answered. Not so an outside person, of whom a word may be heard before the answer, nor somebody of whom nothing is known: they are told
as soon as they are joined, so that no recording goes on over them.

A bridge of FreeSWITCH has no name of its own, and is named here by its two legs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from callguard.call.events import LegJoined, LegLeft
from callguard.call.state import NOBODY
from callguard.pbx.border import Border, Where
from callguard.pbx.esl_facts import Told, is_answered, joined, leg_of, occasion


@dataclass(slots=True)
class Lines:
    """The legs as their joining would tell them, which are answered, the bridge that each is in, and whose joining was told."""

    border: Border
    people: dict[str, LegJoined] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    bridges: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def know(self, told: Told) -> None:
        """What this leg says of itself."""
        self.people[leg_of(told)] = joined(told, "", self.border)
        if is_answered(told):
            self.answered.add(leg_of(told))

    def answer(self, told: Told) -> Iterator[LegJoined]:
        """The leg is answered; it may have been joined before."""
        self.know(told)
        yield from self._meet(self.bridges.get(leg_of(told), ""), told)

    def join(self, told: Told) -> Iterator[LegJoined]:
        """Two legs are joined."""
        self.know(told)
        pair = pair_of(told)
        self.bridges.update(dict.fromkeys(pair, name_of(*pair)))
        yield from self._meet(name_of(*pair), told)

    def part(self, told: Told) -> Iterator[LegLeft]:
        """They are no longer."""
        seen = occasion(told, self.border)
        for leg in pair_of(told):
            bridge = self.bridges.pop(leg, None)
            if bridge is not None and leg in self.told:
                self.told.discard(leg)
                known = self.people.get(leg)
                where: Where = {**seen, "leg": leg, "linkedid": known.linkedid if known else seen["linkedid"]}
                yield LegLeft(**where, bridge=bridge)

    def restore(self, people: Mapping[str, LegJoined], answered: Collection[str], joined: Iterable[LegJoined]) -> None:
        """What a snapshot shows: people, who of them is answered, and those whose being in a bridge it tells."""
        self.people.update(people)
        self.answered.update(answered)
        for one in joined:
            self.bridges[one.leg] = one.bridge
            self.told.add(one.leg)

    def end(self, leg: str) -> None:
        """The leg hung up."""
        self.people.pop(leg, None)
        self.bridges.pop(leg, None)
        self.answered.discard(leg)
        self.told.discard(leg)

    def empty(self) -> None:
        """A new link: the snapshot will say who is there."""
        self.people.clear()
        self.answered.clear()
        self.bridges.clear()
        self.told.clear()

    def _meet(self, bridge: str, told: Told) -> Iterator[LegJoined]:
        """Our own people first, whoever was talking before last: by then it is known who listens."""
        if not bridge:
            return
        now = occasion(told, self.border)
        present = [self._person(leg, now["linkedid"]) for leg, other in self.bridges.items() if other == bridge]
        if not all(talks(one, self.answered) for one in present):
            return
        for one in sorted(present, key=lambda person: (person.outside, person.leg in self.answered)):
            if one.leg not in self.told:
                self.told.add(one.leg)
                answered = one.leg in self.answered
                yield replace(one, bridge=bridge, answered=answered, at=now["at"], received_at=now["received_at"])

    def _person(self, leg: str, linkedid: str) -> LegJoined:
        known, now = self.people.get(leg), self.border.now()
        if known is not None:
            return known
        where: Where = {"pbx": self.border.pbx, "linkedid": linkedid, "leg": leg, "at": now, "received_at": now}
        return LegJoined(**where, channel="", bridge="", number=NOBODY, outside=True)


def talks(person: LegJoined, answered: Collection[str]) -> bool:
    """Whether somebody who is in a bridge is to be reckoned with."""
    return person.outside or person.leg in answered


def pair_of(told: Told) -> tuple[str, str]:
    """The two legs of a `CHANNEL_BRIDGE` or `CHANNEL_UNBRIDGE`."""
    return told.get("Bridge-A-Unique-ID") or leg_of(told), told.get("Bridge-B-Unique-ID") or told.get("Other-Leg-Unique-ID") or ""


def name_of(one: str, other: str) -> str:
    """The name of the bridge between two legs, whichever of them tells of it."""
    return "/".join(sorted((one, other)))
