"""Times and spans as they are typed."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from callguard.cli.output import moment as shown
from callguard.cli.output import plain
from callguard.cli.writing import moment, span

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["2026-11-21T09:30", "2026-11-21 09:30:00", "2026-11-21T09:30:00Z", "2026-11-21T11:30:00.000+02:00", "20261121T0930"]
)
def test_a_moment_is_in_utc_unless_it_says_another_zone(written: str) -> None:
    read = moment(written)
    assert read == AT
    assert read.tzinfo is UTC


def test_a_date_is_its_first_moment() -> None:
    assert moment("2026-11-21") == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "now", "21.11.2026", "2026-13-01", "2026-11-21T25:00", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"as in 2026-11-21 or 2026-11-21T09:30:00Z"):
        moment(written)


@pytest.mark.parametrize(("written", "length"), [("1h", timedelta(hours=1)), ("7d", timedelta(days=7)), ("26w", timedelta(weeks=26))])
def test_a_span_is_a_number_and_its_unit(written: str, length: timedelta) -> None:
    assert span(written) == length


@pytest.mark.parametrize("written", ["", "7", "d", "0d", "-1d", "7 d", "6m", "1.5d", "999999d", "\N{ARABIC-INDIC DIGIT SEVEN}d"])
def test_what_is_no_span_is_refused_with_an_example(written: str) -> None:
    """A month has no fixed length, and an "m" could be a minute."""
    with pytest.raises(typer.BadParameter, match=r"as in 12h, 7d or 2w"):
        span(written)


def test_a_moment_is_shown_to_the_second() -> None:
    assert shown(AT.replace(microsecond=999_999)) == "2026-11-21 09:30:00Z"


@pytest.mark.parametrize(
    ("cell", "words"),
    [(None, "-"), ("", "-"), (0, "0"), (0.5, "0.5"), ("[b]x[/b]", "[b]x[/b]"), ("a\tb", "a\ufffdb"), (AT, "2026-11-21 09:30:00Z")],
)
def test_a_cell_is_one_line_of_plain_text(cell: str | float | datetime | None, words: str) -> None:
    assert plain(cell) == words
