"""The do-not-record register and a running engine: honoured from the next call on, in this one within a second, after a restart (S4)."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from callguard.call import commands as do
from callguard.call import events as ev
from callguard.call.state import NOBODY, Decision, Direction, How, Number
from callguard.pbx.switch import Fact
from callguard.rights.listed import Listed
from callguard.rights.optouts import enter_optout, remove_from_register
from callguard.rights.wishes import Way, Wish
from callguard.store.database import Database, open_database
from callguard.turn import Board, Turn
from tests.integration.engine_bench import CALLER, NOW, POLICY, Bench, arriving, heard, make, talking, where

OTHER = Number("0744000111", "+40744000111")
DECISIONS = "select decision, how from consents order by id"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = make(tmp_path / "callguard.db")
    yield made
    made.stop()
    made.database.close()


def enter(database: Database, *numbers: Number) -> None:
    for number in numbers:
        enter_optout(database, Wish(number=number, way=Way.POST, wished_on=date(2026, 8, 30), reference="R-1"), by="Ana Pop")


def in_conversation(bench: Bench) -> None:
    """A call that is recorded."""
    bench.start()
    bench.tell(*arriving())
    bench.wait(do.Announce)
    bench.tell(heard(), *talking())
    recording = bench.wait(do.StartRecording)[0].recording
    bench.tell(ev.RecordingStarted(**where(), recording=recording))


@pytest.mark.alone
def test_entered_in_mid_call_the_recording_stops_within_a_second(bench: Bench) -> None:
    """S4, C8: the entry is made through a connection of its own, as a command makes it; nothing tells the engine of it."""
    in_conversation(bench)
    enter(open_database(f"sqlite:///{bench.file}"), OTHER, CALLER)
    entered = time.monotonic()
    bench.wait(do.StopRecording, bound_s=1.0)
    assert time.monotonic() - entered < 1.0
    bench.wait_rows(DECISIONS, [("stayed", "stayed"), ("withdrawn", "register")])
    assert bench.rows("select status, stopped_at is not null from recordings") == [("stopped", 1)]


def test_a_call_that_begins_after_the_entry_is_asked_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """S4: from its first moment on, however shortly before the number was entered and however rarely is looked otherwise."""
    monkeypatch.setattr("callguard.engine.LOOK_S", 60.0)
    bench.start()
    bench.tell(*arriving("1.0"))
    bench.wait(do.Announce)
    enter(bench.database, CALLER)
    bench.tell(*arriving("2.0"))
    assert bench.wait(do.Release)[-1].linkedid == "2.0"
    remove_from_register(bench.database, CALLER, by="Ana Pop", reason="asked to be recorded")
    bench.tell(*arriving("3.0"))
    assert [one.linkedid for one in bench.wait(do.Announce, 2)] == ["1.0", "3.0"]
    asked = "select linkedid, decision, how from consents join calls on calls.id = call_id where how = 'register' order by consents.id"
    assert bench.rows(asked)[-1] == ("2.0", "refused", "register")


def test_entered_while_no_engine_was_there_is_honoured_when_it_is_back(tmp_path: Path) -> None:
    """Design rule 11: in calls that are still open, before their PBX has said anything."""
    first = make(tmp_path / "callguard.db")
    in_conversation(first)
    first.wait_rows("select status from recordings", [("recording",)])
    first.stop()
    enter(first.database, CALLER)
    first.database.close()

    second = make(tmp_path / "callguard.db")
    second.start()
    second.wait(do.StopRecording)
    second.wait_rows(DECISIONS, [("stayed", "stayed"), ("withdrawn", "register")])
    second.stop()
    second.database.close()


def test_while_the_register_cannot_be_read_nobody_is_asked_or_recorded(bench: Bench) -> None:
    """Design rule 1: the heartbeat stops, so that no call comes; what has come is served when it can be read again."""
    bench.database.close()
    with bench.database.reshape() as connection:
        connection.exec_driver_sql("ALTER TABLE optouts RENAME TO away")
    bench.start()
    bench.tell(*arriving())
    time.sleep(0.5)
    assert (bench.switch.performed, bench.switch.beats) == ([], [])
    with bench.database.reshape() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO optouts")
    bench.wait(do.Announce)


def test_the_heartbeat_is_back_with_the_register_though_no_call_comes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callguard.engine.TICK_S", 0.1)
    with bench.database.reshape() as connection:
        connection.exec_driver_sql("ALTER TABLE optouts RENAME TO away")
    bench.start()
    time.sleep(0.3)
    assert bench.switch.beats == []
    with bench.database.reshape() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO optouts")
    end = time.monotonic() + 3
    while not bench.switch.beats:
        assert time.monotonic() < end
        time.sleep(0.02)


# One turn --------------------------------------------------------------------------------------------------------------------------


def turned(*facts: Fact, listed: tuple[Number, ...] = (CALLER,), board: Board | None = None) -> Turn:
    turn = Turn(board or Board(), [POLICY], listed)
    for fact in facts:
        turn.take(fact)
    return turn


def decided(turn: Turn) -> dict[str, list[tuple[Decision, How]]]:
    """By leg, of all calls."""
    parties = (party for _, call in turn.changes for party in call.parties if party.consents)
    return {party.leg: [(one.decision, one.how) for one in party.consents] for party in parties}


OBJECTED = [(Decision.REFUSED, How.REGISTER)]


def test_the_first_fact_of_a_listed_callers_call_is_a_decision() -> None:
    turn = turned(arriving()[0])
    assert (turn.urgent, decided(turn)) == (True, {"1.0": OBJECTED})


def test_a_listed_callee_is_asked_nothing_and_a_listed_colleague_changes_nothing() -> None:
    """S4: of an outbound call, whose caller is one of the operator's own."""
    started, handed = arriving()
    assert isinstance(started, ev.CallStarted)
    outbound = replace(started, leg="1.1", direction=Direction.OUTBOUND, caller=OTHER)
    policy = replace(POLICY, direction="outbound")
    turn = Turn(Board(), [policy], (CALLER, OTHER))
    for fact in (outbound, handed):
        turn.take(fact)
    assert ([type(one) for one in turn.commands], decided(turn)) == ([do.Release], {"1.0": OBJECTED})


