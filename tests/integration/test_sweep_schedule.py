"""The daily sweep in the daemon: when it begins, that it is made up for, that its errors are seen and that it can be stopped."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from structlog.testing import capture_logs

from callguard.clock import utc_now
from callguard.retention.schedule import SweepSchedule, next_sweep
from callguard.store import retention_rows
from callguard.store.database import Database
from callguard.store.retention_rows import SweepRow, last_sweep, record_sweep, swept_until
from callguard.store.tables import sweeps
from tests.integration.sweep_place import DUE, Place, new_place

AT = clock_time(3, 30)
NIGHT = datetime(2027, 3, 28, 3, 30, tzinfo=UTC)  # the night in which Bucharest's clocks skip from three to four
SECOND = timedelta(seconds=1)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return new_place(database, tmp_path)


def swept(place: Place, finished_at: datetime, as_of: datetime | None = None) -> None:
    with place.database.write() as connection:
        record_sweep(connection, SweepRow(as_of=as_of or finished_at, finished_at=finished_at, considered=0, deleted=0, failed=0))


def sweep_rows(place: Place) -> int:
    with place.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(sweeps)).scalar_one()


def wait_until(condition: Callable[[], bool], bound_s: float = 5.0) -> None:
    end = time.perf_counter() + bound_s
    while not condition():
        assert time.perf_counter() < end, "it did not come about"
        threading.Event().wait(0.01)


def test_it_sweeps_at_its_time_of_day_in_utc(place: Place) -> None:
    """S8: the daemon itself deletes what has expired."""
    path = place.add("a", expires_at=DUE)
    with time_machine.travel(NIGHT - SECOND, tick=True):
        swept(place, utc_now() - timedelta(hours=23))
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        assert schedule.next_run() == NIGHT
        assert path.exists()
        wait_until(lambda: sweep_rows(place) == 2)
        assert schedule.next_run() == NIGHT + timedelta(days=1)
        assert schedule.stop()
    assert not path.exists()
    with place.database.read() as connection:
        row = last_sweep(connection)
    assert row is not None
    assert timedelta() <= row.as_of - NIGHT < 3 * SECOND


@pytest.mark.parametrize("earlier", [None, timedelta(days=1, seconds=1), timedelta(days=30)])
def test_a_sweep_that_was_missed_is_made_up_for_at_the_start(place: Place, earlier: timedelta | None) -> None:
    """A machine that is off every night still deletes."""
    path = place.add("a", expires_at=DUE)
    with time_machine.travel(NIGHT + timedelta(hours=6), tick=True):
        if earlier is not None:
            swept(place, utc_now() - earlier)
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        wait_until(lambda: not path.exists())
        wait_until(lambda: schedule.next_run() == NIGHT + timedelta(days=1))
        assert schedule.stop()


def test_a_sweep_of_today_is_not_repeated_at_the_start(place: Place) -> None:
    with time_machine.travel(NIGHT + timedelta(hours=6), tick=True):
        swept(place, NIGHT + SECOND)
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        assert schedule.next_run() == NIGHT + timedelta(days=1)
        assert schedule.stop()
    assert sweep_rows(place) == 1


def test_how_far_all_was_swept_is_not_told_by_sweeps_of_another_time(place: Place) -> None:
    """A sweep as of last year, or as of next year, is none of today."""
    with place.database.read() as connection:
        assert swept_until(connection) is None
    swept(place, NIGHT, as_of=NIGHT - timedelta(days=365))
    swept(place, NIGHT - timedelta(days=2), as_of=NIGHT + timedelta(days=365))
    with place.database.read() as connection:
        assert swept_until(connection) == NIGHT - timedelta(days=2)


def test_an_error_is_logged_and_kept_until_a_sweep_succeeds(place: Place) -> None:
    place.add("a", expires_at=DUE)
    with place.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE recordings RENAME TO elsewhere"))
    with time_machine.travel(NIGHT - SECOND, tick=True), capture_logs() as logs:
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        wait_until(lambda: schedule.last_error is not None)
        assert schedule.last_error is not None
        assert "a table or column of this callguard is not there" in schedule.last_error
        with place.database.write() as connection:
            connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO recordings"))
        wait_until(lambda: schedule.last_error is None)
        assert schedule.stop()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["the sweep failed"]
    assert place.proofs().keys() == {"a"}


def test_what_could_not_be_deleted_is_logged_by_its_id(place: Place) -> None:
    path = place.add("a", expires_at=DUE)
    path.unlink()
    path.symlink_to("elsewhere")
    with time_machine.travel(NIGHT, tick=True), capture_logs() as logs:
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        wait_until(lambda: sweep_rows(place) == 1)
        assert schedule.stop()
    assert [(line["record"], "symbolic link" in line["reason"]) for line in logs if line["log_level"] == "error"] == [("a", True)]


def test_it_stops_between_two_groups(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_rows, "PAGE", 10)
    for number in range(300):
        place.add(f"r{number:03d}", expires_at=DUE)
    with time_machine.travel(NIGHT, tick=True):
        schedule = SweepSchedule(place.database, place.planned, AT)
        schedule.start()
        wait_until(lambda: len(place.proofs()) > 0)
        assert schedule.stop(2.0)
    assert 0 < len(place.proofs()) < 300
    assert place.agree()
    assert sweep_rows(place) == 0
    assert schedule.next_run() is None


def test_a_sweep_whose_turn_comes_after_the_stop_does_nothing(place: Place) -> None:
    """The database may be closed by then."""
    swept(place, utc_now())
    schedule = SweepSchedule(place.database, place.planned, AT)
    schedule.start()
    assert schedule.stop()
    schedule._sweep()
    assert sweep_rows(place) == 1


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NIGHT - timedelta(milliseconds=1), NIGHT),
        (NIGHT, NIGHT),
        (NIGHT + timedelta(milliseconds=1), NIGHT + timedelta(days=1)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 3, 30, tzinfo=UTC)),
    ],
)
def test_the_next_time_of_day_is_the_same_every_day_of_the_year(now: datetime, expected: datetime) -> None:
    assert next_sweep(AT, now) == expected
