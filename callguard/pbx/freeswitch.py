"""FreeSWITCH as a :class:`~callguard.pbx.switch.Switch`: the link, the mapping of its events, and the orders as ESL commands.

A leg is in our hands from when our dialplan has it wait for us (or a snapshot shows it held) to its `callguard::back`, or its hang-up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from callguard.call.commands import ChannelCommand
from callguard.call.events import SnapshotTaken
from callguard.errors import LinkError
from callguard.pbx.border import Border
from callguard.pbx.esl import EslAddress, EslCommand, EslLink, LinkCallbacks, Outcome, Reply, api
from callguard.pbx.esl_events import FILTERS, EslEvents
from callguard.pbx.esl_news import EslNews
from callguard.pbx.esl_orders import Folders, Orders, follow_up, result
from callguard.pbx.esl_snapshot import Present, Snapshot
from callguard.pbx.esl_whispers import Whispers
from callguard.pbx.gate import Gate
from callguard.pbx.switch import Deliver, HeartbeatHeard, LinkDown, LinkUp

HEARTBEAT = "callguard_until"


@dataclass(frozen=True, slots=True)
class FreeswitchSite:
    """One FreeSWITCH: where it is, what faces the outside, and where it sees files."""

    address: EslAddress
    border: Border
    folders: Folders


class Freeswitch:
    """See the module. ``deliver`` is called in the link's thread; ``congested`` tells the link to stop reading for a while."""

    def __init__(self, site: FreeswitchSite, deliver: Deliver, congested: Callable[[], bool]) -> None:
        self.name = site.border.pbx
        self._site = site
        self._tell = deliver
        self._gate = Gate(deliver)
        self._whispers = Whispers(site.folders.sounds)
        self._events = EslEvents(site.border, site.folders.recordings, self._whispers, self._gate.deliver, self._send_on)
        self._orders = Orders(self._events.hands, self._whispers, site.folders)
        self._clock_ahead = timedelta()
        self._believed = False
        callbacks = LinkCallbacks(
            on_event={**self._events.handlers, **EslNews(site.border, deliver).handlers},
            filters=FILTERS,
            on_up=self._up,
            on_down=self._down,
            on_fatal=partial(self._down, fatal=True),
            congested=congested,
        )
        self._link = EslLink(site.address, callbacks)

    def start(self) -> None:
        """Connect and stay connected, in the link's own thread."""
        self._link.start()

    def stop(self) -> None:
        """Close the link; the legs stay in the hands of our dialplan, which goes on when its silence is over."""
        self._link.stop()

    def beat(self, seconds: float) -> None:
        """Write the heartbeat by the PBX's own clock, and ask for that clock for the next one."""
        until = self._now() + self._clock_ahead + timedelta(seconds=seconds)
        self._send([api("strepoch"), api("global_setvar", f"{HEARTBEAT}={int(until.timestamp())}")], self._on_beat)

    def perform(self, commands: Sequence[ChannelCommand]) -> None:
        """Translate and send in one write; the refusals that mean something come back as events."""
        ordered = [(command, sent) for command in commands for sent in self._orders.commands(command)]
        if ordered:
            by_sent = {id(sent): command for command, sent in ordered}
            self._send([sent for _, sent in ordered], partial(self._on_outcome, by_sent))

    def _send_on(self, commands: Sequence[EslCommand]) -> None:
        """An order that had to wait for its leg."""
        if commands:
            self._send(commands, _ignore)

    def _send(self, commands: Sequence[EslCommand], on_outcome: Callable[[EslCommand, Outcome], None]) -> None:
        try:
            self._link.send(commands, on_outcome)
        except LinkError as error:
            for command in commands:
                on_outcome(command, error)

    def _on_beat(self, command: EslCommand, outcome: Outcome) -> None:
        if not isinstance(outcome, Reply):
            return
        if command.name == "strepoch" and outcome.text.isdecimal():
            self._clock_ahead = datetime.fromtimestamp(int(outcome.text), UTC) - self._now()
        if command.name == "global_setvar" and not self._believed:
            self._believed = True
            self._tell(HeartbeatHeard(pbx=self.name, at=self._now()))

    def _on_outcome(self, commands: Mapping[int, ChannelCommand], sent: EslCommand, outcome: Outcome) -> None:
        command = commands[id(sent)]
        following = follow_up(command, sent, outcome)
        if following:
            self._send(following, partial(self._on_outcome, dict.fromkeys(map(id, following), command)))
        event = result(command, sent, outcome, self._now())
        if event is not None:
            self._gate.deliver(event)

    def _up(self) -> None:
        self._tell(LinkUp(pbx=self.name, at=self._now()))
        self._events.hands.empty()
        self._events.lines.empty()
        self._whispers.empty()
        self._believed = False
        self._gate.shut()
        Snapshot(self._site.border, self._site.folders.recordings, self._send, self._snapped, self._down).take()

    def _snapped(self, taken: SnapshotTaken, present: Present) -> None:
        """What has ended while it was taken is not taken up again."""
        back, gone = self._gate.back, self._gate.gone
        for sighting in taken.sightings:
            if sighting.in_hand and sighting.leg not in back:
                self._events.hands.hold(sighting.leg, waits=sighting.leg in present.waiting)
        people = {leg: person for leg, person in present.people.items() if leg not in gone}
        standing = {one.leg for one in present.answered} - gone
        self._events.lines.restore(people, standing, [one.joined for one in taken.sightings if one.joined and one.leg not in gone])
        self._tell(taken)
        for answered in present.answered:
            self._tell(answered)
        self._gate.open()

    def _down(self, reason: str, *, fatal: bool = False) -> None:
        self._gate.open()
        self._tell(LinkDown(pbx=self.name, at=self._now(), reason=reason, fatal=fatal))

    def _now(self) -> datetime:
        return self._site.border.now()


def _ignore(_command: EslCommand, _outcome: Outcome) -> None:
    """A leg that could not be told is over, or says so itself."""
