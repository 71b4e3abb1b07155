"""A person's data to take away: what is in it, what is not, and what is entered of it."""

import base64
import hashlib
import io
import json
import wave
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from posixpath import join, normpath
from uuid import UUID

import fastjsonschema
import pytest
import sqlalchemy as sa

import callguard.rights
from callguard.call.state import Decision, How
from callguard.evidence.copying import marked
from callguard.rights.export_end import SCHEMA
from callguard.rights.export_page import IS_DELETED, NOT_AGREED, WORDS
from callguard.rights.export_place import INCOMPLETE, SUMS
from callguard.rights.export_shape import Document
from callguard.rights.objection import enter_wish
from callguard.rights.releases import Said, note_said
from callguard.rights.requests import Asked, open_request
from callguard.rights.terms import Right
from callguard.rights.wishes import Way, Wish
from callguard.store.copy_rows import GIVEN, WITHDRAWN, list_copies
from callguard.store.database import Database
from callguard.store.register_tables import exports
from callguard.store.tables import accesses
from tests.integration.cli_site import CALLER, Site, consent, inbound
from tests.integration.export_site import (
    HOSTILE,
    OTHER,
    PERSON,
    SECRETS,
    SOUND,
    calls_in,
    change,
    exported,
    files_in,
    new_export_site,
    order,
)
from tests.integration.ledger_place import found_in

