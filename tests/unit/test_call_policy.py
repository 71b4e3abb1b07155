"""Which policy a call falls under: the first that fits; where none does, nobody is asked and nothing is recorded (S6, S7)."""

from dataclasses import replace

import pytest

from callguard.call.policy import UNMATCHED, Match, Mode, Traits, choose, fits, with_version
from tests.unit.call_cast import policy

SALES = replace(policy(Mode.NOTICE), name="sales", match=Match(numbers=("+4021*", "0800*"), queues=("sales",)))
ANY_INBOUND = replace(policy(Mode.OPT_IN), name="any inbound")
ANY_OUTBOUND = replace(policy(Mode.OPT_IN), name="any outbound", direction="outbound")
POLICIES = (SALES, ANY_INBOUND, ANY_OUTBOUND)


def traits(direction: str = "inbound", *numbers: str, trunk: str | None = None, queue: str | None = None) -> Traits:
    return Traits(direction, numbers, trunk, queue)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (traits("inbound", "0211", "+40211", queue="sales"), "sales"),
        (traits("inbound", "0800123", queue="sales"), "sales"),
        (traits("inbound", "0800123", queue="support"), "any inbound"),
        (traits("inbound", "0800123"), "any inbound"),
        (traits("inbound", "0722", "+40722", queue="sales"), "any inbound"),
        (traits("inbound"), "any inbound"),
        (traits("outbound", "+40211", queue="sales"), "any outbound"),
        (traits("sideways", "+40211"), "unmatched"),
    ],
)
def test_the_first_that_fits(given: Traits, name: str) -> None:
    assert choose(POLICIES, given).name == name


def test_no_policy_at_all_records_nobody() -> None:
    """Design rule 1."""
    assert choose((), traits()) is UNMATCHED
    assert (UNMATCHED.mode, UNMATCHED.prompts) == (Mode.NEVER, None)
    assert not any(fits(UNMATCHED, traits(direction)) for direction in ("inbound", "outbound"))


@pytest.mark.parametrize(
    ("patterns", "trunk", "matches"),
    [
        ((), None, True),
        (("provider-*",), "provider-a", True),
        (("provider-[ab]",), "provider-c", False),
        (("PROVIDER-A",), "provider-a", False),
        (("*",), None, True),
        (("provider-a",), None, False),
    ],
)
def test_trunks(patterns: tuple[str, ...], trunk: str | None, matches: bool) -> None:
    """Case counts, as it does to the PBX; a call of no known trunk fits only who wants none in particular."""
    assert fits(replace(ANY_INBOUND, match=Match(trunks=patterns)), traits(trunk=trunk)) is matches


def test_the_number_counts_as_dialled_and_in_e164() -> None:
    national, international = (replace(ANY_INBOUND, match=Match(numbers=(pattern,))) for pattern in ("0722*", "+40722*"))
    both = traits("inbound", "0722000111", "+40722000111")
    assert fits(national, both)
    assert fits(international, both)
    assert not fits(international, traits("inbound", "0722000111"))


def test_the_version_is_of_what_the_person_heard() -> None:
    """S12, C5: another sound is another policy; to which calls it applies, and where the PBX keeps the sound, is not."""
    heard = policy(Mode.NOTICE)
    assert heard.prompts is not None
    elsewhere = replace(heard.prompts, question=replace(heard.prompts.question, file="elsewhere"))
    recorded_anew = replace(heard.prompts, question=replace(heard.prompts.question, version="v-question-2"))
    version = with_version(heard).version
    assert with_version(replace(heard, match=Match(queues=("sales",)), prompts=elsewhere)).version == version
    assert with_version(replace(heard, prompts=recorded_anew)).version != version
    assert with_version(policy(Mode.NEVER)).version != version
