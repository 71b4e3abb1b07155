"""After a restart or a lost link: what must have happened meanwhile, as the events that nobody told us.

The rows say how things stood at the last commit, the snapshot how they stand now. The difference is said in ordinary events, so that
the calls go on by the ordinary rules: a leg that is gone has hung up, one that waits for us is taken up, one that was handed back in our
absence was taken by the safety net.

The events are told one by one, and a recording must not begin or go on half-way through them: of an uncovered person's coming and going the
coming is told first and the going last, and of those who go the one who is recorded goes after those who would be recorded in his place.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from callguard.call import events as ev
from callguard.call.state import ASKED, ASKED_IN_CALL, RUNNING, Call, Party, Recording, RecordingStatus, Stage


class _Where(TypedDict):
    pbx: str
    linkedid: str
    leg: str
    at: datetime
    received_at: datetime


def resume(calls: Sequence[Call], snapshot: ev.SnapshotTaken) -> Iterator[ev.Event]:
    """The events that lead from the open calls of this PBX to what its snapshot shows, in an order in which they could have happened."""
    seen = {sighting.leg: sighting for sighting in snapshot.sightings}
    for call in calls:
        yield from _call(call, seen, snapshot)
    known = {party.leg for call in calls for party in call.parties}
    for sighting in snapshot.sightings:
        if sighting.in_hand and sighting.leg not in known:
            yield from _unknown(sighting, seen, snapshot)


def _unknown(sighting: ev.Sighting, seen: Mapping[str, ev.Sighting], snapshot: ev.SnapshotTaken) -> Iterator[ev.Event]:
    """A call that no row knows begins here; its caller may be gone, and then nobody would ever tell us so."""
    yield from (event for event in (sighting.started, sighting.handed_over) if event is not None)
    if sighting.started and sighting.started.leg not in seen:
        yield ev.LegGone(**_at(sighting.linkedid, sighting.started.leg, snapshot), cause=None)


def _call(call: Call, seen: Mapping[str, ev.Sighting], snapshot: ev.SnapshotTaken) -> Iterator[ev.Event]:
    present = (party for party in call.parties if party.stage is not Stage.GONE)
    for party in sorted(present, key=lambda one: _turn(call, one, seen.get(one.leg))):
        yield from _party(_where(call, party.leg, snapshot), party, seen.get(party.leg))
    for recording in call.recordings:
        yield from _recording(_where(call, recording.leg, snapshot), recording, seen.get(recording.leg))


def _turn(call: Call, party: Party, sighting: ev.Sighting | None) -> tuple[int, bool, int]:
    """Which are told first: uncovered people who talk, covered ones who do not, covered ones who do, uncovered ones who do not."""
    talks = sighting is not None and sighting.bridge is not None
    place = call.parties.index(party)
    if talks or not party.covered:
        return (2 if party.covered else 0 if talks else 3), False, place
    return 1, call.running is not None and call.running.leg == party.leg, -place


def _party(where: _Where, party: Party, sighting: ev.Sighting | None) -> Iterator[ev.Event]:
    if sighting is None:
        yield ev.LegGone(**where, cause=None)
        return
    if party.bridge and sighting.bridge is None:
        yield ev.LegLeft(**where, bridge=party.bridge)
    if sighting.in_hand and party.outside:
        yield ev.TakenUp(**where)
    elif sighting.in_hand and sighting.handed_over:
        yield sighting.handed_over
    elif party.stage in ASKED:
        yield ev.HandedBack(**where)
    elif party.stage in ASKED_IN_CALL and sighting.bridge:
        yield ev.TakenUp(**where)
    if sighting.bridge and sighting.bridge != party.bridge:
        yield ev.LegJoined(**where, channel=sighting.channel, bridge=sighting.bridge, number=party.number, outside=party.outside)


def _recording(where: _Where, recording: Recording, sighting: ev.Sighting | None) -> Iterator[ev.Event]:
    if sighting is None:
        if recording.status is RecordingStatus.STOPPED and recording.size is None:
            yield ev.RecordingStopped(**where, recording=recording.id)
        return
    if recording.status in RUNNING and (sighting.recording_path or "").endswith(recording.path):
        yield ev.RecordingStarted(**where, recording=recording.id)
    elif recording.status in RUNNING and sighting.bridge:
        yield ev.RecordingNotRunning(**where, recording=recording.id)
    elif recording.status is RecordingStatus.STOPPED and recording.size is None:
        yield ev.StopUnconfirmed(**where, recording=recording.id)


def _where(call: Call, leg: str, snapshot: ev.SnapshotTaken) -> _Where:
    return _at(call.linkedid, leg, snapshot)


def _at(linkedid: str, leg: str, snapshot: ev.SnapshotTaken) -> _Where:
    return {"pbx": snapshot.pbx, "linkedid": linkedid, "leg": leg, "at": snapshot.at, "received_at": snapshot.received_at}
