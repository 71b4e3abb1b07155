"""Copies that leave the house: released to a person, disclosed to an authority; entered before they are given (S11, C11)."""

import hashlib
import io
import json
import resource
import stat
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from callguard.call.state import NOBODY
from callguard.errors import CallguardError, ConfigError, FileFault, GuardRefusal, UsageError
from callguard.evidence.verification import verify
from callguard.private_file import new_private_file
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.rights.acts import Ask
from callguard.rights.copies import Handing, Source, hand_out
from callguard.rights.disclosures import DISCLOSURE, disclose_call, disclose_recording
from callguard.rights.finding import find
from callguard.rights.person import the_person
from callguard.rights.releases import RELEASE, Said, may_release, note_said, release
from callguard.rights.restriction import restrict
from callguard.rights.wishes import Way
from callguard.store.copy_rows import list_copies
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links
from tests.integration.cli_site import AGENT, Site, inbound, new_site, recording

HANDING = Handing(way=RELEASE, recipient="Ada Popescu", ground="consent", reference="request 1", reason="art. 15", by="Ana Pop")
SAID = Said(step="given", way=Way.POST, said_on=date(2026, 9, 1), reference="letter 3")
AGENTS_LEG = "ca1.2"
FRAMES = 1_000_000
WAYS = ("--way", "post", "--reference", "letter 3", "--by", "Ana Pop")
TO = ("--to", "Ada Popescu", "--reference", "request 1", "--reason", "art. 15", "--by", "Ana Pop")


def sound() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(b"\x01\x02" * FRAMES)
    return made.getvalue()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with filled(tmp_path) as made:
        yield made


@pytest.fixture
def either(migrated_url: str, tmp_path: Path) -> Iterator[Site]:
    """On each kind of database: for what is asked and entered there."""
    with filled(tmp_path, migrated_url) as made:
        yield made


@contextmanager
def filled(folder: Path, server: str = "") -> Iterator[Site]:
    whole = sound()
    filed = recording("r-1", "ca1", size=len(whole), sha256=hashlib.sha256(whole).hexdigest())
    with new_site(folder, server=server) as made:
        made.add(inbound("ca1", recordings=[filed]), inbound("ca2", caller=NOBODY, recordings=[recording("r-2", "ca2", size=None)]))
        (made.root / filed.path).write_bytes(whole)
        yield made


def agree(database: Database, *parties: str) -> None:
    for party in parties:
        note_said(database, "r-1", party, SAID, region="RO", by="Ana Pop")


def give(site: Site, name: str = "copy.wav", handing: Handing = HANDING) -> Path:
    output = site.folder / name
    release(site.database, site.root, None, "r-1", handing, output)
    return output


def copies_in(site: Site) -> int:
    with site.database.read() as connection:
        return len(list_copies(connection))


def test_every_party_must_consent_and_the_last_word_counts(either: Site) -> None:
    """S11: caller and agent, by number however it is written, or by leg."""
    with pytest.raises(GuardRefusal, match=r"not every party consents to its release: caller ca1\.1, callee ca1\.2"):
        give(either)
    agree(either.database, "0040722000111")
    with pytest.raises(GuardRefusal, match=r": callee ca1\.2 "):
        give(either, "second.wav")
    agree(either.database, AGENT.raw)
    with wave.open(str(give(either, "third.wav"))) as copy:
        assert copy.readframes(FRAMES + 1) == b"\x01\x02" * FRAMES
    note_said(either.database, "r-1", AGENTS_LEG, replace(SAID, step="withdrawn"), region="RO", by="Ana Pop")
    with pytest.raises(GuardRefusal, match=r"ca1\.2"):
        give(either, "fourth.wav")
    assert copies_in(either) == 1


def test_a_named_person_may_answer_for_it(site: Site) -> None:
    """S11: the lawful ground stands with the copy."""
    give(site, handing=replace(HANDING, ground="interest of the person prevails, art. 15 (4)"))
    with site.database.read() as connection:
        (copy,) = list_copies(connection)
        assert not may_release(connection, "r-1")
    assert (copy.ground, copy.by, copy.recipient) == ("interest of the person prevails, art. 15 (4)", "Ana Pop", "Ada Popescu")


