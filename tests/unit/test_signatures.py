"""Who acts, as it is written down, and whether that is the same person twice."""

import pytest

from callguard.errors import GuardRefusal
from callguard.signatures import require_second, same_person, signed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Ana Pop", "  ana   POP ", True), ("Ștefan Țîru", "ȘTEFAN ȚÎRU", True), ("Ana Pop", "Ana Popa", False), ("a", "b", False)],
)
def test_one_person_is_one_however_the_name_is_typed(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (signed("Ana Pop", "ana"), signed("Bogdan", "ana"), True),
        (signed("Ana Pop", "ana"), signed("Ana Pop", "bogdan"), True),
        (signed("Ana Pop", "ana"), signed("Bogdan", "bogdan"), False),
        (signed("ana", "ana"), signed("Ana Pop", "ana"), True),
        (signed("Bogdan", "ana"), "ana", True),
        ("Ana Pop", signed("Ana Pop", "bogdan"), True),
        (signed("x", "bogdan"), signed("y [bogdan]", "ana"), False),
    ],
)
def test_another_name_from_the_same_account_is_the_same_person(one: str, other: str, same: bool) -> None:
    """C6c, S10: two-person acts go by name and by account."""
    assert same_person(one, other) is same_person(other, one) is same


def test_a_signature_tells_name_and_account() -> None:
    assert signed("Ana Pop", "ana") == "Ana Pop [ana]"
    assert signed(" ANA", "ana") == "[ana]"
    assert signed("Ana [root]", "ana") == "Ana (root) [ana]"


def test_the_first_may_not_be_the_second() -> None:
    require_second("Ana [ana]", "Bogdan [bogdan]", "hold 1", "was placed")
    with pytest.raises(GuardRefusal, match="was placed by the same person") as refused:
        require_second("Ana [ana]", "Bogdan [ana]", "hold 1", "was placed")
    assert refused.value.exit_status == 4
    assert "second person" in refused.value.faults[0].remedy
