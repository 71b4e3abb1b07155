"""Who talks with whom: FreeSWITCH tells of a pair on one of its two legs, and may join them before the other is answered (early media).

A conversation is one between answered people, as on every switch: a leg is in a bridge from the moment when both are answered and joined.
A bridge of FreeSWITCH has no name of its own, and is named here by its two legs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from callguard.call.events import LegJoined, LegLeft
from callguard.pbx.border import Border
from callguard.pbx.esl_facts import Told, is_answered, joined, leg_of, occasion


@dataclass(slots=True)
class Lines:
    """The answered legs as their joining would tell them, the bridge that each leg is in, and those whose joining was told."""

    border: Border
    answered: dict[str, LegJoined] = field(default_factory=dict)
    bridges: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def know(self, told: Told) -> None:
        """What this leg says of itself, if it is answered."""
        if is_answered(told):
            self.answered[leg_of(told)] = joined(told, "", self.border)

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
                yield LegLeft(**replace(seen, leg=leg, linkedid=self._call(leg, seen.linkedid)).where, bridge=bridge)

    def restore(self, people: Mapping[str, LegJoined], joined: Iterable[LegJoined]) -> None:
        """What a snapshot shows: answered people, and those of them whose being in a bridge it tells."""
        self.answered.update(people)
        for one in joined:
            self.bridges[one.leg] = one.bridge
            self.told.add(one.leg)

    def end(self, leg: str) -> None:
        """The leg hung up."""
        self.answered.pop(leg, None)
        self.bridges.pop(leg, None)
        self.told.discard(leg)

    def empty(self) -> None:
        """A new link: the snapshot will say who is there."""
        self.answered.clear()
        self.bridges.clear()
        self.told.clear()

    def _call(self, leg: str, otherwise: str) -> str:
        known = self.answered.get(leg)
        return known.linkedid if known else otherwise

    def _meet(self, bridge: str, told: Told) -> Iterator[LegJoined]:
        """Our own people first: by the time an outside person comes, it is known who listens."""
        present = [leg for leg, other in self.bridges.items() if other == bridge]
        if not bridge or not all(leg in self.answered for leg in present):
            return
        now = occasion(told, self.border)
        for leg in sorted(present, key=lambda one: self.answered[one].outside):
            if leg not in self.told:
                self.told.add(leg)
                yield replace(self.answered[leg], bridge=bridge, at=now.at, received_at=now.received_at)


def pair_of(told: Told) -> tuple[str, str]:
    """The two legs of a `CHANNEL_BRIDGE` or `CHANNEL_UNBRIDGE`."""
    return told.get("Bridge-A-Unique-ID") or leg_of(told), told.get("Bridge-B-Unique-ID") or told.get("Other-Leg-Unique-ID") or ""


def name_of(one: str, other: str) -> str:
    """The name of the bridge between two legs, whichever of them tells of it."""
    return "/".join(sorted((one, other)))
