"""What the network, a doubling PBX or a newer one may do to the bytes changes nothing of what they come to; what may not be in them is not.

C1: the text of a message never crosses AMI, and where a GSM gateway sends one it is dropped before anything looks at it.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_wire import EOL, Headers, Splitter
from tests.replay import fixtures
from tests.replay.course import course
from tests.replay.fixtures import FOLDER, Step, Told, comparable
from tests.replay.link import Paper
from tests.replay.replaying import Replay
from tests.replay.telling import tell

NAMES = fixtures.names()
CANARY = "canary"
MOST_BYTES = 3_000_000
LONGEST_CALL = "two-calls-at-once"
SHORTEST = "sms-outbound"

HARMLESS = frozenset({"AGI", "Getvar"})
"""Orders that may be given twice to a PBX that says everything twice: to answer, to let a call go on, and questions."""

each_fixture = pytest.mark.parametrize("name", NAMES)


def messages_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    """What a splitter makes of the stream when it comes in these pieces."""
    splitter, begin, found = Splitter(AmiBounds().unterminated_bytes), 0, []
    for cut in [*cuts, len(stream)]:
        found += splitter.feed(stream[begin:cut])
        begin = cut
    return found


def stream_of(name: str) -> bytes:
    """The bytes of the first connection after its greeting."""
    received = (FOLDER / f"{name}.rx").read_bytes()
    return received.partition(EOL)[2]


def test_bytes_one_by_one() -> None:
    stream = stream_of(LONGEST_CALL)
    assert messages_of(stream, list(range(1, len(stream)))) == [told.message for told in course(LONGEST_CALL).fixture.told]


def test_two_segments_at_every_position() -> None:
    stream = stream_of(SHORTEST)
    meant = [told.message for told in course(SHORTEST).fixture.told]
    for cut in range(len(stream)):
        assert messages_of(stream, [cut]) == meant


def test_segments_of_any_size() -> None:
    chance, stream = random.Random(1), stream_of(LONGEST_CALL)
    meant = [told.message for told in course(LONGEST_CALL).fixture.told]
    for _ in range(50):
        assert messages_of(stream, sorted(chance.choices(range(len(stream)), k=200))) == meant


@each_fixture
def test_doubled_messages(name: str) -> None:
    """Every event twice: nobody decides twice, nothing is recorded twice, no call is counted twice."""
    doubled, meant = replayed(name, lambda told: [told, told] if is_event(told) else [told]), course(name).one_by_one[0]
    assert tell(doubled.calls.values(), []) == tell(meant.calls.values(), [])
    assert {name for name, *_ in unmeant(doubled)} <= HARMLESS


@each_fixture
def test_messages_that_nobody_knows(name: str) -> None:
    """Between all others: events of a newer PBX, answers that nobody waits for, texts of a GSM gateway, and rubbish."""
    disturbed, meant = replayed(name, lambda told: [*foreign(told), told] if is_event(told) else [told]), course(name).one_by_one[0]
    assert tell(disturbed.calls.values(), disturbed.messages) == tell(meant.calls.values(), meant.messages)
    assert unmeant(disturbed) == unmeant(meant)
    assert [type(fact) for fact in disturbed.facts] == [type(fact) for fact in meant.facts]
    assert CANARY not in repr(disturbed.facts)


def is_event(told: Told) -> bool:
    """Not an answer, nor an entry of a list that is one."""
    return Headers(told.message).get("ActionID") is None


def unmeant(replay: Replay) -> list[tuple[str, ...]]:
    """The orders that were not given when the fixture was taken."""
    return [comparable(action.name, action.headers) for action, found in replay.paper.performed if found is None]


def foreign(told: Told) -> Iterator[Told]:
    """Messages with all that this one says of its leg, and a beginning that no version of this daemon knows."""
    rest = told.message.partition(EOL)[2]
    for beginning in (
        "Event: HangupOfTomorrow",
        "Event: DongleNewSMSBase64\r\nMessage: Y2FuYXJ5\r\nText: canary",
        "Event: UserEvent\r\nUserEvent: Elsewhere\r\nDirection: inbound\r\nFrom: canary\r\nTo: canary\r\nFacts: caller=canary",
        "Response: Success\r\nActionID: nobody",
        "Nonsense",
        "Event: ",
    ):
        yield Told(beginning.encode() + EOL + rest, told.end, told.at, None)


def replayed(name: str, damage: Callable[[Told], Iterable[Told]]) -> Replay:
    """The fixture with each message replaced by what the damage makes of it."""
    whole = course(name)
    replay = Replay(whole.fixture, Paper(whole.fixture.sent))
    for place, step in enumerate(whole.fixture.steps[1:], 1):
        steps: list[Step] = list(damage(step)) if isinstance(step, Told) else [step]
        replay.take(steps, whole.channels[place + 1])
    replay.finish()
    return replay


@each_fixture
def test_no_text_of_a_message_crosses_ami(name: str) -> None:
    assert CANARY.encode() not in (FOLDER / f"{name}.rx").read_bytes()


@each_fixture
def test_no_secret_is_kept(name: str) -> None:
    """S13: neither the secret nor what a guesser could try against it."""
    lines = (FOLDER / f"{name}.tx.jsonl").read_text("utf-8").splitlines()
    sent = "".join(json.loads(line).get("sent", "") for line in lines)
    assert set(re.findall(r"(?im)^(?:key|secret): (.*)\r$", sent)) == {"***"}


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
