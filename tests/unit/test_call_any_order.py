"""What holds of a call whatever it is told: any facts of any legs, late, doubled, out of order, under any policy, in both directions."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.policy import Mode
from callguard.call.state import COVERED, RUNNING, Call, Decision, How, Number, Party, RecordingStatus, Stage
from callguard.call.step import open_call, step
from tests.unit.call_cast import CALL_ID, LISTED
from tests.unit.call_facts import started
from tests.unit.call_plays import histories, widely
from tests.unit.call_world import apply


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: what was, what was told, what is, what is to be done."""

    before: Call
    event: ev.Event
    call: Call
    orders: tuple[do.Command, ...]


def course(call: Call, events: Sequence[ev.Event]) -> Iterator[Moment]:
    for event in events:
        after, orders = step(call, event)
        yield Moment(call, event, after, orders)
        call = after


def uncovered(call: Call) -> list[Party]:
    """The outside people in a bridge who did not say yes. Written out here, since it is what all is about."""
    return [one for one in call.parties if one.outside and one.bridge and one.decision not in {Decision.GRANTED, Decision.STAYED}]


@widely
@given(histories())
def test_recording_begins_and_goes_on_only_when_all_are_covered(history: tuple[Call, list[ev.Event]]) -> None:
    """S1, S2, design rule 3: every outside person in a bridge is covered, and the one whose leg it is talks."""
    for moment in course(*history):
        for order in moment.orders:
            if isinstance(order, do.StartRecording | do.ResumeRecording):
                recorded = moment.call.party(order.leg)
                assert recorded is not None
                assert recorded.outside
                assert recorded.bridge
                assert recorded.decision in COVERED
                assert not uncovered(moment.call)


@widely
@given(histories())
def test_nothing_is_recorded_while_somebody_is_not_covered(history: tuple[Call, list[ev.Event]]) -> None:
    """S3, C8, design rule 3: after every step, and at most one recording at a time."""
    for moment in course(*history):
        running = [one for one in moment.call.recordings if one.status in RUNNING]
        assert len(running) <= 1
        for one in running:
            recorded = moment.call.party(one.leg)
            assert recorded is not None
            assert recorded.decision in COVERED
            assert one.status is RecordingStatus.PAUSED or not uncovered(moment.call)


@dataclass(slots=True)
class Pbx:
    """What a PBX that does as it is told is writing: by recording, the leg, and whether it is muted."""

    writing: dict[str, str] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)

    def told(self, event: ev.Event) -> None:
        """A leg that hangs up, or a start that it refuses, writes nothing."""
        if isinstance(event, ev.LegGone):
            self.writing = {one: leg for one, leg in self.writing.items() if leg != event.leg}
        if isinstance(event, ev.RecordingRefused):
            self.writing.pop(event.recording, None)

    def perform(self, order: do.Command) -> None:
        match order:
            case do.StartRecording():
                self.writing[order.recording] = order.leg
                self.muted.discard(order.recording)
            case do.PauseRecording():
                self.muted.add(order.recording)
            case do.ResumeRecording():
                self.muted.discard(order.recording)
            case do.StopRecording():
                self.writing.pop(order.recording, None)


@widely
@given(histories())
def test_the_pbx_writes_no_voice_of_an_uncovered_person(history: tuple[Call, list[ev.Event]]) -> None:
    """The same from the other side: by the orders alone, whatever the state says. And it writes what the state says, no more."""
    pbx = Pbx()
    for moment in course(*history):
        pbx.told(moment.event)
        for order in moment.orders:
            pbx.perform(order)
        assert not (set(pbx.writing) - pbx.muted and uncovered(moment.call))
        assert set(pbx.writing) <= {one.id for one in moment.call.recordings if one.status in RUNNING}


def tells_of_a_listed_person(moment: Moment) -> bool:
    """Of an outside one: the operator's own people are not asked, and not in the register's reach."""
    said = isinstance(moment.event, ev.PartyListed) or (isinstance(moment.event, ev.HandedOver | ev.LegJoined) and moment.event.listed)
    person = moment.call.party(moment.event.leg)
    return said and person is not None and person.outside