def test_the_copy_is_private_and_its_hash_is_in_the_ledger(either: Site) -> None:
    """S11, S10: which copy it was can be told from the file alone; nobody is named in the ledger."""
    agree(either.database, "0722000111", AGENTS_LEG)
    first, second = give(either), give(either, "again.wav")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    found = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (first, second)]
    assert found[0] != found[1]
    with either.database.read() as connection:
        entered = [json.loads(link.body) for link in links(connection) if '"copies ' in link.body]
        broken = verify(links(connection), [], proven_rows(connection)).broken
    assert ([one["sha256"] for one in entered], broken) == (found, 0)
    assert "Popescu" not in str(entered)
    with either.database.write() as connection:
        connection.exec_driver_sql("UPDATE copies SET recipient = 'nobody'")
    with either.database.read() as connection:
        assert verify(links(connection), [], proven_rows(connection)).broken == 2


def test_a_restricted_recording_is_given_only_where_the_law_asks_for_it(either: Site) -> None:
    """S15, C11: GDPR art. 18 (2)."""
    agree(either.database, "0722000111", AGENTS_LEG)
    with either.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET restricted = true WHERE id = 'r-1'")
    with pytest.raises(GuardRefusal, match="is restricted"):
        give(either)
    told = replace(HANDING, way=DISCLOSURE, recipient="the police", ground="service-provider")
    with pytest.raises(GuardRefusal, match="is restricted"):
        disclose_recording(either.database, either.root, None, "r-1", told, either.folder / "no.wav")
    disclose_recording(either.database, either.root, None, "r-1", replace(told, ground="court-order"), either.folder / "yes.wav")
    assert copies_in(either) == 1


def test_the_record_of_a_restricted_call_as_well(either: Site) -> None:
    """S15, C11: a restriction is on the call with all that belongs to it; nothing is entered, and no file is left."""
    restrict(either.database, the_person("0722 000 111", "RO"), Ask(reason="art. 18", reference="1", by="Ana Pop"))
    told = replace(HANDING, way=DISCLOSURE, recipient="a provider", ground="service-provider")
    with pytest.raises(GuardRefusal, match="is restricted"):
        disclose_call(either.database, "ca1", told, either.folder / "no.json")
    assert (copies_in(either), (either.folder / "no.json").exists()) == (0, False)
    place_hold(either.database, Scope(call="ca1"), by="Ion Ene", reason="fraud", reference="12/P")
    disclose_call(either.database, "ca1", replace(told, ground="authority-request"), either.folder / "yes.json")
    given = json.loads((either.folder / "yes.json").read_text("utf-8"))
    assert (given["call"]["caller"], "held" in str(given)) == ("+40722000111", False)
    assert copies_in(either) == 1


def test_what_cannot_be_given_is_refused_and_not_entered(site: Site) -> None:
    lawful = replace(HANDING, ground="court order")
    taken = site.folder / "taken.wav"
    taken.write_bytes(b"mine")
    out = site.folder / "out.wav"
    for name, handing, output, error in [
        ("r-1", lawful, taken, UsageError),
        ("r-1", replace(lawful, reason="  "), out, UsageError),
        ("r-2", lawful, out, CallguardError),
        ("r-9", lawful, out, UsageError),
    ]:
        with pytest.raises(error):
            release(site.database, site.root, None, name, handing, output)
    assert (taken.read_bytes(), copies_in(site)) == (b"mine", 0)
    with pytest.raises(UsageError, match="is nobody who was on this call"):
        agree(site.database, "0799123456")
    with site.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET status = 'sealed' WHERE id = 'r-1'")
    with pytest.raises(ConfigError, match="no master key"):
        give(site, handing=lawful)


def test_a_file_that_is_not_what_was_recorded_is_not_given(site: Site) -> None:
    """S13: found on the way that is made for the hash, before anything is entered."""
    (site.root / "2026/08/31/r-1.wav").write_bytes(sound()[:-1] + b"\xff")
    with pytest.raises(FileFault, match="the file was changed"):
        give(site, handing=replace(HANDING, ground="court order"))
    assert copies_in(site) == 0


