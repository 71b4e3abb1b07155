"""What a doubling or a newer FreeSWITCH may send changes nothing of what a recorded call comes to.

C1: no text of a message is in what the daemon subscribes to.
"""

from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.replay import esl_fixtures
from tests.replay.esl_course import esl_course
from tests.replay.esl_fixtures import FOLDER, block_of
from tests.replay.fixtures import Step, Told
from tests.replay.replaying import Replay
from tests.replay.telling import tell

NAMES = esl_fixtures.names()
CANARY = "canary"
MOST_BYTES = 4_000_000

HARMLESS = ("uuid_setvar ", "uuid_break ", "uuid_kill ", "show ", "uuid_dump ", "uuid_buglist ", "strepoch", "global_setvar ")
"""Orders that may be given twice: to a leg that waits for none they do nothing."""

each_fixture = pytest.mark.parametrize("name", NAMES)


def replayed(name: str, damage: Callable[[Told], Iterable[Told]]) -> Replay:
    """The fixture with each event replaced by what the damage makes of it."""
    whole = esl_course(name)
    replay = whole.fresh()
    for place, step in enumerate(whole.fixture.steps[1:], 1):
        steps: list[Step] = list(damage(step)) if isinstance(step, Told) and is_event(step) else [step]
        replay.take(steps, whole.channels[place + 1])
    replay.finish()
    return replay


def is_event(told: Told) -> bool:
    """Not an answer, nor the output of a job of ours."""
    return told.answers is None and block_of(told.message).kind == b"text/event-plain"


@each_fixture
def test_doubled_events(name: str) -> None:
    """Nobody decides twice, nothing is recorded twice, no call is counted twice."""
    doubled, meant = replayed(name, lambda told: [told, told]), esl_course(name).one_by_one[0]
    assert tell(doubled.calls.values(), []) == tell(meant.calls.values(), [])
    assert [one for one in doubled.paper.unmeant if not str(one).startswith(HARMLESS)] == []


@each_fixture
def test_events_that_nobody_knows(name: str) -> None:
    """Between all others: events of a newer switch, texts that somebody else subscribed us to, and rubbish."""
    disturbed, meant = replayed(name, lambda told: [*foreign(told), told]), esl_course(name).one_by_one[0]
    assert tell(disturbed.calls.values(), disturbed.messages) == tell(meant.calls.values(), meant.messages)
    assert disturbed.paper.unmeant == meant.paper.unmeant
    assert CANARY not in repr(disturbed.facts)


def foreign(told: Told) -> Iterator[Told]:
    """Events with all that this one says of its leg, and a beginning that the daemon did not ask for."""
    body = block_of(told.message).body
    rest = body.partition(b"\n")[2]
    for beginning, text in (
        (b"Event-Name: CHANNEL_OF_TOMORROW", b""),
        (b"Event-Name: CUSTOM\nEvent-Subclass: callguard::tomorrow", b""),
        (b"Event-Name: MESSAGE\nfrom: 1\nto: 2", b"canary\nEvent-Name: CHANNEL_DESTROY"),
        (b"Nonsense", b""),
    ):
        event = beginning + b"\n" + rest + text
        head = b"Content-Length: %d\nContent-Type: text/event-plain" % len(event)
        yield Told(head + b"\n\n" + event, told.end, told.at, None)


@each_fixture
def test_no_order_is_one_that_can_kill_a_call(name: str) -> None:
    """`sendmsg` says +OK to an application that does not exist, and `uuid_bridge` to a leg without media: both legs die of it."""
    ways = {(one.name, dict(one.headers)["Command"].partition(" ")[0]) for one in esl_fixtures.load(name).sent}
    assert {way for way, _ in ways} <= {"api", "bgapi"}
    assert not {order for _, order in ways} & {"uuid_bridge", "uuid_park", "uuid_transfer"}


@each_fixture
def test_no_text_of_a_message_crosses_esl(name: str) -> None:
    """C1: the texts of the SMS fixtures say `canary`."""
    assert CANARY.encode() not in (FOLDER / f"{name}.rx").read_bytes()


@each_fixture
def test_no_password_is_kept(name: str) -> None:
    """S13."""
    lines = (FOLDER / f"{name}.tx.jsonl").read_text("utf-8").splitlines()
    assert {line for line in lines if "auth " in line} == {line for line in lines if '"auth ***' in line}


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
