"""What goes, is cut and stays of a person who asks for erasure: a table, and every combination (S15, C9)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.period import Period, Unit
from callguard.call.state import RUNNING, RecordingStatus
from callguard.retention.holds import Hold, Matter, Scope
from callguard.retention.terms import Anchor, Kind, Term, owed
from callguard.rights.erasing import Fate, Judged, Written, judge_sound, judge_written

NOW = datetime(2026, 11, 22, tzinfo=UTC)
YEAR = timedelta(days=366)
MATTER = Matter(recordings=frozenset({"r"}), call="c", since=NOW - YEAR, until=NOW - YEAR)
HOLD = Hold(id=7, scope=Scope(call="c"), reason="fraud", reference="12/P", placed_by="Ana", placed_at=NOW)
TERMS = {anchor: str(Term(Period(3, Unit.YEARS), anchor)) for anchor in Anchor}


def written(changes: Mapping[str, Any]) -> Judged:
    plain = Written(
        kind=Kind.CDR, id="c", until=NOW + YEAR, rule=TERMS[Anchor.CONTRACT_END], matter=MATTER, restricted=False, recording=None
    )
    told = {name: value for name, value in changes.items() if name != "held"}
    return judge_written(replace(plain, **told), NOW, [HOLD] if "held" in changes else [])


TABLE = [
    ({}, Fate.CUT, "contract term"),
    ({"rule": TERMS[Anchor.FINANCIAL_YEAR_END]}, Fate.CUT, "financial year"),
    ({"rule": f"{TERMS[Anchor.CONTRACT_END]}, and {TERMS[Anchor.FINANCIAL_YEAR_END]}"}, Fate.CUT, "contract term and financial year"),
    ({"until": None, "rule": f"{TERMS[Anchor.CONTRACT_END]}; no contract of its numbers is known"}, Fate.CUT, "contract term"),
    ({"until": NOW}, Fate.ERASE, "request"),
    ({"rule": TERMS[Anchor.CALL_START]}, Fate.ERASE, "request"),
    ({"kind": Kind.SMS}, Fate.KEEP, "contract term"),
    ({"kind": Kind.SMS, "until": NOW - YEAR}, Fate.ERASE, "request"),
    ({"held": True, "rule": TERMS[Anchor.CALL_START]}, Fate.KEEP, "held"),
    ({"restricted": True, "until": NOW}, Fate.KEEP, "restricted"),
    ({"recording": "r", "until": NOW}, Fate.KEEP, "needed"),
]


@pytest.mark.parametrize(("changes", "fate", "ground"), TABLE)
def test_the_law_keeps_and_nothing_else_does(changes: Mapping[str, Any], fate: Fate, ground: str) -> None:
    """C6a, C6b, C6c, C9: by contract, by financial year, by hold; our own terms are no ground."""
    judged = written(changes)
    assert (judged.fate, judged.ground) == (fate, ground)
    assert judged.reason


SOUND = [
    ({}, Fate.ERASE, "request"),
    ({"status": RecordingStatus.RECORDING}, Fate.KEEP, "running"),
    ({"held": True}, Fate.KEEP, "held"),
    ({"restricted": True}, Fate.KEEP, "restricted"),
    ({"status": RecordingStatus.DELETING}, Fate.ERASE, "request"),
]


@pytest.mark.parametrize(("changes", "fate", "ground"), SOUND)
def test_sound_goes_whatever_its_expiry(changes: dict[str, object], fate: Fate, ground: str) -> None:
    """C6c, C9."""
    status = changes.get("status", RecordingStatus.SEALED)
    assert isinstance(status, RecordingStatus)
    judged = judge_sound("r", status, MATTER, [HOLD] if "held" in changes else [], restricted="restricted" in changes)
    assert (judged.fate, judged.ground) == (fate, ground)


@given(st.sampled_from(RecordingStatus), st.booleans(), st.booleans())
def test_what_is_held_restricted_or_running_never_goes(status: RecordingStatus, held: bool, restricted: bool) -> None:
    """C6c: nothing beats a hold."""
    judged = judge_sound("r", status, MATTER, [HOLD] if held else [], restricted=restricted)
    assert (judged.fate is Fate.ERASE) == (not held and not restricted and status not in RUNNING)


def test_what_a_rule_owes_is_read_from_its_words() -> None:
    """The words are those that a term tells of itself, in whatever period."""
    for anchor in Anchor:
        assert owed(str(Term(Period(9, Unit.DAYS), anchor))) == (() if anchor is Anchor.CALL_START else (anchor,))
