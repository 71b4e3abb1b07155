"""Policies, announcements and messages: what was kept under a version comes back as it was first seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callguard.call.events import MessageSeen
from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Match, Mode, OnRefusal, Policy, Prompts
from callguard.call.state import Direction
from callguard.store.announcement_rows import archive_announcement, load_announcement
from callguard.store.database import Database
from callguard.store.message_rows import add_messages
from callguard.store.policy_rows import load_policy, remember_policy
from callguard.store.tables import announcements, messages, policies
from tests.integration.store_values import ADA, BOB, NOW, POLICY, QUESTION, SILENT, TEXT, after

PATTERNS = st.lists(TEXT, max_size=2).map(tuple)
PROMPTS = st.builds(Announcement, version=TEXT, name=TEXT, language=TEXT, duration_ms=st.integers(0, 10**6), file=TEXT)
POLICIES = st.builds(
    Policy,
    name=TEXT,
    version=st.just("v"),
    direction=st.sampled_from(["inbound", "outbound"]),
    mode=st.sampled_from(Mode),
    legal_basis=TEXT,
    purposes=PATTERNS,
    retention=st.builds(Period, st.integers(1, 9999), st.sampled_from(Unit)),
    prompts=st.none() | st.builds(Prompts, PROMPTS, PROMPTS, PROMPTS),
    accept_key=st.sampled_from("0123456789*#"),
    refuse_key=st.sampled_from("0123456789*#"),
    timeout_ms=st.integers(1, 60_000),
    attempts=st.integers(1, 9),
    on_refusal=st.sampled_from(OnRefusal),
    withdraw_keys=st.sampled_from(["*9", ""]),
    match=st.builds(Match, numbers=PATTERNS, trunks=PATTERNS, queues=PATTERNS),
)


@given(policy=POLICIES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_policy_comes_back_as_it_was(database: Database, policy: Policy) -> None:
    """S12: what a person was subject to can be shown years later."""
    with database.write() as connection:
        connection.execute(sa.delete(policies))
        remember_policy(connection, policy, NOW)
        assert load_policy(connection, "v") == policy


def test_what_was_first_seen_stays(database: Database) -> None:
    with database.write() as connection:
        for name, at in (("first", NOW), ("second", after(1))):
            remember_policy(connection, replace(POLICY, name=name), at)
            archive_announcement(connection, replace(QUESTION, name=name), at)
        assert connection.execute(sa.select(policies.c.name, policies.c.first_seen)).all() == [("first", NOW)]
        assert connection.execute(sa.select(announcements.c.name, announcements.c.first_seen)).all() == [("first", NOW)]


def test_an_announcement_comes_back_with_its_sound(database: Database) -> None:
    """C5: text and audio of the very version that was heard."""
    with database.write() as connection:
        archive_announcement(connection, QUESTION, NOW)
    with database.read() as connection:
        assert load_announcement(connection, QUESTION.version) == QUESTION


def test_unknown_versions_are_none(database: Database) -> None:
    with database.read() as connection:
        assert load_policy(connection, "none") is None
        assert load_announcement(connection, "none") is None


@pytest.mark.parametrize("policy", [POLICY, SILENT])
def test_known_policies_come_back(database: Database, policy: Policy) -> None:
    with database.write() as connection:
        remember_policy(connection, policy, NOW)
        assert load_policy(connection, policy.version) == policy


def test_a_message_is_who_to_whom_and_when(database: Database) -> None:
    """C1: numbers to which SMS were sent, and nothing of what they say."""
    seen = MessageSeen(pbx="main", at=NOW, received_at=after(1), direction=Direction.OUTBOUND, sender=BOB, recipient=ADA)
    with database.write() as connection:
        add_messages(connection, [seen, replace(seen, at=NOW + timedelta(days=1))])
        rows = connection.execute(sa.select(messages)).mappings().all()
    assert dict(rows[0]) == {
        "id": 1,
        "pbx": "main",
        "direction": "outbound",
        "sender": "101",
        "sender_e164": None,
        "recipient": "0722000111",
        "recipient_e164": "+40722000111",
        "at": NOW,
        "received_at": after(1),
        "kept_rule": None,
        "kept_until": None,
        "restricted": False,
    }
    assert len(rows) == 2


def test_no_message_is_no_statement(database: Database) -> None:
    with database.read() as connection:
        add_messages(connection, [])
