"""What an erasure writes to records of calls, messages and phones: gone with proof, or cut to what their ground needs (GDPR art. 17)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from secrets import token_hex

import sqlalchemy as sa

from callguard.evidence import entries, retention_entries
from callguard.evidence.chain import Entry
from callguard.retention.terms import Kind
from callguard.store.ledger_rows import append
from callguard.store.notice_rows import Equipment, forget_equipment
from callguard.store.record_parts import parts_of, prove_deletion, remove_call, remove_message
from callguard.store.rights_tables import redirections
from callguard.store.tables import calls
from callguard.store.types import to_millis


def erase_record(connection: sa.Connection, kind: Kind, identifier: str, reason: str, rule: str, now: datetime) -> None:
    """Remove a call with all that belongs to it, or a message; with a proof of each, in the ledger as well."""
    decisions = parts_of(connection, [identifier])[identifier][1] if kind is Kind.CDR else ()
    gone = [(kind, identifier), *((Kind.CONSENT, one) for one in decisions)]
    told = {"reason": reason, "rule": rule, "kept_until": now, "deleted_at": now}
    prove_deletion(connection, [{"kind": each.value, "record_id": one, **told} for each, one in gone])
    if kind is Kind.CDR:
        remove_call(connection, identifier)
    else:
        remove_message(connection, identifier)
    append(connection, [*_entries(gone, identifier, reason, rule, now)])


def erase_equipment(connection: sa.Connection, seen: Iterable[Equipment], reason: str, rule: str, now: datetime) -> None:
    """Remove addresses that accounts were seen at; with a proof of each under a random name, since an account is a number."""
    told = {"reason": reason, "rule": rule, "kept_until": now, "deleted_at": now}
    gone = {token_hex(8): one for one in seen}
    for one in gone.values():
        forget_equipment(connection, one)
    if gone:
        prove_deletion(connection, [{"kind": Kind.EQUIPMENT.value, "record_id": name, **told} for name in gone])
        append(connection, [retention_entries.record_deletion(Kind.EQUIPMENT.value, name, rule, to_millis(now)) for name in gone])


def cut_call(connection: sa.Connection, identifier: str) -> bool:
    """Take away what no ground needs: equipment, and who redirected the call; whether there was anything."""
    itself = calls.c.id == identifier
    told = sa.or_(calls.c.equipment_ip.is_not(None), calls.c.user_agent.is_not(None))
    bare: dict[str, object] = {"equipment_ip": None, "user_agent": None, "redirecting": []}
    cut = connection.execute(sa.update(calls).where(itself, told).values(bare)).rowcount
    turned = connection.execute(sa.delete(redirections).where(redirections.c.call_id == identifier)).rowcount
    if turned:
        connection.execute(sa.update(calls).where(itself).values(redirecting=[]))
    return bool(cut or turned)


def _entries(gone: list[tuple[Kind, str]], call: str, reason: str, rule: str, now: datetime) -> Iterator[Entry]:
    if len(gone) > 1:
        yield entries.consents_removed(call, reason)
    for kind, one in gone:
        yield retention_entries.record_deletion(kind.value, one, rule, to_millis(now))
