"""The quick way to a changed value makes what `dataclasses.replace` makes, and leaves the old one as it was."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from callguard.call.evolve import evolve
from callguard.call.policy import UNMATCHED
from callguard.call.state import Call, Direction, Number, Party, Recording, RecordingStatus, Role

NOW = datetime(2026, 8, 31, 10, 0, tzinfo=UTC)
CALLER = Number("0722000111", "+40722000111")
PARTY = Party("1.0", "PJSIP/trunk-1", Role.CALLER, CALLER, outside=True)
VALUES = [
    PARTY,
    Recording("r", "1.0", "PJSIP/trunk-1", "2026/08/31/r.wav", RecordingStatus.REQUESTED, NOW, NOW),
    Call("c", "pbx", "1.0", Direction.INBOUND, UNMATCHED, CALLER, CALLER, "700", NOW, NOW, parties=(PARTY,)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_each_field_is_replaced_as_the_library_does(value: Any) -> None:  # noqa: ANN401 - any of the values
    before = repr(value)
    for field in fields(value):
        assert evolve(value, **{field.name: "new"}) == replace(value, **{field.name: "new"})
    assert evolve(value) == value
    assert repr(value) == before


def test_a_field_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        evolve(PARTY, lge="1.1")
