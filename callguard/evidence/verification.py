"""Is the ledger what was written? It is read once, in order, and three things are asked of it.

*The chain*: no number is missing, and each hash is that of the entry's content and of the hash before it. That finds an entry that was
changed, dropped, inserted or moved, at the first place that does not fit.

*The heads that were written down elsewhere* (:mod:`callguard.evidence.heads`): whoever can write to the database can cut off the end, or
write all entries anew from some place on, and leave a chain that fits. It then does not lead through the heads that were noted before.

*The rows*: each row of evidence has its entry, and each entry its row, word for word. Entries and rows were written in the same order, so
they are compared as they come, and what is held in memory is what has not found its counterpart yet: rows no further ahead of their
entries than :data:`AHEAD`, and of the decisions of a call, which are lawfully removed some day, nothing behind the entry that says so.

Whoever tampers may leave anything at all in a column, so what cannot be read counts as changed.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from callguard.evidence.chain import GENESIS, KIND, Entry, Head, Link, link_hash
from callguard.evidence.entries import Kind

TOLD = 20
"""Breaks of the chain, and of the rows, that are told one by one; behind an entry that was put in, none fits any more."""

PROGRESS = 1000

AHEAD = 10_000
"""Rows that may wait for their entries, as the entries of rows that are gone stand before those of rows that are there."""

_NAMED: Mapping[str, tuple[str, str]] = {
    Kind.CONSENT: ("call", "a decision in call"),
    Kind.DELETION: ("recording_id", "the deletion of recording"),
    Kind.RECORD_DELETION: ("record", "the deletion of record"),
    Kind.SWEEP: ("finished_at", "the sweep that ended at"),
    Kind.HOLD: ("hold", "hold"),
    Kind.HOLD_RELEASE: ("hold", "the release of hold"),
    Kind.ACCESS: ("access", "the access"),
    Kind.OPTOUT: ("optout", "register entry"),
    Kind.OPTOUT_REMOVAL: ("optout", "the removal of register entry"),
    Kind.REGISTER: ("entry", "the row of the registers"),
    Kind.POLICY: ("version", "policy"),
    Kind.ANNOUNCEMENT: ("version", "announcement"),
}
"""Which member of its body an entry is called by, and as what."""


@dataclass(frozen=True, slots=True)
class NotedHead:
    """A head as it was written down, and when."""

    at: str
    head: Head


@dataclass(frozen=True, slots=True)
class Break:
    """Where the ledger is not what was written: the entry, ``None`` for a row that has none, and what is wrong."""

    entry: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """``agreed`` counts the noted heads that the chain leads through, ``proven`` the rows by kind, ``broken`` all breaks."""

    head: Head
    agreed: int
    proven: Mapping[str, int]
    breaks: tuple[Break, ...]
    broken: int

    @property
    def first_bad(self) -> int | None:
        """The first entry that is not what was written; ``None`` when all are, though a row may be too many."""
        return min((one.entry for one in self.breaks if one.entry is not None), default=None)


@dataclass(slots=True)
class _Breaks:
    """The first ones, and the count of all."""

    first: list[Break] = field(default_factory=list)
    count: int = 0

    def add(self, entry: int | None, message: str) -> None:
        self.count += 1
        if len(self.first) < TOLD:
            self.first.append(Break(entry, message))


def verify(
    links: Iterable[Link],
    heads: Collection[NotedHead],
    rows: Mapping[Kind, Iterator[Entry]],
    advance: Callable[[], object] = lambda: None,
) -> Findings:
    """Read the ledger to its end. ``advance`` is called after every :data:`PROGRESS` entries."""
    walk = _Walk(heads)
    counterparts = {kind.value: _Counterparts(kind, of_kind) for kind, of_kind in rows.items()}
    decisions = counterparts.get(Kind.CONSENT.value)
    for link in links:
        walk.take(link)
        if link.kind in counterparts:
            counterparts[link.kind].take(link)
        elif link.kind == Kind.CONSENTS_REMOVED and decisions is not None:
            decisions.forget(_member(link.body, "call"))
        if link.sequence % PROGRESS == 0:
            advance()
    walk.end()
    unmatched = _Breaks()
    for one in counterparts.values():
        one.end(unmatched)
    proven = {kind: one.proven for kind, one in counterparts.items()}
    breaks = (*walk.breaks.first, *unmatched.first)
    return Findings(walk.head, walk.agreed, proven, breaks, walk.breaks.count + unmatched.count)


class _Walk:
    """Along the chain."""

    def __init__(self, heads: Collection[NotedHead]) -> None:
        self.breaks = _Breaks()
        self.head = GENESIS
        self.agreed = 0
        self._noted: dict[int, list[NotedHead]] = {}
        for one in heads:
            self._noted.setdefault(one.head.sequence, []).append(one)

    def take(self, link: Link) -> None:
        """The next entry."""
        sequence, expected = link.sequence, self.head.sequence + 1
        if sequence != expected:
            self._misnumbered(expected, sequence)
        elif not _follows(self.head, link):
            self.breaks.add(sequence, f"it does not follow from entry {sequence - 1}: one of the two was changed, put in or moved")
        self.head = Head(sequence, link.hash)
        if sequence in self._noted:
            self._compare(self._noted.pop(sequence))

    def end(self) -> None:
        """There was no more, though more may have been noted."""
        last = self.head.sequence
        if self.head == GENESIS:
            self.breaks.add(1, "there is none: the first one was made with the table")
        for one in (one for same in self._noted.values() for one in same):
            if one.head.sequence > last:
                self.breaks.add(last + 1, f"it and all up to {one.head.sequence} are gone: that one was the head of {one.at}")

    def _misnumbered(self, expected: int, found: int) -> None:
        if found < expected:
            self.breaks.add(found, f"no entry has this number: they begin with {expected}")
        else:
            self.breaks.add(expected, f"it is missing: the next one is {found}")

    def _compare(self, noted: Iterable[NotedHead]) -> None:
        for one in noted:
            if one.head == self.head:
                self.agreed += 1
            else:
                message = f"it is not the one that was the head of {one.at}: the ledger was written anew, from here or from before"
                self.breaks.add(self.head.sequence, message)


def _follows(head: Head, link: Link) -> bool:
    sequence, at, kind, body, found = link
    try:
        return found == link_hash(head.hash, sequence, at, kind, body) and KIND.fullmatch(kind) is not None
    except (TypeError, ValueError, OverflowError):
        return False


class _Counterparts:
    """The entries of one kind and the rows that they prove. What waits for its counterpart is kept by its call, where it is of one."""

    def __init__(self, kind: Kind, rows: Iterator[Entry]) -> None:
        self.proven = 0
        self._kind = kind
        self._rows = rows
        self._entries: dict[str, dict[str, int]] = {}
        self._unproven: set[str] = set()

    def take(self, link: Link) -> None:
        """An entry; the next row is looked at as well, and is its own where nothing is missing."""
        row = next(self._rows, None) if len(self._unproven) < AHEAD else None
        if row is not None and row.body == link.body:
            self.proven += 1
            return
        if link.body in self._unproven:
            self._unproven.remove(link.body)
            self.proven += 1
        else:
            self._entries.setdefault(self._call(link.body), {})[link.body] = link.sequence
        self._look(row)

    def forget(self, call: str) -> None:
        """The rows of that call are gone lawfully."""
        self._entries.pop(call, None)

    def end(self, breaks: _Breaks) -> None:
        """What is left has no counterpart. Where a row and an entry of the same name are left, it is the row that was changed."""
        for row in self._rows:
            self._look(row)
        member, named = _NAMED[self._kind]
        strangers = {_member(body, member) for body in self._unproven}
        left = {body: sequence for of_call in self._entries.values() for body, sequence in of_call.items()}
        for body, sequence in left.items():
            name = _member(body, member)
            breaks.add(sequence, f"its row, {named} {name}, {'was changed' if name in strangers else 'is gone'}")
        for name in sorted(strangers.difference(_member(body, member) for body in left)):
            breaks.add(None, f"{named} {name} has no entry: another hand has put it in")

    def _look(self, row: Entry | None) -> None:
        if row is None:
            return
        call = self._call(row.body)
        waiting = self._entries.get(call, {})
        if waiting.pop(row.body, None) is None:
            self._unproven.add(row.body)
            return
        self.proven += 1
        if not waiting:
            del self._entries[call]

    def _call(self, body: str) -> str:
        return _member(body, "call") if self._kind is Kind.CONSENT else ""


def _member(body: str, name: str) -> str:
    try:
        return str(json.loads(body)[name])
    except (TypeError, ValueError, LookupError):
        return "?"
