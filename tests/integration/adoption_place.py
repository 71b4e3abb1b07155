"""A folder that a PBX has left, with names and sounds as it makes them, beside a root and a database to adopt them into."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from callguard import numbers
from callguard.adoption.call_list import NO_LIST
from callguard.adoption.carrying import Home
from callguard.adoption.finding import Intake
from callguard.adoption.importing import Import, Outcome
from callguard.clock import utc_now
from callguard.config import BUILT_IN
from callguard.evidence.vault import Vault
from callguard.store.adoption_tables import adoptions
from callguard.store.database import Database, open_database
from callguard.store.listing import ListedCall, list_calls
from tests.integration.sealed_place import vault_at
from tests.wav_bytes import whole

HERE = ZoneInfo("Europe/Bucharest")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
POLICIES = tuple(one.with_prompts(name, None) for name, one in BUILT_IN.items())
UUID = "9b2c2e4a-0d5c-4a52-8e70-1f6a3e8d2b11"


def freepbx(kind: str, called: str, caller: str, at: datetime, number: int = 123) -> str:
    """The name of a call that began at that moment, below `monitor`."""
    local = at.astimezone(HERE)
    return f"{local:%Y/%m/%d}/{kind}-{called}-{caller}-{local:%Y%m%d-%H%M%S}-{int(at.timestamp())}.{number}.wav"


_PLAIN = whole(160)


def sound(seed: str) -> bytes:
    """A whole WAV file of 20 ms, another one for each seed."""
    return _PLAIN[:-32] + sha256(seed.encode()).digest()


@dataclass(frozen=True, slots=True)
class Place:
    """The folder `monitor`, the root `recordings`, and what an import goes by."""

    database: Database
    folder: Path
    vault: Vault | None = None
    intake: Intake = field(
        default_factory=lambda: Intake(
            pbx="main",
            zone=HERE,
            calls=NO_LIST,
            policies=POLICIES,
            chosen=None,
            parse=partial(numbers.parse, region="RO"),
            by_mtime=False,
            now=utc_now(),
        )
    )

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    @property
    def root(self) -> Path:
        return self.folder / "recordings"

    def sealing(self) -> "Place":
        """The same with a key store, where what is adopted is sealed."""
        vault = vault_at(self.folder)
        vault.keys.prepare()
        return replace(self, vault=vault)

    def going_by(self, **changes: object) -> "Place":
        """The same with another intake."""
        return replace(self, intake=replace(self.intake, **changes))  # type: ignore[arg-type]  # fields of Intake by name

    def record(self, name: str, content: bytes | None = None, at: float = LONG_AGO) -> Path:
        """A file as the PBX left it, with a sound of its own unless told otherwise."""
        path = self.monitor / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound(name) if content is None else content)
        os.utime(path, (at, at))
        return path

    def plan(self, *, moving: bool = False) -> Import:
        home = Home(self.database, self.root, self.vault, 2**20)
        return Import(self.monitor, self.intake, home, moving=moving)

    def run(self, *, moving: bool = False) -> dict[str, Outcome]:
        """What came of each file, by its name."""
        return {Path(one.verdict.path).name: one for one in self.plan(moving=moving).outcomes()}

    def verdicts(self, *, moving: bool = False) -> dict[str, str]:
        return {name: one.verdict.action.value for name, one in self.run(moving=moving).items()}

    def only(self) -> Outcome:
        (outcome,) = self.run().values()
        return outcome

    def calls(self, number: str | None = None) -> list[ListedCall]:
        wanted = None if number is None else self.intake.parse(number)
        with self.database.read() as connection:
            return list_calls(connection, number=wanted, limit=100)

    def adopted(self) -> dict[str, str]:
        """By what the start of its call is known, of each adopted recording."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(adoptions.c.recording_id, adoptions.c.start_from))
            return {row.recording_id: row.start_from for row in rows}

    def stored(self) -> list[str]:
        """All files in the root but its mark."""
        return sorted(path.name for path in self.root.rglob("*") if path.is_file() and path.name != ".callguard-root")

    def left(self) -> list[str]:
        """All files that still lie outside."""
        return sorted(path.name for path in self.monitor.rglob("*") if path.is_file())


def new_place(database: Database, folder: Path) -> Place:
    """An empty root and an empty folder."""
    for name in ("recordings", "monitor"):
        (folder / name).mkdir()
    return Place(database, folder)


@contextmanager
def place_at(folder: Path) -> Iterator[Place]:
    """One that is there, with sealing where there are keys."""
    database = open_database(f"sqlite:///{folder}/callguard.db")
    try:
        yield Place(database, folder, vault_at(folder) if (folder / "keys").exists() else None)
    finally:
        database.close()
