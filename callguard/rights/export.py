"""A person's data in a form that they can take elsewhere (GDPR art. 15 and 20, S15): documents, sound and pages to read.

Nothing is held but a page: a person may have a hundred thousand calls. A page of calls is read, its recordings that may be given are given,
each entered as an access before a byte of it is written, its documents are put in place, and then the state says that the page is done.
What was cut off goes on behind the last page, in transactions of its own; calls that came meanwhile come at the end.

A recording is in it when everybody's consent to its release is registered, or when who exports states a lawful ground (S11); never one that
is restricted (GDPR art. 18). One that is not in it is named with the reason. That an export is made, of whom, by whom and why, is in the
ledger before anything is written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePath
from secrets import token_hex
from typing import IO, Any

from callguard.clock import utc_now
from callguard.errors import CallguardError, ConfigError, GuardRefusal, StoreError, UsageError
from callguard.evidence.copying import marked
from callguard.evidence.listening import genuine, refuse_restricted, the_heard
from callguard.evidence.vault import Vault
from callguard.retention.naming import sealed
from callguard.retention.rules import stamp
from callguard.rights.export_end import complete
from callguard.rights.export_page import IS_DELETED, NOT_AGREED
from callguard.rights.export_place import Place, PlaceError, blocks_of, written
from callguard.rights.export_shape import FORMAT, Document, View, by_call, call_document, message_document
from callguard.rights.export_vcon import vcon
from callguard.rights.grounds import Ground
from callguard.rights.person import Person
from callguard.rights.releases import may_release
from callguard.store.access_rows import Access, enter_access
from callguard.store.database import Database
from callguard.store.listing import ListedRecording, load_messages, shape_calls
from callguard.store.person_rows import Place as Row
from callguard.store.person_rows import call_page, decisions_in, message_page
from callguard.store.register_rows import enter
from callguard.store.register_tables import copies, exports

WAY = "export"

PAGE = 200
"""Calls or messages in a document, and done again at most after a cut."""

_NEXT = {"calls": call_page, "messages": message_page}
_GONE = frozenset({"deleted", "deleting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Of whom, with masks on others or not, by whom and why; with a ``ground``, recordings are given without registered consents."""

    person: Person
    masked: bool
    by: str
    reason: str
    ground: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where it is all taken from."""

    database: Database
    root: Path
    vault: Vault | None


class Export:
    """One export into one place, begun or gone on with."""

    def __init__(self, source: Source, order: Order, place: Place) -> None:
        """Raises :class:`UsageError` when what was cut off in that place is another person's, or another kind of export."""
        self._source, self._order, self._place = source, order, place
        self._view = View(order.person, order.masked)
        self._now, self._number = utc_now(), 0
        wanted = {
            "format": FORMAT,
            "number": order.person.shown,
            "masked": order.masked,
            "ground": order.ground,
            "language": order.language,
        }
        begun: Document = {kind: {"after": None, "whole": False, "pages": []} for kind in _NEXT}
        self.state: dict[str, Any] = dict(place.state or {**wanted, "begun_at": stamp(self._now), **begun})
        if {name: self.state.get(name) for name in wanted} != wanted:
            remedy = "run it again as it was begun, or name another place"
            raise UsageError("the export that was cut off there is another one", place=str(place.shown), remedy=remedy)

    def run(self, advance: Callable[[int], object]) -> Document:
        """All of it; the head document. ``advance`` is told how many calls and messages were done."""
        self._enter()
        self._place.checkpoint(self.state)
        self._pages("calls", self._calls, advance)
        self._pages("messages", self._messages, advance)
        return complete(self._source.database, self._place, self._view, self.state)

    def _enter(self) -> None:
        number, order = self._order.person.number, self._order
        told = {"number": number.raw, "number_e164": number.e164, "masked": order.masked, "ground": order.ground}
        with self._source.database.write() as connection:
            self._number = enter(connection, exports, {**told, "by": order.by, "reason": order.reason, "at": self._now})

    def _pages(self, kind: str, documents: Callable[[Sequence[Any], str], list[Document]], advance: Callable[[int], object]) -> None:
        done = self.state[kind]
        while not done["whole"]:
            rows, page = self._next(kind, done["after"]), f"{len(done['pages']) + 1:06}"
            if rows:
                name = f"{kind}/{page}.json"
                told = documents([row.id for row in rows], page)
                digest = self._place.put_json(name, {"format": FORMAT, kind: told})
                done["pages"].append({"file": name, "sha256": digest, "count": len(told)})
                done["after"] = [stamp(rows[-1].at), rows[-1].id]
            done["whole"] = not rows
            self._place.checkpoint(self.state)
            advance(len(rows))

    def _next(self, kind: str, after: list[Any] | None) -> Sequence[Row]:
        behind = None if after is None else Row(datetime.fromisoformat(after[0]), after[1])
        with self._source.database.read() as connection:
            return _NEXT[kind](connection, self._order.person, behind, PAGE)

    def _messages(self, ids: Sequence[int], _page: str) -> list[Document]:
        with self._source.database.read() as connection:
            return [message_document(self._view, one) for one in load_messages(connection, ids)]

    def _calls(self, ids: Sequence[str], page: str) -> list[Document]:
        self._place.forget(f"recordings/{page}", f"vcon/{page}")
        with self._source.database.read() as connection:
            calls = shape_calls(connection, ids)
            decided = by_call(decisions_in(connection, self._order.person, ids))
            recorded = {one.id: one for call in calls for one in call.recordings}
            agreed = {one: may_release(connection, one) for one in recorded}
        documents = [call_document(self._view, call, decided.get(call.id, ())) for call in calls]
        names = {one.id: f"recordings/{page}/{_file_name(one)}" for one in recorded.values()}
        for document in documents:
            self._give(document, page, names, agreed)
        return documents

    def _give(self, call: Document, page: str, names: Mapping[str, str], agreed: Mapping[str, bool]) -> None:
        """The call's sound and its vCon; the document is told where they are."""
        with ExitStack() as stack:
            sounds = []
            for recording in call["recordings"]:
                sound = self._sound(call["id"], recording, stack, agreed=agreed[recording["id"]])
                if sound is not None:
                    name = names[recording["id"]]
                    recording["file"], recording["file_sha256"] = name, self._place.put(name, blocks_of(sound))
                    sounds.append((recording, sound))
            name = f"vcon/{page}/{call['id']}.vcon.json"
            call["vcon"] = {"file": name, "sha256": self._place.put(name, vcon(call, self._now, self._view.masked, sounds))}

    def _sound(self, call: str, recording: Document, stack: ExitStack, *, agreed: bool) -> IO[bytes] | None:
        """A nameless file of it, whole and genuine; ``None`` when it is not given, and the document says why."""
        recording |= {"file": None, "file_sha256": None, "withheld": None}
        ground = Ground.CONSENT if agreed else self._order.ground
        if ground is None:
            recording["withheld"] = IS_DELETED if recording["status"] in _GONE else NOT_AGREED
            return None
        try:
            return self._copied(call, recording["id"], ground, stack)
        except (PlaceError, ConfigError, StoreError, UsageError):
            raise
        except CallguardError as refused:
            recording["withheld"] = refused.message
            return None

    def _copied(self, call: str, recording: str, ground: str, stack: ExitStack) -> IO[bytes]:
        """A copy with a mark of its own, entered as every copy that leaves the house is (:mod:`callguard.rights.copies`)."""
        mark, meter, spool = token_hex(8), sha256(), stack.enter_context(self._place.spool())
        for block in self._heard(recording, mark):
            meter.update(block)
            with written(self._place.shown):
                spool.write(block)
        row: Document = {"way": WAY, "recipient": "the holder of the number", "ground": ground, "reference": f"export {self._number}"}
        row |= {"reason": self._order.reason, "by": self._order.by, "at": utc_now()}
        with self._source.database.write() as connection:
            refuse_restricted(the_heard(connection, recording))
            if ground == Ground.CONSENT and not may_release(connection, recording):
                raise GuardRefusal(NOT_AGREED, place=f"recording {recording}")
            enter(connection, copies, row | {"recording_id": recording, "call_id": call, "mark": mark, "sha256": meter.hexdigest()})
        spool.seek(0)
        return spool

    def _heard(self, recording: str, mark: str) -> Iterator[bytes]:
        """Its genuine sound and the mark, once the access is entered."""
        source, order = self._source, self._order
        with source.database.write() as connection:
            found = the_heard(connection, recording)
            refuse_restricted(found)
            sound = genuine(found, source.root, source.vault)
            enter_access(connection, Access(recording, WAY, order.by, order.reason, utc_now()))
        return marked(sound, found.size or 0, f"callguard copy {mark} of recording {recording}")


def _file_name(one: ListedRecording) -> str:
    """The id, which names nobody, under the suffix of what it is: an adopted recording may be no WAV."""
    return f"{one.id}{PurePath(one.path.removesuffix(sealed(''))).suffix}"
