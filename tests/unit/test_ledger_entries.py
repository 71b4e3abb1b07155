"""Entries that are written by a way of their own, since there are a million of them, are written as all others are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.evidence.chain import canonical
from callguard.evidence.entries import CONSENT_COLUMNS, deletion, flat

columns = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.lists(st.text())


@given(st.fixed_dictionaries(dict.fromkeys(CONSENT_COLUMNS, columns)))
def test_a_row_of_any_values_is_written_canonically(row: dict[str, Any]) -> None:
    assert flat(row, CONSENT_COLUMNS) == canonical(row)


DELETION: dict[str, Any] = {
    "recording_id": "r",
    "reason": 'expired "on"',
    "rule": "șase luni",
    "expires_at": 1000,
    "deleted_at": 2500,
    "file": "present",
}


@pytest.mark.parametrize(("size", "sha256"), [(None, None), (416_044, "ab" * 32), (0, "")])
def test_a_deletion_is_written_canonically(size: int | None, sha256: str | None) -> None:
    row = {**DELETION, "size": size, "sha256": sha256}
    times = {"expires_at": "1970-01-01T00:00:01.000Z", "deleted_at": "1970-01-01T00:00:02.500Z"}
    assert deletion(row).body == canonical({**row, **times})


@pytest.mark.parametrize("size", ["416044", 416_044.0, True])
def test_a_size_that_is_no_number_is_not_taken_for_one(size: object) -> None:
    """Whoever tampers may leave anything in a column."""
    assert deletion({**DELETION, "size": size, "sha256": None}).body != deletion({**DELETION, "size": 416_044, "sha256": None}).body