def test_a_listed_guest_from_another_call_or_from_none_silences_it() -> None:
    """Design rule 3: a third person is brought into the bridge in mid-call."""
    guest = ev.LegJoined(**where("7.7", "7.7"), channel="PJSIP/trunk-7", bridge="b", number=OTHER, outside=True)
    turn = turned(*arriving(), heard(), *talking(), guest, listed=(OTHER,))
    kinds = [type(one) for one in turn.commands if isinstance(one, do.StartRecording | do.PauseRecording)]
    assert (kinds, decided(turn)["7.7"]) == ([do.StartRecording, do.PauseRecording], OBJECTED)


def test_a_change_of_the_register_reaches_calls_of_the_board_and_of_the_turn() -> None:
    board = Board()
    turned(*arriving("1.0"), heard("1.0"), board=board, listed=()).settle()
    change = ev.RegisterChanged(at=NOW, received_at=NOW)
    turn = turned(change, board=board)
    assert decided(turn) == {"1.0": [(Decision.STAYED, How.STAYED), (Decision.WITHDRAWN, How.REGISTER)]}

    late = Turn(board, [POLICY], listed := [OTHER])
    for fact in arriving("2.0"):
        late.take(fact)
    listed.append(CALLER)
    late.take(change)
    assert decided(late)["2.0"] == OBJECTED


def test_a_withheld_number_and_a_short_one_are_what_they_are(sqlite_file: Database) -> None:
    """S15: anonymous callers are nobody; what has no E.164 is listed as it is shown."""
    enter(sqlite_file, Number("1234", None), CALLER)
    listed = Listed(sqlite_file)
    assert CALLER not in listed
    assert (listed.look(), listed.look()) == (True, False)
    assert [CALLER in listed, Number("1234", None) in listed, Number("00 40 722 000 111", "+40722000111") in listed] == [True] * 3
    assert [NOBODY in listed, OTHER in listed, Number("12345", None) in listed, "+40722000111" in listed] == [False] * 4


def test_what_was_removed_and_entered_again_between_two_looks_is_listed(database: Database) -> None:
    """On each kind of database."""
    enter(database, CALLER, OTHER)
    listed = Listed(database)
    listed.look()
    for number in (CALLER, OTHER):
        remove_from_register(database, number, by="Ana Pop", reason="a mistake")
    enter(database, CALLER)
    assert listed.look()
    assert (CALLER in listed, OTHER in listed) == (True, False)


# Orders that had to wait -----------------------------------------------------------------------------------------------------------


def order(kind: type[do.StartRecording | do.PauseRecording | do.ResumeRecording | do.StopRecording], recording: str = "r") -> do.Command:
    return kind(pbx="pbx", linkedid="1.0", leg="1.0", channel="c", recording=recording, path="p")


START, PAUSE, RESUME, STOP = (order(kind) for kind in (do.StartRecording, do.PauseRecording, do.ResumeRecording, do.StopRecording))
OF_ANOTHER = order(do.StartRecording, "other")


@pytest.mark.parametrize(
    ("commands", "at_once", "afterwards"),
    [
        ([START, STOP], [STOP], []),
        ([OF_ANOTHER, START, PAUSE, STOP], [PAUSE, STOP], [OF_ANOTHER]),
        ([RESUME, STOP], [STOP], []),
        ([START, PAUSE], [PAUSE], [START, PAUSE]),
        ([PAUSE, RESUME], [PAUSE], [RESUME]),
        ([RESUME, PAUSE], [PAUSE], [RESUME, PAUSE]),
        ([PAUSE, OF_ANOTHER], [PAUSE], [OF_ANOTHER]),
    ],
)
def test_what_is_sent_ahead_of_the_rows_is_not_undone_behind_them(
    commands: list[do.Command], at_once: list[do.Command], afterwards: list[do.Command]
) -> None:
    """Design rule 1: a turn that waited for the database holds a recording's begin and its end, and the end was sent already."""
    turn = turned()
    turn.commands = commands
    assert (turn.protective, list(turn.evidenced)) == (at_once, afterwards)
