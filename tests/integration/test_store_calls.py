"""Calls come back exactly as they were saved, and each step writes only what it changed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from callguard.call.state import Call, Recording, RecordingStatus, Withdrawal
from callguard.errors import StoreRefused
from callguard.store import records
from callguard.store.call_rows import Row
from callguard.store.database import Database
from callguard.store.loading import load_calls
from callguard.store.records import open_calls, save_call, save_calls
from callguard.store.straight import execute_many
from callguard.store.tables import calls, consents, parties, recordings
from tests.integration.store_plans import plan_of, scans
from tests.integration.store_values import (
    BOB,
    CALLS,
    CHANGES,
    HOSTILE,
    NOW,
    STAYED,
    WITHDRAWN,
    after,
    caller,
    keep,
    life,
    plain_call,
    recording,
)

on_one_database = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Transaction = Callable[[Database], AbstractContextManager[sa.Connection]]


@pytest.fixture
def stocked(database: Database) -> Database:
    """Policies and announcements are there."""
    with database.write() as connection:
        keep(connection)
    return database


@contextmanager
def emptied(database: Database) -> Iterator[sa.Connection]:
    """A transaction over no calls, for one example among many."""
    with database.write() as connection:
        for table in (recordings, consents, parties, calls):
            connection.execute(sa.delete(table))
        yield connection


@contextmanager
def statements() -> Iterator[list[str]]:
    """What goes to the driver, as `INSERT calls`; a statement for many rows counts once."""
    seen: list[str] = []

    def note(connection: sa.Connection, statement: str, rows: Sequence[Row]) -> None:
        words = statement.replace("INTO ", "").split()
        seen.append(f"{words[0]} {words[1]}")
        execute_many(connection, statement, rows)

    with patch.object(records, "execute_many", note):
        yield seen


def written(database: Database, before: Call | None, after_: Call) -> list[str]:
    """The statements of one step, without those of its transaction."""
    with database.write() as connection, statements() as seen:
        save_call(connection, before, after_)
    return seen


@given(call=CALLS)
@on_one_database
def test_any_call_comes_back_as_it_was(stocked: Database, call: Call) -> None:
    """S12, C1: evidence and metadata survive to the letter, whatever callers send."""
    with emptied(stocked) as connection:
        save_call(connection, None, call)
        assert load_calls(connection, [call.id]) == [call]


@given(change=CHANGES)
@on_one_database
def test_any_step_comes_back_as_it_was(stocked: Database, change: tuple[Call, Call]) -> None:
    with emptied(stocked) as connection:
        before, later = change
        save_call(connection, None, before)
        save_call(connection, before, later)
        assert load_calls(connection, [later.id]) == [later]


def test_a_batch_may_hold_many_calls_and_many_steps_of_one(stocked: Database) -> None:
    lives = [life("c1"), life("c2")]
    batch: list[tuple[Call | None, Call]] = [change for steps in lives for change in [(None, steps[0]), *pairwise(steps)]]
    with stocked.write() as connection, statements() as seen:
        save_calls(connection, batch)
    assert len(seen) == 8, "one statement for each table and verb, however many rows"
    with stocked.read() as connection:
        assert load_calls(connection, ["c2", "c1"]) == [lives[1][-1], lives[0][-1]]


def test_the_last_step_of_a_batch_wins_whatever_it_changes(stocked: Database) -> None:
    """A changed number is written by another statement than a changed time; their order must not decide."""
    started = plain_call()
    renumbered = replace(started, caller=BOB, answered_at=after(1))
    answered = replace(started, answered_at=after(2))
    steps: list[tuple[Call | None, Call]] = [(None, started), (started, answered), (answered, renumbered)]
    with stocked.write() as connection:
        save_calls(connection, steps)
        assert load_calls(connection, ["c1"]) == [renumbered]
        save_calls(connection, [(renumbered, started), (started, answered)])
        assert load_calls(connection, ["c1"]) == [answered]


def test_a_step_writes_what_it_changed_and_nothing_else(stocked: Database) -> None:
    started, answered, stayed, connected, running, ended, filed = [plain_call(), *life()]
    assert written(stocked, None, started) == ["INSERT calls", "INSERT redirections"]
    assert written(stocked, None, replace(plain_call("c0"), redirecting=())) == ["INSERT calls"]
    assert written(stocked, started, answered) == ["INSERT parties", "UPDATE calls"]
    assert written(stocked, answered, stayed) == ["INSERT consents", "UPDATE parties"]
    assert sorted(written(stocked, stayed, connected)) == ["INSERT parties", "INSERT recordings", "UPDATE calls", "UPDATE parties"]
    assert written(stocked, connected, running) == ["UPDATE recordings"]
    assert written(stocked, running, ended) == ["UPDATE calls", "UPDATE parties", "UPDATE recordings"]
    assert written(stocked, ended, filed) == ["UPDATE recordings"]
    assert written(stocked, filed, filed) == []


def test_withdrawal_keys_are_not_stored(stocked: Database) -> None:
    """Keys pressed in a conversation are not ours: a step that only counts them writes nothing."""
    call = life()[3]
    counting = replace(call, withdrawal=Withdrawal(call.parties[0].leg, 1, NOW))
    assert written(stocked, None, call)
    assert written(stocked, call, counting) == []


def test_a_withdrawal_is_added_and_the_first_decision_stays(stocked: Database) -> None:
    """C8: consent is withdrawn for the future only."""
    call = life()[4]
    party = call.parties[0]
    withdrawn = replace(call, parties=(replace(party, consents=(STAYED, WITHDRAWN)), *call.parties[1:]))
    with stocked.write() as connection:
        save_calls(connection, [(None, call), (call, withdrawn)])
        assert load_calls(connection, [call.id])[0].parties[0].consents == (STAYED, WITHDRAWN)


def test_a_naive_time_is_refused(stocked: Database) -> None:
    naive = replace(plain_call(), answered_at=datetime(2026, 8, 31, 9, 30))  # noqa: DTZ001 - that is the fault
    with pytest.raises(ValueError, match="naive time 2026-08-31T09:30:00"), stocked.write() as connection:
        save_call(connection, None, naive)
    with stocked.read() as connection:
        assert load_calls(connection, ["c1"]) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_callers_is_only_text(stocked: Database, text: str) -> None:
    call = replace(plain_call(), user_agent=text, caller=replace(plain_call().caller, raw=text), redirecting=(text,))
    with stocked.write() as connection:
        save_call(connection, None, call)
        assert load_calls(connection, ["c1"]) == [call]


def test_text_that_no_database_takes_is_refused_and_not_lost_silently(stocked: Database) -> None:
    """Half of a surrogate pair has no UTF-8; the border replaces it, and what comes past the border is told."""
    with pytest.raises(StoreRefused) as refused, stocked.write() as connection:
        save_call(connection, None, replace(plain_call(), user_agent="\ud800"))
    assert "0722" not in str(refused.value)


@pytest.mark.parametrize("transaction", [Database.write, Database.write_straight])
def test_a_second_recording_of_one_path_is_refused(stocked: Database, transaction: Transaction) -> None:
    one, two = plain_call("c1"), plain_call("c2")
    files = [replace(call, recordings=(replace(recording(call), path="same.wav"),)) for call in (one, two)]
    with pytest.raises(StoreRefused), transaction(stocked) as connection:
        save_calls(connection, [(None, file) for file in files])
    with transaction(stocked) as connection:
        save_calls(connection, [(None, two)])
    with stocked.read() as connection:
        assert load_calls(connection, ["c1", "c2"]) == [two], "a batch is one transaction"


def test_what_retention_wrote_on_a_recording_stays(stocked: Database) -> None:
    """C6c: a hold placed during the call is not undone by the call's next step."""
    running, ended = life()[3:5]
    with stocked.write() as connection:
        save_call(connection, None, running)
        connection.execute(sa.update(recordings).values(held=True))
        save_call(connection, running, ended)
        assert connection.execute(sa.select(recordings.c.held, recordings.c.status)).one() == (True, "stopped")


