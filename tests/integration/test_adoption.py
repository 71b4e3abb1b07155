"""What a PBX recorded before callguard is adopted: file by file, once, with an expiry, and with nothing that nobody knows (S8, issue 4)."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.adoption.call_list import read_call_list
from callguard.adoption.judging import Action
from callguard.adoption.names import Named
from callguard.adoption.walking import require_outside
from callguard.call.policy import Match, Mode
from callguard.call.state import Direction, Number
from callguard.errors import FileFault, GuardRefusal, UsageError
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import Outcome as Swept
from callguard.retention.execution import execute
from callguard.retention.holding import place_hold, release
from callguard.retention.holds import Scope
from callguard.retention.naming import sealed
from callguard.retention.record_sweep import plan_records
from callguard.retention.rules import stamp
from callguard.retention.ruleset import PolicyTerms, RuleSet
from callguard.retention.sweep import plan_sweep
from callguard.store.adoption_tables import adoptions
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from callguard.store.records import save_call
from callguard.store.showing import show_call
from callguard.store.tables import calls, consents, recordings
from tests.integration.adoption_place import HERE, POLICIES, UUID, Place, freepbx, new_place, sound
from tests.integration.store_values import keep, plain_call
from tests.other_user import as_ordinary_user
from tests.wav_bytes import still_open, whole

AT = datetime(2026, 8, 31, 11, 30, 15, tzinfo=UTC)
IN = freepbx("in", "0213334444", "0722000111", AT)
OUT = freepbx("out", "0744000111", "201", AT + timedelta(seconds=1), 7)
EXPIRES = "2027-02-28T11:30:15.000Z"
LATER = datetime(2028, 1, 1, tzinfo=UTC)


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_file):
        yield new_place(sqlite_file, tmp_path)


def sweep(place: Place, as_of: datetime = LATER) -> dict[str, Swept]:
    outcomes: list[Swept] = []
    execute(plan_sweep(place.database, place.root, as_of, KeyStore(place.folder / "keys")), outcomes.append)
    return {one.verdict.record: one for one in outcomes}


# What becomes of a file ------------------------------------------------------------------------------------------------------------------


def test_a_call_of_freepbx_is_adopted_with_its_numbers_and_without_any_consent(database: Database, tmp_path: Path) -> None:
    """S8, S15: the expiry is of calendar months from the start of the call; the person is found; what was decided is not made up."""
    place = new_place(database, tmp_path)
    original = place.record(IN)
    assert place.only().verdict.action == "adopt"
    (call,) = place.calls("+40 722 000 111")
    (recording,) = call.recordings
    assert (call.source, call.linkedid, call.direction, call.caller, call.callee, call.policy) == (
        *("backfill", f"{int(AT.timestamp())}.123", "inbound", "+40722000111", "+40213334444"),
        "inbound",
    )
    assert (stamp(call.started_at), call.disposition, call.billable_s, call.duration_s) == (stamp(AT), None, None, 0.02)
    assert [(one.role, one.number, one.decision) for one in call.parties] == [
        ("caller", "+40722000111", None),
        ("callee", "+40213334444", "not_required"),
    ]
    content = original.read_bytes()
    assert (recording.status, recording.size, recording.sha256) == ("stopped", len(content), sha256(content).hexdigest())
    assert (stamp(recording.expires_at), recording.path) == (EXPIRES, f"2026/08/31/{recording.id}.wav")
    copy = place.root / recording.path
    assert copy.read_bytes() == content
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert os.getxattr(copy, "user.callguard.expires").decode() == EXPIRES
    assert os.getxattr(copy, "user.callguard.sha256").decode() == recording.sha256
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(consents)) == 0
        shown = show_call(connection, call.id)
    assert shown is not None
    assert [(one.what, one.detail) for one in shown.timeline if one.what == "recording adopted"] == [
        ("recording adopted", "start of the call by its name")
    ]
    assert shown.evidence == ()


def test_the_ledger_tells_of_each_and_names_nobody(database: Database, tmp_path: Path) -> None:
    """C7: no number and no name of a file is in it, nor in the table of adoptions."""
    place = new_place(database, tmp_path)
    place.record(IN)
    place.record("notes.txt", b"x")
    place.run()
    place.plan().conclude({Action.ADOPT: 1, Action.ALREADY: 0, Action.LEAVE: 1}, 1)
    with database.read() as connection:
        entered = {link.kind: link.body for link in links(connection)}
        row = connection.execute(sa.select(adoptions)).mappings().one()
    (call,) = place.calls()
    assert f'"recording":"{call.recordings[0].id}"' in entered["adoption"]
    assert f'"started_at":"{stamp(AT)}"' in entered["adoption"]
    assert entered["intake"] == '{"adopted":1,"already":0,"cdr":null,"left":1,"removed":1}'
    assert not [text for text in (*entered.values(), *map(str, row.values())) if "722000111" in text or ".wav" in text]


def test_an_outbound_call_is_about_whom_it_went_to(place: Place) -> None:
    place.record(OUT)
    assert place.only().verdict.policy == "outbound"
    (call,) = place.calls("0744000111")
    assert [(one.role, one.number, one.decision) for one in call.parties] == [
        ("caller", "201", "not_required"),
        ("callee", "+40744000111", None),
    ]


def test_a_withheld_number_is_nobodys(place: Place) -> None:
    place.record(freepbx("q", "600", "unknown", AT))
    assert place.only().verdict.action == "adopt"
    (call,) = place.calls()
    assert (call.caller, call.callee, call.dialled) == (None, "600", "600")
    with place.database.read() as connection:
        assert connection.scalar(sa.select(calls.c.queue)) == "600"


def test_a_plain_name_needs_a_policy_to_be_named(place: Place) -> None:
    """Nothing in it says in which direction the call went; the policy that is named does."""
    place.record(f"{int(AT.timestamp())}.5.wav")
    place.record("20260831-143100-0744000222.wav")
    assert {one.verdict.reason for one in place.run().values()} == {
        "nothing says in which direction its call went: name its policy with --policy"
    }
    assert set(place.going_by(chosen=POLICIES[1]).verdicts().values()) == {"adopt"}
    started = sorted((stamp(call.started_at), call.direction, call.policy) for call in place.calls())
    assert started == [(stamp(AT), "outbound", "outbound"), ("2026-08-31T11:31:00.000Z", "outbound", "outbound")]
    assert [call.linkedid.startswith("adopted-") for call in place.calls()].count(True) == 1


def test_a_call_of_fusionpbx_needs_its_cdr(place: Place) -> None:
    """And gets people, direction and end from it; an MP3 stays one."""
    place.record(f"pbx.example.ro/archive/2026/Aug/31/{UUID}.mp3", b"ID3\x04" + bytes(500))
    assert "--cdr" in place.only().verdict.reason
    cdr = place.folder / "cdr.csv"
    cdr.write_text(
        '"xml_cdr_uuid","direction","caller_id_number","caller_destination","start_epoch","duration","billsec"\n'
        f'"{UUID}","inbound","0722000111","0213334444","{int(AT.timestamp())}","60","50"\n',
        "utf-8",
    )
    assert place.going_by(calls=read_call_list(cdr, HERE)).only().verdict.start_from == "cdr"
    (call,) = place.calls("0722000111")
    (recording,) = call.recordings
    assert (call.linkedid, call.callee, call.duration_s, call.billable_s, call.disposition) == (UUID, "+40213334444", 60, 50, "ANSWERED")
    assert (recording.path, stamp(recording.expires_at)) == (f"2026/08/31/{recording.id}.mp3", EXPIRES)
    assert place.adopted() == {recording.id: "cdr"}


def test_the_number_by_which_a_person_is_found_is_the_one_that_is_a_number(place: Place) -> None:
    """S15: with a prefix of the dialplan nobody is found."""
    place.record(OUT)
    cdr = place.folder / "cdr.csv"
    cdr.write_text(
        f"calldate,src,dst,uniqueid,duration,billsec\n2026-08-31 14:30:16,201,90744000111,{int(AT.timestamp()) + 1}.7,9,5\n", "utf-8"
    )
    place.going_by(calls=read_call_list(cdr, HERE)).run()
    (call,) = place.calls("0744000111")
    assert (call.caller, call.callee) == ("201", "+40744000111")


def test_the_time_of_a_file_is_believed_on_request_only_and_the_row_says_so(place: Place) -> None:
    name = "in-the-office.wav"
    place.record(name)
    chosen = place.going_by(chosen=POLICIES[0])
    assert "--by-mtime" in chosen.only().verdict.reason
    verdict = chosen.going_by(by_mtime=True).only().verdict
    assert (verdict.start_from, "by the time of the file" in verdict.reason) == ("mtime", True)
    (call,) = place.calls()
    assert stamp(call.started_at) == "2026-01-01T00:00:00.000Z"
    assert place.adopted() == {call.recordings[0].id: "mtime"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2023, 8, 31, 10, tzinfo=UTC), "2024-02-29T10:00:00.000Z"),
        (datetime(2024, 2, 29, 10, tzinfo=UTC), "2024-08-29T10:00:00.000Z"),
        (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), "2026-04-26T00:30:00.000Z"),
        (datetime(2025, 10, 26, 1, 30, tzinfo=UTC), "2026-04-26T01:30:00.000Z"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "2026-06-30T23:30:00.000Z"),
    ],
    ids=["to a leap day", "from a leap day", "the first 3:30 of that night", "the second", "the next year by the clock"],
)
def test_the_expiry_is_counted_in_calendar_months_from_the_start(place: Place, start: datetime, end: str) -> None:
    """S8: an id in a name needs no zone, so that both hours of a long night are told apart."""
    place.record(freepbx("in", "0213334444", "0722000111", start))
    expires = place.only().verdict.expires_at
    assert expires is not None
    assert stamp(expires) == end


# What is left ----------------------------------------------------------------------------------------------------------------------------


def test_each_file_has_a_verdict_and_a_reason_and_one_stops_none_of_the_rest(place: Place) -> None:
    """Issue 4: symbolic links, FIFOs, folders, unreadable files, what is no sound, what is not over, two times, the future."""
    place.record(IN)
    outside = place.folder / "outside.wav"
    outside.write_bytes(sound("outside"))
    (place.monitor / "link.wav").symlink_to(outside)
    (place.monitor / "folder-link").symlink_to(place.folder)
    os.mkfifo(place.monitor / "fifo.wav")
    place.record("notes.txt")
    place.record("empty.wav", b"")
    place.record("no-sound.wav", b"not a sound at all" * 10)
    place.record("running.ulaw", bytes(8000), at=place.intake.now.timestamp())
    place.record(f"{int(AT.timestamp())}.1-1706711415.2.wav")
    place.record("1999999999.1.wav")
    place.record("20260329-033000.wav")
    reasons = {name: one.verdict.reason for name, one in place.going_by(chosen=POLICIES[0]).run().items() if one.verdict.action == "leave"}
    assert reasons == {
        "link.wav": "is a symbolic link",
        "folder-link": "is a symbolic link",
        "fifo.wav": "is no regular file",
        "notes.txt": "is no sound file by its suffix",
        "empty.wav": "is empty",
        "no-sound.wav": "is no WAV file",
        "running.ulaw": "was written to within the last 15 minutes, so it may not be over",
        f"{int(AT.timestamp())}.1-1706711415.2.wav": "more than one time or id can be read in its name",
        "1999999999.1.wav": "its call would begin in the future",
        "20260329-033000.wav": "the clocks of Europe/Bucharest skipped the time in its name: look whether that is the zone",
    }
    assert len(place.calls()) == 1


def test_what_cannot_be_read_is_told(reachable_file: Database, reachable_folder: Path) -> None:
    place = new_place(reachable_file, reachable_folder)
    secret, hidden = place.record("secret.wav"), place.record("hidden/x.wav")
    place.record(freepbx("in", "1", "2", AT))
    for path in (secret, hidden.parent):
        path.chmod(0)
    with as_ordinary_user(reachable_folder, reachable_folder / "callguard.db", *(reachable_folder / "monitor").rglob("*")):
        reasons = {one.verdict.path: one.verdict.reason for one in place.plan().preview() if one.verdict.action == "leave"}
    assert reasons == {"secret.wav": "cannot be read: Permission denied", "hidden": "the folder cannot be read: Permission denied"}


def test_names_that_are_no_text_are_shown_without_them(place: Place) -> None:
    (place.monitor / os.fsdecode(b"\xff\xfe.wav")).write_bytes(sound("x"))
    (one,) = place.plan().preview()
    assert one.verdict.path == "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.wav"


def test_no_policy_is_no_reason_to_guess_one(place: Place) -> None:
    """One that does not speak of such a call, and one that says it is never recorded."""
    place.record(IN)
    elsewhere = replace(POLICIES[0], match=Match(numbers=("+4031*",)))
    assert place.going_by(policies=(elsewhere,)).only().verdict.reason == "no policy speaks of such a call: name one with --policy"
    never = replace(POLICIES[0], name="doctors", mode=Mode.NEVER)
    assert "policy doctors says that such a call is never recorded" in place.going_by(policies=(never,)).only().verdict.reason
    assert place.going_by(policies=(never,), chosen=never).only().verdict.action == "adopt"


def test_a_call_that_callguard_was_in_is_not_touched(place: Place) -> None:
    """Somebody may have refused in it; what was recorded all the same is for a person to look at."""
    with place.database.write() as connection:
        keep(connection)
        save_call(connection, None, replace(plain_call(), linkedid=f"{int(AT.timestamp())}.123"))
    place.record(IN)
    assert place.only().verdict.reason == "callguard itself was in its call; who recorded it beside that is to be looked into"
    assert place.going_by(pbx="old-pbx").only().verdict.action == "adopt"


def test_a_file_that_changes_while_it_is_copied_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing of it stays in the root."""
    original = place.record(IN)
    monkeypatch.setattr("callguard.adoption.carrying.require_space", lambda *_: original.write_bytes(sound("another")))
    assert "changed while it was copied" in place.only().verdict.reason
    assert (place.stored(), place.calls()) == ([], [])


