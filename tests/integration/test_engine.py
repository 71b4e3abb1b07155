"""The engine over a real database: rows before orders, and what becomes of calls when rows cannot be written (design rules 1, 2, 7, 11)."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.state import Direction, Number
from callguard.engine import BATCH
from callguard.errors import FileFault
from callguard.pbx.switch import LinkUp
from callguard.store import database as database_module
from tests.integration.engine_bench import CALLER, NOW, Bench, arriving, heard, make, talking, where


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make(tmp_path / "callguard.db")
    yield made
    made.stop()
    made.database.close()


def test_rows_are_committed_before_the_order_goes_out(bench: Bench) -> None:
    """S1, S8: consent and recording, with its expiry six calendar months on, are in the database when MixMonitor is ordered."""
    query = "select c.decision, c.heard_ms, r.status, r.expires_at from consents c join recordings r using (call_id)"
    bench.switch.look = lambda: bench.rows(query)
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard(), *talking())
    bench.wait(do.StartRecording)
    seen = next(rows for command, rows in bench.switch.seen if isinstance(command, do.StartRecording))
    expiry = int(datetime(2027, 2, 28, 10, 0, tzinfo=UTC).timestamp() * 1000)
    assert seen == [("stayed", 1600, "requested", expiry)]


def test_a_decision_is_committed_before_the_leg_is_released(bench: Bench) -> None:
    bench.switch.look = lambda: bench.rows("select decision from consents")
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard())
    bench.wait(do.Release)
    assert next(rows for command, rows in bench.switch.seen if isinstance(command, do.Release)) == [("stayed",)]


def test_a_locked_database_records_nothing_and_loses_nothing(bench: Bench) -> None:
    """The net of the PBX serves the caller meanwhile; what was heard is believed once it can be written."""
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    with closing(sqlite3.connect(bench.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        bench.tell(heard(), *talking())
        time.sleep(0.8)
        assert [type(one) for one in bench.switch.performed] == [do.Announce]
        other.execute("ROLLBACK")
    bench.wait(do.StartRecording, bound_s=10)
    assert bench.rows("select decision from consents") == [("stayed",)]


def test_an_unwritable_database_stops_the_heartbeat_and_still_lets_a_withdrawal_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C8, design rule 1: stopping needs no evidence, and new calls must not come to a daemon that cannot write."""
    monkeypatch.setattr(database_module, "PATIENCE_S", 0.1)
    bench = make(tmp_path / "callguard.db")
    bench.start()
    try:
        bench.tell(*arriving())
        bench.wait(do.Announce)
        bench.tell(heard(), *talking())
        recording = bench.wait(do.StartRecording)[0].recording
        bench.tell(ev.RecordingStarted(**where(), recording=recording))
        with closing(sqlite3.connect(bench.file, isolation_level=None, timeout=5)) as other:
            other.execute("BEGIN IMMEDIATE")
            bench.tell(ev.DigitPressed(**where(), key="*"), ev.DigitPressed(**where(), key="9"))
            assert bench.wait(do.StopRecording)[0].recording == recording
            beats = len(bench.switch.beats)
            time.sleep(2.5)
            assert len(bench.switch.beats) == beats
            other.execute("ROLLBACK")
        bench.wait_rows("select decision from consents order by id", [("stayed",), ("withdrawn",)])
        end = time.monotonic() + 5
        while len(bench.switch.beats) == beats and time.monotonic() < end:
            time.sleep(0.05)
        assert len(bench.switch.beats) > beats
    finally:
        bench.stop()
        bench.database.close()


