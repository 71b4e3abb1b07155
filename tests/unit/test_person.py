"""Who is meant by a number, however it is written."""

import pytest

from callguard.call.state import Number
from callguard.errors import UsageError
from callguard.rights.person import Person, the_person
from callguard.store.redirection_rows import ending

ADA = "+40722000111"
SPELLINGS = (
    *("0722 000 111", "0722000111", "+40722000111", "0040722000111", "+40 (722) 000-111", "0722.000.111"),
    *("40722000111", "722000111", "+40 0722 000 111", "00 40 722 000 111", "\u202a+40722000111\u202c"),
)


@pytest.mark.parametrize("written", SPELLINGS)
def test_one_person_however_the_number_is_written(written: str) -> None:
    """S15: with and without country code, trunk prefix and marks."""
    person = the_person(written, "RO")
    assert person.number.e164 == person.shown == ADA
    assert all(person.meant_by(other) for other in SPELLINGS)
    assert ending(written) == ending(ADA)


def test_the_region_says_whose_national_number_it_is() -> None:
    """S15: who asks in another country is another person, and not given out what is kept of this one."""
    german = the_person("+49722000111", "RO")
    assert not german.meant_by("0722000111")
    assert the_person("0722000111", "DE").number.e164 == "+49722000111"


@pytest.mark.parametrize("written", ["101", "112", "1021", "*97", "0213", "ada2"])
def test_extensions_and_short_codes_stay_what_they_are(written: str) -> None:
    """S15: an extension is found as it was shown, and never as the end of somebody's telephone number."""
    person = the_person(f" {written} ", "RO")
    assert person == Person(Number(written, None), "RO")
    assert person.meant_by(written)
    assert not person.meant_by(f"+40722000{written}")


@pytest.mark.parametrize("written", ["", "  ", "anonymous", "Anonymous", "unknown", "withheld", "private"])
def test_who_withheld_the_number_is_nobody(written: str) -> None:
    """S15: withheld callers are no one person, whose calls could be given out."""
    with pytest.raises(UsageError, match="withhold"):
        the_person(written, "RO")


@pytest.mark.parametrize("written", ["ada", "+", "---", "N'; DROP TABLE calls", "٠٧٢٢"])
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(UsageError, match="no number"):
        the_person(written, "RO")


@pytest.mark.parametrize("written", ["+40722", "004072200011122233344", "+999722000111", "0000000"])
def test_what_cannot_be_dialled_anywhere_is_told_so_and_not_looked_for(written: str) -> None:
    """S15: "nothing is kept of you" would be a wrong answer to a digit that was left out."""
    with pytest.raises(UsageError, match="digits are missing"):
        the_person(written, "RO")
