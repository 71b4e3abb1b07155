"""What a turn writes: the calls it changed, the messages it saw and the mails that both give rise to, in one transaction.

A mail is queued where its reason is written: neither is ever there without the other. Whoever wants no mails pays for none; a turn that
tells of nothing new to the database leaves it alone.
"""

from callguard.clock import utc_now
from callguard.mail.notices import Notices
from callguard.store.database import Database
from callguard.store.message_rows import add_messages
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_calls
from callguard.turn import Turn


class Writing:
    """For the thread of the engine; remembers which policies are kept already."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices
        self._kept: set[str] = set()

    def write(self, turn: Turn) -> None:
        """All of it or nothing. Raises :class:`callguard.errors.StoreError`."""
        changes = turn.changes
        told = self._notices.concerning(changes, turn.news, turn.reconciled)
        if not changes and not turn.messages and not told:
            return
        new = {call.policy.version: call.policy for before, call in changes if before is None and call.policy.version not in self._kept}
        transaction = self._database.write if new or turn.messages or told else self._database.write_straight
        with transaction() as connection:
            for policy in new.values():
                remember_policy(connection, policy, utc_now())
            save_calls(connection, changes)
            add_messages(connection, turn.messages)
            for one in told:
                one.queue(connection, utc_now())
        self._kept.update(new)