@widely
@given(histories())
def test_nobody_is_recorded_beside_a_listed_person_who_is_asked_nothing_either(history: tuple[Call, list[ev.Event]]) -> None:
    """S4, C8: whoever calls whom, from whichever moment on the number stands in the register."""
    listed: set[str] = set()
    for moment in course(*history):
        listed |= {moment.event.leg} if tells_of_a_listed_person(moment) else set()
        beside = any(one.leg in listed and one.bridge for one in moment.call.parties)
        for order in moment.orders:
            begins = isinstance(order, do.StartRecording | do.ResumeRecording)
            assert not (begins and (beside or order.leg in listed))
            asks = isinstance(order, do.AskDigit | do.AskInCall | do.AnnounceInCall)
            asks = asks or (isinstance(order, do.Announce) and order.announcement != LISTED)
            assert not (asks and order.leg in listed)
            if isinstance(order, do.HangUp) and not isinstance(moment.event, ev.LegGone):
                hung_up_on = moment.call.party(order.leg)
                assert hung_up_on is not None
                assert hung_up_on.consents[-1].how is How.KEY
        running = moment.call.running
        assert running is None or (running.leg not in listed and (not beside or running.status is RecordingStatus.PAUSED))


@widely
@given(histories())
def test_who_is_told_in_a_conversation_is_in_one_that_is_paused(history: tuple[Call, list[ev.Event]]) -> None:
    """Design rule 3: outside, undecided, beside somebody who may be recorded; and not a word is recorded meanwhile."""
    for moment in course(*history):
        for order in moment.orders:
            if isinstance(order, do.AnnounceInCall):
                told = moment.call.party(order.leg)
                assert told is not None
                assert (told.outside, told.consents, told.stage, told.step) == (True, (), Stage.INFORMING, order.step)
                assert told.bridge
                running = moment.call.running
                assert running is None or running.status is RecordingStatus.PAUSED


@widely
@given(histories())
def test_who_is_not_in_a_conversation_is_not_being_told_in_one(history: tuple[Call, list[ev.Event]]) -> None:
    for moment in course(*history):
        asked = [one for one in moment.call.parties if one.stage in {Stage.INFORMING, Stage.CHOOSING}]
        assert all(one.bridge and one.outside and not one.consents for one in asked)


@widely
@given(histories())
def test_a_recording_is_ordered_once(history: tuple[Call, list[ev.Event]]) -> None:
    """Unless the PBX was found not to write it. After it was stopped, never again."""
    ordered: Counter[str] = Counter()
    for moment in course(*history):
        for order in moment.orders:
            if isinstance(order, do.StartRecording):
                again = isinstance(moment.event, ev.RecordingNotRunning) and moment.event.recording == order.recording
                assert again or not ordered[order.recording]
                ordered[order.recording] += 1
                assert [one.status for one in moment.call.recordings if one.id == order.recording] == [RecordingStatus.REQUESTED]


@widely
@given(histories())
def test_what_is_decided_and_recorded_is_only_added_to(history: tuple[Call, list[ev.Event]]) -> None:
    """Evidence: no decision, no party, no recording is ever taken back; what is filed stays as it was measured."""
    for moment in course(*history):
        before, call = moment.before, moment.call
        assert [one.leg for one in call.parties][: len(before.parties)] == [one.leg for one in before.parties]
        assert all(new.consents[: len(old.consents)] == old.consents for old, new in zip(before.parties, call.parties, strict=False))
        for old, new in zip(before.recordings, call.recordings, strict=False):
            assert (old.id, old.leg, old.path, old.expires_at, old.requested_at) == (
                new.id,
                new.leg,
                new.path,
                new.expires_at,
                new.requested_at,
            )
            assert old.status in RUNNING or new.status not in RUNNING
            assert old.sha256 is None or (old.status, old.size, old.sha256) == (new.status, new.size, new.sha256)


