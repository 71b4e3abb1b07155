"""A database and a folder of recordings for the sweep to work on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.call.policy import Mode, Policy
from callguard.evidence.keys import KeyStore
from callguard.retention.execution import Outcome, SweepTotals, execute
from callguard.retention.sweep import SweepPlan, plan_sweep
from callguard.store.database import Database
from callguard.store.policy_rows import remember_policy
from callguard.store.tables import calls, deletions, recordings
from tests.wav_bytes import whole

DUE = datetime(2027, 2, 28, 9, 30, tzinfo=UTC)
STARTED = datetime(2026, 8, 31, 9, 30, tzinfo=UTC)
DAY = "2026/08/31"
CONTENT = whole(80)

POLICY = Policy("inbound", "p1", "inbound", Mode.NOTICE, "consent", ("quality",), Period(6, Unit.MONTHS), None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep happens."""

    database: Database
    root: Path
    keys: KeyStore

    def add_call(self) -> None:
        """The one call that all recordings belong to, and its policy."""
        with self.database.write() as connection:
            remember_policy(connection, POLICY, STARTED)
            connection.execute(
                sa.insert(calls),
                {
                    "id": "c",
                    "pbx": "main",
                    "linkedid": "1.1",
                    "direction": "inbound",
                    "policy_version": "p1",
                    "caller": "+40722000001",
                    "callee": "100",
                    "dialled": "0312000000",
                    "redirecting": [],
                    "started_at": STARTED,
                    "received_at": STARTED,
                },
            )

    def add(self, name: str, content: bytes | None = CONTENT, **columns: object) -> Path:
        """A recording that is due at ``DUE`` unless told otherwise, with its file."""
        row = {
            "id": name,
            "call_id": "c",
            "position": 0,
            "leg": "1.1",
            "channel": "PJSIP/a-1",
            "path": f"{DAY}/{name}.wav",
            "status": "stopped",
            "requested_at": STARTED,
            "expires_at": DUE,
            "size": len(CONTENT),
            "sha256": "f" * 64,
            "policy_version": "p1",
            "held": False,
            "restricted": False,
            **columns,
        }
        with self.database.write() as connection:
            connection.execute(sa.insert(recordings), {key: value for key, value in row.items() if key in recordings.c})
        path = self.root / DAY / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
        return path

    def change(self, name: str, **columns: object) -> None:
        """Another hand writes to the row."""
        with self.database.write() as connection:
            connection.execute(sa.update(recordings).where(recordings.c.id == name).values(columns))

    def plan(self, as_of: datetime = DUE) -> SweepPlan:
        """The plan of a sweep."""
        return plan_sweep(self.database, self.root, as_of, self.keys)

    def planned(self, as_of: datetime, _stopped: Callable[[], bool]) -> SweepPlan:
        """As the schedule asks for it."""
        return self.plan(as_of)

    def sweep(self, as_of: datetime = DUE) -> tuple[SweepTotals, dict[str, Outcome]]:
        """What a sweep did, and the outcome for each recording."""
        outcomes: list[Outcome] = []
        totals = execute(self.plan(as_of), outcomes.append)
        return totals, {outcome.verdict.record: outcome for outcome in outcomes}

    def row(self, name: str) -> dict[str, Any]:
        """The recording's row as it is now."""
        with self.database.read() as connection:
            return dict(connection.execute(sa.select(recordings).where(recordings.c.id == name)).mappings().one())

    def proofs(self) -> dict[str, dict[str, Any]]:
        """The rows of ``deletions`` by recording."""
        with self.database.read() as connection:
            return {row["recording_id"]: dict(row) for row in connection.execute(sa.select(deletions)).mappings()}

    def agree(self) -> bool:
        """No row claims a deletion over a file that exists, and every closed row has its proof."""
        with self.database.read() as connection:
            closed = connection.execute(sa.select(recordings.c.id, recordings.c.path).where(recordings.c.deleted_at.is_not(None))).all()
        gone = not any((self.root / path).exists() for _, path in closed)
        return gone and {identifier for identifier, _ in closed} == self.proofs().keys()


def new_place(database: Database, folder: Path) -> Place:
    """An empty root below ``folder``, and a call for its recordings to belong to."""
    (folder / "recordings").mkdir()
    place = Place(database, folder / "recordings", KeyStore(folder / "keys"))
    place.keys.prepare()
    place.add_call()
    return place
