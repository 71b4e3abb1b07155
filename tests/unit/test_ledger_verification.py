"""Tampering of every kind, found, and the first bad entry named. No database: a chain, its rows and the heads that were noted."""

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.evidence import entries
from callguard.evidence.chain import GENESIS, Entry, Head, Link, follow
from callguard.evidence.entries import Kind
from callguard.evidence.verification import TOLD, Break, Findings, NotedHead, verify

AT = 1_795_299_150_250
COUNT = 12
PLACES = st.integers(2, COUNT)


def consent_row(which: int, /, **columns: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(entries.CONSENT_COLUMNS)
    return row | {"call_id": f"c{which}", "purposes": '["quality"]', "complete": True, "salt": f"{which:032x}", **columns}


def consent(number: int) -> Entry:
    return entries.consent(consent_row(number))


@dataclass(frozen=True, slots=True)
class Ledger:
    """A chain, the rows that it proves, and the heads that were noted of it."""

    links: tuple[Link, ...]
    rows: tuple[Entry, ...]
    heads: tuple[NotedHead, ...] = ()

    def verify(self) -> Findings:
        rows: dict[Kind, Iterator[Entry]] = {Kind.CONSENT: iter(self.rows)}
        return verify(self.links, self.heads, rows)

    def noted(self, *places: int) -> "Ledger":
        """With heads noted after these entries."""
        return replace(self, heads=tuple(NotedHead("then", Head(place, self.links[place - 1].hash)) for place in places))


def ledger(count: int = COUNT) -> Ledger:
    """It begins, and then has one decision after the other: that of call c2 is entry 2, and so on."""
    decisions = [consent(number) for number in range(2, count + 1)]
    return Ledger(tuple(follow(GENESIS, AT, [entries.begin("00ff", 0), *decisions])), tuple(decisions))


def anew(links: Sequence[Link], start: int, made: Sequence[Entry]) -> tuple[Link, ...]:
    """The chain up to ``start``, and behind it these entries, with hashes that fit."""
    kept = links[: start - 1]
    return (*kept, *follow(Head(start - 1, kept[-1].hash) if kept else GENESIS, AT, made))


def test_what_was_written_is_whole() -> None:
    found = ledger().noted(1, 5, COUNT).verify()
    assert (found.head.sequence, found.agreed, found.proven, found.broken, found.first_bad) == (COUNT, 3, {"consent": COUNT - 1}, 0, None)


def flip(text: str, bit: int) -> str:
    """The text with one bit of its UTF-8 the other way."""
    content = bytearray(text.encode())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    return content.decode(errors="replace")


@given(PLACES, st.sampled_from(["at", "kind", "body", "hash"]), st.integers(0, 700))
def test_a_flipped_bit(place: int, member: str, bit: int) -> None:
    whole = ledger()
    link = whole.links[place - 1]
    changed = {"at": link.at ^ 1 << bit % 40} if member == "at" else {member: flip(getattr(link, member), bit)}
    found = replace(whole, links=(*whole.links[: place - 1], link._replace(**changed), *whole.links[place:])).verify()
    assert found.first_bad == place


@given(PLACES, st.sampled_from([None, "x", 2**70, -(2**70), b"\xff"]))
def test_what_is_no_time_at_all(place: int, at: object) -> None:
    """SQLite holds anything in any column."""
    whole = ledger()
    links = [*whole.links]
    links[place - 1] = Link._make((place, at, *links[place - 1][2:]))
    assert replace(whole, links=tuple(links)).verify().first_bad == place


@given(PLACES)
def test_a_dropped_entry(place: int) -> None:
    """The last one is missed by its row."""
    whole = ledger()
    found = replace(whole, links=(*whole.links[: place - 1], *whole.links[place:])).verify()
    assert found.first_bad == (place if place < COUNT else None)
    assert found.breaks[-1] == Break(None, f"a decision in call c{place} has no entry: another hand has put it in")


@given(PLACES)
def test_a_dropped_entry_with_those_behind_it_renumbered(place: int) -> None:
    whole = ledger()
    moved = (link._replace(sequence=link.sequence - 1) for link in whole.links[place:])
    found = replace(whole, links=(*whole.links[: place - 1], *moved)).verify()
    assert found.first_bad == (place if place < COUNT else None)
    assert found.broken == COUNT - place + 1


@given(st.integers(1, COUNT))
def test_an_inserted_entry(place: int) -> None:
    whole = ledger()
    before = whole.links[: place - 1]
    head = Head(place - 1, before[-1].hash) if before else GENESIS
    (forged,) = follow(head, AT, [consent(99)])
    moved = [link._replace(sequence=link.sequence + 1) for link in whole.links[place - 1 :]]
    found = replace(whole, links=(*before, forged, *moved)).verify()
    assert found.breaks[0].entry == place + 1, "the first that does not follow"
    assert found.breaks[-1] == Break(place, "its row, a decision in call c99, is gone")
    assert found.first_bad == place


def test_behind_an_inserted_entry_only_the_first_breaks_are_told() -> None:
    whole = ledger(3 * TOLD)
    moved = [link._replace(sequence=link.sequence + 1) for link in whole.links[1:]]
    found = replace(whole, links=(whole.links[0], whole.links[1], *moved)).verify()
    assert (found.first_bad, found.breaks[TOLD - 1].entry) == (3, TOLD + 2)
    assert (len(found.breaks), found.broken) == (TOLD + 1, 3 * TOLD), "and that the decision was entered twice"


@given(PLACES, PLACES)
def test_two_swapped_entries(one: int, other: int) -> None:
    whole = ledger()
    links = [*whole.links]
    links[one - 1], links[other - 1] = links[other - 1]._replace(sequence=one), links[one - 1]._replace(sequence=other)
    found = replace(whole, links=tuple(links)).verify()
    assert found.first_bad == (None if one == other else min(one, other))


@given(st.integers(0, COUNT - 1))
def test_a_cut_off_end(last: int) -> None:
    """Found by the head, though the rows were cut off as well."""
    whole = ledger().noted(COUNT)
    found = replace(whole, links=whole.links[:last], rows=whole.rows[: max(0, last - 1)]).verify()
    assert found.first_bad == last + 1
    assert any("the head of then" in one.message for one in found.breaks)


@given(PLACES)
def test_a_chain_that_was_written_anew_from_the_middle(place: int) -> None:
    """Rows and entries changed alike, every hash made again: the heads that were noted say when it was not so."""
    whole = ledger().noted(1, 6, COUNT)
    forged = [consent(number + 100) for number in range(place, COUNT + 1)]
    found = replace(whole, links=anew(whole.links, place, forged), rows=(*whole.rows[: place - 2], *forged)).verify()
    assert found.first_bad == (6 if place <= 6 else COUNT)
    assert found.agreed == (1 if place <= 6 else 2)


@given(PLACES, st.sampled_from(["decision", "number", "heard_ms", "salt"]))
def test_a_changed_row(place: int, column: str) -> None:
    whole = ledger()
    rows = [*whole.rows]
    rows[place - 2] = entries.consent(consent_row(place, **{column: 7}))
    found = replace(whole, rows=tuple(rows)).verify()
    assert found.breaks == (Break(place, f"its row, a decision in call c{place}, was changed"),)


@given(PLACES)
def test_a_dropped_row(place: int) -> None:
    whole = ledger()
    found = replace(whole, rows=(*whole.rows[: place - 2], *whole.rows[place - 1 :])).verify()
    assert found.breaks == (Break(place, f"its row, a decision in call c{place}, is gone"),)
    assert found.proven == {"consent": COUNT - 2}


def test_rows_that_were_removed_lawfully() -> None:
    """C6a, C9: the entries stay, and say that the decisions were removed, by which rule. A later one of the same call is not covered."""
    removal = entries.consents_removed("c3", "3 years after the end of the contract")
    links = tuple(follow(GENESIS, AT, [entries.begin("00ff", 0), consent(2), consent(3), removal]))
    assert Ledger(links, (consent(2),)).verify().broken == 0
    later = (*links, *follow(Head(4, links[-1].hash), AT, [entries.consent(consent_row(3, salt="later"))]))
    assert Ledger(later, (consent(2),)).verify().first_bad == 5


def test_a_ledger_that_was_emptied() -> None:
    assert Ledger((), ()).verify().first_bad == 1


def test_an_entry_before_the_first() -> None:
    whole = ledger()
    found = replace(whole, links=(whole.links[0]._replace(sequence=0), *whole.links)).verify()
    assert found.first_bad == 0


@pytest.mark.parametrize("body", ["{}", "no JSON", "[]", '{"call": 1, "call"'])
def test_a_body_that_cannot_be_read(body: str) -> None:
    whole = ledger()
    for kind in (Kind.CONSENT.value, Kind.CONSENTS_REMOVED.value):
        links = anew(whole.links, COUNT, [Entry(kind, body)])
        assert replace(whole, links=links).verify().broken


def test_the_text_that_is_hashed_can_be_taken_apart_in_one_way_only() -> None:
    """A kind with a quote in it could be part of a body: the same hash, another entry."""
    (link,) = follow(GENESIS, AT, [Entry("consent", '{"call":"c1","kind":"a"}')])
    split = link._replace(body='{"call":"c1"', kind='a"},"kind":"consent')
    assert verify([split], [], {}).first_bad == 1
    assert verify([link], [], {}).broken == 0


class TestWhatEntriesTell:
    def test_nothing_of_a_person(self) -> None:
        """C7, C9: an entry outlives the person's erasure, so it has the random id of the call and a digest that nobody can guess."""
        row = consent_row(2, number="+40722000111", leg="1795299034.33", decided_at=AT, received_at=AT)
        entry = entries.consent(row)
        assert set(json.loads(entry.body)) == {"call", "digest"}
        assert entries.consent({**row, "salt": "f" * 32}) != entry

    def test_a_deletion_is_told_whole(self) -> None:
        row = {"recording_id": "c1-1", "reason": "expired", "rule": "6 months", "sha256": "ab", "size": 4, "file": "present"}
        told = json.loads(entries.deletion({**row, "expires_at": AT, "deleted_at": AT + 1}).body)
        assert told == {**row, "expires_at": "2026-11-21T22:12:30.250Z", "deleted_at": "2026-11-21T22:12:30.251Z"}


def aged(count: int, kept: int) -> Iterator[Entry]:
    """Decisions of years, of which each was removed a while after, but for the last ones."""
    for number in range(count):
        yield consent(number)
        if number >= kept:
            yield entries.consents_removed(f"c{number - kept}", "3 years after the end of the contract")


def test_years_of_removed_decisions_are_not_held() -> None:
    """C6a: rows go some day, and the ledger that tells of them only grows; what it takes to prove it does not."""
    count, kept = 6_000, 200
    rows: dict[Kind, Iterator[Entry]] = {Kind.CONSENT: map(consent, range(count - kept, count))}
    tracemalloc.start()
    found = verify(follow(GENESIS, AT, aged(count, kept)), (), rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.broken, found.proven) == (0, {"consent": kept})
    assert most < 1_000_000


def test_rows_far_behind_those_that_were_removed_are_still_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows wait for their entries than may; the rest is read when their turn comes, and a change is found there as well."""
    monkeypatch.setattr("callguard.evidence.verification.AHEAD", 5)
    links = tuple(follow(GENESIS, AT, [*map(consent, range(100)), *(entries.consents_removed(f"c{one}", "a rule") for one in range(50))]))
    left = [consent(one) for one in range(50, 100)]
    read: list[Entry] = []

    def rows() -> Iterator[Entry]:
        for row in left:
            read.append(row)
            yield row

    def entered() -> Iterator[Link]:
        for link in links:
            assert len(read) <= max(0, link.sequence - 50) + 6
            yield link

    assert verify(entered(), (), {Kind.CONSENT: rows()}).proven == {"consent": 50}
    left[30] = entries.consent(consent_row(80, decision="granted"))
    found = Ledger(links, tuple(left)).verify()
    assert (found.proven, found.breaks) == ({"consent": 49}, (Break(81, "its row, a decision in call c80, was changed"),))


def test_rows_that_came_back_after_they_were_removed_are_told() -> None:
    """C7: a restored table of decisions is not what the ledger proves."""
    links = tuple(follow(GENESIS, AT, [consent(1), consent(2), consent(3), entries.consents_removed("c2", "a rule")]))
    rows = (consent(1), consent(3), consent(2))
    found = Ledger(links, rows).verify()
    assert (found.broken, found.proven) == (0, {"consent": 3}), "one that is read before its removal is taken for what it was"
    late = tuple(follow(GENESIS, AT, [consent(2), entries.consents_removed("c2", "a rule"), consent(1), consent(3)]))
    (told,) = Ledger(late, rows).verify().breaks
    assert told == Break(None, "a decision in call c2 has no entry: another hand has put it in")
