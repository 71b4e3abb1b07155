"""Calls with their people, decisions and recordings, and messages, for retention to work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.retention.execution import Outcome, SweepTotals, execute
from callguard.retention.guards import Limits
from callguard.retention.ruleset import PolicyTerms, RuleSet
from callguard.retention.terms import OfficeCalendar
from callguard.retention.whole import Premises, WholePlan, plan_whole, unguarded
from callguard.store.contract_rows import import_contracts
from callguard.store.database import Database
from callguard.store.tables import calls, consents, messages, parties, record_deletions, recordings
from tests.integration.sweep_place import POLICY, STARTED, Place, new_place

ENDED = date(2026, 12, 31)
GONE = datetime(2030, 1, 1, tzinfo=UTC)
"""When records of a contract that ended then are gone, by the calendar of Greenwich."""

ADA, BEA = "+40722000111", "+40722000222"
RULES = RuleSet({"inbound": PolicyTerms(Period(6, Unit.MONTHS))}, calendar=OfficeCalendar())
LIMITS = Limits(25, Period(31, Unit.DAYS))


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A place for sweeps of everything."""

    files: Place
    rules: RuleSet

    @property
    def database(self) -> Database:
        return self.files.database

    @property
    def premises(self) -> Premises:
        return Premises(self.database, self.files.root, self.files.keys, self.rules, LIMITS, dict)

    def call(self, name: str, caller: str | None = ADA, people: Sequence[str] = (), decisions: int = 0, **columns: Any) -> None:  # noqa: ANN401
        """A call that has ended, unless told otherwise."""
        row = {
            "id": name,
            "pbx": "main",
            "linkedid": name,
            "direction": "inbound",
            "policy_version": POLICY.version,
            "caller": caller or "anonymous",
            "caller_e164": caller,
            "callee": "200",
            "callee_e164": None,
            "dialled": "0312000000",
            "redirecting": [],
            "started_at": STARTED,
            "received_at": STARTED,
            "ended_at": STARTED + timedelta(minutes=1),
            "queue": None,
            **columns,
        }
        with self.database.write() as connection:
            connection.execute(sa.insert(calls), row)
            for position, number in enumerate(people):
                connection.execute(sa.insert(parties), _party(name, position, number))
            for position in range(decisions):
                connection.execute(sa.insert(consents), _consent(name, position))

    def message(self, sender: str = ADA, recipient: str = "2020", **columns: Any) -> None:  # noqa: ANN401
        row = {"pbx": "main", "direction": "inbound", "sender": sender, "recipient": recipient, "at": STARTED, "received_at": STARTED}
        row |= {"sender_e164": sender if sender.startswith("+") else None, **columns}
        with self.database.write() as connection:
            connection.execute(sa.insert(messages), row)

    def contract(self, number: str = ADA, ended_on: date | None = ENDED) -> None:
        with self.database.write() as connection:
            import_contracts(connection, {number: ended_on}, STARTED)

    def plan(self, as_of: datetime = GONE) -> WholePlan:
        return plan_whole(self.premises, as_of)

    def sweep(self, as_of: datetime = GONE) -> tuple[SweepTotals, dict[str, Outcome]]:
        """What a sweep did, whatever guards say, and the outcome for each record, by kind and id."""
        outcomes: list[Outcome] = []
        totals = execute(unguarded(self.premises, as_of, lambda: False), outcomes.append)
        return totals, {f"{one.verdict.kind} {one.verdict.record}": one for one in outcomes}

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]

    def left(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table.name: len(self.rows(table)) for table in (calls, parties, consents, recordings, messages, record_deletions)}

    def kept(self, name: str) -> tuple[datetime | None, str | None]:
        (row,) = (row for row in self.rows(calls) if row["id"] == name)
        return row["kept_until"], row["kept_rule"]


def new_record_place(database: Database, folder: Path, rules: RuleSet = RULES) -> RecordPlace:
    """An empty root, and a policy for calls to fall under; the call of `new_place` goes on and is never due."""
    return RecordPlace(new_place(database, folder), rules)


def _party(call: str, position: int, number: str) -> dict[str, Any]:
    row = {"call_id": call, "leg": f"{call}.{position}", "position": position, "channel": "PJSIP/a", "role": "joined", "number": number}
    row |= {"number_e164": number if number.startswith("+") else None, "outside": True, "stage": "gone", "step": 0, "attempt": 0}
    return row | {"heard_ms": 0, "complete": False}


def _consent(call: str, position: int) -> dict[str, Any]:
    row = {"call_id": call, "leg": f"{call}.0", "position": position, "decision": "stayed", "how": "stayed", "heard_ms": 2400}
    row |= {"complete": True, "decided_at": STARTED, "received_at": STARTED, "policy_version": POLICY.version}
    return row | {"legal_basis": "consent", "purposes": ["quality"], "salt": "5a" * 16, "number": ADA}
