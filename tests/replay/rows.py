"""What a killed daemon leaves and the next one finds: calls through the tables of the database, here in memory."""

from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from callguard.call.state import Call
from callguard.clock import utc_now
from callguard.store.all_tables import metadata
from callguard.store.loading import load_calls
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_calls


def through_rows(calls: Iterable[Call]) -> list[Call]:
    """These calls as they come back from their rows, which are forgotten again."""
    kept = list(calls)
    with _engine().connect() as connection:
        for call in kept:
            remember_policy(connection, call.policy, utc_now())
        save_calls(connection, [(None, call) for call in kept])
        back = load_calls(connection, [call.id for call in kept])
        connection.rollback()
    return back


@cache
def _engine() -> sa.Engine:
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    return engine
