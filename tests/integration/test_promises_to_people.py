"""Section 4 of the requirements, row by row: from calls of a real Asterisk and a real FreeSWITCH, replayed, to the person's answer.

Each test is named after the ids that it proves. The calls are those of the recorded fixtures (tests/replay), written to a database as the
daemon writes them, with sound in place of their files.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.state import Call
from callguard.clock import utc_now
from callguard.store.announcement_rows import archive_announcement
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_call
from callguard.store.tables import recordings
from tests.integration.cli_site import NOTICE, Site, new_site
from tests.replay.courses import course_of
from tests.wav_bytes import whole

BY = ("--by", "Ana Pop")
TO = ("--reason", "they asked", "--reference", "letter 7", *BY)
SOUND = whole(8_000)


ON_BOTH = pytest.mark.parametrize("heard", ["asterisk", "freeswitch"], indirect=True)
"""Else the call is one of FreeSWITCH; that both come to the same rows is proven by tests/replay/test_parity.py."""


@pytest.fixture
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Site, str, str]]:
    """A site, the caller's number as it was told, and the recording of the call in which they stayed on the line."""
    switch = getattr(request, "param", "freeswitch")
    (call,) = (one for one in course_of(f"{switch}/inbound-notice-stayed").whole.calls.values() if one.recordings)
    with new_site(tmp_path) as site:
        keep(site, call)
        yield site, call.caller.e164 or call.caller.raw, call.recordings[0].id


def keep(site: Site, call: Call) -> None:
    with site.database.write() as connection:
        remember_policy(connection, call.policy, utc_now())
        prompts = call.policy.prompts
        for one in {prompts.question.version, prompts.accepted.version, prompts.refused.version} if prompts else ():
            archive_announcement(connection, replace(NOTICE, version=one), utc_now())
        save_call(connection, None, call)
        filed = {"status": "stopped", "size": len(SOUND), "sha256": hashlib.sha256(SOUND).hexdigest()}
        connection.execute(sa.update(recordings).values(filed))
    for recording in call.recordings:
        path = site.root / recording.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SOUND)


def spelled(number: str) -> str:
    """As the person would write it, where it is a telephone number."""
    return f"0{number[3:6]} {number[6:9]} {number[9:]}" if number.startswith("+40") else number


def test_s15_c9_information_access_and_portability(heard: tuple[Site, str, str], tmp_path: Path) -> None:
    """S15, C9: what is kept of the caller, told and written out for programs, with the sound on a lawful ground."""
    site, number, recording = heard
    found = site.json("person", "find", spelled(number))
    assert (found["counts"]["calls"], found["counts"]["recordings"]) == (1, 1)
    assert [one["decision"] for one in found["consents"]] == ["stayed"]
    out = tmp_path / "out.zip"
    done = site.run("person", "export", spelled(number), "--to", str(out), "--reason", "art. 20", "--lawful-ground", "art. 20", *BY)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".wav"))
        assert recording in name
        assert SOUND[44:] in archive.read(name)


@ON_BOTH
def test_s15_c9_erasure(heard: tuple[Site, str, str]) -> None:
    """S15, C9: the sound is gone with proof, the call's record is cut to what the contract needs, and the answer names the authority."""
    site, number, recording = heard
    site.json("request", "open", "erasure", spelled(number), "--way", "post", "--reference", "letter 7", *BY)
    assert site.run("person", "erase", spelled(number), *TO, "--dry-run").stdout.endswith("\nnothing was changed: dry run\n")
    done = site.json("person", "erase", spelled(number), *TO)
    assert (done["erased"], done["failed"]) == (1, 0)
    assert not list(site.root.rglob("*.wav"))
    listen = site.run("listen", recording, "--reason", "is it gone?", *BY)
    assert (listen.returncode, "is deleted" in listen.stderr) == (1, True)
    with site.config.open("a", encoding="utf-8") as file:
        file.write('[controller]\nname = "Example SRL"\ncontact = "dpo@example.com"\n')
    site.json("request", "close", "1", "--outcome", "granted-in-part", "--reason", "the call's record stays for the contract", *BY)
    letter = site.run("request", "letter", "1").stdout
    assert "dataprotection.ro" in letter
    assert "the call's record stays for the contract" in letter
    assert site.run("ledger", "verify").returncode == 0


def test_s15_c9_restriction_and_rectification(heard: tuple[Site, str, str]) -> None:
    """S15, C9: kept, and neither heard nor swept; a number that was told wrongly is set right."""
    site, number, recording = heard
    site.json("person", "restrict", spelled(number), *TO)
    assert site.run("listen", recording, "--reason", "training", *BY).returncode == 4
    assert site.json("sweep", "--as-of", "2099-01-01", "--delete-even-though-guards-object", status=0)["deleted"] == 0
    site.json("person", "lift", spelled(number), *TO)
    assert site.json("person", "rectify", spelled(number), "--to", "0733000999", *TO)["calls"] == 1
    assert site.json("person", "find", spelled(number))["counts"]["calls"] == 0
    assert site.json("calls", "--number", "0733000999")[0]["parties"][0]["decision"] == "stayed"


