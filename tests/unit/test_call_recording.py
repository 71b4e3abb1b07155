"""Transcripts of a recording's own life: ordered, begun, refused, lost, stopped, filed."""

from dataclasses import replace

import pytest

from callguard.call.period import Period, Unit
from callguard.call.policy import Mode
from callguard.call.state import Decision, RecordingStatus
from tests.unit.call_cast import AGENT, CUSTOMER, FRIEND, after
from tests.unit.call_facts import (
    filed,
    gone,
    handed_back,
    handed_over,
    joined,
    left,
    not_running,
    pressed,
    recording_refused,
    recording_started,
    said,
    stop_unconfirmed,
    stopped,
)
from tests.unit.call_orders import file, pause, record, release, say, stop, tell
from tests.unit.call_world import Transcript, inbound, talking


def begun() -> Transcript:
    """Ordered, and not confirmed yet."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << joined(AGENT) << joined(CUSTOMER, at=20) >> record()
    return call


def ended() -> Transcript:
    """Hung up, and not filed yet."""
    call = talking()
    assert call << gone(AGENT) << gone(CUSTOMER, at=60) >> file()
    return call


def test_a_recording_is_known_before_it_is_begun() -> None:
    """S8, design rules 2 and 5: path and expiry stand when the order goes out, six calendar months from the PBX's start of the call."""
    one = begun().recording
    assert (one.status, one.requested_at, one.started_at, one.leg) == (RecordingStatus.REQUESTED, after(20), None, CUSTOMER)
    assert one.path == "2026/08/31/0c0ffee0-1.wav"
    assert one.expires_at.isoformat() == "2027-02-28T09:30:00+00:00"


def test_the_expiry_is_the_policys() -> None:
    """S8."""
    call = inbound(retention=Period(90, Unit.DAYS))
    assert call << handed_over() >> say(1) << said(1) >> release()
    assert call << joined(CUSTOMER) >> (record(),)
    assert call.recording.expires_at.isoformat() == "2026-11-29T09:30:00+00:00"


def test_nobody_is_recorded_who_talks_to_nobody() -> None:
    """A queue, an announcement or a greeting is nobody's statement: not before the leg is in a bridge."""
    call = inbound()
    assert call << handed_over() >> say(1) << said(1) >> release() << handed_back() << gone()
    assert not call.call.recordings


def test_begun() -> None:
    call = begun()
    assert call << recording_started(at=20.25) << recording_started(at=21)
    assert (call.recording.status, call.recording.started_at) == (RecordingStatus.RECORDING, after(20.25))


def test_refused_by_the_pbx() -> None:
    """Design rule 1: the call goes on, the row says why there is no recording, and it is not tried again and again."""
    call = begun()
    assert call << recording_refused() << left(CUSTOMER) << joined(CUSTOMER) << recording_refused() << not_running() << stopped() << gone()
    assert (call.recording.status, call.recording.fault) == (RecordingStatus.FAILED, "refused by the PBX")
    assert call.recording.stopped_at == after(20.1)


def test_an_order_to_start_that_was_lost_is_given_again() -> None:
    """Design rule 11: same recording, same path."""
    call = begun()
    assert call << not_running() >> record() << recording_started(at=26)
    assert (call.recording.status, call.recording.started_at) == (RecordingStatus.RECORDING, after(26))


def test_an_order_to_start_that_was_lost_is_not_given_again_when_nobody_is_talking() -> None:
    """It is stopped instead, for the case that the PBX does not know what it does."""
    call = begun()
    assert call << left(CUSTOMER) << not_running() >> stop()
    assert call.recording.status is RecordingStatus.STOPPED


def test_a_recording_that_ended_behind_our_back_is_over() -> None:
    """The PBX may only not have told that it runs (another recording on the same leg hides ours), so it is told to stop all the same."""
    call = talking()
    assert call << not_running(at=25) >> stop() << not_running() << stopped() >> file() << filed()
    assert (call.recording.status, call.recording.stopped_at) == (RecordingStatus.STOPPED, after(25))


def test_a_paused_recording_that_ended_behind_our_back_is_over() -> None:
    call = talking()
    assert call << joined(FRIEND) >> pause() >> tell(1, FRIEND) << not_running() >> stop() << gone(FRIEND)


@pytest.mark.parametrize("late", [recording_started, recording_refused, not_running, stop_unconfirmed, stopped])
def test_what_is_told_late_of_a_filed_recording_is_nothing(late: type) -> None:
    call = ended()
    assert call << filed()
    before = call.call
    assert call << late()
    assert call.call is before


