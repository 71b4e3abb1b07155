"""The ways in which a fixture is replayed: whole, from some message on, and through a death and a return of the daemon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Final

from callguard.call.state import Call
from callguard.pbx.ami_wire import Headers
from tests.replay.fixtures import Fixture, Mark, Step, Told, load
from tests.replay.link import Paper
from tests.replay.pbx_model import Channels, progress, without_files
from tests.replay.replaying import Clock, Replay, board_of
from tests.replay.rows import through_rows

BURST: Final = timedelta(milliseconds=1)


@dataclass
class Course:
    """A fixture and what was true before each of its steps, and after the last."""

    fixture: Fixture

    @cached_property
    def channels(self) -> list[Channels | None]:
        """Of the PBX; None where nobody could know."""
        return progress(self.fixture)

    @cached_property
    def offsets(self) -> list[int]:
        """Bytes received."""
        offsets = [0]
        for step in self.fixture.steps:
            offsets.append(step.end if isinstance(step, Told) else offsets[-1])
        return offsets

    @cached_property
    def times(self) -> list[datetime]:
        """By the PBX's clock, or by ours where it has told nothing since."""
        times = [step.at for step in self.fixture.steps[:1] if step.at]
        for step in self.fixture.steps:
            times.append(max(times[-1], step.at or times[-1]))
        return times

    def fresh(self) -> Replay:
        """A daemon that was just started, at the beginning of the fixture."""
        return Replay(self.fixture, Paper(self.fixture.sent))

    @cached_property
    def whole(self) -> Replay:
        """The fixture from its first byte to its last, in the pieces in which a daemon takes it in."""
        replay = self.fresh()
        place = 1
        for steps in bursts(self.fixture.steps[1:]):
            place += len(steps)
            replay.take(steps, self.channels[place])
        replay.finish()
        return replay

    @cached_property
    def one_by_one(self) -> tuple[Replay, list[tuple[Call, ...]]]:
        """The same message by message, and the calls that were on the board before each step."""
        replay = self.fresh()
        boards: list[tuple[Call, ...]] = [()]
        for place, step in enumerate(self.fixture.steps[1:], 1):
            boards.append(tuple(replay.board.calls.values()))
            replay.take([step], self.channels[place + 1])
        replay.finish()
        return replay, boards

    @property
    def calls(self) -> list[tuple[Call, ...]]:
        """On the board of a daemon that was there from the beginning, before each step."""
        return self.one_by_one[1]

    def over(self, place: int) -> set[str]:
        """The linkedids of the calls that had come to their end before this step."""
        seen = {call.linkedid for calls in self.calls[:place] for call in calls}
        return seen - {call.linkedid for call in self.calls[place]}

    @cached_property
    def cuts(self) -> list[int]:
        """Before which steps a daemon can attach: after the first snapshot, and wherever it is known what the PBX would tell."""
        first = next(place for place, step in enumerate(self.fixture.steps) if isinstance(step, Told) and _ends_snapshot(step))
        return [place for place in range(first + 1, len(self.fixture.steps)) if self.channels[place] is not None]

    def returns(self, place: int) -> list[int]:
        """When a daemon that died before this step can be back: the PBX must have done nothing meanwhile that only a daemon orders."""
        asked = ("AGI", "Originate")
        questions = [one.rx_offset for one in self.fixture.sent if one.name in asked and one.rx_offset >= self.offsets[place]]
        last = min(questions, default=self.offsets[-1])
        return [later for later in self.cuts if later >= place and self.offsets[later] <= last]

    @cached_property
    def _kept(self) -> dict[tuple[int, ...], list[Call]]:
        return {}

    def rows(self, place: int) -> list[Call]:
        """The calls before this step as the database holds them."""
        calls = self.calls[place]
        key = tuple(map(id, calls))
        if key not in self._kept:
            self._kept[key] = through_rows(calls)
        return self._kept[key]

    def from_step(self, place: int, calls: Sequence[Call] = (), *, since: int | None = None) -> Replay:
        """A daemon that attaches before this step, with these calls in its database, to the end of the fixture.

        What was ordered after the step `since`, by default this one, it has to order itself.
        """
        ordered = self.offsets[place if since is None else since]
        sent = [one for one in self.fixture.sent if one.rx_offset >= ordered]
        paper = Paper(sent, ids=dict(self.one_by_one[0].paper.ids) if calls else {})
        replay = Replay(self.fixture, paper, board=board_of(calls), clock=Clock(self.times[place]))
        replay.attach(without_files(self.channels[place] or {}, {dict(one.headers).get("File", "") for one in sent}))
        for number in range(place, len(self.fixture.steps)):
            replay.take([self.fixture.steps[number]], self.channels[number + 1])
        replay.finish()
        return replay


def bursts(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """What the PBX says within a millisecond is one piece to a daemon that needs longer than that to answer.

    Answers, which carry no time, are pieces of their own: they show that the daemon had got that far.
    """
    burst: list[Step] = []
    for step in steps:
        if burst and not _belongs(step, burst[0]):
            yield burst
            burst = []
        burst.append(step)
    yield burst


def _belongs(step: Step, first: Step) -> bool:
    if isinstance(step, Mark) or isinstance(first, Mark) or step.at is None or first.at is None:
        return False
    return step.at - first.at <= BURST


@cache
def course(name: str) -> Course:
    """The course of the fixture of that name, made once."""
    return Course(load(name))


def _ends_snapshot(told: Told) -> bool:
    return Headers(told.message).get("Event") == "CoreShowChannelsComplete"
