"""When the call of an adopted recording began: the order of what is believed, zones, nights of two hours, contradictions (S8, issue 4)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.adoption.beginning import AGREEMENT, Beginning, Clues, StartFrom, begin, moments
from callguard.adoption.names import Named, UnfitError

HERE = ZoneInfo("Europe/Bucharest")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
AT = datetime(2024, 1, 31, 14, 30, 15, tzinfo=UTC)
LATER = AT + timedelta(seconds=20)


def wall(moment: datetime) -> datetime:
    """As the clocks showed it."""
    return moment.astimezone(HERE).replace(tzinfo=None)


def started(
    named: Named | None = None, listed: datetime | None = None, header: datetime | None = None, mtime: datetime | None = None
) -> Beginning:
    return begin(Clues(named or Named(), listed, header, mtime), HERE, NOW)


def unfit(named: Named | None = None, listed: datetime | None = None, header: datetime | None = None, mtime: datetime | None = None) -> str:
    with pytest.raises(UnfitError) as told:
        started(named, listed, header, mtime)
    return str(told.value)


def test_what_needs_no_zone_is_believed_first_and_the_time_of_the_file_last() -> None:
    """Each source, with all the later ones beside it."""
    name = Named(made=AT, local=wall(LATER))
    assert started(name, LATER, wall(LATER), NOW) == Beginning(AT, StartFrom.NAME)
    assert started(Named(local=wall(LATER)), AT, wall(LATER), NOW) == Beginning(AT, StartFrom.CDR)
    assert started(Named(local=wall(AT)), None, wall(LATER), NOW) == Beginning(AT, StartFrom.NAME)
    assert started(None, None, wall(AT), NOW) == Beginning(AT, StartFrom.HEADER)
    assert started(None, None, None, AT) == Beginning(AT, StartFrom.MTIME)


@pytest.mark.parametrize(
    ("named", "remedy"),
    [(Named(), "--by-mtime"), (Named(unique="9b2c2e4a-0d5c-4a52-8e70-1f6a3e8d2b11"), "--cdr"), (Named(day=date(2024, 1, 31)), "--cdr")],
)
def test_where_nothing_tells_nothing_is_guessed(named: Named, remedy: str) -> None:
    assert remedy in unfit(named)


@pytest.mark.parametrize("away", [timedelta(minutes=30), timedelta(hours=-1), timedelta(days=1)])
def test_what_contradicts_itself_is_left_to_a_person(away: timedelta) -> None:
    """A wrong zone is half an hour off at the least."""
    assert away > AGREEMENT or -away > AGREEMENT
    assert "do not agree" in unfit(Named(made=AT, local=wall(AT + away)))
    assert "do not agree" in unfit(Named(made=AT), AT + away)
    assert "do not agree" in unfit(Named(local=wall(AT)), None, wall(AT + away))
    assert "do not agree" in unfit(Named(local=wall(AT)), AT + away)


def test_a_recording_that_began_a_while_after_its_call_is_believed() -> None:
    assert started(Named(made=AT, local=wall(AT + AGREEMENT))).at == AT
    assert "do not agree" in unfit(Named(made=AT, local=wall(AT + AGREEMENT + timedelta(seconds=1))))


TWICE = datetime(2026, 10, 25, 3, 30)  # noqa: DTZ001 - a clock on the wall
SKIPPED = datetime(2026, 3, 29, 3, 30)  # noqa: DTZ001 - a clock on the wall


def test_in_the_hour_that_comes_twice_nothing_ends_too_early() -> None:
    """S8: never a second early, so the later one; what needs no zone decides where it is there."""
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert moments(TWICE, HERE) == (first, second)
    assert started(Named(local=TWICE)) == Beginning(second, StartFrom.NAME)
    assert started(Named(made=first, local=TWICE)).at == first
    assert started(Named(local=TWICE), first).at == first
    assert "do not agree" in unfit(Named(made=first - timedelta(hours=1), local=TWICE))


def test_an_hour_that_never_was_is_no_time() -> None:
    assert moments(SKIPPED, HERE) == ()
    assert "skipped" in unfit(Named(local=SKIPPED))
    assert "skipped" in unfit(Named(made=AT, local=SKIPPED))
    assert "skipped" in unfit(None, None, SKIPPED)


def test_a_call_of_the_future_is_none() -> None:
    assert "future" in unfit(Named(made=NOW + timedelta(seconds=1)))
    assert started(Named(made=NOW)).at == NOW


def test_the_day_of_the_folder_must_be_that_of_the_call() -> None:
    """A call that began before midnight may be recorded after it."""
    for day, fits in ((30, True), (31, True), (29, False)):
        named = Named(unique="x", day=date(2024, 1, day))
        assert (started(named, AT).at == AT) if fits else ("another day" in unfit(named, AT))


@given(st.datetimes(datetime(2001, 9, 10), datetime(2026, 11, 1)), st.sampled_from(["Europe/Bucharest", "UTC", "Asia/Kolkata"]))  # noqa: DTZ001
def test_a_local_time_is_what_the_clocks_showed(local: datetime, zone: str) -> None:
    """Whatever it means, it is shown so; and the start is the latest that it can mean."""
    local, place = local.replace(microsecond=0), ZoneInfo(zone)
    meant = moments(local, place)
    assert all(one.astimezone(place).replace(tzinfo=None) == local for one in meant)
    assert list(meant) == sorted(set(meant))
    if meant:
        assert begin(Clues(Named(local=local), None, None, None), place, NOW).at == meant[-1]
