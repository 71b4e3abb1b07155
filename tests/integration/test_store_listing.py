"""Listings: the shape that scripts rely on, what a number finds, and how much is read for it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from callguard.call.events import MessageSeen
from callguard.call.state import NOBODY, Call, Direction, Number, Party, RecordingStatus, Role
from callguard.store.database import Database
from callguard.store.deletion_rows import Deletion, prove_all
from callguard.store.listing import ListedCall, list_calls, list_messages, list_recordings
from callguard.store.message_rows import add_messages
from callguard.store.records import save_calls
from callguard.store.retention_rows import read_recordings
from callguard.store.search import find_calls
from callguard.store.showing import show_call
from callguard.store.tables import recordings
from tests.integration.store_plans import plan_of, scans
from tests.integration.store_values import ADA, BOB, NOW, POLICY, QUESTION, STAYED, WITHDRAWN, after, keep, life, plain_call, recording

EVA = Number("+40733000222", "+40733000222")


LISTED = {
    "id": "c1",
    "pbx": "main",
    "linkedid": "c1.1",
    "direction": "inbound",
    "caller": "+40722000111",
    "callee": "101",
    "dialled": "700",
    "redirecting": ["0213334444"],
    "started_at": NOW.isoformat(),
    "answered_at": after(0.1).isoformat(),
    "ended_at": after(30).isoformat(),
    "duration_s": 30.0,
    "billable_s": 29.9,
    "disposition": "ANSWERED",
    "hangup_cause": "NORMAL_CLEARING",
    "equipment_ip": "192.0.2.7",
    "user_agent": "Phone 1.0",
    "policy": "inbound",
    "source": "live",
    "parties": [
        {
            "role": "caller",
            "number": "+40722000111",
            "leg": "c1.1",
            "decision": "stayed",
            "how": "stayed",
            "key": None,
            "announcement": QUESTION.version,
            "heard_ms": 2400,
            "complete": True,
            "announced_at": after(3).isoformat(),
            "decided_at": after(3).isoformat(),
        },
        {
            "role": "callee",
            "number": "101",
            "leg": "c1.2",
            "decision": "not_required",
            "how": None,
            "key": None,
            "announcement": None,
            "heard_ms": 0,
            "complete": False,
            "announced_at": None,
            "decided_at": None,
        },
    ],
    "recordings": [
        {
            "id": "c1-r",
            "path": "2026/08/31/c1.wav",
            "status": "stopped",
            "started_at": after(4.01).isoformat(),
            "stopped_at": after(30).isoformat(),
            "expires_at": "2027-02-28T09:30:00.250000+00:00",
            "sha256": "ab" * 32,
            "size": 416_044,
            "fault": None,
            "held": False,
            "restricted": False,
        }
    ],
}
"""The last step of ``life()``, as interface.md names its parts."""


def store(database: Database, *stored: Call) -> None:
    with database.write() as connection:
        keep(connection)
        save_calls(connection, [(None, call) for call in stored])


def ids(listed: Sequence[ListedCall]) -> list[str]:
    return [call.id for call in listed]


def found(database: Database, number: Number | None = None, since: datetime | None = None, limit: int = 50) -> list[str]:
    with database.read() as connection:
        return ids(list_calls(connection, since=since, number=number, limit=limit))


def test_a_call_has_the_shape_that_scripts_rely_on(database: Database) -> None:
    """C1, C2, C3: interface.md, *Commands*."""
    store(database, life()[-1])
    with database.read() as connection:
        (listed,) = list_calls(connection, limit=10)
    assert json.loads(json.dumps(asdict(listed), default=datetime.isoformat)) == LISTED


def test_unknown_is_none(database: Database) -> None:
    """A call that has only begun; nobody was asked yet."""
    begun = replace(plain_call(), parties=(Party("c1.1", "PJSIP/ada-01", Role.CALLER, ADA, outside=True),), caller=NOBODY)
    store(database, begun)
    with database.read() as connection:
        (listed,) = list_calls(connection, limit=10)
    assert (listed.answered_at, listed.ended_at, listed.duration_s, listed.billable_s, listed.disposition) == (None,) * 5
    assert (listed.parties[0].decision, listed.parties[0].how, listed.parties[0].decided_at) == (None,) * 3
    assert listed.caller is None


def test_a_party_shows_its_last_decision(database: Database) -> None:
    """C8: a withdrawal is a second decision; the listing tells the one in force."""
    call = life()[3]
    party = replace(call.parties[0], consents=(STAYED, WITHDRAWN))
    store(database, replace(call, parties=(party,)))
    with database.read() as connection:
        shown = list_calls(connection, limit=1)[0].parties[0]
    assert (shown.decision, shown.how, shown.key, shown.decided_at) == ("withdrawn", "key", "*9", after(20))


def test_a_held_recording_says_so(database: Database) -> None:
    """C6c."""
    store(database, life()[-1])
    with database.write() as connection:
        connection.execute(sa.update(recordings).values(held=True))
        assert list_calls(connection, limit=1)[0].recordings[0].held


def _at(identifier: str, seconds: float) -> Call:
    return replace(plain_call(identifier), started_at=after(seconds))


@pytest.fixture
def five(database: Database) -> Database:
    """One call a second: by Ada, to Ada, with Ada as a third party, of others, of a withheld number."""
    joined = Party("x", "PJSIP/ada-09", Role.JOINED, ADA, outside=True)
    elsewhere = Party("y", "PJSIP/eva-09", Role.CALLER, EVA, outside=True)
    store(
        database,
        _at("by", 1),
        replace(_at("to", 2), caller=BOB, callee=ADA, direction=Direction.OUTBOUND),
        replace(_at("joined", 3), caller=EVA, parties=(elsewhere, joined)),
        replace(_at("other", 4), caller=EVA, callee=Number("102", None)),
        replace(_at("withheld", 5), caller=NOBODY, callee=Number("102", None)),
    )
    return database


@pytest.mark.parametrize("written", ["0722000111", "+40722000111", "0040722000111"])
def test_a_number_is_found_however_it_was_written(five: Database, written: str) -> None:
    """S15: on the caller's, the callee's and every other party's side, each call once, latest first."""
    assert found(five, Number(written, ADA.e164)) == ["joined", "to", "by"]


