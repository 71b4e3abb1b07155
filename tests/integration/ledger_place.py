"""A ledger as the daemon and the sweep fill it, and what `verify` finds in it."""

from itertools import pairwise

from callguard.evidence.heads import heads_file, noted_heads
from callguard.evidence.verification import Findings, verify
from callguard.store.database import Database
from callguard.store.deletion_rows import Deletion, prove_all
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import links, read_one_state
from callguard.store.records import save_calls
from callguard.store.retention_rows import SweepRow, read_recordings, record_sweep
from tests.integration.store_values import after, keep, life


def fill(database: Database, *names: str) -> None:
    """A call each: recorded, deleted and swept."""
    with database.write() as connection:
        keep(connection)
    for name in names:
        steps = life(name)
        with database.write() as connection:
            save_calls(connection, [(None, steps[0]), *pairwise(steps)])
        with database.write() as connection:
            (recording,) = read_recordings(connection, [f"{name}-r"])
            prove_all(connection, [Deletion(recording=recording, reason="expired", file="present", rule="6 months")], after(90))
    with database.write() as connection:
        record_sweep(connection, SweepRow(as_of=after(80), finished_at=after(91), considered=len(names), deleted=len(names), failed=0))


def found_in(database: Database) -> Findings:
    """As `callguard ledger verify` does it."""
    noted = noted_heads(heads_file(database.url))
    with database.read() as connection:
        read_one_state(connection)
        return verify(links(connection), noted, proven_rows(connection))
