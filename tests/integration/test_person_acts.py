"""What is done for a person who asks: erased, restricted, rectified, objected, withdrawn, by rows, files and ledger (S15, C8, C9)."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.state import Number, RecordingStatus
from callguard.clock import utc_now
from callguard.errors import CallguardError, GuardRefusal, UsageError
from callguard.evidence.entries import Kind
from callguard.evidence.listening import listen
from callguard.evidence.verification import verify
from callguard.retention.going import Going, mark
from callguard.retention.going import Site as Site_
from callguard.retention.holding import place_hold
from callguard.retention.holding import release as release_hold
from callguard.retention.holds import Hold, Scope
from callguard.rights.acts import Ask
from callguard.rights.erasing import Judged
from callguard.rights.erasure import Erased, Erasure
from callguard.rights.finding import find
from callguard.rights.objection import enter_wish
from callguard.rights.person import the_person
from callguard.rights.rectification import rectify
from callguard.rights.restriction import lift, restrict
from callguard.rights.wishes import Way, Wish
from callguard.store.act_rows import acts_of
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import append, links
from callguard.store.optout_rows import list_optouts
from callguard.store.redirection_rows import ending
from callguard.store.rights_tables import redirections
from callguard.store.tables import accesses, calls, consents, deletions, messages, parties, record_deletions, recordings
from tests.integration.cli_site import Site, inbound, new_site, recording
from tests.integration.record_place import ADA, BEA, GONE, RecordPlace, new_record_place
from tests.integration.sweep_place import CONTENT

ASK = Ask(reason="art. 17", reference="request 1", by="Ana Pop")
WHO, OTHER = the_person("0722 000 111", "RO"), the_person(BEA, "RO")
SHA = hashlib.sha256(CONTENT).hexdigest()
TO = ("--reason", "art. 17", "--reference", "request 1", "--by", "Ana Pop")


@pytest.fixture
def place(database: Database, tmp_path: Path) -> RecordPlace:
    """Three calls of Ada, one with Bea on it, one of Bea's alone; each with a recording."""
    made = new_record_place(database, tmp_path)
    for name, people in (("c1", [ADA, "200"]), ("c2", [ADA, BEA]), ("c3", [BEA])):
        made.call(name, people[0], people, decisions=1, equipment_ip="192.0.2.7", user_agent="Phone 1", redirecting=[])
        made.files.add(f"r-{name}", call_id=name, sha256=SHA)
    made.message(ADA)
    made.message(BEA, recipient="2020")
    enter_decisions(made)
    return made


def enter_decisions(place: RecordPlace) -> None:
    """As the daemon does with each that it writes."""
    with place.database.write() as connection:
        append(connection, list(proven_rows(connection)[Kind.CONSENT]))