GROUND = "GDPR art. 15 (3), decided by Dan"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_export_site(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """With masks, and with the recordings on a stated ground."""
    folder = tmp_path_factory.mktemp("site")
    with new_export_site(folder) as made:
        exported(made, folder / "export", order(ground=GROUND))
        yield folder / "export"


@pytest.fixture(scope="module")
def content(export: Path) -> Mapping[str, bytes]:
    return files_in(export)


def frames(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        return bytes(file.readframes(file.getnframes()))


def test_all_of_the_persons_calls_are_in_it_in_order_of_time(content: Mapping[str, bytes]) -> None:
    """S15, C1: called, was called, redirected; and nobody else's."""
    calls = calls_in(content)
    assert [call["id"] for call in calls] == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert [decision["decision"] for call in calls for decision in call["decisions"]] == ["stayed", "stayed", "stayed", "refused"]
    assert calls[0]["decisions"][0]["purposes"] == ["service quality", "legal claims"]
    head = json.loads(content["export.json"])
    assert head["counts"] == {"calls": 6, "messages": 2}
    assert [one["text"] for one in head["announcements"]] == ["Apelul se înregistrează."]
    assert {"optouts", "requests", "exports"} <= head["registers"].keys()
    assert not {"holds", "copies"} & head["registers"].keys(), "these may tell of an investigation"
    (wish,) = head["registers"]["optouts"]
    assert (wish["way"], wish["wished_on"]) == ("post", "2026-09-01")
    assert wish.keys() == {"way", "wished_on", "entered_at", "removed_at"}, "who entered it is somebody else"


def test_a_server_gives_the_same(server_database: Database, content: Mapping[str, bytes], tmp_path: Path) -> None:
    """S15: calls, decisions, messages, registers; but for the mark that each copy has, and the hashes that follow from it."""
    with new_export_site(tmp_path, str(server_database.url)) as served:
        exported(served, tmp_path / "export", order(ground=GROUND))
        found = files_in(tmp_path / "export")
        with served.database.read() as connection:
            assert len(list_copies(connection, "export")) == 2
        assert found_in(served.database).broken == 0
    assert found.keys() == content.keys()
    assert [without_marks(call) for call in calls_in(found)] == [without_marks(call) for call in calls_in(content)]
    assert found["messages/000001.json"] == content["messages/000001.json"]
    heads = [json.loads(one["export.json"]) for one in (found, content)]
    assert heads[0]["announcements"] == heads[1]["announcements"]
    assert {name: len(rows) for name, rows in heads[0]["registers"].items()} == {
        name: len(rows) for name, rows in heads[1]["registers"].items()
    }


def without_marks(call: Document) -> Document:
    return {**call, "vcon": None, "recordings": [{**one, "file_sha256": None} for one in call["recordings"]]}


def test_others_are_masked(content: Mapping[str, bytes]) -> None:
    """S15: the right of one person ends at the data of another (GDPR art. 15 (4), 20 (4)); not in any file, name or sound apart."""
    for name, text in content.items():
        if not name.endswith(".wav"):
            assert [secret for secret in SECRETS if secret.encode() in text] == [], name
    calls = calls_in(content)
    assert (calls[0]["caller"], calls[0]["callee"]) == ("+40722000111", "*****444")
    assert [(party["you"], party["number"]) for party in calls[0]["parties"]] == [(True, "+40722000111"), (False, "*****")]
    assert calls[5]["redirecting"] == ["0040722000111", "*****222"]
    assert (calls[4]["equipment_ip"], calls[0]["equipment_ip"]) == (None, "192.0.2.10")


def test_what_others_decided_is_theirs(site: Site, tmp_path: Path) -> None:
    """S15: GDPR art. 20 (4); neither in the documents nor in the vCon, and told without masks."""
    site.add(inbound("c9", [consent(Decision.WITHDRAWN, How.KEY, "9")], caller=OTHER, callee=CALLER))
    for masked in (True, False):
        exported(site, tmp_path / str(masked), order(masked=masked))
        content = files_in(tmp_path / str(masked))
        (call,) = (one for one in calls_in(content) if one["id"] == "c9")
        assert call["parties"][0]["decision"] == (None if masked else "withdrawn")
        assert call["decisions"] == []
        assert ("withdrawn" in content["vcon/000001/c9.vcon.json"].decode()) is False


def test_sound_is_given_as_it_was_recorded(content: Mapping[str, bytes]) -> None:
    """S11, S10: plain or sealed; never what is restricted (GDPR art. 18), whatever the ground."""
    told = {one["id"]: one for call in calls_in(content) for one in call["recordings"]}
    for name in ("c0-p", "c1-s"):
        assert frames(content[told[name]["file"]]) == frames(SOUND)
        assert told[name]["file_sha256"] == hashlib.sha256(content[told[name]["file"]]).hexdigest()
        assert told[name]["withheld"] is None
    assert told["c2-r"]["file"] is None
    assert "restricted" in told["c2-r"]["withheld"]
    assert [name for name in content if name.endswith(".wav")] == [told["c0-p"]["file"], told["c1-s"]["file"]]


def test_the_documents_are_what_the_schema_says(content: Mapping[str, bytes]) -> None:
    """S15: machine-readable, and described."""
    assert content[SCHEMA] == files(callguard.rights).joinpath(SCHEMA).read_bytes()
    schema = json.loads(content[SCHEMA])
    for kind, names in {"head": ["export.json"], "calls": ["calls/000001.json"], "messages": ["messages/000001.json"]}.items():
        check = fastjsonschema.compile({**schema, "anyOf": [{"$ref": f"#/definitions/{kind}"}]})
        for name in names:
            check(json.loads(content[name]))
    broken = json.loads(content["calls/000001.json"])
    broken["calls"][0]["caller_name"] = "Ada"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        fastjsonschema.compile(schema)(broken)


def test_every_call_is_a_vcon(content: Mapping[str, bytes]) -> None:
    """S15: draft-ietf-vcon-vcon-core-04, sections 4.1 to 4.4: parties, dialog, attachments; redacted where others are masked."""
    for call in calls_in(content):
        vcon = json.loads(content[call["vcon"]["file"]])
        assert (vcon["vcon"], UUID(vcon["uuid"]).version, UUID(vcon["uuid"]).variant) == ("0.4.0", 8, "specified in RFC 4122")
        assert {"uuid", "created_at", "parties", "dialog"} <= vcon.keys()
        assert vcon["redacted"]["type"]
        for dialog in vcon["dialog"]:
            assert all(party < len(vcon["parties"]) for party in dialog["parties"])
    first = json.loads(content["vcon/000001/c0.vcon.json"])
    assert first["parties"] == [{"tel": "+40722000111"}, {"name": "anonymous"}]
    (dialog,) = first["dialog"]
    assert (dialog["type"], dialog["mediatype"], dialog["encoding"], dialog["duration"]) == ("recording", "audio/x-wav", "base64url", 60.84)
    assert base64.urlsafe_b64decode(dialog["body"] + "=" * (-len(dialog["body"]) % 4)) == content["recordings/000001/c0-p.wav"]
    (consented,) = first["attachments"]
    assert (consented["party"], consented["dialog"], consented["body"]["decision"]) == (0, 0, "stayed")
    assert json.loads(content["vcon/000001/c3.vcon.json"])["dialog"][0]["disposition"] == "busy"


class Page(HTMLParser):
    """What a browser would make of it: texts, tags and where they lead."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links.extend(value or "" for name, value in attrs if name in {"href", "src"})

    def handle_data(self, data: str) -> None:
        self.text += data


def test_people_can_read_it_in_a_browser(content: Mapping[str, bytes]) -> None:
    """S15: without scripts, with nothing from elsewhere, and every link leads to a file of the export."""
    pages = {name: Page(text.decode()) for name, text in content.items() if name.endswith(".html")}
    assert set(pages) == {"index.html", "pages/calls-000001.html", "pages/messages-000001.html"}
    for name, page in pages.items():
        assert not {"script", "iframe", "object", "link", "img"} & set(page.tags)
        assert {normpath(join(name, "..", link)) for link in page.links} <= set(content)
    for words in ("+40722000111", "Your wishes not to be recorded: 1", "post, 2026-09-01"):
        assert words in pages["index.html"].text
    shown = pages["pages/calls-000001.html"]
    for words in ("2026-08-31 09:30:00 UTC", "stayed on the line", "to us", "answered", "not given: is restricted", "c0-p.wav", "*****444"):
        assert words in shown.text
    assert shown.tags.count("audio") == 2


def test_what_callers_chose_is_text_and_nothing_else(site: Site, tmp_path: Path) -> None:
    """S13: a name with markup in it, in the number that was shown, is shown."""
    with site.database.write() as connection:
        connection.execute(sa.text("UPDATE calls SET callee = :name, callee_e164 = NULL WHERE id = 'c0'"), {"name": HOSTILE})
    exported(site, tmp_path / "export", order(masked=False))
    page = Page((tmp_path / "export/pages/calls-000001.html").read_text("utf-8"))
    assert "script" not in page.tags
    assert HOSTILE[:26] in page.text


def test_people_read_it_in_their_language(site: Site, tmp_path: Path) -> None:
    """S15: the reasons too."""
    assert WORDS["ro"].keys() == WORDS["en"].keys()
    asked = Asked(right=Right.ERASURE, way=Way.E_MAIL, received_on=date(2026, 9, 2), reference="mail 3")
    open_request(site.database, PERSON, asked, by="Ana")
    wish = Wish(number=CALLER, way=Way.POST, wished_on=date(2026, 9, 1), reference="letter 7")
    enter_wish(site.database, "object", PERSON, wish, by="Ana")
    exported(site, tmp_path / "export", order(ground=GROUND, language="ro"))
    page = Page((tmp_path / "export/pages/calls-000001.html").read_text("utf-8")).text
    for words in ("către noi", "s-a răspuns", "a rămas pe fir", "restricționată la cererea persoanei"):
        assert words in page
    first = Page((tmp_path / "export/index.html").read_text("utf-8")).text
    registers = ("poștă, 2026-09-01", "Cererile dumneavoastră: 1", "dreptul la ștergere, 2026-09-02", "deschisă", "opoziție")
    for words in (*registers, "Ce s-a făcut pentru dumneavoastră: 1"):
        assert words in first


def test_checksums_are_of_every_file(export: Path, content: Mapping[str, bytes]) -> None:
    """S13: sha256sum --check would say so, and nothing says that it is not whole."""
    lines = {line[66:]: line[:64] for line in content[SUMS].decode().splitlines()}
    assert lines == {name: hashlib.sha256(text).hexdigest() for name, text in content.items() if name != SUMS}
    assert INCOMPLETE not in content
    assert not list(export.rglob("*.part"))


def test_it_is_for_its_owner_alone(export: Path) -> None:
    """S13: whatever the umask."""
    assert {path.stat().st_mode & 0o077 for path in (export, *export.rglob("*"))} == {0}


def test_who_when_and_why_is_in_the_ledger(site: Site, tmp_path: Path) -> None:
    """S10, S11: the export, and each recording that was given with the hash of its copy; not those that were not."""
    exported(site, tmp_path / "export", order(ground=GROUND))
    with site.database.read() as connection:
        given = connection.execute(sa.select(accesses.c.recording_id, accesses.c.way, accesses.c.by, accesses.c.reason)).all()
        (made,) = connection.execute(sa.select(exports)).mappings().all()
        out = {one.recording_id: one for one in list_copies(connection, "export")}
    content = files_in(tmp_path / "export")
    for name in ("c0-p", "c1-s"):
        copy = content[f"recordings/000001/{name}.wav"]
        assert (out[name].sha256, out[name].ground, out[name].reference) == (hashlib.sha256(copy).hexdigest(), GROUND, "export 1")
        assert out[name].mark.encode() in copy
    assert sorted(given) == [(name, "export", "Ana Pop", "request 12/2026") for name in ("c0-p", "c1-s")]
    assert (made["number_e164"], made["masked"], made["ground"], made["by"]) == ("+40722000111", True, GROUND, "Ana Pop")
    assert found_in(site.database).broken == 0
    with site.database.write() as connection:
        connection.execute(sa.update(exports).values(masked=False))
    assert found_in(site.database).broken == 1


def test_without_consent_of_all_and_without_a_ground_no_sound_is_given(site: Site, tmp_path: Path) -> None:
    """S11: and the person is told why."""
    exported(site, tmp_path / "export", order())
    content = files_in(tmp_path / "export")
    assert not [name for name in content if name.endswith(".wav")]
    told = [one for call in calls_in(content) for one in call["recordings"]]
    assert all("known to have agreed" in one["withheld"] for one in told)
    with site.database.read() as connection:
        assert connection.execute(sa.select(accesses)).all() == []


@pytest.mark.parametrize("status", ["missing", "deleting"])
def test_a_row_that_says_that_its_file_is_gone_is_no_consent(site: Site, tmp_path: Path, status: str) -> None:
    """S11: the disk may have been away when the row was closed, and be back."""
    change(site, "c0-p", status=status)
    exported(site, tmp_path / "export", order())
    content = files_in(tmp_path / "export")
    assert [name for name in content if name.endswith(".wav")] == []
    assert calls_in(content)[0]["recordings"][0]["withheld"] == (NOT_AGREED if status == "missing" else IS_DELETED)
    with site.database.read() as connection:
        assert (connection.execute(sa.select(accesses)).all(), list_copies(connection)) == ([], [])


def test_a_consent_that_is_withdrawn_while_it_is_copied_counts(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: what is asked for in the transaction that enters the copy."""
    said = Said(step=GIVEN, way=Way.POST, said_on=date(2026, 9, 1), reference="letter 7")
    for party in ("0722000111", "200"):
        note_said(site.database, "c0-p", party, said, region="RO", by="Ana")

    def withdrawing(sound: Iterable[bytes], size: int, mark: str) -> Iterator[bytes]:
        yield from marked(sound, size, mark)
        note_said(site.database, "c0-p", "200", replace(said, step=WITHDRAWN), region="RO", by="Ana")

    monkeypatch.setattr("callguard.rights.export.marked", withdrawing)
    exported(site, tmp_path / "export", order())
    content = files_in(tmp_path / "export")
    assert [name for name in content if name.endswith(".wav")] == []
    assert calls_in(content)[0]["recordings"][0]["withheld"] == NOT_AGREED


def test_what_is_restricted_while_it_is_copied_is_not_given(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S15: GDPR art. 18, whatever the ground; and no copy is entered."""

    def restricting(sound: Iterable[bytes], size: int, mark: str) -> Iterator[bytes]:
        yield from marked(sound, size, mark)
        change(site, "c0-p", restricted=True)

    monkeypatch.setattr("callguard.rights.export.marked", restricting)
    exported(site, tmp_path / "export", order(ground=GROUND))
    assert not [name for name in files_in(tmp_path / "export") if "c0-p" in name]
    with site.database.read() as connection:
        assert [one.recording_id for one in list_copies(connection)] == ["c1-s"]


def test_what_is_no_wav_is_given_as_what_it_is(site: Site, tmp_path: Path) -> None:
    """S15: an adopted recording keeps its form; sealed it is told by the name that it has below."""
    sound = b"ID3" + bytes(25)
    (site.root / "2026/08/31/c0-p.mp3").write_bytes(sound)
    change(site, "c0-p", path="2026/08/31/c0-p.mp3", size=len(sound), sha256=hashlib.sha256(sound).hexdigest())
    exported(site, tmp_path / "export", order(ground=GROUND))
    content = files_in(tmp_path / "export")
    assert content["recordings/000001/c0-p.mp3"] == sound
    assert ">c0-p.mp3<" in content["pages/calls-000001.html"].decode()
    (dialog,) = json.loads(content["vcon/000001/c0.vcon.json"])["dialog"]
    assert (dialog["mediatype"], dialog["filename"], dialog["parties"]) == ("audio/x-mp3", "c0-p.mp3", [0, 1])
    assert "recordings/000001/c1-s.wav" in content


def test_with_the_consent_of_all_sound_is_given(site: Site, tmp_path: Path) -> None:
    """S11: of the one recording to which everybody agreed."""
    said = Said(step=GIVEN, way=Way.POST, said_on=date(2026, 9, 1), reference="letter 7")
    for party in ("0722000111", "200"):
        note_said(site.database, "c0-p", party, said, region="RO", by="Ana")
    exported(site, tmp_path / "export", order())
    assert [name for name in files_in(tmp_path / "export") if name.endswith(".wav")] == ["recordings/000001/c0-p.wav"]
    with site.database.read() as connection:
        assert [one.ground for one in list_copies(connection)] == ["consent"]


def test_without_masks_others_are_told_and_that_is_entered(site: Site, tmp_path: Path) -> None:
    exported(site, tmp_path / "export", order(masked=False))
    content = files_in(tmp_path / "export")
    assert calls_in(content)[0]["callee"] == "+40213334444"
    assert "redacted" not in json.loads(content["vcon/000001/c0.vcon.json"])
    with site.database.read() as connection:
        assert connection.scalar(sa.select(exports.c.masked)) is False


def test_what_was_changed_on_the_disk_is_not_given(site: Site, tmp_path: Path) -> None:
    """S13: only what is genuine, and no half of it."""
    (site.root / "2026/08/31/c0-p.wav").write_bytes(SOUND[:-1] + b"\x01")
    exported(site, tmp_path / "export", order(ground=GROUND))
    content = files_in(tmp_path / "export")
    assert not [name for name in content if "c0-p" in name]
    assert "not what was recorded" in calls_in(content)[0]["recordings"][0]["withheld"]


def test_by_the_command_line(site: Site, tmp_path: Path) -> None:
    """S15: one command; a reason of blanks, and a folder that is not ours, are refused before anything is written."""
    to = tmp_path / "his.zip"
    done = site.json("person", "export", "0040722000111", "--to", str(to), "--reason", "request 12", "--by", "Ana")
    assert done == {"to": str(to), "number": "+40722000111", "masked": True, "calls": 6, "messages": 2}
    assert len(calls_in(files_in(to))) == 6
    blank = site.run("person", "export", "0722000111", "--to", str(tmp_path / "new"), "--reason", "  ")
    assert (blank.returncode, (tmp_path / "new").exists()) == (2, False)
    assert "--reason: is no line of text" in blank.stderr
    found = site.json("person", "find", "0722000111")
    assert [(one["by"], one["reason"]) for one in found["exports"]] == [("Ana", "request 12")]
