"""Giving what is kept of people to an authority or a third party, only on a listed ground, and entered (C11).

What is given is a recording, or the record of a call as a JSON document. What is restricted is given only where the law asks for it
(:mod:`callguard.rights.grounds`). Numbers in a call's record are whole: an authority has no use for half of one, and the ground is written
down. What is held is not told: an investigation is nobody else's affair.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from callguard.errors import GuardRefusal, UsageError
from callguard.evidence.listening import RESTRICTED, refuse_restricted, the_heard
from callguard.evidence.vault import Vault
from callguard.retention.rules import stamp
from callguard.rights.copies import Handing, Source, hand_out, recorded
from callguard.rights.grounds import WHILE_RESTRICTED
from callguard.store.act_rows import is_restricted
from callguard.store.copy_rows import Copy
from callguard.store.database import Database
from callguard.store.listing import shape_calls

DISCLOSURE = "disclosure"


def disclose_recording(database: Database, root: Path, vault: Vault | None, recording: str, handing: Handing, output: Path) -> Copy:
    """Give out a copy of a recording. Raises :class:`UsageError`, :class:`GuardRefusal` for a restricted one, :class:`CallguardError`."""

    def permit(connection: sa.Connection) -> None:
        found = the_heard(connection, recording)
        if handing.ground not in WHILE_RESTRICTED:
            refuse_restricted(found)

    return hand_out(database, recorded(database, root, vault, recording, permit), handing, output)


def disclose_call(database: Database, call: str, handing: Handing, output: Path) -> Copy:
    """Give out the record of a call. Raises :class:`UsageError`, :class:`GuardRefusal` for a restricted one, :class:`FileFault`."""

    def permit(connection: sa.Connection) -> None:
        if handing.ground not in WHILE_RESTRICTED and is_restricted(connection, call):
            raise GuardRefusal(RESTRICTED, place=f"call {call}", remedy="see callguard person restrict")

    with database.read() as connection:
        permit(connection)
        record = next(iter(shape_calls(connection, [call])), None)
    if record is None:
        raise UsageError("there is no such call", place=call, remedy="callguard calls lists them")
    told = asdict(record)
    for one in told["recordings"]:
        del one["held"]

    def make(mark: str) -> Iterable[bytes]:
        yield json.dumps({"copy": mark, "call": told}, ensure_ascii=False, indent=2, default=_plain).encode() + b"\n"

    return hand_out(database, Source(call=call, recording=None, make=make, permit=permit), handing, output)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