def test_a_copy_that_cannot_be_made_is_left(place: Place) -> None:
    """Here another hand has put a folder where the draft goes."""
    place.record(IN)
    (planned,) = place.plan().preview()
    (place.root / f"2026/08/31/{planned.verdict.recording}.wav.sealed.part").mkdir(parents=True)
    assert place.only().verdict.reason == "could not be copied: Is a directory"
    assert (place.stored(), place.calls()) == ([], [])


def test_a_call_that_becomes_known_while_it_is_copied_is_judged_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 10: what is true when it is written counts. The copy has its tag, and no row: the next import finds it in its place."""
    place.record(IN)

    def meanwhile(*_: object) -> None:
        monkeypatch.undo()
        with place.database.write() as connection:
            keep(connection)
            save_call(connection, None, replace(plain_call(), linkedid=f"{int(AT.timestamp())}.123"))

    monkeypatch.setattr("callguard.adoption.carrying.require_space", meanwhile)
    assert place.only().verdict.reason == "its call changed while it was copied"
    assert [call.source for call in place.calls()] == ["live"]


def test_one_that_was_adopted_since_it_was_looked_at_is_not_adopted_twice(place: Place) -> None:
    place.record(IN)
    plan = place.plan()
    with plan.home.opened():
        for _, found in plan._planned():
            assert found is not None
            assert [plan.home.adopt(found, place.intake).action.value for _ in range(2)] == ["adopt", "already"]
    assert len(place.calls()) == 1


def test_a_file_that_vanishes_or_grows_while_it_is_read_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [place.record(IN), place.record(OUT)]

    def meanwhile(*_: object) -> Named:
        files[1].unlink(missing_ok=True)
        with files[0].open("ab") as growing:
            growing.write(b"more")
        return Named(made=AT, direction=Direction.INBOUND)

    monkeypatch.setattr("callguard.adoption.finding.read_name", meanwhile)
    assert [one.verdict.reason for one in place.run().values()] == [
        "changed while it was read",
        "cannot be read: No such file or directory",
    ]


def test_without_space_nothing_is_adopted_and_nothing_lost(place: Place) -> None:
    place.record(IN)
    plan = place.plan()
    full = replace(plan, home=replace(plan.home, least=2**60))
    (outcome,) = full.outcomes()
    assert "bytes are free" in outcome.verdict.reason
    assert (place.stored(), len(place.left())) == ([], 1)


# Once ------------------------------------------------------------------------------------------------------------------------------------


def test_a_sound_is_adopted_once_however_often_it_lies_there(place: Place) -> None:
    """A dry run says of each what a run does."""
    content = sound("a")
    place.record(IN, content)
    place.record(f"copy/{Path(IN).name}", content)
    planned = [one.verdict for one in place.plan().preview()]
    done = [one.verdict for one in place.plan().outcomes()]
    assert done == planned
    assert [one.action.value for one in done] == ["adopt", "already"]
    assert [one.verdict.action.value for one in place.plan().outcomes()] == ["already", "already"]
    assert len(place.stored()) == 1


def test_the_same_sound_of_another_call_is_not_believed(place: Place) -> None:
    content = sound("a")
    place.record(freepbx("in", "1", "2", AT), content)
    place.record(freepbx("in", "1", "2", AT + timedelta(days=1)), content)
    assert sorted(place.verdicts().values()) == ["adopt", "leave"]


def test_two_recordings_of_one_call_are_of_one_call(place: Place) -> None:
    """One leg each, or one made of the other: each has to go on its day."""
    unique = f"{int(AT.timestamp())}.9"
    for name in (f"{unique}-in.wav", f"{unique}-out.wav"):
        place.record(name)
    assert set(place.going_by(chosen=POLICIES[0]).verdicts().values()) == {"adopt"}
    (call,) = place.calls()
    assert (len(call.recordings), {stamp(one.expires_at) for one in call.recordings}) == (2, {EXPIRES})
    assert place.stored() == sorted(Path(one.path).name for one in call.recordings)


def test_a_call_ends_with_the_last_of_its_recordings(place: Place) -> None:
    """In whichever order they are found."""
    unique = f"{int(AT.timestamp())}.9"
    for name, seconds in ((f"{unique}-a.wav", 60), (f"{unique}-b.wav", 1)):
        place.record(name, whole(8000 * seconds))
    place.going_by(chosen=POLICIES[0]).run()
    assert [call.ended_at for call in place.calls()] == [AT + timedelta(seconds=60)]


def test_a_recording_of_a_known_call_with_another_start_is_not_believed(place: Place) -> None:
    """Ids of FreeSWITCH hold no time; here two CDRs disagree."""
    for day in (0, 1):
        place.record(f"{UUID}-{day}.wav")
        cdr = place.folder / "cdr.csv"
        cdr.write_text(f"xml_cdr_uuid,start_epoch,duration\n{UUID},{int(AT.timestamp()) + 86400 * day},9\n", "utf-8")
        verdicts = place.going_by(calls=read_call_list(cdr, HERE), chosen=POLICIES[0]).run()
    assert verdicts[f"{UUID}-0.wav"].verdict.reason.startswith("the same sound is recording ")
    assert verdicts[f"{UUID}-1.wav"].verdict.reason == f"its call is known, with another start: {stamp(AT)}"


def test_a_later_recording_of_a_known_call_keeps_the_calls_policy(place: Place) -> None:
    """Its end and the proof of its deletion must speak of the same rule."""
    unique = f"{int(AT.timestamp())}.9"
    place.record(f"{unique}-in.wav")
    place.going_by(chosen=POLICIES[0]).run()
    place.record(f"{unique}-out.wav")
    verdicts = place.going_by(chosen=POLICIES[1]).run()
    assert verdicts[f"{unique}-out.wav"].verdict.policy == "inbound"


# The original ----------------------------------------------------------------------------------------------------------------------------


def test_an_original_stays_unless_it_is_to_be_moved_and_is_counted_until_then(place: Place) -> None:
    place.record(IN)
    assert [(one.verdict.action, one.original) for one in place.run().values()] == [("adopt", True)]
    assert [(one.verdict.action, one.original) for one in place.run().values()] == [("already", True)]
    assert [(one.verdict.action, one.original) for one in place.run(moving=True).values()] == [("already", False)]
    assert (place.left(), len(place.stored())) == ([], 1)


def test_what_is_adopted_and_moved_is_there_once(place: Place) -> None:
    for name in (IN, OUT):
        place.record(name)
    assert [one.original for one in place.run(moving=True).values()] == [False, False]
    assert (place.left(), len(place.stored())) == ([], 2)


def test_an_original_whose_copy_is_not_there_is_the_last_one(place: Place) -> None:
    original = place.record(IN)
    place.run()
    (place.root / place.calls()[0].recordings[0].path).unlink()
    (outcome,) = place.run(moving=True).values()
    assert (outcome.original, outcome.fault) == (True, "the original stays: its copy is not in the recordings root")
    assert original.exists()


def test_an_original_that_outlived_its_copy_can_still_be_removed(place: Place) -> None:
    """C7: the copy went on its day; the listing says so, and the original goes when it is told to."""
    place.record(IN)
    place.run()
    assert {one.result.value for one in sweep(place).values()} == {"deleted"}
    (outcome,) = place.run().values()
    assert ", which was deleted on " in outcome.verdict.reason
    (outcome,) = place.run(moving=True).values()
    assert (outcome.original, place.left(), place.stored()) == (False, [], [])


def test_the_last_that_is_left_of_one_that_a_hold_asks_for_stays(place: Place) -> None:
    """C6c: a hold that was placed after the copy had gone finds the original; nothing beats it."""
    original = place.record(IN)
    place.run()
    sweep(place)
    held = place_hold(place.database, Scope(number=Number("0722000111", "+40722000111")), by="Ana", reason="fraud", reference="1")
    (outcome,) = place.run(moving=True).values()
    assert "its copy was deleted, and it is under legal hold" in outcome.fault
    assert (outcome.original, original.exists()) == (True, True)
    release(place.database, held.id, by="Dan", reason="over")
    assert place.run(moving=True) != {}
    assert not original.exists()


def test_a_recording_that_may_only_rest_keeps_its_name(place: Place) -> None:
    """A PBX writes nothing to it while its call is on hold; what it wrote after the name is gone nobody would find."""
    now = place.intake.now
    for name, rested in ((IN, timedelta(minutes=20)), (OUT, timedelta(hours=25))):
        place.record(name, still_open() + name.encode(), at=(now - rested).timestamp())
    outcomes = place.run(moving=True)
    assert {name: one.verdict.action.value for name, one in outcomes.items()} == dict.fromkeys(
        (Path(one).name for one in (IN, OUT)), "adopt"
    )
    assert "may not be over" in outcomes[Path(IN).name].fault
    assert place.left() == [Path(IN).name]


def test_an_original_that_was_changed_since_it_was_read_stays(place: Place) -> None:
    """What is in it now was adopted by nobody."""
    original = place.record(IN)
    plan = place.plan()
    with plan.home.opened():
        for _, found in plan._planned():
            assert found is not None
            plan.home.adopt(found, place.intake)
            original.write_bytes(sound("another"))
            with pytest.raises(FileFault, match="changed since it was read"):
                plan.home.remove_original(found)
    assert original.exists()


def test_another_name_of_an_original_is_reported(place: Place) -> None:
    original = place.record(IN)
    os.link(original, place.folder / "elsewhere.wav")
    (outcome,) = place.run(moving=True).values()
    assert "has another name somewhere" in outcome.fault
    assert place.left() == []


def test_an_original_that_cannot_be_removed_is_reported(reachable_folder: Path, reachable_file: Database) -> None:
    """It is adopted all the same."""
    place = new_place(reachable_file, reachable_folder)
    original = place.record(IN)
    place.run()
    (found,) = [found for verdict, found in place.plan()._planned() if verdict.action == "already" and found is not None]
    home = place.plan().home
    original.write_bytes(sound("another"))
    descriptor = os.open(original.parent, os.O_RDONLY)
    try:
        at = replace(found.entry, at=found.entry.at._replace(folder=descriptor))
        with pytest.raises(FileFault, match="it changed since"):
            home.remove_original(replace(found, entry=at))
        gone = replace(at, at=at.at._replace(name="gone.wav"))
        with pytest.raises(FileFault, match="could not be removed: No such file"):
            home.remove_original(replace(found, entry=gone))
    finally:
        os.close(descriptor)


# What becomes of it later ----------------------------------------------------------------------------------------------------------------


def test_what_had_expired_goes_at_the_next_sweep_with_proof(database: Database, tmp_path: Path) -> None:
    """S8, C7: and its call goes when its own term has ended, and with it all that is known of the adoption."""
    place = new_place(database, tmp_path)
    place.record(freepbx("in", "0213334444", "0722000111", datetime(2020, 1, 31, tzinfo=UTC)))
    place.run()
    (outcome,) = sweep(place, place.intake.now).values()
    assert (outcome.result, outcome.verdict.reason) == ("deleted", "expired on 2020-07-31T00:00:00.000Z")
    assert place.stored() == []
    rules = RuleSet({"inbound": PolicyTerms(POLICIES[0].retention)}, terms={})
    with database.write() as connection:
        connection.execute(sa.update(calls).values(kept_until=AT, kept_rule="a rule"))
    execute(plan_records(database, replace(rules, terms={}), LATER))
    with database.read() as connection:
        assert [connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (calls, recordings, adoptions)] == [0, 0, 0]
    (again,) = place.run().values()
    assert (again.verdict.action, "destroy this copy" in again.verdict.reason) == (Action.LEAVE, True), "C7: the proof outlives the rows"


def test_a_hold_on_the_number_catches_it(place: Place) -> None:
    """C6c: also one that was placed before it was found."""
    place_hold(place.database, Scope(number=Number("0722000111", "+40722000111")), by="Ana", reason="a case", reference="1/2026")
    place.record(IN)
    place.record(OUT)
    place.run()
    kept = {one.verdict.reason for one in sweep(place).values() if one.result == "kept"}
    assert kept == {"under legal hold 1, reference 1/2026"}
    assert len(place.stored()) == 1


def test_it_is_sealed_where_recordings_are_sealed(place: Place) -> None:
    """S13: nothing plain stays in the root, and what is heard is the original."""
    sealing = place.sealing()
    original = place.record(IN).read_bytes()
    assert sealing.only().verdict.action == "adopt"
    (recording,) = sealing.calls()[0].recordings
    assert (recording.status, sealing.stored()) == ("sealed", [sealed(f"{recording.id}.wav")])
    assert sealing.vault is not None
    assert b"".join(sealing.vault.unsealed(f"2026/08/31/{recording.id}.wav", recording.id)) == original
    assert [one.original for one in sealing.run(moving=True).values()] == [False]
    assert {one.result.value for one in sweep(sealing).values()} == {"deleted"}


def test_one_that_cannot_be_sealed_is_left_and_leaves_nothing(place: Place) -> None:
    sealing = place.sealing()
    place.record(IN)
    day = place.folder / "keys/2026/08"
    day.mkdir(parents=True)
    (day / "31").write_text("not a folder", "ascii")
    assert sealing.only().verdict.reason.endswith(".wav: not a regular file")
    assert (sealing.stored(), sealing.calls()) == ([], [])


# Where it is not done at all -------------------------------------------------------------------------------------------------------------


def test_a_root_that_is_not_mounted_takes_nothing_in(place: Place) -> None:
    place.record(IN)
    place.run()
    (place.root / ".callguard-root").write_text("another\n", "ascii")
    with pytest.raises(GuardRefusal):
        place.run()


def test_two_imports_at_once_are_one_too_many(place: Place) -> None:
    with place.plan().home.opened(), pytest.raises(UsageError, match="another import is under way"):
        place.run()
    assert place.run() == {}


def test_the_folder_must_be_apart_from_the_root(tmp_path: Path) -> None:
    """Else what was adopted would be found as something to adopt."""
    for name in ("a/kept/day", "b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "to-root").symlink_to(tmp_path / "a/kept")
    root = tmp_path / "a/kept"
    assert require_outside(tmp_path / "b", root) == tmp_path / "b"
    for wrong in ("a", "a/kept", "a/kept/day", "to-root", "file", "none"):
        with pytest.raises(UsageError):
            require_outside(tmp_path / wrong, root)


def test_the_folder_must_be_one_that_can_be_read(reachable_folder: Path) -> None:
    folder = reachable_folder / "monitor"
    folder.mkdir(mode=0o300)
    with as_ordinary_user(folder), pytest.raises(UsageError, match="Permission denied"):
        require_outside(folder, reachable_folder / "recordings")