@pytest.mark.parametrize("step", ["asked again", "made again"])
def test_what_changes_while_it_is_copied_is_not_given(site: Site, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """S11: consents are asked for again in the transaction that enters the copy; and the copy must be the one that was entered."""
    agree(site.database, "0722000111", AGENTS_LEG)
    whole = (site.root / "2026/08/31/r-1.wav").read_bytes()

    @contextmanager
    def meanwhile(output: Path) -> Iterator[int]:
        if step == "asked again":
            note_said(site.database, "r-1", AGENTS_LEG, replace(SAID, step="withdrawn"), region="RO", by="Ana Pop")
        else:
            (site.root / "2026/08/31/r-1.wav").write_bytes(whole[:-1] + b"\x03")
        with new_private_file(output) as descriptor:
            yield descriptor

    monkeypatch.setattr("callguard.rights.copies.new_private_file", meanwhile)
    with pytest.raises(CallguardError, match="not every party consents" if step == "asked again" else "what was heard is not what"):
        give(site)
    assert (site.folder / "copy.wav").stat().st_size == 0
    assert copies_in(site) == (step == "made again")


def test_a_copy_that_is_not_the_one_that_was_entered_is_none(site: Site) -> None:
    """S11: by its hash, which is made before the copy is."""
    made = iter((b"entered", b"written"))
    source = Source(call="ca1", recording=None, make=lambda _: [next(made)], permit=lambda _: None)
    with pytest.raises(FileFault, match="is not the copy that was entered"):
        hand_out(site.database, source, HANDING, site.folder / "copy.json")
    assert (site.folder / "copy.json").stat().st_size == 0


def test_a_full_disk_leaves_nothing_that_looks_whole(site: Site) -> None:
    """The entry stays: it was about to be given."""
    agree(site.database, "0722000111", AGENTS_LEG)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FRAMES, hard))
    try:
        with pytest.raises(FileFault, match="cannot be written"):
            give(site)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ((site.folder / "copy.wav").stat().st_size, copies_in(site)) == (0, 1)


def test_a_person_is_shown_what_was_given_of_their_calls(either: Site) -> None:
    """S15: to whom and on which ground (GDPR art. 15 (1) c)."""
    agree(either.database, "0722000111", AGENTS_LEG)
    give(either)
    with either.database.read() as connection:
        (row,) = find(connection, the_person("0722000111", "RO"), 10).registers["copies"]
        assert find(connection, the_person("0799123456", "RO"), 10).registers["copies"] == []
    assert (row["way"], row["to"], row["recording"]) == ("release", "Ada Popescu", "r-1")


def test_the_commands(site: Site) -> None:
    """S11, C11."""
    refused = site.run("release", "give", "r-1", *TO, "--output", str(site.folder / "a.wav"))
    assert (refused.returncode, "not every party consents" in refused.stderr) == (4, True)
    for party in ("0722 000 111", AGENTS_LEG):
        assert site.run("release", "consent", "r-1", "--party", party, *WAYS).returncode == 0
    assert site.run("release", "withdraw", "r-1", "--party", AGENTS_LEG, *WAYS).stdout.splitlines()[-1] == "consents  no"
    lawful = ("--lawful-ground", "court order 12", "--output", str(site.folder / "b.wav"))
    copy = site.json("release", "give", "r-1", *TO, *lawful)
    assert copy["sha256"] == hashlib.sha256((site.folder / "b.wav").read_bytes()).hexdigest()
    listed = site.json("release", "list", "r-1")
    assert ([one["consents"] for one in listed["parties"]], len(listed["copies"])) == ([True, False], 1)
    assert "court order 12" in site.run("release", "list", "r-1").stdout
    ground = ("--ground", "authority-request")
    given = site.run("disclose", "recording", "r-1", *TO, *ground, "--output", str(site.folder / "c.wav"))
    assert "Ada Popescu" in given.stdout
    site.json("disclose", "call", "ca1", *TO, *ground, "--output", str(site.folder / "d.json"))
    told = json.loads((site.folder / "d.json").read_text("utf-8"))
    assert (told["call"]["caller"], told["call"]["started_at"]) == ("+40722000111", "2026-08-31T09:30:00.250Z")
    assert [one["recording"] for one in site.json("disclose", "list", "--number", "0722000111")] == [None, "r-1"]
    assert site.json("disclose", "list", "--number", "0799123456") == []
    assert "call ca1" in site.run("disclose", "list").stdout
    assert site.run("disclose", "call", "none", *TO, *ground, "--output", str(site.folder / "e.json")).returncode != 0