def _with_recording(identifier: str, status: RecordingStatus, size: int | None) -> Call:
    call = plain_call(identifier)
    file: Recording = replace(recording(call, status), size=size)
    return replace(call, parties=(caller(call),), ended_at=after(30), recordings=(file,))


@pytest.mark.parametrize(
    ("status", "size", "goes_on"),
    [
        (RecordingStatus.REQUESTED, None, True),
        (RecordingStatus.RECORDING, None, True),
        (RecordingStatus.PAUSED, None, True),
        (RecordingStatus.STOPPED, None, True),
        (RecordingStatus.STOPPED, 100, False),
        (RecordingStatus.MISSING, None, False),
        (RecordingStatus.FAILED, None, False),
        (RecordingStatus.DELETED, None, False),
        (RecordingStatus.SEALED, 100, False),
    ],
)
def test_an_ended_call_goes_on_while_its_recording_does(
    stocked: Database, status: RecordingStatus, size: int | None, *, goes_on: bool
) -> None:
    """S3: after a restart the daemon stops and files what it no longer remembers."""
    call = _with_recording("c1", status, size)
    with stocked.write() as connection:
        save_call(connection, None, call)
        assert open_calls(connection, "main") == ([call] if goes_on else [])


def test_open_calls_are_those_of_one_pbx_each_once(stocked: Database) -> None:
    here, there = life("c1")[3], plain_call("c2", "other")
    ended = replace(plain_call("c3"), ended_at=after(1))
    with stocked.write() as connection:
        save_calls(connection, [(None, here), (None, there), (None, ended)])
        assert open_calls(connection, "main") == [here]
        assert open_calls(connection, "other") == [there]


def test_open_calls_are_found_by_indexes(sqlite_file: Database) -> None:
    """A restart over years of calls must not read them all."""
    plan = plan_of(sqlite_file, lambda connection: open_calls(connection, "main"))
    assert scans(plan, "calls", "recordings") == []
    assert any("ix_calls_open" in step for step in plan)
    assert any("ix_recordings_unfiled" in step for step in plan)
