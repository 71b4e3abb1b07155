"""Who goes, who stays, and why (S8, C6c). Expiry is calendar-exact: the golden tables run from a call's start to its deletion."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.period import Period, Unit
from callguard.call.state import RUNNING, Number, RecordingStatus
from callguard.retention.holds import Hold, Matter, Scope, catches
from callguard.retention.rules import Action, Candidate, Finding, Ground, Verdict, judge, plan, stamp

MILLISECOND = timedelta(milliseconds=1)
SIX_MONTHS = Period(6, Unit.MONTHS)
DUE = datetime(2027, 2, 28, 9, 30, tzinfo=UTC)
MATTER = Matter(recordings=frozenset({"c-1"}), call="c", numbers=frozenset({"+40722000111"}), since=DUE, until=DUE)


def candidate(
    *,
    expires_at: datetime = DUE,
    status: RecordingStatus = RecordingStatus.STOPPED,
    held: bool = False,
    restricted: bool = False,
    size: int | None = 16044,
    deleted_at: datetime | None = None,
    finding: Finding = Finding.PRESENT,
) -> Candidate:
    return Candidate("c-1", expires_at, status, held, restricted, size, deleted_at, finding, MATTER)


GOLDEN = [
    ("2026-08-31T09:30:00.000", "2027-02-28T09:30:00.000Z"),
    ("2027-08-31T09:30:00.000", "2028-02-29T09:30:00.000Z"),
    ("2026-08-28T09:30:00.000", "2027-02-28T09:30:00.000Z"),
    ("2026-02-28T23:59:59.999", "2026-08-28T23:59:59.999Z"),
    ("2028-02-29T00:00:00.000", "2028-08-29T00:00:00.000Z"),
    ("2026-12-31T23:59:59.999", "2027-06-30T23:59:59.999Z"),
    ("2026-03-31T00:00:00.001", "2026-09-30T00:00:00.001Z"),
    ("2099-08-31T12:00:00.000", "2100-02-28T12:00:00.000Z"),
    ("2026-10-25T00:30:00.000", "2027-04-25T00:30:00.000Z"),
    ("2026-10-25T01:30:00.000", "2027-04-25T01:30:00.000Z"),
]


@pytest.mark.parametrize(("started", "expires"), GOLDEN)
def test_a_recording_goes_six_calendar_months_after_its_call_and_not_a_millisecond_earlier(started: str, expires: str) -> None:
    """S8: 31 August ends on the last of February; the hour that Bucharest has twice is two moments; leap years count."""
    expires_at = SIX_MONTHS.after(datetime.fromisoformat(started).replace(tzinfo=UTC))
    one = candidate(expires_at=expires_at)
    assert stamp(expires_at) == expires
    assert judge(one, expires_at - MILLISECOND) == Verdict("c-1", Action.KEEP, Ground.NOT_DUE, f"not due until {expires}", expires_at)
    for late in (timedelta(), MILLISECOND, timedelta(days=400)):
        assert judge(one, expires_at + late) == Verdict("c-1", Action.DELETE, Ground.EXPIRED, f"expired on {expires}", expires_at)


EXPIRED = "expired on 2027-02-28T09:30:00.000Z"
CASES = [
    (candidate(deleted_at=DUE, held=True), Action.KEEP, Ground.DELETED, "already deleted on 2027-02-28T09:30:00.000Z"),
    *((candidate(status=status, held=True), Action.KEEP, Ground.RUNNING, "still recording") for status in sorted(RUNNING)),
    (candidate(held=True, restricted=True), Action.KEEP, Ground.HELD, "under legal hold"),
    (candidate(restricted=True), Action.KEEP, Ground.RESTRICTED, "restricted at the person's request (GDPR art. 18)"),
    (candidate(held=True, finding=Finding.SYMLINK), Action.KEEP, Ground.HELD, "under legal hold"),
    (candidate(), Action.DELETE, Ground.EXPIRED, EXPIRED),
    (candidate(status=RecordingStatus.SEALED), Action.DELETE, Ground.EXPIRED, EXPIRED),
    (candidate(status=RecordingStatus.FAILED), Action.DELETE, Ground.EXPIRED, EXPIRED),
    (candidate(status=RecordingStatus.DELETING), Action.DELETE, Ground.EXPIRED, EXPIRED),
    (
        candidate(status=RecordingStatus.DELETING, finding=Finding.MISSING),
        Action.DELETE,
        Ground.EXPIRED,
        f"{EXPIRED}; the deletion was begun before, and cut off",
    ),
    (candidate(status=RecordingStatus.DELETING, held=True), Action.KEEP, Ground.HELD, "under legal hold"),
    (candidate(finding=Finding.MISSING), Action.DELETE, Ground.EXPIRED, f"{EXPIRED}; the file was missing"),
    (
        candidate(finding=Finding.LINKED),
        Action.DELETE,
        Ground.EXPIRED,
        f"{EXPIRED}; another name of the file remains outside callguard's reach",
    ),
    *(
        (
            candidate(status=status, size=None, finding=Finding.FOLDER_MISSING),
            Action.DELETE,
            Ground.EXPIRED,
            f"{EXPIRED}; there never was a file",
        )
        for status in (RecordingStatus.MISSING, RecordingStatus.FAILED, RecordingStatus.BLOCKED)
    ),
]


@pytest.mark.parametrize(("one", "action", "ground", "reason"), CASES)
def test_what_matters_most_is_the_reason(one: Candidate, action: Action, ground: Ground, reason: str) -> None:
    """C6c: no sweep beats a hold."""
    assert judge(one, DUE) == Verdict("c-1", action, ground, reason, DUE)


def hold(scope: Scope) -> Hold:
    return Hold(id=7, scope=scope, reason="fraud", reference="12/P/2026", placed_by="Ana Pop", placed_at=DUE)


def test_a_hold_keeps_what_it_catches_and_is_named() -> None:
    """C6c: a hold is asked before restriction and obstacles, and never delays the verdict on what is not due."""
    caught, other = hold(Scope(recording="c-1")), hold(Scope(call="another"))
    verdict = judge(candidate(restricted=True, finding=Finding.SYMLINK), DUE, [other, caught])
    assert verdict == Verdict("c-1", Action.KEEP, Ground.HELD, "under legal hold 7, reference 12/P/2026", DUE)
    assert judge(candidate(), DUE, [other]).action is Action.DELETE
    assert judge(candidate(), DUE - MILLISECOND, [caught]).ground is Ground.NOT_DUE


OBSTACLES = {
    Finding.FOLDER_MISSING: "mount the disk",
    Finding.ROOT_MISSING: "root is not there",
    Finding.SYMLINK: "symbolic link",
    Finding.ASTRAY: "outside the recordings root",
    Finding.NOT_REGULAR: "not a regular file",
    Finding.UNREADABLE: "cannot be reached",
}


@pytest.mark.parametrize(("finding", "words"), OBSTACLES.items())
def test_an_obstacle_keeps_the_recording_and_says_what_to_see_to(finding: Finding, words: str) -> None:
    verdict = judge(candidate(finding=finding), DUE)
    assert (verdict.action, verdict.ground) == (Action.KEEP, Ground.OBSTRUCTED)
    assert verdict.reason.startswith(f"{EXPIRED}, but ")
    assert words in verdict.reason


@pytest.mark.parametrize(
    "one",
    [
        candidate(finding=Finding.FOLDER_MISSING, size=None),
        candidate(finding=Finding.FOLDER_MISSING, status=RecordingStatus.FAILED),
        candidate(finding=Finding.ROOT_MISSING, size=None, status=RecordingStatus.MISSING),
    ],
    ids=["not filed yet", "once measured", "root gone"],
)
def test_a_disk_that_is_not_mounted_closes_no_row(one: Candidate) -> None:
    assert judge(one, DUE).ground is Ground.OBSTRUCTED


close_to_it = st.integers(-1000, 1000).map(lambda count: DUE + count * MILLISECOND)
far_from_it = st.integers(-900, 900).map(lambda count: DUE + timedelta(days=count))
moments = close_to_it | far_from_it
candidates = st.builds(
    Candidate,
    recording=st.uuids().map(str),
    expires_at=moments,
    status=st.sampled_from(RecordingStatus),
    held=st.booleans(),
    restricted=st.booleans(),
    size=st.none() | st.integers(0, 2**40),
    deleted_at=st.none() | moments,
    finding=st.sampled_from(Finding),
    matter=st.just(MATTER),
)


@given(st.lists(candidates), moments)
def test_every_candidate_gets_one_verdict_with_a_reason(given_ones: list[Candidate], now: datetime) -> None:
    verdicts = plan(given_ones, now)
    assert [verdict.record for verdict in verdicts] == [one.recording for one in given_ones]
    kept = [verdict for verdict in verdicts if verdict.action is Action.KEEP]
    deleted = [verdict for verdict in verdicts if verdict.action is Action.DELETE]
    assert len(kept) + len(deleted) == len(given_ones)
    assert all(verdict.reason and verdict.reason == verdict.reason.strip() for verdict in verdicts)
    assert all((verdict.ground is Ground.EXPIRED) == (verdict.action is Action.DELETE) for verdict in verdicts)


@given(candidates, moments)
def test_nothing_goes_that_must_stay(one: Candidate, now: datetime) -> None:
    """S8, C6c: whatever else is true of it."""
    if judge(one, now).action is Action.DELETE:
        assert now >= one.expires_at
        assert not any((one.held, one.restricted, one.deleted_at, one.status in RUNNING))
        assert one.finding in {Finding.PRESENT, Finding.LINKED, Finding.MISSING, Finding.FOLDER_MISSING}


@given(candidates, moments, st.timedeltas(timedelta(), timedelta(days=3650)))
def test_what_goes_now_goes_later_as_well(one: Candidate, now: datetime, later: timedelta) -> None:
    if judge(one, now).action is Action.DELETE:
        assert judge(one, now + later).action is Action.DELETE


scopes = st.builds(
    Scope,
    recording=st.none() | st.sampled_from(["c-1", "c-2"]),
    call=st.none() | st.sampled_from(["c", "d"]),
    number=st.none() | st.sampled_from([Number("0722000111", "+40722000111"), Number("201", None)]),
    since=st.none() | moments,
    until=st.none() | moments,
    queue=st.none() | st.just("sales"),
)


@given(st.lists(candidates), st.lists(scopes, max_size=3), moments)
def test_no_held_one_goes_and_all_others_do(given_ones: list[Candidate], asked: list[Scope], now: datetime) -> None:
    """C6c, S8: keep + delete = all; what is due, held by nothing and within reach does not survive its sweep."""
    verdicts = plan(given_ones, now, [hold(scope) for scope in asked])
    assert len(verdicts) == len(given_ones)
    for one, verdict in zip(given_ones, verdicts, strict=True):
        held = one.held or any(catches(scope, one.matter) for scope in asked)
        free = now >= one.expires_at and not (held or one.restricted or one.deleted_at or one.status in RUNNING)
        reachable = judge(replace(one, held=False, restricted=False), now).action is Action.DELETE
        assert (verdict.action is Action.DELETE) == (free and reachable)
