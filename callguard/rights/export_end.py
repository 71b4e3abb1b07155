"""The end of an export: what is told once, the pages that people read, and the proof that every file is what was written."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.retention.rules import stamp
from callguard.rights.export_page import index, page
from callguard.rights.export_place import SUMS, Place, PlaceError, blocks_of
from callguard.rights.export_shape import FORMAT, Document, View
from callguard.rights.finding import SECTIONS
from callguard.store.database import Database
from callguard.store.person_rows import announcements_heard

SCHEMA = "export.schema.json"
HEAD = "export.json"


def complete(database: Database, place: Place, view: View, state: Mapping[str, Any]) -> Document:
    """Put the last files in place and let the export look whole; its head document.

    Raises :class:`PlaceError` when a file is not what was written any more.
    """
    with database.read() as connection:
        head = _head(connection, view, state)
    last = {HEAD: place.put_json(HEAD, head), SCHEMA: place.put(SCHEMA, [files(__package__).joinpath(SCHEMA).read_bytes()])}
    for name, markup in _pages(place, state):
        last[name] = place.put(name, markup)
    with place.spool() as sums:  # read first and written then: a ZIP file does one at a time
        sums.writelines(f"{sha256}  {name}\n".encode() for name, sha256 in _proven(place, state, last))
        sums.seek(0)
        place.put(SUMS, blocks_of(sums))
    place.finish()
    return head


def _head(connection: sa.Connection, view: View, state: Mapping[str, Any]) -> Document:
    given = [section for section in SECTIONS if section.given]
    return {
        "format": FORMAT,
        "number": state["number"],
        "masked": state["masked"],
        "language": state["language"],
        "begun_at": state["begun_at"],
        "finished_at": stamp(utc_now()),
        "counts": {kind: sum(page["count"] for page in state[kind]["pages"]) for kind in ("calls", "messages")},
        "calls": [page["file"] for page in state["calls"]["pages"]],
        "messages": [page["file"] for page in state["messages"]["pages"]],
        "announcements": [dict(row) for row in announcements_heard(connection, view.person)],
        "registers": {one.name: [_part(row, one.given) for row in one.rows(connection, view.person, ())] for one in given},
    }


def _part(row: Mapping[str, object], given: Sequence[str]) -> Document:
    return {name: row[name] for name in given}


def _pages(place: Place, state: Mapping[str, Any]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """One for each document of calls or messages, and the first to open."""
    names = {one["file"]: f"pages/{one['file'].replace('/', '-').removesuffix('.json')}.html" for one in _documents(state)}
    for file, name in names.items():
        yield name, page(state["language"], place.read_json(file))
    yield "index.html", index(place.read_json(HEAD), list(names.values()))


def _documents(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind in ("calls", "messages"):
        yield from state[kind]["pages"]


def _proven(place: Place, state: Mapping[str, Any], last: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each file and its SHA-256, once it was read back."""
    for name, sha256 in _written(place, state, last):
        if place.digest(name) != sha256:
            raise PlaceError(f"{name} is not what was written: the disk lost it, or somebody changed it", place=str(place.shown))
        yield name, sha256


def _written(place: Place, state: Mapping[str, Any], last: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for one in _documents(state):
        yield one["file"], one["sha256"]
        for call in place.read_json(one["file"]).get("calls", ()):
            yield call["vcon"]["file"], call["vcon"]["sha256"]
            for recording in call["recordings"]:
                if recording["file"] is not None:
                    yield recording["file"], recording["file_sha256"]
    yield from last.items()