@pytest.mark.alone
def test_facts_that_pile_up_over_an_unwritable_database_cost_no_more_than_its_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a transaction takes wait for the next attempt; the PBX beside it needs the processor."""
    monkeypatch.setattr(database_module, "PATIENCE_S", 0)
    bench = make(tmp_path / "callguard.db")
    bench.start()
    try:
        with closing(sqlite3.connect(bench.file, isolation_level=None, timeout=5)) as other:
            other.execute("BEGIN IMMEDIATE")
            bench.tell(*(fact for number in range(BATCH) for fact in arriving(f"{number}.0")))
            time.sleep(0.5)
            began, used = time.monotonic(), time.process_time()
            time.sleep(2)
            assert time.process_time() - used < 0.5 * (time.monotonic() - began)
            other.execute("ROLLBACK")
        bench.wait_rows("select count(*) from calls", [(BATCH,)])
    finally:
        bench.stop()
        bench.database.close()


def test_a_fact_that_the_database_refuses_does_not_hold_up_the_others(bench: Bench) -> None:
    """A PBX that gives an old linkedid to a new call: that one is dropped, the calls beside it are served."""
    bench.start()
    bench.tell(*arriving("1.0"))
    bench.wait(do.Announce)
    bench.tell(ev.LegGone(**where(), cause="NORMAL_CLEARING"))
    bench.wait_rows("select count(*) from calls where ended_at is not null", [(1,)])
    bench.tell(*arriving("1.0"), *arriving("2.0"))
    assert bench.wait(do.Announce, 2)[1].linkedid == "2.0"
    bench.wait_rows("select linkedid from calls order by linkedid", [("1.0",), ("2.0",)])


def test_a_prompt_whose_end_is_never_told_ends_by_its_timer(bench: Bench) -> None:
    """Design rule 8: every wait has an end; here the announcement's own length and two seconds."""
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.wait(do.Release, bound_s=6)
    assert bench.rows("select decision, complete from consents") == [("unanswered", 0)]


def test_a_restarted_engine_takes_the_call_up_from_its_rows(tmp_path: Path) -> None:
    """Design rule 11: the prompt is said again, whole, and what is heard then counts."""
    first = make(tmp_path / "callguard.db")
    first.start()
    first.tell(*arriving())
    first.wait(do.Announce)
    first.stop()
    first.database.close()

    second = make(tmp_path / "callguard.db")
    second.start()
    sighting = ev.Sighting(leg="1.0", linkedid="1.0", channel="PJSIP/trunk-1.0", in_hand=True)
    second.tell(ev.SnapshotTaken(pbx="pbx", at=NOW, received_at=NOW, sightings=(sighting,)))
    again = second.wait(do.Announce)[0]
    assert again.step == 2
    assert second.reconciled == ["pbx"]
    second.tell(heard())
    time.sleep(0.1)
    assert not [one for one in second.switch.performed if isinstance(one, do.Release)], "the answer to the first question is late"
    second.tell(ev.AnnouncementEnded(**where(), step=2, heard_ms=1600, complete=True))
    second.wait(do.Release)
    second.stop()
    second.database.close()


def test_a_call_that_ended_while_nobody_watched_is_closed_by_the_snapshot(bench: Bench) -> None:
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(ev.SnapshotTaken(pbx="pbx", at=NOW, received_at=NOW, sightings=()))
    bench.wait_rows("select decision from consents", [("unanswered",)])
    bench.wait_rows("select count(*) from calls where ended_at is null", [(0,)])


def test_a_folder_that_cannot_be_made_means_no_recording(bench: Bench) -> None:
    """What could not be deleted when its time comes must not begin."""
    bench.folder_fault = FileFault("read-only", place="2026/08/31", remedy="mount it")
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard(), *talking())
    bench.wait_rows("select status, fault from recordings", [("failed", "read-only")])
    assert not [one for one in bench.switch.performed if isinstance(one, do.StartRecording)]


def test_the_file_is_ordered_measured_at_the_hang_up_and_its_figures_are_kept(bench: Bench) -> None:
    """S3: hang-up ends the recording by itself."""
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard(), *talking())
    recording = bench.wait(do.StartRecording)[0].recording
    bench.tell(ev.RecordingStarted(**where(), recording=recording), ev.LegGone(**where(), cause="NORMAL_CLEARING"))
    bench.wait_rows("select status from recordings", [("stopped",)])
    assert [order.recording for order in bench.filed] == [recording]
    bench.tell(ev.RecordingFiled(**where(), recording=recording, size=44, sha256=None, fault="empty"))
    bench.wait_rows("select status, size, fault from recordings", [("failed", 44, "empty")])


