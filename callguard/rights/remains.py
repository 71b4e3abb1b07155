"""What is kept of a person outside of calls and messages: files in quarantine, and the addresses that their phone was used from (S15, C9).

A file in quarantine belongs to nobody, which is why it is there; but its name may say whose it was. It is a person's when their telephone
number stands anywhere in its path, in whatever form; when the PBX named it after them as a caller or a called one, for which an extension
will do; when the id of one of their calls is in its name, or that of one of their recordings on the file. An extension is not looked for
anywhere else: its few digits are in every date.

An account is a person's when it is their number, with or without what stands behind its ``@``. Its addresses are kept for notices only
(:mod:`callguard.store.notice_rows`), and no law has them kept: they go on request, with a proof that names nobody.

A hold beats both. One that may ask for a file of which nobody knows whose it is keeps it here as well, and the person is told so.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import sqlalchemy as sa

from callguard.adoption.names import UnfitError, read_name
from callguard.clock import utc_now
from callguard.errors import FileFault
from callguard.retention.execution import Result
from callguard.retention.holds import Hold, Matter, holding, reason
from callguard.retention.naming import named
from callguard.retention.quarantine import erase_quarantined, judge_quarantined
from callguard.retention.rules import Action, Ground, Verdict
from callguard.retention.terms import Kind
from callguard.retention.whole import Premises
from callguard.rights.erasing import ART_17, OBSTRUCTED, REQUEST, RULE, Fate, Judged
from callguard.rights.person import Person
from callguard.store.erasure_rows import erase_equipment
from callguard.store.hold_rows import holds_in_force, shut
from callguard.store.notice_rows import Equipment, equipment_of
from callguard.store.person_rows import calls_among
from callguard.store.quarantine_rows import Quarantined, calls_behind, pages

_DIGITS = re.compile(r"\+?[0-9]{7,}")
_ALIKE = 7
"""The last digits of a telephone number, which are the same however it is written."""


def quarantined_of(connection: sa.Connection, person: Person) -> list[Quarantined]:
    """The files in quarantine that are the person's, in order of expiry."""
    return [one for page in pages(connection) for one in _theirs(connection, person, page)]


def seen_of(connection: sa.Connection, person: Person) -> Sequence[Equipment]:
    """The addresses of the person's accounts, the latest first."""
    return equipment_of(connection, lambda account: person.meant_by(account) or person.meant_by(account.partition("@")[0]))


def judge_remains(premises: Premises, person: Person) -> Iterator[Judged]:
    """What would become of each. Raises :class:`callguard.errors.StoreError`."""
    with premises.database.read() as connection:
        for one in quarantined_of(connection, person):
            yield _as_judged(judge_quarantined(connection, premises.root, one, ART_17))
        holds = holds_in_force(connection)
        yield from [_judge_seen(one, person, holds) for one in seen_of(connection, person)]


def erase_remains(premises: Premises, person: Person) -> Iterator[Judged]:
    """Do it, each file in a transaction of its own. Raises :class:`callguard.errors.StoreError`."""
    with premises.database.read() as connection:
        found = quarantined_of(connection, person)
    for one in found:
        yield from _erase_file(premises, one)
    yield from _erase_seen(premises, person)


def _theirs(connection: sa.Connection, person: Person, page: Sequence[Quarantined]) -> Iterator[Quarantined]:
    uniques = {one.id: unique for one in page if (unique := _read(one.path)[0])}
    behind = calls_behind(connection, page, uniques)
    of_person = calls_among(connection, person, sorted({call for calls in behind.values() for call in calls}))
    return (one for one in page if behind[one.id] & of_person or _is_named_after(person, one.path))


def _is_named_after(person: Person, path: str) -> bool:
    if any(person.meant_by(written) for written in _read(path)[1:] if written):
        return True
    if person.number.e164 is None or person.number.e164[-_ALIKE:] not in path:
        return False
    written_out = _DIGITS.findall(path)
    return any(person.meant_by(one) or person.meant_by(f"+{one}") for one in written_out)


def _read(path: str) -> tuple[str | None, str, str]:
    """The PBX's id of the call, the caller and the called one, as far as its name says them."""
    whole = PurePath("/", path)
    try:
        found = read_name(whole.with_name(named(whole.name).plain))
    except UnfitError:
        return None, "", ""
    return found.unique, found.caller, found.called


def _erase_file(premises: Premises, one: Quarantined) -> Iterator[Judged]:
    try:
        outcome = erase_quarantined(premises.database, premises.root, one.id, ART_17, RULE)
    except FileFault as fault:
        why = f"{ART_17} asked for, but {fault.message}"
        yield Judged(Kind.QUARANTINE, str(one.id), Fate.KEEP, OBSTRUCTED, why, one.expires_at)
        return
    if outcome is not None:
        judged = _as_judged(outcome.verdict)
        linked = outcome.result is Result.FAILED and judged.fate is Fate.ERASE
        yield Judged(Kind.QUARANTINE, judged.record, Fate.KEEP, OBSTRUCTED, judged.reason) if linked else judged


def _as_judged(verdict: Verdict) -> Judged:
    if verdict.action is Action.KEEP:
        return Judged(Kind.QUARANTINE, verdict.record, Fate.KEEP, verdict.ground, verdict.reason, verdict.expires_at)
    return Judged(Kind.QUARANTINE, verdict.record, Fate.ERASE, REQUEST, verdict.reason)


def _erase_seen(premises: Premises, person: Person) -> Sequence[Judged]:
    with premises.database.write() as connection:
        shut(connection)
        holds = holds_in_force(connection)
        seen = seen_of(connection, person)
        judged = [_judge_seen(one, person, holds) for one in seen]
        gone = [one for one, verdict in zip(seen, judged, strict=True) if verdict.fate is Fate.ERASE]
        erase_equipment(connection, gone, ART_17, RULE, utc_now())
    return judged


def _judge_seen(one: Equipment, person: Person, holds: Sequence[Hold]) -> Judged:
    matter = Matter(numbers=frozenset({person.shown, one.account}), since=one.first_seen_at, until=one.last_seen_at)
    name = f"{one.account} at {one.address}"
    if caught := holding(holds, matter):
        return Judged(Kind.EQUIPMENT, name, Fate.KEEP, Ground.HELD, reason(caught[0]))
    return Judged(Kind.EQUIPMENT, name, Fate.ERASE, REQUEST, ART_17)
