"""One event, one step: the call as it was and the fact give the call as it is and what is to be done.

Each kind of event first tells the party it speaks of (by :mod:`callguard.call.consent`), then whoever has joined is asked (by
:mod:`callguard.call.joining`), then the recording is brought in line with what is now true (by :mod:`callguard.call.recording`). Events may
come late, doubled or out of order: what does not fit the present is ignored.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from callguard.call import events as ev
from callguard.call.commands import Command, HangUp, Release
from callguard.call.consent import advance
from callguard.call.dialogue import Moment, Signal
from callguard.call.evolve import evolve
from callguard.call.joining import newcomers
from callguard.call.policy import Mode, Policy
from callguard.call.recording import align, filing, pause_order, start_order, stop, stop_order, subject, with_recording
from callguard.call.state import (
    ASKED,
    ASKED_IN_CALL,
    RUNNING,
    Call,
    Direction,
    Party,
    Recording,
    RecordingStatus,
    Role,
    Stage,
)
from callguard.call.withdrawal import follow

Step: TypeAlias = tuple[Call, tuple[Command, ...]]


def open_call(identifier: str, event: ev.CallStarted, policy: Policy) -> Call:
    """A call at its first fact. The caller is the outside person of an inbound call, an inside one of an outbound call."""
    outside = event.direction is Direction.INBOUND
    caller = Party(leg=event.leg, channel=event.channel, role=Role.CALLER, number=event.caller, outside=outside)
    return Call(
        id=identifier,
        pbx=event.pbx,
        linkedid=event.linkedid,
        direction=event.direction,
        policy=policy,
        caller=event.caller,
        callee=event.callee,
        dialled=event.dialled,
        started_at=event.started_at,
        received_at=event.received_at,
        redirecting=event.redirecting,
        queue=event.queue,
        equipment_ip=event.equipment_ip,
        user_agent=event.user_agent,
        parties=(caller,),
    )


def step(call: Call, event: ev.Event) -> Step:
    """Apply one event. Pure; an event of no meaning here returns the very same call and no commands."""
    changed, orders = _ON[type(event)](call, event)
    if changed is call:
        return call, orders
    informed, tell = _inform(changed, event)
    aligned, more = align(informed, event.at)
    return aligned, (*orders, *more, *tell)


def _inform(call: Call, event: ev.Event) -> Step:
    """Who has joined is announced to, whichever event made it the time to."""
    orders: tuple[Command, ...] = ()
    for party in newcomers(call):
        informed, more = advance(call, party, Signal.JOINED, Moment(event.at, event.received_at))
        call, orders = _with_party(call, informed), (*orders, *more)
    return call, orders


def _ignore(call: Call, _event: ev.Event) -> Step:
    return call, ()


def _handed_over(call: Call, event: ev.HandedOver) -> Step:
    if call.party(event.leg) is None and call.ended_at is not None:
        return call, (Release(pbx=call.pbx, linkedid=call.linkedid, leg=event.leg, channel=event.channel),)
    met, orders = _if_listed(_meet(call, event), event)
    return (met, orders) if orders else _signal(met, event, Signal.HANDED_OVER)


def _if_listed(call: Call, event: ev.HandedOver | ev.LegJoined) -> Step:
    """Who comes with an objection has it before anything else is made of the coming."""
    return _signal(call, event, Signal.LISTED) if event.listed else (call, ())


def _meet(call: Call, event: ev.HandedOver) -> Call:
    """The callee of an outbound call enters when he has answered and is to be asked.

    Whoever is handed over is an outside person, whatever the bridge said: a trunk that is not configured gets nobody recorded unasked.
    """
    known = call.party(event.leg)
    if known is not None:
        return call if known.outside or known.stage is Stage.GONE else _with_party(call, evolve(known, outside=True))
    callee = Party(leg=event.leg, channel=event.channel, role=_role(call), number=event.number, outside=True)
    return evolve(
        call,
        parties=(*call.parties, callee),
        answered_at=call.answered_at or event.at,
        equipment_ip=call.equipment_ip or event.equipment_ip,
        user_agent=call.user_agent or event.user_agent,
    )


def _taken_up(call: Call, event: ev.TakenUp) -> Step:
    return _signal(call, event, Signal.TAKEN_UP)


def _handed_back(call: Call, event: ev.HandedBack) -> Step:
    return _signal(call, event, Signal.HANDED_BACK)


def _announcement_ended(call: Call, event: ev.AnnouncementEnded) -> Step:
    party = call.party(event.leg)
    if party is None or party.step != event.step:
        return call, ()
    if party.stage in (Stage.ANNOUNCING, Stage.INFORMING, Stage.PRESENT):
        ended_at = event.at if event.complete else None
        party = evolve(party, heard_ms=event.heard_ms, complete=event.complete, announced_at=ended_at)
        call = _with_party(call, party)
    whole = Signal.HEARD_WHOLE if event.complete else Signal.HEARD_PART
    return _signal(call, event, _pressed(call, event.key) if event.key else whole, event.key)


def _digit_collected(call: Call, event: ev.DigitCollected) -> Step:
    if not _current(call, event.leg, event.step):
        return call, ()
    return _signal(call, event, _pressed(call, event.key) if event.key else Signal.KEPT_SILENT, event.key)


def _step_failed(call: Call, event: ev.StepFailed | ev.TimerFired) -> Step:
    return _signal(call, event, Signal.STEP_FAILED) if _current(call, event.leg, event.step) else (call, ())


def _digit_pressed(call: Call, event: ev.DigitPressed) -> Step:
    party = call.party(event.leg)
    if party is None or not (party.outside and party.bridge):
        return call, ()
    if party.stage in ASKED_IN_CALL:
        return _signal(call, event, _pressed(call, event.key), event.key)
    withdrawal, whole = follow(call.withdrawal, event, call.policy.withdraw_keys)
    followed = evolve(call, withdrawal=withdrawal)
    return _signal(followed, event, Signal.WITHDREW) if whole else (followed, ())


def _party_listed(call: Call, event: ev.PartyListed) -> Step:
    return _signal(call, event, Signal.LISTED)


def _leg_answered(call: Call, event: ev.LegAnswered) -> Step:
    party = call.party(event.leg)
    if party is None or not party.outside:
        return call, ()
    call, orders = _signal(call, event, Signal.ANSWERED)
    return (call if call.answered_at else evolve(call, answered_at=event.at)), orders


def _leg_joined(call: Call, event: ev.LegJoined) -> Step:
    if call.party(event.leg) is None and call.ended_at is None:
        role = _role(call) if event.linkedid == call.linkedid else Role.JOINED
        stage = Stage.PRESENT if event.answered else Stage.EARLY
        comes = Party(leg=event.leg, channel=event.channel, role=role, number=event.number, outside=event.outside, stage=stage)
        call = evolve(call, parties=(*call.parties, comes))
    call, orders = _if_listed(call, event)
    known = call.party(event.leg)
    if known is None or known.stage is Stage.GONE or known.bridge == event.bridge:
        return call, orders
    met = _with_party(call, evolve(known, bridge=event.bridge))
    together = sum(party.bridge == event.bridge for party in met.parties) > 1
    return (evolve(met, connected_at=event.at) if together and met.connected_at is None else met), orders


def _leg_left(call: Call, event: ev.LegLeft) -> Step:
    party = call.party(event.leg)
    if party is None or party.bridge != event.bridge:
        return call, ()
    return _signal(_with_party(call, evolve(party, bridge=None)), event, Signal.LEFT)


def _leg_gone(call: Call, event: ev.LegGone) -> Step:
    party = call.party(event.leg)
    if party is None or party.stage is Stage.GONE:
        return call, ()
    left, orders = _signal(call, event, Signal.GONE)
    cause = event.cause if party.outside or left.hangup_cause is None else left.hangup_cause
    over = all(one.stage is Stage.GONE for one in left.parties)
    left = evolve(left, hangup_cause=cause or left.hangup_cause, ended_at=event.at if over else None)
    unfiled = tuple(filing(left, one) for one in left.recordings if one.leg == event.leg and _unfiled(one))
    return left, (*orders, *unfiled, *_abandoned(left))


def _abandoned(call: Call) -> tuple[HangUp, ...]:
    """When all who are left were called and are still being asked, there is nobody for them to talk to."""
    present = [one for one in call.parties if one.stage is not Stage.GONE]
    if any(one.role is Role.CALLER or one.stage not in ASKED for one in present):
        return ()
    return tuple(HangUp(pbx=call.pbx, linkedid=call.linkedid, leg=one.leg, channel=one.channel) for one in present)


def _unfiled(recording: Recording) -> bool:
    return recording.status is RecordingStatus.STOPPED and recording.size is None


def _dial_ended(call: Call, event: ev.DialEnded) -> Step:
    if call.direction is not Direction.OUTBOUND or call.answered_at or event.status == "ANSWER":
        return call, ()
    return evolve(call, dial_status=event.status), ()


def _recording_started(call: Call, event: ev.RecordingStarted) -> Step:
    """A recording that should be paused is paused again: whether the PBX heard the first order is not known after a restart."""
    one = _recording(call, event.recording)
    if one is None:
        return call, ()
    again = (pause_order(call, one),) if one.status is RecordingStatus.PAUSED else ()
    if one.started_at is not None:
        return call, again
    status = RecordingStatus.RECORDING if one.status is RecordingStatus.REQUESTED else one.status
    return with_recording(call, evolve(one, status=status, started_at=event.at)), again


def _recording_refused(call: Call, event: ev.RecordingRefused) -> Step:
    one = _recording(call, event.recording)
    if one is None or one.status not in RUNNING:
        return call, ()
    return with_recording(call, evolve(one, status=RecordingStatus.FAILED, stopped_at=event.at, fault=event.reason)), ()


def _recording_not_running(call: Call, event: ev.RecordingNotRunning) -> Step:
    """A start that never reached the PBX is ordered again. What else it does not tell of is over, and stopped in case it only hides it."""
    one = _recording(call, event.recording)
    if one is None or one.status not in RUNNING:
        return call, ()
    who = subject(call)
    if one.status is RecordingStatus.REQUESTED and who is not None and who.leg == one.leg:
        return call, (start_order(call, one),)
    return stop(call, one, event.at)


def _recording_stopped(call: Call, event: ev.RecordingStopped) -> Step:
    """It may be told before the hang-up that it comes of; then that has the file measured."""
    one = _recording(call, event.recording)
    if one is None or one.size is not None:
        return call, ()
    orders = (filing(call, one),) if _unfiled(one) else ()
    return (call if event.whole else with_recording(call, evolve(one, fault="truncated"))), orders


def _stop_unconfirmed(call: Call, event: ev.StopUnconfirmed) -> Step:
    one = _recording(call, event.recording)
    return (call, (stop_order(call, one),)) if one is not None and _unfiled(one) else (call, ())


_FAULT_STATUS = {None: RecordingStatus.STOPPED, "repaired": RecordingStatus.STOPPED, "missing": RecordingStatus.MISSING}


def _recording_filed(call: Call, event: ev.RecordingFiled) -> Step:
    one = _recording(call, event.recording)
    if one is None or not _unfiled(one):
        return call, ()
    fault = event.fault or one.fault
    status = RecordingStatus.SEALED if event.sealed else _FAULT_STATUS.get(fault, RecordingStatus.FAILED)
    return with_recording(call, evolve(one, status=status, size=event.size, sha256=event.sha256, fault=fault)), ()


_ON: Mapping[type[ev.Event], Callable[[Call, Any], Step]] = {
    ev.CallStarted: _ignore,
    ev.HandedOver: _handed_over,
    ev.TakenUp: _taken_up,
    ev.HandedBack: _handed_back,
    ev.AnnouncementEnded: _announcement_ended,
    ev.DigitCollected: _digit_collected,
    ev.StepFailed: _step_failed,
    ev.TimerFired: _step_failed,
    ev.DigitPressed: _digit_pressed,
    ev.PartyListed: _party_listed,
    ev.LegAnswered: _leg_answered,
    ev.LegJoined: _leg_joined,
    ev.LegLeft: _leg_left,
    ev.LegGone: _leg_gone,
    ev.DialEnded: _dial_ended,
    ev.RecordingStarted: _recording_started,
    ev.RecordingRefused: _recording_refused,
    ev.RecordingNotRunning: _recording_not_running,
    ev.RecordingStopped: _recording_stopped,
    ev.StopUnconfirmed: _stop_unconfirmed,
    ev.RecordingFiled: _recording_filed,
}


def _signal(call: Call, event: ev.Event, signal: Signal, key: str | None = None) -> Step:
    party = call.party(event.leg)
    if party is None:
        return call, ()
    after, orders = advance(call, party, signal, Moment(event.at, event.received_at, key))
    return (call if after is party else _with_party(call, after)), orders


def _pressed(call: Call, key: str) -> Signal:
    """In a mode that never asks for acceptance the acceptance key means no more than any other."""
    if key == call.policy.refuse_key:
        return Signal.PRESSED_REFUSE
    accepts = key == call.policy.accept_key and call.policy.mode is Mode.OPT_IN
    return Signal.PRESSED_ACCEPT if accepts else Signal.PRESSED_OTHER


def _current(call: Call, leg: str, number: int) -> bool:
    party = call.party(leg)
    return party is not None and party.step == number


def _role(call: Call) -> Role:
    return Role.JOINED if any(party.role is Role.CALLEE for party in call.parties) else Role.CALLEE


def _recording(call: Call, identifier: str) -> Recording | None:
    return next((one for one in call.recordings if one.id == identifier), None)


def _with_party(call: Call, party: Party) -> Call:
    return evolve(call, parties=tuple(party if one.leg == party.leg else one for one in call.parties))
