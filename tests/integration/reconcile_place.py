"""Rows and folders that do not agree, and what a reconciliation makes of them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from callguard.call.period import Period, Unit
from callguard.clock import utc_now
from callguard.evidence.keys import KeyStore
from callguard.evidence.vault import Vault
from callguard.retention.comparing import compare
from callguard.retention.differences import Difference, Step
from callguard.retention.marker import mark_root
from callguard.retention.quarantine import give_back
from callguard.retention.reconcile import DOING, Reconciliation
from callguard.store.database import Database, open_database
from callguard.store.ledger_rows import links
from callguard.store.quarantine_rows import Quarantined, all_quarantined
from callguard.store.quarantine_tables import quarantine
from tests.integration.sealed_place import vault_at
from tests.integration.sweep_place import CONTENT, DAY, Place, new_place

LATER = timedelta(hours=2)
"""Files are made now, and looked at as if it were then: nobody writes to them any more."""

HASH = hashlib.sha256(CONTENT).hexdigest()


@dataclass(frozen=True, slots=True)
class ReconcilePlace:
    """A place for sweeps with its vault."""

    files: Place
    vault: Vault | None

    @property
    def root(self) -> Path:
        return self.files.root

    @property
    def day(self) -> Path:
        return self.root / DAY

    def add(self, name: str, content: bytes | None = CONTENT, **columns: object) -> Path:
        """A recording that agrees with its file, unless told otherwise."""
        return self.files.add(name, content, **({"sha256": HASH} | columns))

    def put(self, name: str, content: bytes = CONTENT) -> Path:
        """A file that no row knows."""
        path = self.day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def plan(self, after: timedelta = LATER, *, thorough: bool = False) -> Reconciliation:
        comparison = compare(self.files.database, self.root, self.files.keys, self.vault, utc_now() + after, thorough=thorough)
        return Reconciliation(comparison, Period(30, Unit.DAYS), 25)

    def found(self, after: timedelta = LATER, *, thorough: bool = False) -> dict[str, tuple[Step, str]]:
        """Step and ground by the last part of the place."""
        return _told(self.plan(after, thorough=thorough).comparison.differences())

    def fix(self) -> dict[str, tuple[Step, str]]:
        """What came of each."""
        plan = self.plan()
        plan.require_root()
        return _told(plan.carry_out(one) if one.judgment.step in DOING else one for one in plan.comparison.differences())

    def left(self) -> list[str]:
        """What lies in the day's folder."""
        return sorted(path.name for path in self.day.iterdir())

    def in_quarantine(self) -> list[Quarantined]:
        with self.files.database.read() as connection:
            return list(all_quarantined(connection))

    def quarantine_rows(self) -> list[dict[str, Any]]:
        """Closed ones as well."""
        with self.files.database.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(quarantine).order_by(quarantine.c.id)).mappings()]

    def entered(self) -> list[tuple[str, str]]:
        """The ledger's entries but the first ones of its making."""
        with self.files.database.read() as connection:
            return [(link.kind, link.body) for link in links(connection) if link.kind not in {"begin", "policy"}]


def new_reconcile_place(database: Database, folder: Path, *, sealing: bool = True) -> ReconcilePlace:
    """With a marked root, and a recording that is in order."""
    place = ReconcilePlace(new_place(database, folder), vault_at(folder) if sealing else None)
    mark_root(database, place.root)
    return place


def at(folder: Path) -> ReconcilePlace:
    """The place that was made there, as another process finds it."""
    return ReconcilePlace(
        Place(open_database(f"sqlite:///{folder}/callguard.db"), folder / "recordings", KeyStore(folder / "keys")), vault_at(folder)
    )


def fix_at(folder: Path, name: str) -> None:
    del name
    at(folder).fix()


def give_back_at(folder: Path, name: str) -> None:
    place = at(folder)
    number = next(one.id for one in place.in_quarantine() if one.path == f"{DAY}/{name}.wav")
    give_back(place.files.database, place.root, number, by="Ana Pop", reason="ours")


def without_master_key(place: ReconcilePlace) -> ReconcilePlace:
    return replace(place, vault=None)


def _told(differences: Iterable[Difference]) -> dict[str, tuple[Step, str]]:
    return {one.place.rpartition("/")[2]: (one.judgment.step, one.judgment.ground) for one in differences}
