"""What a hold catches (C6c): by recording, call, number, time and queue, later calls included; in doubt it catches."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.state import Number
from callguard.retention.holds import Hold, Matter, Scope, catches, holding, reason

AT = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Number("0722 000 111", "+40722000111")
MATTER = Matter(
    recordings=frozenset({"r-1"}),
    call="c-1",
    numbers=frozenset({"0722000111", "+40722000111", "+40213334444", "201", ""}),
    since=AT,
    until=AT + HOUR,
    queue="sales",
)

SCOPES = [
    (Scope(recording="r-1"), True),
    (Scope(recording="r-2"), False),
    (Scope(call="c-1"), True),
    (Scope(call="c-2"), False),
    (Scope(number=ADA), True),
    (Scope(number=Number("+40722000111", "+40722000111")), True),
    (Scope(number=Number("0722000112", "+40722000112")), False),
    (Scope(number=Number("201", None)), True),
    (Scope(number=Number("20", None)), False),
    (Scope(queue="sales"), True),
    (Scope(queue="support"), False),
    (Scope(since=AT - HOUR), True),
    (Scope(since=AT + HOUR), True),
    (Scope(since=AT + HOUR + timedelta(milliseconds=1)), False),
    (Scope(until=AT), False),
    (Scope(until=AT + timedelta(milliseconds=1)), True),
    (Scope(since=AT - HOUR, until=AT), False),
    (Scope(number=ADA, since=AT, until=AT + HOUR, queue="sales", call="c-1", recording="r-1"), True),
    (Scope(number=ADA, queue="support"), False),
    (Scope(), False),
]


@pytest.mark.parametrize(("scope", "caught"), SCOPES)
def test_all_that_is_asked_must_be_met(scope: Scope, caught: bool) -> None:
    assert catches(scope, MATTER) is caught


@pytest.mark.parametrize("written", ["0722000111", "0722-000-111", "+40722000111", "0040722000111", "(0722) 000 111"])
def test_a_number_is_found_however_it_redirected(written: str) -> None:
    """C1: a redirecting number is kept as the PBX wrote it."""
    assert catches(Scope(number=ADA), Matter(numbers=frozenset({written}), since=AT, until=AT))


@pytest.mark.parametrize("written", ["111", "000111", "0722000112", "anonymous", ""])
def test_what_only_looks_alike_is_not_caught(written: str) -> None:
    assert not catches(Scope(number=ADA), Matter(numbers=frozenset({written}), since=AT, until=AT))


def hold(scope: Scope, number: int = 7) -> Hold:
    return Hold(id=number, scope=scope, reason="fraud", reference="12/P/2026", placed_by="Ana Pop", placed_at=AT)


def test_the_reason_of_a_verdict_names_the_hold_and_nobody() -> None:
    caught = holding([hold(Scope(call="c-2"), 6), hold(Scope(call="c-1"))], MATTER)
    assert [one.id for one in caught] == [7]
    assert reason(caught[0]) == "under legal hold 7, reference 12/P/2026"


def test_a_scope_in_words() -> None:
    assert Scope(number=ADA, since=AT, until=AT + HOUR, queue="sales").words == (
        "number +40722000111, since 2026-08-31T09:30:00Z, until 2026-08-31T10:30:00Z, queue sales"
    )
    assert Scope(recording="r-1", call="c-1", number=Number("201", None)).words == "recording r-1, call c-1, number 201"


spans = st.tuples(st.integers(-5, 5), st.integers(0, 5)).map(lambda pair: (AT + pair[0] * HOUR, AT + (pair[0] + pair[1]) * HOUR))
matters = st.builds(
    lambda span, **rest: Matter(since=span[0], until=span[1], **rest),
    spans,
    recordings=st.frozensets(st.sampled_from(["r-1", "r-2"])),
    call=st.sampled_from(["c-1", "c-2"]) | st.none(),
    numbers=st.frozensets(st.sampled_from(["0722000111", "+40722000111", "201"])),
    queue=st.sampled_from(["sales", "support"]) | st.none(),
)
scopes = st.builds(
    Scope,
    recording=st.none() | st.just("r-1"),
    call=st.none() | st.just("c-1"),
    number=st.none() | st.sampled_from([ADA, Number("201", None)]),
    since=st.none() | spans.map(lambda span: span[0]),
    until=st.none() | spans.map(lambda span: span[1]),
    queue=st.none() | st.just("sales"),
)


@given(scopes, matters)
def test_to_ask_more_never_catches_more(scope: Scope, matter: Matter) -> None:
    wider = Scope(number=scope.number)
    if scope.number is not None and catches(scope, matter):
        assert catches(wider, matter)
