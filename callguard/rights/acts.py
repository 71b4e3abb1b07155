"""What is done for a person, by number, and entered as an act: who asked for what, by whom it was done, why, and what came of it (S15, C9).

An act is a row of a register that only grows, with its entry in the ledger. It is written in the transaction of what it tells, or, where
that takes many transactions, in the last one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.lines import line
from callguard.rights.person import Person
from callguard.store.register_rows import enter
from callguard.store.register_tables import acts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Why it is done, the letter or request it is on, and who does it."""

    reason: str
    reference: str
    by: str

    def checked(self) -> "Ask":
        """The same, with each a line of text. Raises :class:`callguard.errors.UsageError`."""
        return Ask(reason=line(self.reason, "--reason"), reference=line(self.reference, "--reference"), by=line(self.by, "--by"))


def enter_act(connection: sa.Connection, act: str, person: Person, ask: Ask, told: Mapping[str, object]) -> int:
    """Enter it; ``told`` says in words what came of it. Its number."""
    row = {
        "act": act,
        "number": person.number.raw,
        "number_e164": person.number.e164,
        "reason": ask.reason,
        "reference": ask.reference,
        "by": ask.by,
        "told": ", ".join(f"{name} {value}" for name, value in told.items()),
        "at": utc_now(),
    }
    return enter(connection, acts, row)
