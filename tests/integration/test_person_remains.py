"""What is kept of a person outside of calls and messages: found, told in the export, and erased with proof (S15, C9)."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callguard.call.events import EquipmentSeen
from callguard.clock import utc_now
from callguard.evidence.verification import verify
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.quarantine import FOLDER, take_in
from callguard.rights.acts import Ask
from callguard.rights.erasing import Fate, Judged
from callguard.rights.erasure import Erased, Erasure
from callguard.rights.finding import find
from callguard.rights.person import Person, the_person
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links
from callguard.store.mail_tables import equipment
from callguard.store.notice_rows import note_address
from callguard.store.quarantine_rows import NewQuarantined, all_quarantined
from callguard.store.quarantine_tables import quarantine
from callguard.store.tables import deletions, record_deletions
from tests.integration.export_site import exported, new_export_site, order
from tests.integration.record_place import ADA, BEA, RecordPlace, new_record_place
from tests.integration.sweep_place import CONTENT, DAY

ASK = Ask(reason="art. 17", reference="request 1", by="Ana Pop")
WHO, OTHER, EXTENSION = the_person("0722 000 111", "RO"), the_person(BEA, "RO"), the_person("100", "RO")
SEEN = datetime(2026, 9, 1, tzinfo=UTC)
NOBODYS = "2026/08/31/room.wav"


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> RecordPlace:
    return new_record_place(sqlite_file, tmp_path)


def put_aside(place: RecordPlace, path: str, recording: str | None = None) -> Path:
    """As a reconciliation does with what no row knows; where the file lies now."""
    return put_into_quarantine(place.database, place.files.root, path, recording)


def put_into_quarantine(database: Database, root: Path, path: str, recording: str | None = None) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(CONTENT)
    now = utc_now()
    new = NewQuarantined(
        path=path,
        reason="no row knows it",
        recording_id=recording,
        size=len(CONTENT),
        sha256="f" * 64,
        moved_at=now,
        expires_at=now + timedelta(days=30),
        rule="30 days in quarantine",
    )
    assert take_in(database, root, new, lambda _: True)
    with database.read() as connection:
        (name,) = (one.name for one in all_quarantined(connection) if one.path == path)
    return root / FOLDER / name


def see(database: Database, account: str, address: str = "192.0.2.1") -> None:
    seen = EquipmentSeen(pbx="main", account=account, address=address, user_agent="Phone 1", at=SEEN, received_at=SEEN)
    with database.write() as connection:
        note_address(connection, seen)


def registers(place: RecordPlace, person: Person = WHO) -> Mapping[str, list[Mapping[str, object]]]:
    with place.database.read() as connection:
        return {name: list(rows) for name, rows in find(connection, person, 10).registers.items()}


def paths_of(place: RecordPlace, person: Person = WHO) -> set[object]:
    return {row["path"] for row in registers(place, person)["quarantine"]}


def erase(place: RecordPlace, person: Person = WHO) -> tuple[Erased, dict[str, Judged]]:
    told: list[Judged] = []
    done = Erasure(place.premises, person).carry_out(ASK, told.append)
    return done, {f"{one.kind} {one.record}": one for one in told}


def test_what_lies_in_quarantine_goes_with_its_person_and_is_proven(database: Database, tmp_path: Path) -> None:
    """S15, C7, C9: by the number in its name, and nobody else's."""
    place = new_record_place(database, tmp_path)
    hers = put_aside(place, f"{DAY}/out-0722000111-100-20260831-093000-1756632600.1.wav")
    others = [put_aside(place, path) for path in (NOBODYS, f"{DAY}/in-0312000000-0722000222-20260831-093000-1756632601.1.wav")]
    (planned,) = Erasure(place.premises, WHO).planned(utc_now())
    done, told = erase(place)
    assert (done.erased, done.failed, told) == (1, 0, {"quarantine 1": planned})
    assert (planned.fate, planned.ground, hers.exists(), all(other.exists() for other in others)) == (Fate.ERASE, "request", False, True)
    (proof,) = place.rows(deletions)
    assert (proof["recording_id"], proof["rule"], proof["file"]) == (f"quarantine-{hers.name}", "GDPR art. 17", "present")
    assert "722000111" not in str((place.rows(quarantine), proof))
    assert paths_of(place) == set()
    with database.read() as connection:
        assert verify(links(connection), (), proven_rows(connection)).broken == 0
    assert erase(place)[0] == Erased()


NAMED = [
    f"{DAY}/in-0312000000-0722000111-20260831-093000-1756632600.1.wav",
    f"{DAY}/q-8000-+40722000111-20260831-093000-1756632600.1.wav",
    f"{DAY}/call_with_40722000111.wav.sealed",
    f"{DAY}/0040722000111.mp3",
    "0722000111/voice.wav",
]


@pytest.mark.parametrize("path", NAMED)
def test_a_number_is_found_however_the_path_has_it(place: RecordPlace, path: str) -> None:
    put_aside(place, path)
    assert (paths_of(place), paths_of(place, OTHER)) == ({path}, set())


def test_a_number_within_a_longer_one_is_another(place: RecordPlace) -> None:
    put_aside(place, f"{DAY}/10722000111.wav")
    put_aside(place, f"{DAY}/07220001112.wav")
    assert paths_of(place) == set()


