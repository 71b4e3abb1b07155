"""Asterisk as a :class:`~callguard.pbx.switch.Switch`: the link, the mapping of its events, and the orders as AMI actions.

A leg is in our hands from its `AsyncAGIStart` (or a snapshot that shows it waiting) to its `AsyncAGIEnd`. Orders for any other are not
sent: a late `ASYNCAGI BREAK` would stay in Asterisk's queue and break the next hand-over of that channel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import PurePosixPath

from callguard.call.commands import ChannelCommand
from callguard.call.events import SnapshotTaken
from callguard.errors import LinkError
from callguard.pbx.ami import AmiAction, AmiAddress, AmiLink, LinkCallbacks, Outcome, Reply
from callguard.pbx.ami_events import AmiEvents, pbx_time
from callguard.pbx.ami_news import AmiNews
from callguard.pbx.ami_orders import Orders, follow_up, result
from callguard.pbx.ami_snapshot import Snapshot
from callguard.pbx.ami_whispers import Whispers, ignore
from callguard.pbx.border import Border
from callguard.pbx.gate import Gate
from callguard.pbx.switch import Deliver, HeartbeatHeard, LinkDown, LinkUp

HEARTBEAT = "CALLGUARD_UNTIL"


@dataclass(frozen=True, slots=True)
class AsteriskSite:
    """One Asterisk: where it is, what faces the outside, and where it sees the recordings root."""

    address: AmiAddress
    border: Border
    pbx_root: PurePosixPath


class Asterisk:
    """See the module. ``deliver`` is called in the link's thread; ``congested`` tells the link to stop reading for a while."""

    def __init__(self, site: AsteriskSite, deliver: Deliver, congested: Callable[[], bool]) -> None:
        self.name = site.border.pbx
        self._site = site
        self._tell = deliver
        self._gate = Gate(deliver)
        self._whispers = Whispers(self._send, self._gate.deliver)
        self._events = AmiEvents(site.border, self._gate.deliver, self._whispers)
        self._orders = Orders(self._events.hands, self._whispers, site.pbx_root)
        self._clock_ahead = timedelta()
        self._believed = False
        callbacks = LinkCallbacks(
            on_event={**self._events.handlers, **AmiNews(site.border, deliver).handlers},
            on_up=self._up,
            on_down=self._down,
            on_fatal=partial(self._down, fatal=True),
            congested=congested,
        )
        self._link = AmiLink(site.address, callbacks)

    def start(self) -> None:
        """Connect and stay connected, in the link's own thread."""
        self._link.start()

    def stop(self) -> None:
        """Close the link; the channels stay in the hands of the PBX's net."""
        self._link.stop()

    def beat(self, seconds: float) -> None:
        """Write the heartbeat by the PBX's own clock, and ask for that clock for the next one."""
        until = self._site.border.now() + self._clock_ahead + timedelta(seconds=seconds)
        value = AmiAction("Setvar", (("Variable", HEARTBEAT), ("Value", str(int(until.timestamp())))))
        self._send([AmiAction("Ping"), value], self._on_beat)

    def perform(self, commands: Sequence[ChannelCommand]) -> None:
        """Translate and send in one write; the outcomes that mean something come back as events."""
        ordered = [(command, action) for command in commands for action in self._orders.actions(command)]
        if ordered:
            by_action = {id(action): command for command, action in ordered}
            self._send([action for _, action in ordered], partial(self._on_outcome, by_action))

    def _send(self, actions: Sequence[AmiAction], on_outcome: Callable[[AmiAction, Outcome], None]) -> None:
        try:
            self._link.send(actions, on_outcome)
        except LinkError as error:
            for action in actions:
                on_outcome(action, error)

    def _on_beat(self, action: AmiAction, outcome: Outcome) -> None:
        if not isinstance(outcome, Reply):
            return
        told = pbx_time(outcome.headers) if action.name == "Ping" else None
        if told:
            self._clock_ahead = told - self._now()
        if action.name == "Setvar" and not self._believed:
            self._believed = True
            self._tell(HeartbeatHeard(pbx=self.name, at=self._now()))

    def _on_outcome(self, commands: dict[int, ChannelCommand], action: AmiAction, outcome: Outcome) -> None:
        command = commands[id(action)]
        following = follow_up(command, action, outcome)
        if following:
            self._send(following, partial(self._on_outcome, dict.fromkeys(map(id, following), command)))
            return
        event = result(command, action, outcome, self._now())
        if event is not None:
            self._gate.deliver(event)

    def _up(self) -> None:
        self._tell(LinkUp(pbx=self.name, at=self._now()))
        self._events.hands.empty()
        self._whispers.empty()
        self._believed = False
        self._gate.shut()
        Snapshot(self._site.border, self._send, self._snapped, self._down).take()

    def _snapped(self, taken: SnapshotTaken) -> None:
        """A leg that has left our hands while it was taken is not held again. What an earlier daemon began to say to somebody ends."""
        back = self._gate.back
        strays = [action for sighting in taken.sightings for action in self._whispers.stray(sighting.channel)]
        if strays:
            self._send(strays, ignore)
        for sighting in taken.sightings:
            if sighting.in_hand and sighting.leg not in back:
                self._events.hands.hold(sighting.leg, wideband=sighting.wideband)
        self._tell(taken)
        self._gate.open()

    def _down(self, reason: str, *, fatal: bool = False) -> None:
        self._gate.open()
        self._tell(LinkDown(pbx=self.name, at=self._now(), reason=reason, fatal=fatal))

    def _now(self) -> datetime:
        return self._site.border.now()