def test_a_stop_is_filed_when_it_is_confirmed() -> None:
    """S3: withdrawn, stopped, filed; the hang-up adds nothing."""
    call = talking()
    assert call << pressed("*") << pressed("9", at=30.5) >> stop() << stopped() >> file() << filed() << gone()
    assert (call.recording.stopped_at, call.recording.size) == (after(30.5), 16044)
    assert call.decisions()[-1] is Decision.WITHDRAWN


def test_what_the_pbx_could_not_write_is_missing_from_a_file_that_looks_whole() -> None:
    """S8: told before the hang-up that it comes of. The file shows nothing of it."""
    call = talking()
    assert call << stopped(whole=False) << gone() >> file() << filed()
    assert (call.recording.status, call.recording.fault, call.recording.size) == (RecordingStatus.FAILED, "truncated", 16044)


def test_what_it_could_not_write_before_a_stop_is_missing_as_well() -> None:
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop() << stopped(whole=False) >> file() << filed()
    assert (call.recording.status, call.recording.fault) == (RecordingStatus.FAILED, "truncated")


def test_a_worse_fault_of_its_file_is_the_one_that_is_told() -> None:
    call = ended()
    assert call << stopped(whole=False) >> file() << filed(fault="missing", size=None)
    assert (call.recording.status, call.recording.fault) == (RecordingStatus.MISSING, "missing")


def test_a_stop_whose_file_is_not_measured_at_the_hang_up_is_filed_again() -> None:
    call = talking()
    assert call << pressed("*") << pressed("9") >> stop() << stopped() >> file() << gone() >> file() << filed() << filed()
    assert call.recording.size == 16044


def test_a_stop_that_nobody_ordered_is_none() -> None:
    call = talking()
    assert call << stopped() << stop_unconfirmed() << filed()
    assert call.recording.status is RecordingStatus.RECORDING


def test_filed() -> None:
    """S13: size and hash stand in the row."""
    call = ended()
    assert call << filed(size=32044)
    assert (call.recording.status, call.recording.size, call.recording.sha256) == (
        RecordingStatus.STOPPED,
        32044,
        "sha256 of 32044 bytes",
    )
    assert call.recording.fault is None


@pytest.mark.parametrize(
    ("fault", "size", "status"),
    [
        ("missing", None, RecordingStatus.MISSING),
        ("empty", 0, RecordingStatus.FAILED),
        ("empty", 44, RecordingStatus.FAILED),
        ("repaired", 65580, RecordingStatus.STOPPED),
        ("truncated", 9000, RecordingStatus.FAILED),
        ("unreadable", None, RecordingStatus.FAILED),
    ],
)
def test_a_file_with_a_fault_says_so(fault: str, size: int | None, status: RecordingStatus) -> None:
    call = ended()
    assert call << filed(fault=fault, size=size)
    assert (call.recording.status, call.recording.fault, call.recording.size) == (status, fault, size)


@pytest.mark.parametrize("fault", [None, "truncated"])
def test_what_was_sealed_is_sealed_whatever_is_wrong_with_it(fault: str | None) -> None:
    """S13."""
    call = ended()
    assert call << replace(filed(fault=fault), sealed=True)
    assert (call.recording.status, call.recording.fault, call.recording.size) == (RecordingStatus.SEALED, fault, 16044)


def test_a_file_is_measured_once() -> None:
    """Whatever a second look finds (the file may be moved, sealed or gone by then) changes nothing of the evidence."""
    call = ended()
    assert call << filed(size=32044) << filed(fault="missing", size=None) << filed(size=1)
    assert (call.recording.status, call.recording.size) == (RecordingStatus.STOPPED, 32044)


def test_an_outside_person_may_be_recorded_after_the_first_ones_recording_failed() -> None:
    """A refusal by the PBX is of that leg; another covered person's leg is tried once."""
    call = begun()
    assert call << recording_refused() << handed_over(FRIEND) >> say(1, FRIEND) << said(1, FRIEND) >> release(FRIEND)
    assert call << joined(FRIEND) << left(CUSTOMER) >> record(2, FRIEND)


def test_a_call_in_mode_never_has_no_recording_to_lose() -> None:
    call = inbound(Mode.NEVER)
    assert call << joined(AGENT) << joined(CUSTOMER) << not_running() << recording_started() << filed()
    assert not call.call.recordings
