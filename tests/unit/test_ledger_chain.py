"""The chain's own rules: one way to write a value, and a hash that anybody can compute again."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.policy import Mode
from callguard.evidence.chain import GENESIS, Entry, Head, Value, canonical, digest, exported, follow, written

AT = 1_795_299_150_250
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
KEYS = st.text(st.characters(max_codepoint=127), max_size=4)
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, False, None], "B": {}}, '{"B":{},"a":[true,false,null],"b":1}'),
        ('"\\/\b\f\n\r\t\x00\x1f', r'"\"\\/\b\f\n\r\t\u0000\u001f"'),
        ("Ștefan \x7f\u2028 \N{PILE OF POO}", '"Ștefan \x7f\u2028 \N{PILE OF POO}"'),
        (("a", Mode.OPT_IN), '["a","opt-in"]'),
        (2**53 - 1, "9007199254740991"),
        (-0, "0"),
    ],
)
def test_there_is_one_way_to_write_a_value(value: Value, text: str) -> None:
    """RFC 8785, 3.2: sorted keys, no white space, the shortest escapes and no others."""
    assert canonical(value) == text


@pytest.mark.parametrize("value", [0.5, float("nan"), 2**53, -(2**53), b"x", {"ș": 1}, {"a": [{"b": 1.0}]}, {1, 2}])
def test_what_has_no_exact_form_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=r"form|exact|ASCII"):
        canonical(value)


def test_half_a_surrogate_pair_has_no_digest() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        digest("\ud800")


@given(VALUES)
def test_what_is_written_is_the_value(value: Value) -> None:
    assert json.loads(canonical(value)) == json.loads(json.dumps(value))


@given(st.dictionaries(KEYS, SCALARS, max_size=6))
def test_the_order_of_members_does_not_matter(value: dict[str, Value]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_the_hash_is_over_the_text_that_the_docstring_shows() -> None:
    """Fixed for ever: were this to change, no ledger written before could be verified."""
    (link,) = follow(Head(16, "ab" * 32), AT, [Entry("consent", '{"call":"c1"}')])
    text = '{"at":"2026-11-21T22:12:30.250Z","body":{"call":"c1"},"kind":"consent","previous":"' + "ab" * 32 + '","sequence":17}'
    assert link == (17, AT, "consent", '{"call":"c1"}', sha256(text.encode()).hexdigest())


@given(st.lists(st.tuples(st.sampled_from(["consent", "sweep"]), VALUES), max_size=5))
def test_the_export_can_be_checked_without_our_code(bodies: list[tuple[str, Value]]) -> None:
    links = [*follow(GENESIS, AT, [Entry(kind, canonical(body)) for kind, body in bodies])]
    *lines, last = map(json.loads, exported(links, Head(len(links), links[-1].hash if links else GENESIS.hash), "now"))
    previous = "0" * 64
    for number, line in enumerate(lines, 1):
        found = line.pop("hash")
        text = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (line["sequence"], line["previous"], found) == (number, previous, sha256(text.encode()).hexdigest())
        previous = found
    assert (last["sequence"], last["head"]) == (len(lines), previous)


def test_times_are_written_to_the_millisecond() -> None:
    assert [written(at) for at in (0, 999, AT)] == ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.999Z", "2026-11-21T22:12:30.250Z"]
