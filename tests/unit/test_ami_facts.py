"""The query string of the dialplan, and where it stands in an async AGI's environment: read as the library reads it, but at less cost."""

from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.pbx.ami_facts import Facts, agi_arguments

NAMES = ("leg", "caller", "dialled", "agent")
PIECES = st.sampled_from(("caller=", "leg=", "=", "&", "+", "%2B", "%25", "%C8%9B", "%FF", "%4", "ț", "0722", " "))


@given(st.lists(PIECES).map("".join))
def test_facts_are_those_of_a_query_string(text: str) -> None:
    """Blank, doubled, broken: as `parse_qsl` has it."""
    facts, expected = Facts.read(text), dict(parse_qsl(text))
    assert {name: facts[name] for name in NAMES} == {name: expected.get(name, "") for name in NAMES}


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_a_value_comes_back_as_it_was(values: dict[str, str]) -> None:
    facts = Facts.read("&".join(f"{name}={quote(value, safe='')}" for name, value in values.items()))
    assert {name: facts[name] for name in values} == values


@pytest.mark.parametrize("before", ["agi_request: async\nagi_calleridname: agi_arg_1: mine\n", "agi_dnid: %0Aagi_arg_1%3A mine\n"])
@pytest.mark.parametrize("arguments", [[], ["inbound"], ["inbound", "leg=1.0&caller=%2B40722"], ["", "x: y"]])
def test_arguments_stand_at_the_end_of_the_environment(before: str, arguments: list[str]) -> None:
    """Asterisk encodes the whole with `ast_uri_encode`; what a caller is called is no argument."""
    environment = before + "".join(f"agi_arg_{place}: {value}\n" for place, value in enumerate(arguments, 1)) + "\n"
    assert agi_arguments(quote(environment)) == arguments
    assert unquote(quote(environment)) == environment
