"""What another client saw of a live FreeSWITCH comes to the facts that a person has read, and nothing of it that must not pass does.

C1: no text of a message, and no key beside those that events of keys tell.
"""

import pytest

from callguard.call import events as ev
from tests.replay import transcripts
from tests.replay.transcripts import events_in, facts_of, lines_of

NAMES = transcripts.names()
SECRETS = ("Hello secret 4711", "in-dialog secret 9988", "after a blank line")

each = pytest.mark.parametrize("name", NAMES)


def test_there_are_those_that_were_given() -> None:
    assert len(NAMES) == 13


@each
def test_whole(name: str) -> None:
    expected = (transcripts.FOLDER / f"{name}.events").read_text("utf-8").splitlines()
    assert lines_of(facts_of(events_in(name))) == expected


@each
def test_every_suffix(name: str) -> None:
    """Attached in mid-call: who was not seen to be answered is in no conversation, and everybody's end is told."""
    events = events_in(name)
    gone = [fact for fact in facts_of(events) if isinstance(fact, ev.LegGone)]
    for first in range(len(events)):
        facts = facts_of(events[first:])
        ended = [fact for fact in facts if isinstance(fact, ev.LegGone)]
        assert ended == gone[len(gone) - len(ended) :]
        joined = {fact.leg for fact in facts if isinstance(fact, ev.LegJoined)}
        assert joined <= {fact.leg for fact in facts_of(events) if isinstance(fact, ev.LegJoined)}


@each
def test_no_text_and_no_dialled_digits_pass(name: str) -> None:
    """C1: the texts are in these bytes, and so is every key of the call once more as `digits_dialed`."""
    facts = facts_of(events_in(name))
    assert not any(secret in repr(facts) for secret in SECRETS)
    assert not any(isinstance(fact, ev.MessageSeen) for fact in facts)
    keys = [fact.key for fact in facts if isinstance(fact, ev.DigitPressed)]
    assert all(len(key) == 1 for key in keys)
