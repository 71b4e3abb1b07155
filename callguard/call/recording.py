"""When a call is recorded: derived from who is talking and what they decided, never decided by an event alone.

One function compares what should be with what is, after every step. So there is no path by which a recording could start or go on while an
outside person present is not covered (design rule 3), whatever the order of events.

A recording is on the leg of the first covered outside person who is talking, and begins when that leg is in a conversation: a queue, an
announcement or a voicemail greeting is nobody's statement. A transfer keeps it running, since the person's leg stays. It ends for good when
the person hangs up or takes the consent back; an uncovered outside person who joins pauses it until he is covered or gone. Who is left is
recorded in a file of his own when there is somebody to talk to: of two who part, one is told to have gone before the other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from callguard.call.commands import Command, FileRecording, PauseRecording, ResumeRecording, StartRecording, StopRecording
from callguard.call.evolve import evolve
from callguard.call.policy import Mode
from callguard.call.state import COVERED, Call, Party, Recording, RecordingStatus, Stage

Alignment: TypeAlias = tuple[Call, tuple[Command, ...]]


def align(call: Call, at: datetime) -> Alignment:
    """The call with its recording as it should be now, and the orders that make the PBX agree."""
    running = call.running
    if running is None:
        return _start(call, at)
    party = call.party(running.leg)
    if party is not None and party.stage is not Stage.GONE and party.decision in COVERED:
        return _pause_or_resume(call, running, party)
    ended, end_it = finish(call, running, at) if party is None or party.stage is Stage.GONE else stop(call, running, at)
    started, start_it = _start(ended, at)
    return started, (*end_it, *start_it)


def subject(call: Call) -> Party | None:
    """The person whose leg may be recorded now, if there is one and nobody present stands against it."""
    if call.policy.mode is Mode.NEVER or _uncovered(call.parties):
        return None
    return next((party for party in call.parties if party.outside and party.bridge and party.decision in COVERED), None)


def finish(call: Call, recording: Recording, at: datetime) -> Alignment:
    """The leg is gone and the recording with it: the file is to be measured, and nothing needs to be said to the PBX."""
    stopped = evolve(recording, status=RecordingStatus.STOPPED, stopped_at=at)
    return with_recording(call, stopped), (filing(call, stopped),)


def stop(call: Call, recording: Recording, at: datetime) -> Alignment:
    """The leg goes on without the recording, for good."""
    stopped = evolve(recording, status=RecordingStatus.STOPPED, stopped_at=at)
    return with_recording(call, stopped), (stop_order(call, recording),)


def filing(call: Call, recording: Recording) -> FileRecording:
    """The order to measure and tag the file."""
    return FileRecording(
        pbx=call.pbx,
        linkedid=call.linkedid,
        leg=recording.leg,
        recording=recording.id,
        path=recording.path,
        expires_at=recording.expires_at,
    )


def start_order(call: Call, recording: Recording) -> StartRecording:
    """The order to begin; the row must be committed before it goes out."""
    return StartRecording(**_where(call, recording), recording=recording.id, path=recording.path)


def pause_order(call: Call, recording: Recording) -> PauseRecording:
    """The order to write silence."""
    return PauseRecording(**_where(call, recording), recording=recording.id, path=recording.path)


def stop_order(call: Call, recording: Recording) -> StopRecording:
    """The order to stop for good. Its confirmation, or the hang-up, is what has the file measured."""
    return StopRecording(**_where(call, recording), recording=recording.id, path=recording.path)


def with_recording(call: Call, recording: Recording) -> Call:
    """The call with this recording in place of its earlier value."""
    return evolve(call, recordings=tuple(recording if one.id == recording.id else one for one in call.recordings))


def _uncovered(parties: Sequence[Party]) -> bool:
    return any(party.bridge and not party.covered for party in parties)


def _start(call: Call, at: datetime) -> Alignment:
    party = subject(call)
    if party is None or any(one.leg == party.leg for one in call.recordings) or (call.recordings and _is_alone(call, party)):
        return call, ()
    recording = _request(call, party, at)
    return evolve(call, recordings=(*call.recordings, recording)), (start_order(call, recording),)


def _is_alone(call: Call, party: Party) -> bool:
    return not any(other.bridge == party.bridge for other in call.parties if other.leg != party.leg)


def _request(call: Call, party: Party, at: datetime) -> Recording:
    """The path is made of the day and our own id only: nothing that a caller can choose (issue of injection by caller id)."""
    identifier = f"{call.id}-{len(call.recordings) + 1}"
    return Recording(
        id=identifier,
        leg=party.leg,
        channel=party.channel,
        path=f"{call.started_at:%Y/%m/%d}/{identifier}.wav",
        status=RecordingStatus.REQUESTED,
        requested_at=at,
        expires_at=call.policy.retention.after(call.started_at),
    )


def _pause_or_resume(call: Call, recording: Recording, party: Party) -> Alignment:
    blocked = _uncovered(call.parties)
    if blocked and recording.status is not RecordingStatus.PAUSED:
        return with_recording(call, evolve(recording, status=RecordingStatus.PAUSED)), (pause_order(call, recording),)
    if party.bridge and not blocked and recording.status is RecordingStatus.PAUSED:
        order = ResumeRecording(**_where(call, recording), recording=recording.id, path=recording.path)
        return with_recording(call, evolve(recording, status=RecordingStatus.RECORDING)), (order,)
    return call, ()


def _where(call: Call, recording: Recording) -> dict[str, str]:
    return {"pbx": call.pbx, "linkedid": call.linkedid, "leg": recording.leg, "channel": recording.channel}
