"""Records with the end that they have, the one that the rules in force give them, and the earliest that their floors allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from callguard.retention.dating import expiry
from callguard.retention.holds import Hold, Matter
from callguard.retention.retagging import Retag, Tagged, judge_retag
from callguard.retention.ruleset import RuleSet
from callguard.retention.terms import Expiry, Kind
from callguard.store.hold_rows import holds_in_force, matters
from callguard.store.record_rows import StoredRecord, dated_page, known_contracts, lock_record
from callguard.store.retag_rows import TaggedRecording, lock_tagged, tagged_page


@dataclass(frozen=True, slots=True)
class Found:
    """A record, what it is about as far as its own row says, and its ends. ``recording`` is ``None`` for a row without a file."""

    tagged: Tagged
    by_rule: Expiry | None
    floor: Expiry | None
    recording: TaggedRecording | None = None


def page_of(connection: sa.Connection, rules: RuleSet, kind: Kind, after: str | None) -> Sequence[Found]:
    """The next page in order of ids; none: that was all."""
    if kind is Kind.RECORDING:
        return [_recording(rules, one) for one in tagged_page(connection, after or "")]
    return _records(connection, rules, dated_page(connection, kind, after))


def locked(connection: sa.Connection, rules: RuleSet, kind: Kind, identifier: str) -> Sequence[Found]:
    """The one of that id, whose row nobody changes before this transaction ends; none: it is gone, or not dated any more."""
    if kind is Kind.RECORDING:
        recording = lock_tagged(connection, identifier)
        return [_recording(rules, recording)] if recording else []
    record = lock_record(connection, kind, identifier)
    return _records(connection, rules, [record]) if record and record.kept_rule else []


def judged(connection: sa.Connection, found: Sequence[Found]) -> list[Retag]:
    """A verdict for each. Calls are read only when there is a hold that could ask for it."""
    holds = holds_in_force(connection)
    about = _about(connection, found, holds)
    return [
        judge_retag(replace(one.tagged, matter=matter), one.by_rule, one.floor.until if one.floor else None, holds)
        for one, matter in zip(found, about, strict=True)
    ]


def _about(connection: sa.Connection, found: Sequence[Found], holds: Sequence[Hold]) -> list[Matter]:
    calls = [one.tagged.matter.call for one in found if one.tagged.matter.call]
    known = matters(connection, calls) if holds else {}
    return [_joined(one, known.get(one.tagged.matter.call or "")) for one in found]


def _joined(one: Found, call: Matter | None) -> Matter:
    own = one.tagged.matter
    if call is None:
        return own
    return call if one.recording is None else replace(call, recordings=own.recordings)


def _recording(rules: RuleSet, one: TaggedRecording) -> Found:
    matter = Matter(recordings=frozenset({one.id}), call=one.call_id, since=one.started_at, until=one.started_at)
    tagged = Tagged(Kind.RECORDING, one.id, one.expires_at, one.settled, one.held, matter)
    floor = rules.at_floor().of_recording(one.policy, one.started_at)
    return Found(tagged, rules.of_recording(one.policy, one.started_at), floor, one)


def _records(connection: sa.Connection, rules: RuleSet, page: Sequence[StoredRecord]) -> list[Found]:
    known = known_contracts(connection, page)
    floors = rules.at_floor()
    return [Found(_tagged(one), expiry(rules, one, known), expiry(floors, one, known)) for one in page]


def _tagged(one: StoredRecord) -> Tagged:
    return Tagged(one.kind, one.id, one.kept_until, settled=True, held=False, matter=one.matter)