def test_an_extension_is_taken_from_the_pbxs_own_names_only(place: RecordPlace) -> None:
    """A date or a counter is nobody's extension."""
    put_aside(place, f"{DAY}/internal-100-200-20260831-093000-1756632600.1.wav.sealed.part")
    put_aside(place, f"{DAY}/take-100-of-100.wav")
    assert paths_of(place, EXTENSION) == {f"{DAY}/internal-100-200-20260831-093000-1756632600.1.wav.sealed.part"}
    assert paths_of(place, the_person("31", "RO")) == set()


def test_it_is_theirs_by_their_call_and_by_their_recording(place: RecordPlace) -> None:
    """S15: found by the rows, which are asked before they go themselves."""
    place.call("c1", ADA, [ADA, "200"], linkedid="1756632600.7")
    place.call("c2", BEA, [BEA, "200"], linkedid="1756632600.8")
    place.files.add("r-c1", call_id="c1")
    by_call, by_recording = put_aside(place, f"{DAY}/1756632600.7.wav"), put_aside(place, f"{DAY}/x.wav", "r-c1")
    other = put_aside(place, f"{DAY}/1756632600.8.wav")
    assert paths_of(place) == {f"{DAY}/1756632600.7.wav", f"{DAY}/x.wav"}
    _, told = erase(place)
    assert (told["quarantine 1"].fate, told["quarantine 2"].fate, told["recording r-c1"].fate) == (Fate.ERASE, Fate.ERASE, Fate.ERASE)
    assert (by_call.exists(), by_recording.exists(), other.exists()) == (False, False, True)


def test_a_hold_that_may_ask_for_it_keeps_it_and_is_told(place: RecordPlace) -> None:
    """C6c: nothing beats a hold."""
    file = put_aside(place, f"{DAY}/0722000111.wav")
    place_hold(place.database, Scope(queue="sales"), by="Ion", reason="fraud", reference="12/P")
    done, told = erase(place)
    assert (done.kept, told["quarantine 1"].ground, file.exists()) == (1, "held", True)
    assert "whose it is, is not known" in told["quarantine 1"].reason
    assert told["quarantine 1"].until is not None


def test_what_cannot_be_removed_is_told_and_the_rest_goes(place: RecordPlace) -> None:
    blocked, linked, third = (put_aside(place, f"{DAY}/{one}-0722000111.wav") for one in "abc")
    blocked.rename(blocked.with_name("moved"))
    blocked.mkdir()
    os.link(linked, place.files.root / "copy.wav")
    done, told = erase(place)
    assert (done.failed, done.erased, third.exists(), linked.exists()) == (2, 1, False, False)
    assert "not a regular file" in told["quarantine 1"].reason
    assert "another name of the file remains" in told["quarantine 2"].reason
    blocked.rmdir()
    blocked.with_name("moved").rename(blocked)
    assert (erase(place)[0].erased, blocked.exists()) == (1, False)


def test_the_addresses_of_their_phone_are_found_and_go(database: Database, tmp_path: Path) -> None:
    """S15, C2, C9: proven under a name that says nothing."""
    place = new_record_place(database, tmp_path)
    for account, address in (("0722000111@sip.example.com", "192.0.2.1"), ("+40722000111", "192.0.2.2"), ("100", "192.0.2.3")):
        see(database, account, address)
    assert {row["address"] for row in registers(place)["equipment"]} == {"192.0.2.1", "192.0.2.2"}
    assert [row["address"] for row in registers(place, EXTENSION)["equipment"]] == ["192.0.2.3"]
    done, told = erase(place)
    assert (done.erased, {one.fate for one in told.values()}) == (2, {Fate.ERASE})
    assert [row["account"] for row in place.rows(equipment)] == ["100"]
    proofs = place.rows(record_deletions)
    assert [(row["kind"], row["rule"]) for row in proofs] == [("equipment", "GDPR art. 17")] * 2
    assert "722000111" not in str(proofs)
    with database.read() as connection:
        assert verify(links(connection), (), proven_rows(connection)).broken == 0


def test_a_hold_on_the_number_keeps_the_addresses(place: RecordPlace) -> None:
    """C6c."""
    see(place.database, "0722000111")
    place_hold(place.database, Scope(number=WHO.number), by="Ion", reason="fraud", reference="12/P")
    done, told = erase(place)
    assert (done.kept, told["equipment 0722000111 at 192.0.2.1"].ground, len(place.rows(equipment))) == (1, "held", 1)


def test_the_export_tells_both(tmp_path: Path) -> None:
    """S15, C2: without the path, in which another's number may stand."""
    with new_export_site(tmp_path) as site:
        see(site.database, "0722000111")
        put_into_quarantine(site.database, site.root, f"{DAY}/0722000111-0722000222.wav")
        exported(site, tmp_path / "export", order())
    told = json.loads((tmp_path / "export/export.json").read_text("utf-8"))["registers"]
    assert [(row["address"], row["user_agent"]) for row in told["equipment"]] == [("192.0.2.1", "Phone 1")]
    assert [sorted(row) for row in told["quarantine"]] == [["expires_at", "moved_at"]]
    assert "192.0.2.1, Phone 1" in (tmp_path / "export/index.html").read_text("utf-8")
