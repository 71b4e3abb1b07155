"""By when a request must be answered: what the notice promises and what the law says, whichever ends first (S15t)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.rights.terms import ARTICLES, Right, due_on

DUE = [
    (date(2026, 11, 22), date(2026, 12, 22), date(2027, 2, 20)),
    (date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 29)),
    (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
    (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
    (date(2026, 2, 1), date(2026, 3, 1), date(2026, 5, 1)),
    (date(2026, 12, 31), date(2027, 1, 30), date(2027, 3, 31)),
]


@pytest.mark.parametrize(("received_on", "due", "extended"), DUE)
def test_days_and_months_are_counted_and_the_earlier_end_is_kept(received_on: date, due: date, extended: date) -> None:
    """S15t: 30 days and 60 more; a month of February ends before that."""
    assert due_on(received_on, extended=False) == due
    assert due_on(received_on, extended=True) == extended


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_no_answer_is_due_later_than_promised_nor_before_february_would_have_it(received_on: date) -> None:
    """S15t."""
    assert timedelta(28) <= due_on(received_on, extended=False) - received_on <= timedelta(30)
    assert timedelta(89) <= due_on(received_on, extended=True) - received_on <= timedelta(90)


def test_every_right_tells_its_article() -> None:
    """S15: the answer names it."""
    assert set(ARTICLES) == set(Right)
