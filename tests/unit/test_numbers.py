"""Telephone numbers in every way they are written, and what callers send instead of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.state import NOBODY, Number
from callguard.numbers import LONGEST, parse


@pytest.mark.parametrize(
    "raw",
    [
        *("0722000111", "0722 000 111", "0722-000-111", "0722.000.111", "(0722) 000 111", "0722/000111", "722000111"),
        *("+40722000111", "+40 722 000 111", "+40 (0)722 000 111", "(+40) 722 000 111", "0040722000111", "0040 722 000 111", "40722000111"),
        *("  0722000111  ", "0722\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}111", "\N{LEFT-TO-RIGHT EMBEDDING}+40722000111"),
        *("0722\N{NON-BREAKING HYPHEN}000\N{NON-BREAKING HYPHEN}111", "0722\N{EN DASH}000\N{EN DASH}111", "(0040) 722 000 111"),
    ],
)
def test_one_person_however_written(raw: str) -> None:
    """S15."""
    assert parse(raw, "RO").e164 == "+40722000111"


def test_what_was_dialled_is_kept_beside_it() -> None:
    """C1."""
    assert parse("0722 000 111", "RO") == Number("0722 000 111", "+40722000111")


def test_the_region_decides_what_a_national_number_is() -> None:
    assert parse("030 901820", "DE").e164 == "+4930901820"
    assert parse("+4930901820", "RO").e164 == "+4930901820"


@pytest.mark.parametrize("raw", ["201", "112", "*9", "4001", "123456", "12345678", "*72#", "+", "+12", "++40722000111", "000000000"])
def test_extensions_and_short_codes_stay_what_they_are(raw: str) -> None:
    assert parse(raw, "RO") == Number(raw, None)


def test_a_number_of_a_plan_younger_than_the_library_is_one_when_its_country_is_named() -> None:
    assert parse("+40999999999", "RO").e164 == "+40999999999"
    assert parse("+999123456789", "RO").e164 is None


@pytest.mark.parametrize(
    "raw", [None, "", "   ", "anonymous", "Anonymous", "UNKNOWN", "<unknown>", "restricted", "unavailable", "anonymous@anonymous.invalid"]
)
def test_withheld_callers_are_nobody(raw: str | None) -> None:
    assert parse(raw, "RO") is NOBODY


@pytest.mark.parametrize(
    "raw",
    [
        "alice0722000111",
        "0722000111; DROP TABLE calls",
        "' OR e164='+40722000111' --",
        "0800-FLOWERS",
        "0722000111\r\nAction: Originate",
        "٠٧٢٢٠٠٠١١١",
        "sip:0722000111@pbx",
        "0" * 300,
        "+" + "4" * 300,
    ],
)
def test_nobody_names_themselves_into_another_ones_records(raw: str) -> None:
    assert parse(raw, "RO").e164 is None


@given(st.text(max_size=400) | st.text(alphabet="+0123456789 ()-./\r\n\x00\u202e", max_size=400))
def test_whatever_is_sent_is_cut_cleaned_and_never_an_error(raw: str) -> None:
    number = parse(raw, "RO")
    assert len(number.raw) <= LONGEST
    assert number.raw.isprintable()
    assert number.e164 is None or number.e164[1:].isascii()


def test_control_characters_are_seen_to_have_been_there() -> None:
    assert parse("07\x0022\r\nx", "RO").raw == "07\N{REPLACEMENT CHARACTER}22  x"


def test_three_hundred_characters_are_cut() -> None:
    assert parse("x" * 300, "RO").raw == "x" * 80
