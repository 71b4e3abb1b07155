"""Moments are UTC milliseconds, and a naive one is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from callguard.store.types import Moment, from_millis, to_millis

BUCHAREST = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("moment", "millis"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2026, 8, 31, 9, 30, 0, 250_000, tzinfo=UTC), 1_788_168_600_250),
        (datetime(2026, 8, 31, 12, 30, 0, 250_999, tzinfo=BUCHAREST), 1_788_168_600_250),
        (datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), -1),
    ],
)
def test_a_moment_is_milliseconds_whatever_its_zone(moment: datetime, millis: int) -> None:
    assert to_millis(moment) == millis
    assert from_millis(millis) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert from_millis(millis).tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    naive = datetime(2026, 8, 31, 9, 30)  # noqa: DTZ001 - that is the fault
    with pytest.raises(ValueError, match="naive time 2026-08-31T09:30:00"):
        to_millis(naive)


def test_the_column_type_refuses_it_too() -> None:
    bind = Moment().bind_processor(sqlite.dialect())
    assert bind is not None
    assert bind(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1000
    assert bind(None) is None
    with pytest.raises(ValueError, match="naive"):
        bind(datetime(2026, 8, 31))  # noqa: DTZ001 - that is the fault
    assert isinstance(sa.Column("at", Moment).type, Moment)
