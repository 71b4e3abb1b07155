"""Resumption from any rows to any snapshot (design rule 11): the state agrees, nothing begins on the way, and twice is once."""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.resume import resume
from callguard.call.state import RUNNING, Call, Party, RecordingStatus, Stage
from callguard.call.step import step
from tests.unit.call_cast import AGENT, COLLEAGUE, CUSTOMER, FRIEND, HERE, OUTSIDE, THERE
from tests.unit.call_facts import path, sighting, snapshot
from tests.unit.call_plays import histories, widely
from tests.unit.call_world import apply

sightings = st.fixed_dictionaries(
    {
        leg: st.none()
        | st.builds(
            lambda bridge, in_hand, writes, leg=leg: sighting(leg, None if in_hand else bridge, in_hand=in_hand, writes=writes),
            st.sampled_from([None, HERE, HERE, THERE]),
            st.booleans() if leg in OUTSIDE else st.just(False),
            st.sampled_from([None, path(1), path(1), path(2), "monitor/other.wav"]),
        )
        for leg in (CUSTOMER, AGENT, FRIEND, COLLEAGUE)
    }
).map(lambda found: [one for one in found.values() if one is not None])


def shown(call: Call, found: Sequence[ev.Sighting]) -> list[tuple[Party, ev.Sighting]]:
    by_leg = {one.leg: one for one in found}
    return [(party, by_leg[party.leg]) for party in call.parties if party.leg in by_leg and party.stage is not Stage.GONE]


@widely
@given(histories(), sightings)
def test_the_state_agrees_with_the_snapshot(history: tuple[Call, list[ev.Event]], found: list[ev.Sighting]) -> None:
    call, _ = apply(*history)
    call, _ = apply(call, list(resume([call], snapshot(*found))))
    legs = {one.leg for one in found}
    for party in call.parties:
        assert party.leg in legs or party.stage is Stage.GONE
    for party, seen in shown(call, found):
        assert party.bridge == seen.bridge
        waits = party.stage in {Stage.ANNOUNCING, Stage.ASKING, Stage.ACKNOWLEDGING}
        assert seen.in_hand or not waits
    for one in call.recordings:
        assert one.status not in RUNNING or one.leg in legs


@widely
@given(histories(), sightings)
def test_nothing_is_begun_on_the_way_there_that_must_not_be(history: tuple[Call, list[ev.Event]], found: list[ev.Sighting]) -> None:
    """Design rule 3, of the people as the snapshot shows them and not only of the state half-way to it."""
    call, _ = apply(*history)
    known = {party.leg for party in call.parties}
    for event in list(resume([call], snapshot(*found))):
        call, orders = step(call, event)
        for order in orders:
            if isinstance(order, do.StartRecording | do.ResumeRecording):
                talking_now = {party.leg: party for party, seen in shown(call, found) if seen.bridge and party.leg in known}
                assert order.leg in talking_now
                assert all(party.covered for party in talking_now.values())


@widely
@given(histories(), sightings)
def test_a_second_snapshot_of_the_same_changes_nothing_of_substance(history: tuple[Call, list[ev.Event]], found: list[ev.Sighting]) -> None:
    """Orders may be given again, since they may have been lost again; nothing is decided, begun or ended by that."""
    call, _ = apply(*history)
    once, _ = apply(call, list(resume([call], snapshot(*found))))
    assume(not any(one.status is RecordingStatus.REQUESTED for one in once.recordings))
    twice, orders = apply(once, list(resume([once], snapshot(*found, at=51))))
    assert [(party.stage, party.bridge, party.consents) for party in twice.parties] == [
        (party.stage, party.bridge, party.consents) for party in once.parties
    ]
    assert twice.recordings == once.recordings
    assert (twice.ended_at, twice.connected_at) == (once.ended_at, once.connected_at)
    assert not any(isinstance(order, do.StartRecording | do.ResumeRecording) for order in orders)