def test_a_message_is_a_row_of_who_and_when(bench: Bench) -> None:
    """C1: numbers to which messages were sent; there is no column for more."""
    bench.start()
    seen = ev.MessageSeen(pbx="pbx", at=NOW, received_at=NOW, direction=Direction.OUTBOUND, sender=Number("200", None), recipient=CALLER)
    bench.tell(seen)
    bench.wait_rows("select direction, sender, recipient_e164 from messages", [("outbound", "200", "+40722000111")])
    columns = {row[1] for row in bench.rows("pragma table_info(messages)")}
    who = {"pbx", "direction", "sender", "sender_e164", "recipient", "recipient_e164"}
    assert columns == {"id", "at", "received_at", "kept_rule", "kept_until", "restricted"} | who


def test_a_stop_writes_nothing_a_second_time(bench: Bench) -> None:
    """The turn that was written last is over."""
    bench.start()
    bench.tell(ev.MessageSeen(pbx="pbx", at=NOW, received_at=NOW, direction=Direction.INBOUND, sender=CALLER, recipient=CALLER))
    bench.wait_rows("select count(*) from messages", [(1,)])
    bench.stop()
    assert bench.rows("select count(*) from messages") == [(1,)]


def test_links_are_told_on_and_a_snapshot_brings_a_heartbeat_at_once(bench: Bench) -> None:
    bench.start()
    bench.tell(LinkUp(pbx="pbx", at=NOW), ev.SnapshotTaken(pbx="pbx", at=NOW, received_at=NOW, sightings=()))
    end = time.monotonic() + 2
    while not bench.reconciled and time.monotonic() < end:
        time.sleep(0.01)
    assert bench.links == [LinkUp(pbx="pbx", at=NOW)]
    assert bench.switch.beats


def test_hundreds_of_calls_at_once_are_written_together(bench: Bench) -> None:
    """Group commit: a burst costs a few transactions; the count of frames in the write-ahead log stays far below one commit a call."""
    facts = [fact for number in range(300) for fact in arriving(f"{number}.0")]
    bench.tell(*facts)
    bench.start()
    bench.wait(do.Announce, 300, bound_s=10)
    assert bench.rows("select count(*) from calls") == [(300,)]
    assert not bench.engine.congested()


@pytest.mark.alone
def test_what_is_only_noted_wakes_nobody_and_is_written_soon(bench: Bench) -> None:
    """C1: the answer has no order in it; it is written by the look at the calls, and waits for no tick."""
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    begun = time.monotonic()
    bench.tell(ev.LegAnswered(**where()))
    assert bench.rows("select answered_at from calls") == [(None,)]
    bench.wait_rows("select answered_at from calls", [(int(NOW.timestamp() * 1000),)])
    assert time.monotonic() - begun < 1.0


@pytest.fixture
def unhurried(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[ev.Event]:
    """Two people who talk and are recorded, over an engine that looks at nothing by itself; who they are to it."""
    for pause in ("LAZY_S", "TICK_S", "LOOK_S"):
        monkeypatch.setattr(f"callguard.engine.{pause}", 60.0)
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard(), *(both := talking()))
    bench.wait(do.StartRecording)
    return both


def test_a_hang_up_in_a_call_of_two_goes_along_with_the_next_call(bench: Bench, unhurried: list[ev.Event]) -> None:
    """Nobody is left to be recorded or hung up on, so it wakes nobody and costs no transaction of its own."""
    bench.tell(*(ev.LegGone(**where(one.leg), cause="NORMAL_CLEARING") for one in unhurried))
    time.sleep(0.1)
    assert bench.engine.waiting == 2
    bench.tell(*arriving("2.0"))
    bench.wait(do.Announce, 2)
    assert len(bench.filed) == 1
    assert bench.rows("select count(*) from calls where ended_at is not null") == [(1,)]


@pytest.mark.usefixtures("unhurried")
def test_who_leaves_a_call_of_more_is_heard_at_once(bench: Bench) -> None:
    """C8: the recording that paused for a third person goes on with his leaving, and not at the next look."""
    guest = where("1.7")
    bench.tell(ev.LegJoined(**guest, channel="PJSIP/trunk-7", bridge="b", number=CALLER, outside=True))
    bench.wait(do.PauseRecording)
    bench.wait_rows("select status from recordings", [("paused",)])
    bench.tell(ev.LegLeft(**guest, bridge="b"))
    bench.wait(do.ResumeRecording)
