"""A person with calls, sound and messages to export, and others beside them whose numbers must not be in it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import sqlalchemy as sa

from callguard.call.commands import FileRecording
from callguard.call.events import MessageSeen
from callguard.call.state import Decision, Direction, How, Number
from callguard.config import load_settings
from callguard.premises import vault
from callguard.rights.export import Export, Order, Source
from callguard.rights.export_place import Folder, Place
from callguard.rights.export_shape import Document
from callguard.rights.export_zip import Archive
from callguard.rights.optouts import enter_optout
from callguard.rights.person import the_person
from callguard.rights.wishes import Way, Wish
from callguard.store.message_rows import add_messages
from callguard.store.tables import recordings
from tests.integration.cli_site import CALLER, COMPANY, EXPIRES, STARTED, Site, consent, inbound, new_site, recording
from tests.wav_bytes import whole

PERSON = the_person("0722 000 111", "RO")
OTHER = Number("+40733000222", "+40733000222")
HOSTILE = "<script>alert('1')</script>\"&\x1b[31m"
SOUND = whole(40_000)
SECRETS = ("+40213334444", "0213334444", "+40733000222", "0733000222", "203.0.113.9", "Other Phone")
"""What is others', and stands nowhere in an export with masks."""


@contextmanager
def new_export_site(folder: Path, server: str = "") -> Iterator[Site]:
    """Recordings `c0-p` (plain), `c1-s` (sealed) and `c2-r` (restricted); six calls, a minute apart, and two messages."""
    with new_site(folder, server=server) as site:
        master = folder / "master.key"
        master.write_text("5e" * 32 + "\n", "utf-8")
        master.chmod(0o600)
        site.config.write_text(site.config.read_text("utf-8").replace("min_free", f'master_key_file = "{master}"\nmin_free', 1), "utf-8")
        stayed = [consent(Decision.STAYED, How.STAYED)]
        calls = [
            inbound("c0", stayed, [recording("c0-p", "c0")], user_agent=HOSTILE),
            inbound("c1", stayed, [recording("c1-s", "c1")]),
            inbound("c2", stayed, [recording("c2-r", "c2")]),
            inbound("c3", [consent(Decision.REFUSED, How.KEY, "9")], dial_status="BUSY", connected_at=None, answered_at=None),
            inbound("c4", caller=OTHER, callee=CALLER, equipment_ip="203.0.113.9", user_agent="Other Phone"),
            inbound("c5", caller=OTHER, redirecting=("0040722000111", "0733000222")),
            inbound("x1", caller=OTHER),
        ]
        site.add(*(replace(call, started_at=STARTED + timedelta(minutes=minute)) for minute, call in enumerate(calls)))
        for name in ("c0-p", "c1-s", "c2-r"):
            (site.root / f"2026/08/31/{name}.wav").write_bytes(SOUND)
            change(site, name, size=len(SOUND), sha256=hashlib.sha256(SOUND).hexdigest())
        _seal(site, "c1-s")
        change(site, "c2-r", restricted=True)
        messages = [sms(Direction.INBOUND, CALLER, COMPANY), sms(Direction.OUTBOUND, COMPANY, CALLER)]
        with site.database.write() as connection:
            add_messages(connection, messages)
        wish = Wish(number=CALLER, way=Way.POST, wished_on=date(2026, 9, 1), reference="letter 7")
        enter_optout(site.database, wish, by="Ana")
        yield site


def sms(direction: Direction, sender: Number, recipient: Number) -> MessageSeen:
    return MessageSeen(pbx="main", at=STARTED, received_at=STARTED, direction=direction, sender=sender, recipient=recipient)


def change(site: Site, name: str, **columns: object) -> None:
    with site.database.write() as connection:
        connection.execute(sa.update(recordings).where(recordings.c.id == name).values(columns))


def _seal(site: Site, name: str) -> None:
    found = vault(load_settings(site.config))
    assert found is not None
    found.keys.prepare()
    command = FileRecording(pbx="main", linkedid="1", leg="1", recording=name, path=f"2026/08/31/{name}.wav", expires_at=EXPIRES)
    assert found.file(command, lambda: None).sealed
    change(site, name, status="sealed")


def order(*, masked: bool = True, ground: str | None = None, language: str = "en") -> Order:
    return Order(person=PERSON, masked=masked, by="Ana Pop", reason="request 12/2026", ground=ground, language=language)


def export_of(site: Site, place: Place, wanted: Order) -> Export:
    chosen = load_settings(site.config)
    return Export(Source(site.database, chosen.recordings.root, vault(chosen)), wanted, place)


def place_at(to: Path) -> Place:
    return Archive(to) if to.suffix == ".zip" else Folder(to)


def exported(site: Site, to: Path, wanted: Order) -> Document:
    with place_at(to) as place:
        return export_of(site, place, wanted).run(lambda _: None)


def files_in(to: Path) -> Mapping[str, bytes]:
    """All files by name, from a folder or from a ZIP file."""
    if to.is_dir():
        return {str(path.relative_to(to)): path.read_bytes() for path in sorted(to.rglob("*")) if path.is_file()}
    with ZipFile(to) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def calls_in(files: Mapping[str, bytes]) -> list[Document]:
    """The calls of all documents, in their order."""
    documents = [json.loads(content) for name, content in sorted(files.items()) if name.startswith("calls/")]
    return [call for document in documents for call in document["calls"]]