@widely
@given(histories())
def test_consent_is_of_the_kind_that_the_mode_asks_for(history: tuple[Call, list[ev.Event]]) -> None:
    """S1, S2: and mode ``never`` records nobody."""
    call, _ = apply(*history)
    allowed = {
        Mode.NOTICE: {Decision.STAYED},
        Mode.OPT_OUT: {Decision.STAYED},
        Mode.OPT_IN: {Decision.GRANTED},
        Mode.NEVER: set[Decision](),
    }[call.policy.mode]
    decisions = {consent.decision for party in call.parties for consent in party.consents}
    assert decisions & COVERED <= allowed
    assert call.policy.mode is not Mode.NEVER or not call.recordings


@widely
@given(histories())
def test_a_call_is_over_when_all_have_hung_up_and_not_before(history: tuple[Call, list[ev.Event]]) -> None:
    for moment in course(*history):
        assert (moment.call.ended_at is not None) == all(party.stage is Stage.GONE for party in moment.call.parties)
        assert all(party.bridge is None for party in moment.call.parties if party.stage is Stage.GONE)


@widely
@given(histories())
def test_orders_are_about_people_of_the_call(history: tuple[Call, list[ev.Event]]) -> None:
    """Or about somebody who came when all was over, and is let go."""
    for moment in course(*history):
        for order in moment.orders:
            party = moment.call.party(order.leg)
            if party is None:
                assert isinstance(order, do.Release)
                assert moment.call.ended_at is not None
            elif isinstance(order, do.ChannelCommand):
                assert order.channel == party.channel


@widely
@given(histories())
def test_what_means_nothing_changes_nothing(history: tuple[Call, list[ev.Event]]) -> None:
    """Told once more at once, a fact gives no new decision, no new recording, and no new order to record."""
    for moment in course(*history):
        again, orders = step(moment.call, moment.event)
        decisions = [len(party.consents) for party in again.parties]
        if not isinstance(moment.event, ev.DigitPressed):
            assert decisions == [len(party.consents) for party in moment.call.parties]
            assert len(again.recordings) == len(moment.call.recordings)
        if not isinstance(moment.event, ev.RecordingNotRunning):
            assert not any(isinstance(order, do.StartRecording | do.ResumeRecording) for order in orders)


@widely
@given(histories())
def test_a_call_may_be_joined_at_any_point(history: tuple[Call, list[ev.Event]]) -> None:
    """Every suffix of every sequence, told to a call that knows nothing of what was before: nothing raises, and the rule holds."""
    fresh, events = history
    for first in range(len(events)):
        call, _ = apply(fresh, events[first:])
        assert call.running is None or call.running.status is RecordingStatus.PAUSED or not uncovered(call)


HOSTILE = [
    "../../../etc/passwd",
    "x\r\nAction: Originate",
    "'; DROP TABLE calls; --",
    "${SHELL(id)}",
    "\N{RIGHT-TO-LEFT OVERRIDE}wav",
    "0" * 300,
]


@widely
@given(histories(), st.sampled_from(HOSTILE))
def test_path_and_expiry_are_out_of_a_callers_hands(history: tuple[Call, list[ev.Event]], text: str) -> None:
    """S8, design rule 5: the path is the day and our own id; the expiry is the retention after the PBX's start of the call."""
    fresh, events = history
    hostile = Number(text, text)
    start = replace(
        started(fresh.direction), caller=hostile, callee=hostile, dialled=text, channel=text, user_agent=text, redirecting=(text,)
    )
    call, orders = apply(open_call(CALL_ID, start, fresh.policy), events)
    filings = [order for order in orders if isinstance(order, do.FileRecording)]
    named = {(one.path, one.expires_at) for one in call.recordings} | {(order.path, order.expires_at) for order in filings}
    for path, expires_at in named:
        assert re.fullmatch(rf"2026/08/31/{CALL_ID}-[12]\.wav", path)
        assert expires_at == fresh.policy.retention.after(start.started_at)
