"""A copy of a recording for a person who asks for it in writing (S11): all parties must consent to that, or somebody must answer for it.

What a party said to the release of one recording is a row, and so is its withdrawal; the last word counts, for copies to come. Whoever was
on the call is a party, the own people as well. Where a word is missing, a person with a name may state the ground on which the copy is
lawful all the same; that ground stands with the copy.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from callguard import numbers
from callguard.clock import utc_now
from callguard.errors import GuardRefusal, UsageError
from callguard.evidence.listening import refuse_restricted, the_heard
from callguard.evidence.vault import Vault
from callguard.lines import line
from callguard.rights.copies import Handing, hand_out, recorded
from callguard.rights.grounds import Ground
from callguard.rights.wishes import Way, require_day
from callguard.store.copy_rows import Copy, PartySaid, parties_said
from callguard.store.database import Database
from callguard.store.register_rows import enter
from callguard.store.register_tables import release_consents

RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a party said: ``given`` or ``withdrawn``, by which way and on which day, and the paper it is on."""

    step: str
    way: Way
    said_on: date
    reference: str


def note_said(database: Database, recording: str, party: str, said: Said, *, region: str, by: str) -> PartySaid:
    """Enter what a party said, who is named by number or leg. Raises :class:`UsageError`."""
    now = utc_now()
    require_day(said.said_on, now, "--said-on")
    row = {
        "recording_id": recording,
        "step": said.step,
        "way": said.way.value,
        "said_on": said.said_on,
        "reference": line(said.reference, "--reference"),
        "by": line(by, "--by"),
        "at": now,
    }
    with database.write() as connection:
        the_heard(connection, recording)
        legs = [one.leg for one in parties_said(connection, recording) if _is_meant(one, party, region)]
        if not legs:
            raise UsageError("is nobody who was on this call", place="--party", remedy=f"callguard release list {recording} tells who was")
        for leg in legs:
            enter(connection, release_consents, row | {"leg": leg})
        return next(one for one in parties_said(connection, recording) if one.leg == legs[0])


def may_release(connection: sa.Connection, recording: str) -> bool:
    """Whether every party of its call consents to the release; ``False`` for a call of nobody."""
    said = parties_said(connection, recording)
    return bool(said) and all(one.consents for one in said)


def release(database: Database, root: Path, vault: Vault | None, recording: str, handing: Handing, output: Path) -> Copy:
    """Give out a copy. Where ``handing.ground`` is not consent, somebody answers for it with that ground.

    Raises :class:`GuardRefusal` without every party's consent, for a restricted recording; :class:`CallguardError`, :class:`UsageError`.
    """

    def permit(connection: sa.Connection) -> None:
        refuse_restricted(the_heard(connection, recording))
        if handing.ground == Ground.CONSENT and not may_release(connection, recording):
            silent = ", ".join(f"{one.role} {one.leg}" for one in parties_said(connection, recording) if not one.consents)
            remedy = "callguard release consent enters what they said; or state the lawful ground with --lawful-ground"
            raise GuardRefusal(f"not every party consents to its release: {silent}", place=f"recording {recording}", remedy=remedy)

    return hand_out(database, recorded(database, root, vault, recording, permit), handing, output)


def _is_meant(one: PartySaid, party: str, region: str) -> bool:
    if party == one.leg:
        return True
    number = numbers.parse(party, region)
    return number.e164 == one.number_e164 if number.e164 else bool(number.raw) and number.raw == one.number
