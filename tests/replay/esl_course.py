"""A recorded ESL call in the ways in which the AMI ones are replayed: whole, from some step on, and through a death of the daemon."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from callguard.call.state import Call
from callguard.pbx.border import Border
from callguard.pbx.esl_orders import Folders
from callguard.pbx.freeswitch import Freeswitch, FreeswitchSite
from tests.replay.course import Course
from tests.replay.esl_fixtures import load
from tests.replay.esl_link import NOWHERE, EslPaper, ReplayEslLink
from tests.replay.esl_model import progress
from tests.replay.fixtures import Sent
from tests.replay.pbx_model import Channels, without_files
from tests.replay.replaying import Clock, Replay, board_of


@dataclass
class EslReplay(Replay):
    """A run over an ESL fixture; the sounds lie beside the recordings, as the rig has them."""

    paper: EslPaper

    def _drive(self, border: Border) -> None:
        folders = Folders(self.fixture.pbx_root, self.fixture.pbx_root.parent / "sounds", stereo=True)
        switch = Freeswitch(FreeswitchSite(NOWHERE, border, folders), self._inbox.append, lambda: False)
        self._link = ReplayEslLink(switch._link._callbacks, self.paper)
        switch._link = self._link
        self._switch = switch


class EslCourse(Course):
    """As a course over an AMI fixture."""

    @cached_property
    def channels(self) -> list[Channels | None]:
        return progress(self.fixture)

    def fresh(self) -> EslReplay:
        return EslReplay(self.fixture, EslPaper(self.fixture.sent))

    @cached_property
    def cuts(self) -> list[int]:
        return [place for place in range(1, len(self.fixture.steps)) if self.channels[place] is not None]

    def returns(self, place: int) -> list[int]:
        orders = [one.rx_offset for one in self.fixture.sent if _is_order(_command(one)) and one.rx_offset >= self.offsets[place]]
        last = min(orders, default=self.offsets[-1])
        return [later for later in self.cuts if later >= place and self.offsets[later] <= last]

    def from_step(self, place: int, calls: Sequence[Call] = (), *, since: int | None = None) -> EslReplay:
        ordered = self.offsets[place if since is None else since]
        sent = [one for one in self.fixture.sent if one.rx_offset >= ordered]
        paper = EslPaper(sent, ids=dict(self.one_by_one[0].paper.ids) if calls else {})
        replay = EslReplay(self.fixture, paper, board=board_of(calls), clock=Clock(self.times[place]))
        begun = {_command(one).rpartition(" ")[2] for one in sent if " start /" in _command(one)}
        replay.attach(without_files(self.channels[place] or {}, begun))
        for number in range(place, len(self.fixture.steps)):
            replay.take([self.fixture.steps[number]], self.channels[number + 1])
        replay.finish()
        return replay


def _is_order(command: str) -> bool:
    """Whether the leg does something that only a daemon orders."""
    return " callguard_order " in command or command.startswith("uuid_displace ")


def _command(one: Sent) -> str:
    return dict(one.headers)["Command"]


@cache
def esl_course(name: str) -> EslCourse:
    """The course of the fixture of that name, made once."""
    return EslCourse(load(name))