def test_a_number_without_e164_is_found_as_it_was_shown(five: Database) -> None:
    assert found(five, Number("102", None)) == ["withheld", "other"]
    assert found(five, NOBODY) == ["withheld"]
    assert found(five, Number("0722000111", None)) == [], "a stored number with an E.164 form is a telephone, not this text"


def test_calls_come_latest_first_and_no_more_than_asked(five: Database) -> None:
    assert found(five) == ["withheld", "other", "joined", "to", "by"]
    assert found(five, limit=2) == ["withheld", "other"]
    assert found(five, ADA, limit=2) == ["joined", "to"]


def test_since_is_the_first_moment_that_counts(five: Database) -> None:
    assert found(five, since=after(4)) == ["withheld", "other"]
    assert found(five, ADA, since=after(2)) == ["joined", "to"]


def test_more_calls_than_one_statement_takes(database: Database) -> None:
    store(database, *(_at(f"c{number:04}", number) for number in range(1100)))
    assert found(database, limit=1050) == [f"c{number:04}" for number in range(1099, 49, -1)]


@pytest.mark.parametrize("number", [ADA, BOB, NOBODY])
def test_a_number_is_found_by_indexes(sqlite_file: Database, number: Number) -> None:
    """Everything about one number among a million calls in 50 ms (tests/bench/store_search.py)."""
    plan = plan_of(sqlite_file, lambda connection: list_calls(connection, number=number, limit=50))
    assert scans(plan, "calls", "parties") == []
    side = "_e164" if number.e164 else ""
    for index in (f"ix_calls_caller{side} ", f"ix_calls_callee{side} ", f"ix_parties_number{side} "):
        assert any(index in step for step in plan), plan


def test_a_call_is_found_by_linkedid_or_by_the_beginning_of_its_id(database: Database) -> None:
    store(database, plain_call("ab01"), plain_call("ab02"), plain_call("cd%"))
    with database.read() as connection:
        assert find_calls(connection, "ab02.1") == ["ab02"]
        assert find_calls(connection, "ab") == ["ab01", "ab02"]
        assert find_calls(connection, "ab02") == ["ab02"]
        assert find_calls(connection, "AB") == []
        assert find_calls(connection, "%") == []
        assert find_calls(connection, "") == []


def test_a_name_is_found_by_indexes(sqlite_file: Database) -> None:
    assert scans(plan_of(sqlite_file, lambda connection: find_calls(connection, "ab")), "calls") == []


def test_a_shown_call_tells_its_course_in_order(database: Database) -> None:
    """What happened, when, and to whom; the deletion of a recording is part of it."""
    store(database, life()[-1])
    with database.write() as connection:
        (kept,) = read_recordings(connection, ["c1-r"])
        prove_all(connection, [Deletion(recording=kept, reason="expired", file="removed", rule="6 months")], after(10**7))
        shown = show_call(connection, "c1")
    assert shown is not None
    course = [(one.what, one.subject) for one in shown.timeline]
    assert course == [
        ("started", ""),
        ("answered", ""),
        ("announced", "c1.1"),
        ("stayed", "c1.1"),
        ("connected", ""),
        ("recording requested", "c1-r"),
        ("recording started", "c1-r"),
        ("ended", ""),
        ("recording stopped", "c1-r"),
        ("recording deleted", "c1-r"),
    ]
    assert [one.at for one in shown.timeline] == sorted(one.at for one in shown.timeline)
    details = {one.what: one.detail for one in shown.timeline}
    assert details["announced"] == "2400 ms, whole"
    assert details["recording requested"] == "2026/08/31/c1.wav"
    assert details["recording deleted"].startswith("expired: 6 months")
    assert (shown.caller_raw, shown.callee_raw, shown.dial_status) == ("0722000111", "101", "ANSWER")
    assert shown.call.id == "c1"


