"""Recordings that are sealed, where a sweep and a listener find them."""

from dataclasses import dataclass, replace
from pathlib import Path

from callguard.call.commands import FileRecording
from callguard.evidence.keys import KeyStore
from callguard.evidence.master import MasterKey
from callguard.evidence.undertaking import Judged, Step, Undertaking
from callguard.evidence.vault import Vault
from callguard.retention.measure import Measured
from tests.integration.sweep_place import CONTENT, DAY, DUE, Place

MASTER = "5e" * 32
NEXT = "a7" * 32


def order(name: str) -> FileRecording:
    """As the engine gives it when the recording stops."""
    return FileRecording(pbx="main", linkedid="1.1", leg="1.1", recording=name, path=f"{DAY}/{name}.wav", expires_at=DUE)


def vault_at(folder: Path) -> Vault:
    """Of the root and the key store below a folder."""
    return Vault(folder / "recordings", KeyStore(folder / "keys"), MasterKey.written(MASTER, "here"))


def renewing_at(folder: Path) -> Vault:
    """The same, under the next master key, as long as the one before is needed."""
    master = MasterKey.written(NEXT, "here")
    return replace(vault_at(folder), master=replace(master, former=MasterKey.written(MASTER, "there")))


def carried_out(plan: Undertaking) -> dict[str, Judged]:
    """What became of each recording, as the commands have it."""
    plan.begin()
    done = {one.path: plan.carry_out(one) if one.step is Step.DO else one for one in plan.verdicts()}
    steps = [one.step for one in done.values()]
    plan.end(steps.count(Step.DO), whole=Step.FAIL not in steps)
    return done


@dataclass(frozen=True, slots=True)
class Sealer:
    """A vault with its root and key store below one folder."""

    folder: Path

    @property
    def vault(self) -> Vault:
        return vault_at(self.folder)

    @property
    def day(self) -> Path:
        return self.folder / "recordings" / DAY

    def key(self, name: str) -> Path:
        return self.folder / "keys" / DAY / f"{name}.wav"

    def record(self, name: str, content: bytes = CONTENT) -> Path:
        """The file as the PBX has left it."""
        self.day.mkdir(parents=True, exist_ok=True)
        path = self.day / f"{name}.wav"
        path.write_bytes(content)
        return path

    def file(self, name: str) -> Measured:
        """As the filing thread does."""
        return self.vault.file(order(name), lambda: None)

    def heard(self, name: str) -> bytes:
        return b"".join(self.vault.unsealed(order(name).path, name))

    def left(self, name: str) -> list[str]:
        """What lies there of the recording."""
        return sorted(path.name for path in self.day.iterdir() if name in path.name)


def new_sealer(folder: Path) -> Sealer:
    """With an empty root and an empty key store."""
    sealer = Sealer(folder)
    (folder / "recordings").mkdir(exist_ok=True)
    sealer.vault.keys.prepare()
    return sealer


def add_sealed(place: Place, name: str, content: bytes = CONTENT, **columns: object) -> Sealer:
    """A recording that was sealed and is due, with its row."""
    sealer = Sealer(place.root.parent)
    place.add(name, content)
    measured = sealer.file(name)
    assert measured.sealed
    place.change(name, status="sealed", size=measured.size, sha256=measured.sha256, **columns)
    return sealer
