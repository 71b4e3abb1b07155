"""Recorded calls of a real Asterisk 22 and a real FreeSWITCH 1.10, replayed: whole, from every message on, and through a restart at each.

The fixtures are taken by `tests/replay/record.py` and `esl_record.py`; what happens in each is told where its scenario is played.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

from callguard.call.state import COVERED, RUNNING, Call, Decision, RecordingStatus, Stage
from callguard.turn import Board
from tests.replay.course import Course
from tests.replay.courses import course_of, expectation, names
from tests.replay.fixtures import Mark, Sent
from tests.replay.replaying import Replay
from tests.replay.telling import tell

NAMES = names()
IN_DIALOGUE = frozenset(Stage) - {Stage.RELEASED, Stage.GONE}
NOTHING_MISSED = (
    "asterisk/daemon-restarted-in-conversation",
    "asterisk/daemon-restarted-in-prompt",
    "asterisk/daemon-restarted-while-asking",
    "asterisk/link-cut-in-conversation",
    "freeswitch/daemon-restarted-in-conversation",
    "freeswitch/link-cut-in-conversation",
)

each_fixture = pytest.mark.parametrize("name", NAMES)


def test_there_are_enough() -> None:
    assert sum(name.startswith("asterisk/") for name in NAMES) >= 25
    assert sum(name.startswith("freeswitch/") for name in NAMES) >= 10


@each_fixture
def test_whole(name: str) -> None:
    """S1, S2, S3, S8, C1, C2, C3, C8: the calls come to what a person has read and found right, by the very orders that were sent then."""
    replay = course_of(name).whole
    expected = json.loads(expectation(name).read_text("utf-8"))
    assert tell(replay.calls.values(), replay.messages) == expected
    assert replay.paper.unmeant == []
    assert by_channel(replay.paper.meant) == by_channel(course_of(name).fixture.sent)


@each_fixture
def test_pieces_do_not_matter(name: str) -> None:
    """Message by message, or as much at once as a busy engine finds: the same decisions and recordings."""
    assert outcome(course_of(name).one_by_one[0].calls.values()) == outcome(course_of(name).whole.calls.values())


def by_channel(sent: Iterable[Sent]) -> dict[str, list[int]]:
    """The places of what was sent, in its order, for each channel: calls do not wait for each other."""
    places = defaultdict(list)
    for one in sent:
        told = dict(one.headers)
        places[told.get("Channel") or "".join(told.get("Command", "").split(" ")[1:2])].append(one.place)
    return places


@each_fixture
def test_every_suffix(name: str) -> None:
    """A daemon that attaches in mid-call and knows nothing asks whoever waits for it, records nobody unasked, and comes to an end."""
    whole = course_of(name)
    assert [channels for channels in whole.channels if channels is not None][-1] == {}
    for place in whole.cuts:
        assert_over(whole.from_step(place))


@each_fixture
def test_restarted_at_every_message(name: str) -> None:
    """No decision is lost, none is made better than it was, and where nobody was being asked nothing is different at all."""
    whole = course_of(name)
    for place in whole.cuts:
        restarted = whole.from_step(place, whole.rows(place))
        assert_over(restarted)
        assert_agrees(whole, place, restarted)
        if is_quiet(whole, place):
            assert outcome(restarted.calls.values()) == outcome(still_to_come(whole, place))


@each_fixture
def test_away_for_some_messages(name: str) -> None:
    """As a restart, but what happened meanwhile is never told."""
    whole, chance = course_of(name), random.Random(name)
    for place in whole.cuts[::2]:
        back = chance.choice(whole.returns(place)[:20])
        restarted = whole.from_step(back, whole.rows(place), since=place)
        assert_over(restarted)
        assert_agrees(whole, place, restarted)


@pytest.mark.parametrize("name", NOTHING_MISSED)
def test_snapshots_are_made_up_as_the_pbx_tells_them(name: str) -> None:
    """What the tests above let a returning daemon see is what Asterisk itself listed, where a daemon did return in mid-call."""
    told = [channels for channels in course_of(name).channels[lost(course_of(name)) :] if channels is not None]
    assert told[0]
    assert told[0] == told[1]


def lost(whole: Course) -> int:
    """Where the first connection ended."""
    return next(place for place, step in enumerate(whole.fixture.steps) if isinstance(step, Mark) and step.event == "lost")


def assert_over(replay: Replay) -> None:
    """When all have hung up, no call is open, no recording runs or waits to be filed, and nobody is remembered."""
    assert replay.board == Board()
    for call in replay.calls.values():
        assert call.ended_at is not None
        assert not [one for one in call.recordings if one.status in RUNNING]


def assert_agrees(whole: Course, place: int, restarted: Replay) -> None:
    """What the rows said before is still so, and what came after is no better than it was."""
    for before in whole.rows(place):
        after, meant = restarted.calls[before.id], whole.one_by_one[0].calls[before.id]
        assert metadata(after) == metadata(meant)
        assert [one.id for one in after.recordings][: len(before.recordings)] == [one.id for one in before.recordings]
        for party in before.parties:
            now, then = after.party(party.leg), meant.party(party.leg)
            assert now
            assert then
            assert now.consents[: len(party.consents)] == party.consents
            withdrawn = any(one.decision is Decision.WITHDRAWN for one in then.consents)
            assert now.decision not in COVERED or then.decision in COVERED or withdrawn


def metadata(call: Call) -> tuple[object, ...]:
    """What is known from the start of a call on."""
    start = call.started_at.isoformat(timespec="milliseconds")
    return start, call.linkedid, call.policy, call.caller, call.callee, call.redirecting, call.equipment_ip, call.user_agent


def is_quiet(whole: Course, place: int) -> bool:
    """Nobody is being asked, and nobody is half-way through the withdrawal keys, which are never stored."""
    outside = [party for call in whole.calls[place] for party in call.parties if party.outside]
    half = any(call.withdrawal for call in whole.calls[place])
    return not half and all(party.stage not in IN_DIALOGUE for party in outside)


def still_to_come(whole: Course, place: int) -> list[Call]:
    """The calls that were not over then, as they came out in the end."""
    return [call for call in whole.one_by_one[0].calls.values() if call.linkedid not in whole.over(place)]


def outcome(calls: Iterable[Call]) -> Sequence[object]:
    """Who decided what and what was recorded of whom."""
    return sorted((call.linkedid, decided(call), recorded(call), call.hangup_cause) for call in calls)


def decided(call: Call) -> list[tuple[str, list[str]]]:
    """By leg: in which order a snapshot names those who met in a conference means nothing."""
    return sorted((party.leg, [one.decision.value for one in party.consents]) for party in call.parties)


def recorded(call: Call) -> list[tuple[str, RecordingStatus]]:
    return [(one.leg, one.status) for one in call.recordings]
