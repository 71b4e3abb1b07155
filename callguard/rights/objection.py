"""A person objects to being recorded, or withdraws their consent: both are for the future (S4, S15, C8; GDPR art. 7 (3), 21).

Both come to the same, an entry in the do-not-record register (:mod:`callguard.rights.optouts`), honoured from the next call on and within a
second in one that goes on. What was lawfully recorded before stays until its own end, unless it is erased on its own ground. Who is in the
register already has said so before; the act is entered all the same, as the person is to be answered.
"""

from callguard.lines import line
from callguard.rights.acts import Ask, enter_act
from callguard.rights.optouts import enter_optout
from callguard.rights.person import Person
from callguard.rights.wishes import Wish
from callguard.store.database import Database
from callguard.store.optout_rows import Optout, list_optouts

_REASONS = {"object": "objection (GDPR art. 21)", "withdraw": "withdrawal of consent (GDPR art. 7 (3))"}


def enter_wish(database: Database, act: str, person: Person, wish: Wish, *, by: str) -> Optout:
    """Enter it; the entry in the register, an earlier one where there is one. Raises :class:`callguard.errors.UsageError`."""
    ask = Ask(reason=_REASONS[act], reference=line(wish.reference, "--reference"), by=line(by, "--by"))
    with database.read() as connection:
        known = next(iter(list_optouts(connection, number=person.shown)), None)
    entry = known or enter_optout(database, wish, by=by)
    with database.write() as connection:
        enter_act(connection, act, person, ask, {"register entry": entry.id, "way": wish.way.value, "said on": wish.wished_on})
    return entry
