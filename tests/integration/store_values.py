"""Values to store: one plain call that went as most do, and Hypothesis strategies for any call at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import strategies as st

from callguard.announcements.catalogue import ArchivedAnnouncement
from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Match, Mode, OnRefusal, Policy, Prompts, with_version
from callguard.call.state import (
    Call,
    Consent,
    Decision,
    Direction,
    How,
    Number,
    Party,
    Recording,
    RecordingStatus,
    Role,
    Stage,
)
from callguard.store.announcement_rows import archive_announcement
from callguard.store.policy_rows import remember_policy

NOW = datetime(2026, 8, 31, 9, 30, 0, 250_000, tzinfo=UTC)
ADA, BOB = Number("0722000111", "+40722000111"), Number("101", None)
HOSTILE = ("", "'; DROP TABLE calls; --", "%s %(x)s :id ? {}", "Ștefan\r\n\x1f", "9" * 300, "\N{PILE OF POO}")

QUESTION = ArchivedAnnouncement("v-question", "inbound", "ro", "Apelul este înregistrat.", 2400, b"\x00\x01" * 8, b"\x02" * 16)
ACCEPTED = ArchivedAnnouncement("v-accepted", "thank-you", "ro", "Vă mulțumim.", 800, b"\x01", b"\x02")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _prompt(kept: ArchivedAnnouncement) -> Announcement:
    return Announcement(kept.version, kept.name, kept.language, kept.duration_ms, f"callguard/ro/{kept.version}")


POLICY = with_version(
    Policy(
        name="inbound",
        version="",
        direction="inbound",
        mode=Mode.NOTICE,
        legal_basis="consent",
        purposes=("quality", "legal claims"),
        retention=Period(6, Unit.MONTHS),
        prompts=Prompts(_prompt(QUESTION), _prompt(ACCEPTED), _prompt(ACCEPTED)),
        match=Match(numbers=("700", "+4021*")),
    )
)
SILENT = with_version(replace(POLICY, name="silent", mode=Mode.NEVER, prompts=None, on_refusal=OnRefusal.HANGUP, match=Match()))

STAYED = Consent(Decision.STAYED, How.STAYED, None, QUESTION.version, "ro", 2400, True, after(3), after(3), after(3.002))
WITHDRAWN = replace(STAYED, decision=Decision.WITHDRAWN, how=How.KEY, key="*9", decided_at=after(20), received_at=after(20.001))


def keep(connection: sa.Connection) -> None:
    """The policies and the announcement that the calls below refer to."""
    archive_announcement(connection, QUESTION, NOW)
    for policy in (POLICY, SILENT):
        remember_policy(connection, policy, NOW)


def plain_call(identifier: str = "c1", pbx: str = "main") -> Call:
    """It has just begun: no party, no recording yet."""
    return Call(
        id=identifier,
        pbx=pbx,
        linkedid=f"{identifier}.1",
        direction=Direction.INBOUND,
        policy=POLICY,
        caller=ADA,
        callee=BOB,
        dialled="700",
        started_at=NOW,
        received_at=after(0.003),
        redirecting=("0213334444",),
        queue="sales",
        equipment_ip="192.0.2.7",
        user_agent="Phone 1.0",
    )


def caller(call: Call) -> Party:
    return Party(leg=f"{call.id}.1", channel="PJSIP/ada-01", role=Role.CALLER, number=ADA, outside=True)


def recording(call: Call, status: RecordingStatus = RecordingStatus.REQUESTED) -> Recording:
    return Recording(
        id=f"{call.id}-r",
        leg=f"{call.id}.1",
        channel="PJSIP/ada-01",
        path=f"2026/08/31/{call.id}.wav",
        status=status,
        requested_at=after(4),
        expires_at=datetime(2027, 2, 28, 9, 30, 0, 250_000, tzinfo=UTC),
    )


def life(identifier: str = "c1", pbx: str = "main") -> list[Call]:
    """A recorded call as the daemon commits it, from its start to the filed recording: six steps."""
    started = plain_call(identifier, pbx)
    ada = caller(started)
    asking = replace(ada, stage=Stage.ANNOUNCING, step=1)
    stayed = replace(asking, stage=Stage.RELEASED, step=2, heard_ms=2400, complete=True, announced_at=after(3), consents=(STAYED,))
    bob = Party(leg=f"{identifier}.2", channel="PJSIP/bob-02", role=Role.CALLEE, number=BOB, outside=False, bridge="b-1")
    file = recording(started)
    one = replace(started, parties=(asking,), answered_at=after(0.1))
    two = replace(one, parties=(stayed,))
    three = replace(two, parties=(replace(stayed, bridge="b-1"), bob), connected_at=after(4), recordings=(file,))
    running = replace(file, status=RecordingStatus.RECORDING, started_at=after(4.01))
    four = replace(three, recordings=(running,))
    gone = tuple(replace(party, stage=Stage.GONE, bridge=None) for party in three.parties)
    stopped = replace(running, status=RecordingStatus.STOPPED, stopped_at=after(30))
    five = replace(four, parties=gone, recordings=(stopped,), ended_at=after(30), dial_status="ANSWER", hangup_cause="NORMAL_CLEARING")
    filed = replace(five, recordings=(replace(stopped, size=416_044, sha256="ab" * 32),))
    return [started, one, two, three, four, five, filed][1:]


TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the bounds must be naive
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
COUNTS = st.integers(0, 2**31 - 1)
NUMBERS = st.builds(Number, raw=TEXT, e164=st.none() | st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
CONSENTS = st.builds(
    Consent,
    decision=st.sampled_from(Decision),
    how=st.sampled_from(How),
    key=st.none() | st.sampled_from("0123456789*#"),
    announcement=st.none() | st.just(QUESTION.version),
    language=st.none() | st.sampled_from(["ro", "en"]),
    heard_ms=COUNTS,
    announced_at=st.none() | MOMENTS,
    decided_at=MOMENTS,
    received_at=MOMENTS,
)
_PARTIES = st.builds(
    Party,
    leg=st.just(""),
    channel=TEXT,
    role=st.sampled_from(Role),
    number=NUMBERS,
    stage=st.sampled_from(Stage),
    step=COUNTS,
    attempt=COUNTS,
    bridge=st.none() | TEXT,
    heard_ms=COUNTS,
    announced_at=st.none() | MOMENTS,
    consents=st.lists(CONSENTS, max_size=2).map(tuple),
)
_RECORDINGS = st.builds(
    Recording,
    id=st.just(""),
    leg=TEXT,
    channel=TEXT,
    path=st.just(""),
    status=st.sampled_from(RecordingStatus),
    requested_at=MOMENTS,
    expires_at=MOMENTS,
    started_at=st.none() | MOMENTS,
    stopped_at=st.none() | MOMENTS,
    size=st.none() | st.integers(0, 2**40),
    sha256=st.none() | st.just("ab" * 32),
    fault=st.none() | TEXT,
)
_CALLS = st.builds(
    Call,
    id=st.just("c1"),
    pbx=st.just("main"),
    linkedid=st.just("c1.1"),
    direction=st.sampled_from(Direction),
    policy=st.sampled_from([POLICY, SILENT]),
    caller=NUMBERS,
    callee=NUMBERS,
    dialled=TEXT,
    started_at=MOMENTS,
    received_at=MOMENTS,
    redirecting=st.lists(TEXT, max_size=2).map(tuple),
    equipment_ip=st.none() | TEXT,
    user_agent=st.none() | TEXT,
    answered_at=st.none() | MOMENTS,
    connected_at=st.none() | MOMENTS,
    ended_at=st.none() | MOMENTS,
    dial_status=st.none() | TEXT,
    hangup_cause=st.none() | TEXT,
    parties=st.lists(_PARTIES, max_size=3).map(tuple),
    recordings=st.lists(_RECORDINGS, max_size=2).map(tuple),
    withdrawal=st.none(),
)


def _named(call: Call) -> Call:
    """Each party on a leg, and each recording in a file, of its own."""
    people = tuple(replace(party, leg=f"leg-{place}") for place, party in enumerate(call.parties))
    files = tuple(replace(one, id=f"r-{place}", path=f"{place}.wav") for place, one in enumerate(call.recordings))
    return replace(call, parties=people, recordings=files)


def _later(before: Call, after_: Call) -> Call:
    """``after_`` as something that can become of ``before``: nobody disappears and no decision is unsaid."""
    pairs = zip(before.parties, after_.parties, strict=False)
    grown = [replace(new, consents=old.consents + new.consents) for old, new in pairs]
    count = len(grown)
    people = (*grown, *before.parties[count:], *after_.parties[count:])
    files = (*after_.recordings, *before.recordings[len(after_.recordings) :])
    return replace(after_, policy=before.policy, parties=people, recordings=files)


CALLS = _CALLS.map(_named)
CHANGES = st.tuples(CALLS, CALLS).map(lambda pair: (pair[0], _later(*pair)))