def test_a_shown_call_names_the_fault_of_its_recording(database: Database) -> None:
    call = plain_call()
    failed = replace(recording(call, RecordingStatus.FAILED), fault="refused by the PBX")
    store(database, replace(call, recordings=(failed,)))
    with database.read() as connection:
        shown = show_call(connection, "c1")
    assert shown is not None
    assert shown.timeline[-1].detail == "2026/08/31/c1.wav, refused by the PBX"


def test_a_shown_call_proves_each_decision(database: Database) -> None:
    """S6, S7, S12, C8, GDPR art. 7(1): version and milliseconds heard, leg, key, times, purposes and ground."""
    call = life()[3]
    party = replace(call.parties[0], consents=(STAYED, WITHDRAWN))
    store(database, replace(call, parties=(party, call.parties[1])))
    with database.read() as connection:
        shown = show_call(connection, "c1")
    assert shown is not None
    stayed, withdrawn = shown.evidence
    assert asdict(stayed) == {
        "leg": "c1.1",
        "number": "+40722000111",
        "decision": "stayed",
        "how": "stayed",
        "key": None,
        "announcement": QUESTION.version,
        "announcement_name": "inbound",
        "announcement_text": "Apelul este înregistrat.",
        "announcement_ms": 2400,
        "language": "ro",
        "heard_ms": 2400,
        "complete": True,
        "announced_at": after(3),
        "decided_at": after(3),
        "received_at": after(3.002),
        "policy": "inbound",
        "policy_version": POLICY.version,
        "legal_basis": "consent",
        "purposes": ("quality", "legal claims"),
    }
    assert (withdrawn.decision, withdrawn.key) == ("withdrawn", "*9")
    assert [one.detail for one in shown.timeline if one.what == "withdrawn"] == ["key *9"]


def test_a_decision_without_an_announcement_is_evidence_too(database: Database) -> None:
    call = life()[3]
    unheard = replace(STAYED, announcement=None, language=None)
    store(database, replace(call, parties=(replace(call.parties[0], consents=(unheard,)),)))
    with database.read() as connection:
        shown = show_call(connection, "c1")
    assert shown is not None
    assert (shown.evidence[0].announcement, shown.evidence[0].announcement_text) == (None, None)


def test_no_such_call(database: Database) -> None:
    with database.read() as connection:
        assert show_call(connection, "none") is None


def _recorded(identifier: str, days: int, status: RecordingStatus) -> Call:
    call = plain_call(identifier)
    return replace(call, recordings=(replace(recording(call, status), expires_at=NOW + timedelta(days=days)),))


def test_recordings_by_expiry_and_status(database: Database) -> None:
    """S8: what is about to go, soonest first."""
    store(
        database,
        _recorded("late", 9, RecordingStatus.STOPPED),
        _recorded("soon", 1, RecordingStatus.STOPPED),
        _recorded("lost", 2, RecordingStatus.MISSING),
        _recorded("gone", 0, RecordingStatus.DELETED),
    )
    with database.write() as connection:
        connection.execute(sa.update(recordings).where(recordings.c.id == "gone-r").values(deleted_at=NOW))

    def names(expiring_by: datetime | None = None, status: str | None = None) -> list[str]:
        with database.read() as connection:
            return [one.id for one in list_recordings(connection, expiring_by=expiring_by, status=status)]

    assert names() == ["gone-r", "soon-r", "lost-r", "late-r"]
    assert names(expiring_by=NOW + timedelta(days=2)) == ["soon-r", "lost-r"]
    assert names(status="stopped") == ["soon-r", "late-r"]
    assert names(expiring_by=NOW + timedelta(days=2), status="missing") == ["lost-r"]


def test_messages_by_number_and_time(database: Database) -> None:
    """C1."""
    first = MessageSeen(pbx="main", at=NOW, received_at=NOW, direction=Direction.OUTBOUND, sender=BOB, recipient=ADA)
    second = replace(first, at=after(1), sender=EVA, recipient=BOB, direction=Direction.INBOUND)
    with database.write() as connection:
        add_messages(connection, [first, second])
        assert [one.at for one in list_messages(connection, limit=10)] == [after(1), NOW]
        assert [one.at for one in list_messages(connection, number=BOB, limit=10)] == [after(1), NOW]
        assert [one.at for one in list_messages(connection, number=ADA, limit=10)] == [NOW]
        assert [one.at for one in list_messages(connection, since=after(1), limit=10)] == [after(1)]
        assert [one.at for one in list_messages(connection, limit=1)] == [after(1)]
        assert asdict(list_messages(connection, number=ADA, limit=1)[0]) == {
            "pbx": "main",
            "direction": "outbound",
            "sender": "101",
            "recipient": "+40722000111",
            "at": NOW,
        }