@pytest.fixture
def plain(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    made = new_record_place(sqlite_file, tmp_path)
    for name, people in (("c1", [ADA, "200"]), ("c2", [ADA, BEA])):
        made.call(name, people[0], people, decisions=1)
        made.files.add(f"r-{name}", call_id=name, sha256=SHA)
    enter_decisions(made)
    return made


def erase(place: RecordPlace) -> tuple[Erased, dict[str, Judged]]:
    told: list[Judged] = []
    done = Erasure(place.premises, WHO).carry_out(ASK, told.append)
    return done, {f"{one.kind} {one.record}": one for one in told}


def files(place: RecordPlace) -> set[str]:
    return {path.stem for path in place.files.root.rglob("*.wav")}


def broken(database: Database) -> list[str]:
    with database.read() as connection:
        return [one.message for one in verify(links(connection), [], proven_rows(connection)).breaks]


def test_sound_goes_and_records_are_cut_to_what_the_contract_needs(place: RecordPlace) -> None:
    """C9, C6a, C7: with proof of each, and of nobody else's."""
    planned = {f"{one.kind} {one.record}": one for one in Erasure(place.premises, WHO).planned(utc_now())}
    assert files(place) == {"r-c1", "r-c2", "r-c3"}
    done, told = erase(place)
    assert done == Erased(erased=2, cut=2, kept=1, failed=0)
    assert {name: one.fate for name, one in planned.items()} == {name: one.fate for name, one in told.items()}
    assert files(place) == {"r-c3"}
    assert {row["id"]: (row["equipment_ip"], row["user_agent"]) for row in place.rows(calls) if row["id"] != "c"} == {
        "c1": (None, None), "c2": (None, None), "c3": ("192.0.2.7", "Phone 1"),
    }  # fmt: skip
    assert told["cdr c1"].ground == told["sms 1"].ground == "contract term"
    assert [(row["recording_id"], row["reason"]) for row in place.rows(deletions)] == [
        ("r-c1", "erased at the person's request (GDPR art. 17)"), ("r-c2", "erased at the person's request (GDPR art. 17)"),
    ]  # fmt: skip
    assert broken(place.database) == []
    again, _ = erase(place)
    assert (again.erased, again.cut) == (0, 2)


def test_when_the_term_is_over_the_records_go_as_well(place: RecordPlace) -> None:
    """C6a, C9: with the evidence of the decisions, proven row by row."""
    place.contract(ADA, date(2020, 1, 1))
    with place.database.write() as connection:
        connection.execute(
            sa.update(calls).where(calls.c.id == "c1").values(kept_until=utc_now(), kept_rule="3 years from the end of the contract")
        )
        connection.execute(
            sa.update(messages).where(messages.c.id == 1).values(kept_until=utc_now(), kept_rule="3 years from the end of the contract")
        )
    done, _ = erase(place)
    assert (done.erased, done.cut) == (4, 1)
    assert {row["id"] for row in place.rows(calls)} == {"c", "c2", "c3"}
    assert {row["call_id"] for row in place.rows(consents)} == {"c2", "c3"}
    assert [(row["kind"], row["record_id"]) for row in place.rows(record_deletions)][:1] == [("cdr", "c1")]
    assert broken(place.database) == []


def test_nothing_beats_a_hold(place: RecordPlace) -> None:
    """C6c: what is held stays whole, cut nowhere."""
    place_hold(place.database, Scope(number=OTHER.number), by="Ion", reason="fraud", reference="12/P")
    done, told = erase(place)
    assert (told["recording r-c2"].ground, told["cdr c2"].ground) == ("held", "held")
    assert done == Erased(erased=1, cut=1, kept=3, failed=0)
    assert files(place) == {"r-c2", "r-c3"}
    (row,) = (row for row in place.rows(calls) if row["id"] == "c2")
    assert row["equipment_ip"] == "192.0.2.7"


def test_nobody_is_erased_while_they_are_in_a_call(plain: RecordPlace) -> None:
    """A clear answer, and nothing half done."""
    plain.call("c9", ADA, [ADA], ended_at=None)
    for act in (lambda: erase(plain), lambda: list(Erasure(plain.premises, WHO).planned(utc_now()))):
        with pytest.raises(GuardRefusal, match="call c9: the person is in a call that goes on"):
            act()
    with pytest.raises(GuardRefusal, match="in a call that goes on"):
        rectify(plain.database, WHO, OTHER, ASK)
    assert files(plain) == {"r-c1", "r-c2"}


def test_a_root_that_is_not_ours_stops_it(plain: RecordPlace) -> None:
    """Section 7: a disk that is not mounted must not turn into proofs of deletion."""
    with plain.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO roots (path, mark, placed_at) VALUES (?, 'word', 0)", (str(plain.files.root),))
    with pytest.raises(GuardRefusal, match="is not the folder that callguard marked"):
        erase(plain)
    assert plain.rows(deletions) == []


def test_what_cannot_be_removed_is_told_and_the_rest_goes_on(plain: RecordPlace) -> None:
    """A link in its place is an obstacle; another name of a file has to be looked for by somebody."""
    first, second = (plain.files.root / "2026/08/31" / f"r-{name}.wav" for name in ("c1", "c2"))
    first.unlink()
    first.symlink_to("/etc/hostname")
    second.with_suffix(".copy").hardlink_to(second)
    done, told = erase(plain)
    assert (done.failed, done.erased) == (2, 0)
    assert "symbolic link" in told["recording r-c1"].reason
    assert "another name of its file remains" in told["recording r-c2"].reason
    assert (first.is_symlink(), second.exists()) == (True, False)
    assert told["cdr c1"].ground == "needed"


def test_a_hold_placed_meanwhile_is_heeded(plain: RecordPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """C6c: the first try finds that the holds are others than those it judged by, the second judges by them."""
    placed: list[Hold] = []

    def late(site: Site_, group: Sequence[Going]) -> None:
        if not placed:
            placed.append(place_hold(plain.database, Scope(call="c1"), by="Ion", reason="fraud", reference="1"))
        mark(site, group)

    monkeypatch.setattr("callguard.rights.erasure.mark", late)
    done, told = erase(plain)
    assert (done.erased, told["recording r-c1"].ground) == (1, "held")
    assert files(plain) == {"r-c1"}


def test_what_is_restricted_is_kept_and_neither_played_nor_swept_nor_erased(place: RecordPlace) -> None:
    """S15: GDPR art. 18; a call of two people while either of them asks for it."""
    done = restrict(place.database, WHO, ASK)
    assert (done.calls, done.recordings, done.messages) == (2, 2, 1)
    restrict(place.database, OTHER, ASK)
    with pytest.raises(CallguardError, match="is restricted already"):
        restrict(place.database, WHO, ASK)
    place.contract(ADA)
    place.contract(BEA)
    place.sweep(GONE)
    assert files(place) == {"r-c1", "r-c2", "r-c3"}
    assert len(place.rows(calls)) == 4
    assert erase(place)[0].erased == 0
    with pytest.raises(GuardRefusal, match="is restricted"):
        listen(place.database, place.files.root, None, "r-c1", by="Ana", reason="x")
    assert place.rows(accesses) == []
    let_go = lift(place.database, WHO, replace(ASK, reference="told on 1 December"))
    assert (let_go.calls, let_go.recordings, let_go.messages) == (1, 1, 1)
    with pytest.raises(CallguardError, match="is not restricted"):
        lift(place.database, WHO, ASK)
    place.sweep(GONE)
    assert files(place) == {"r-c2", "r-c3"}
    assert broken(place.database) == []


def test_what_comes_after_a_restriction_is_not_restricted(plain: RecordPlace) -> None:
    """It is on what the person contested; for what comes there is the register."""
    restrict(plain.database, OTHER, ASK)
    restrict(plain.database, WHO, ASK)
    plain.call("c8", ADA, [ADA, BEA], started_at=utc_now() + timedelta(hours=1))
    plain.files.add("r-c8", call_id="c8")
    assert lift(plain.database, WHO, ASK).calls == 2
    restricted = {row["id"] for row in plain.rows(recordings) if row["restricted"]}
    assert restricted == {"r-c2"}


def test_a_wrong_number_is_set_right_and_kept_as_a_hash(place: RecordPlace) -> None:
    """S15, C9: GDPR art. 16; in calls, legs, decisions and messages; the ledger tells that the evidence was entered anew."""
    place.call("c4", BEA, [BEA, ADA], decisions=2, redirecting=["0722 000 111"])
    with place.database.write() as connection:
        connection.execute(sa.insert(redirections), {"call_id": "c4", "position": 0, "number": "0722 000 111", "ending": ending(ADA)})
    place_hold(place.database, Scope(call="c2"), by="Ion", reason="fraud", reference="1")
    right = the_person("0733 000 999", "RO")
    done = rectify(place.database, WHO, right, ASK)
    assert (done.calls, done.messages, done.held) == (2, 1, 1)
    assert {row["call_id"] for row in place.rows(parties) if row["number"] == ADA} == {"c2"}
    assert {row["caller"] for row in place.rows(calls) if row["id"] == "c1"} == {"0733 000 999"}
    (turned,) = (row["redirecting"] for row in place.rows(calls) if row["id"] == "c4")
    assert turned == ["+40733000999"]
    assert [row["sender_e164"] for row in place.rows(messages)] == ["+40733000999", BEA]
    assert {row["call_id"]: row["number"] for row in place.rows(consents)} == {"c1": "+40733000999", "c2": ADA, "c3": ADA, "c4": ADA}
    with place.database.read() as connection:
        (act,) = acts_of(connection, right.number)
        kinds = [link.kind for link in links(connection)]
    salt, digest = act.told.split("sha256 of ")[1].split("NUMBER ")
    assert digest == hashlib.sha256(f"{salt}{ADA}".encode()).hexdigest()
    assert "722000111" not in act.told
    assert [one for one in broken(place.database) if "c4" not in one] == []
    assert kinds[-1] == "register"
    with pytest.raises(UsageError, match="is the number that is kept"):
        rectify(place.database, right, right, ASK)
    with pytest.raises(UsageError, match="is no call of this number"):
        rectify(place.database, right, WHO, ASK, "c3")
    assert rectify(place.database, right, WHO, ASK, "c1").calls == 1


def test_a_message_that_is_held_is_not_set_right(place: RecordPlace) -> None:
    """C6c: evidence stays as it is; messages are held by number and by time, as calls are."""
    held = place_hold(place.database, Scope(number=OTHER.number), by="Ion", reason="fraud", reference="1")
    right = the_person("0733 000 999", "RO")
    done = rectify(place.database, OTHER, right, ASK)
    assert (done.calls, done.messages, done.held) == (0, 0, 3)
    assert [row["sender_e164"] for row in place.rows(messages)] == [ADA, BEA]
    assert rectify(place.database, WHO, the_person("0733 000 888", "RO"), ASK).messages == 1
    release_hold(place.database, held.id, by="Dan", reason="over")
    assert rectify(place.database, OTHER, right, ASK).messages == 1


def test_objection_and_withdrawal_are_for_the_future(plain: RecordPlace) -> None:
    """S4, C8: both go to the register, once; what there is stays."""
    wish = Wish(number=WHO.number, way=Way.POST, wished_on=date(2026, 9, 1), reference="letter 3")
    entry = enter_wish(plain.database, "object", WHO, wish, by="Ana Pop")
    assert enter_wish(plain.database, "withdraw", WHO, wish, by="Ana Pop").id == entry.id
    with plain.database.read() as connection:
        assert len(list_optouts(connection)) == 1
        assert [one.act for one in acts_of(connection, WHO.number)] == ["withdraw", "object"]
        shown = find(connection, WHO, 10).registers["acts"]
    assert [row["act"] for row in shown] == ["withdraw", "object"]
    assert files(plain) == {"r-c1", "r-c2"}
    assert broken(plain.database) == []


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        made.add(inbound("ca1", recordings=[recording("r-a", "ca1", RecordingStatus.STOPPED)]))
        yield made


def test_the_commands(site: Site) -> None:
    """S15: one command for each right."""
    restricted = site.json("person", "restrict", "0722 000 111", *TO)
    assert (restricted["number"], restricted["recordings"]) == ("+40722000111", 1)
    assert "recordings  1" in site.run("person", "lift", "0722000111", *TO).stdout
    plan = site.json("person", "erase", "0722000111", *TO, "--dry-run")
    assert [(one["record"], one["verdict"]) for one in plan["verdicts"]] == [("r-a", "erase"), ("ca1", "cut")]
    done = site.json("person", "erase", "0722000111", *TO)
    assert (done["erased"], done["cut"], done["failed"]) == (1, 1, 0)
    assert not (site.root / "2026/08/31/r-a.wav").exists()
    assert site.json("person", "rectify", "0722000111", "--to", "0733000999", "--call", "ca1", *TO)["calls"] == 1
    said = ("--way", "post", "--reference", "letter 3", "--by", "Ana Pop")
    assert site.json("person", "object", "0733000999", *said)["entry"] == 1
    assert "entry      1" in site.run("person", "withdraw", "0733000999", *said, "--date", "2026-11-01").stdout
    assert site.run("person", "erase", "anonymous", *TO).returncode == 2
    assert site.run("person", "erase", "0722000111", "--reason", " ", "--reference", "1").returncode == 2
    assert "nothing is kept" in site.run("person", "erase", "0799123456", *TO).stdout


def test_an_erasure_that_fails_in_part_says_so(site: Site) -> None:
    """Exit 3, and which."""
    file = site.root / "2026/08/31/r-a.wav"
    file.unlink()
    file.mkdir()
    failed = site.run("person", "erase", "0722000111", *TO)
    assert (failed.returncode, "not a regular file" in failed.stdout) == (3, True)
    assert Number("0722000111", "+40722000111") == the_person("0722000111", "RO").number