def test_s15_c9_objection_and_withdrawal(heard: tuple[Site, str, str]) -> None:
    """S15, C9, C8: for the future; what there is stays."""
    site, number, _ = heard
    said = ("--way", "e-mail", "--reference", "mail of 20 November", *BY)
    entry = site.json("person", "object", spelled(number), *said)["entry"]
    assert site.json("person", "withdraw", spelled(number), *said)["entry"] == entry
    assert [one["number"] for one in site.json("optout", "list")] == [number]
    assert len(list(site.root.rglob("*.wav"))) == 1


def test_s15t_an_answer_in_time(heard: tuple[Site, str, str]) -> None:
    """S15t: 30 days, 60 more with a reason that the person is told, and a warning before."""
    site, number, _ = heard
    opened = site.json("request", "open", "access", spelled(number), "--way", "post", "--reference", "letter 7", *BY)
    extended = site.json("request", "extend", "1", "--reason", "four hundred calls", *BY)
    assert opened["due_on"] < extended["due_on"]
    late = site.json("request", "open", "copy", spelled(number), "--way", "post", "--received", "2026-01-05", "--reference", "8", *BY)
    assert (late["late"], late["due_on"]) == (True, "2026-02-04")
    assert [one["id"] for one in site.json("request", "list", "--late")] == [2]
    assert "request 2: the answer was due" in site.run("status").stderr


def test_s11_a_copy_when_all_parties_consent(heard: tuple[Site, str, str], tmp_path: Path) -> None:
    """S11: the caller's word alone is not enough; the copy is told from every other by its hash in the ledger."""
    site, number, recording = heard
    give = ("release", "give", recording, "--to", "the caller", *TO)
    site.run("release", "consent", recording, "--party", spelled(number), "--way", "post", "--reference", "letter 7", *BY)
    refused = site.run(*give, "--output", str(tmp_path / "no.wav"))
    assert (refused.returncode, "not every party consents" in refused.stderr) == (4, True)
    parties = site.json("release", "list", recording)["parties"]
    for leg in (one["leg"] for one in parties if not one["consents"]):
        site.run("release", "consent", recording, "--party", leg, "--way", "call", "--reference", "asked", *BY)
    given = site.json(*give, "--output", str(tmp_path / "copy.wav"))
    assert hashlib.sha256((tmp_path / "copy.wav").read_bytes()).hexdigest() == given["sha256"]
    assert given["sha256"] in site.run("ledger", "export").stdout


def test_s10_c10_who_listened_is_known(heard: tuple[Site, str, str]) -> None:
    """S10, C10: with a reason or not at all; in the ledger, which shows when it is edited."""
    site, _, recording = heard
    assert site.run("listen", recording, "--reason", "  ", *BY).returncode == 2
    assert site.run("listen", recording, "--reason", "complaint 12", *BY, "--output", str(site.folder / "a.wav")).returncode == 0
    (access,) = site.json("accesses")
    assert (access["way"], access["recording"], access["by"], access["reason"]) == ("listen", recording, "Ana Pop", "complaint 12")
    with site.database.write() as connection:
        connection.exec_driver_sql("UPDATE accesses SET by = 'somebody else'")
    broken = site.run("ledger", "verify")
    assert (broken.returncode, "the access 1, was changed" in broken.stdout + broken.stderr) == (1, True)


def test_c11_a_disclosure_is_on_the_register(heard: tuple[Site, str, str], tmp_path: Path) -> None:
    """C11: to whom, on which of the listed grounds, what, when and by whom."""
    site, number, recording = heard
    ground = ("--to", "the police", "--ground", "authority-request", *TO)
    site.json("disclose", "recording", recording, *ground, "--output", str(tmp_path / "a.wav"))
    call = site.json("calls")[0]["id"]
    site.json("disclose", "call", call, *ground, "--output", str(tmp_path / "a.json"))
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["call"]["id"] == call
    listed = site.json("disclose", "list", "--number", spelled(number))
    assert [(one["to"], one["ground"], one["by"], one["recording"]) for one in listed] == [
        ("the police", "authority-request", "Ana Pop", None),
        ("the police", "authority-request", "Ana Pop", recording),
    ]
    assert site.run("disclose", "call", call, "--to", "a friend", "--ground", "curiosity", *TO, "--output", "x").returncode == 2
