"""Sealing and deletion killed with -9 before each of their writing calls, and in which order these calls reach the disk (C7, S13)."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from callguard.evidence.keys import KeyGone
from callguard.retention.naming import sealed
from callguard.retention.rules import stamp
from callguard.store.database import Database
from tests.integration.kill_points import Killer, killer
from tests.integration.sealed_place import Sealer, add_sealed, new_sealer
from tests.integration.sweep_place import CONTENT, DUE, Place, new_place

OBSERVED = """
import sys
from pathlib import Path
from tests.integration import kill_points
kill_points.observe(print)
getattr(kill_points, sys.argv[1])(Path(sys.argv[2]), sys.argv[3])
"""


@pytest.fixture(scope="module")
def killing() -> Iterator[Killer]:
    with killer() as process:
        yield process


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return new_sealer(tmp_path)


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_file):
        yield new_place(sqlite_file, tmp_path)


def calls(what: str, folder: Path, name: str) -> list[str]:
    """The writing calls in their order, with what of the path is of interest."""
    done = subprocess.run([sys.executable, "-c", OBSERVED, what, folder, name], capture_output=True, text=True, check=True, timeout=60)
    return [re.sub(r"/\S*(keys|recordings)/(\S*/)?", r"\1:", line) for line in done.stdout.splitlines()]


def in_order(found: list[str], *wanted: str) -> None:
    """Each of these comes behind the one before."""
    at = -1
    for one in wanted:
        assert one in found[at + 1 :], (one, found)
        at = found.index(one, at + 1)


def test_a_sealing_killed_anywhere_loses_no_sound_and_is_finished_by_the_next_start(sealer: Sealer, killing: Killer) -> None:
    """S13: the plain file goes when the sealed one is there for certain, and then it does go."""
    names = []
    for name in killing.points("seal", sealer.folder, sealer.record):
        names.append(name)
        plain = sealer.day / f"{name}.wav"
        assert (plain.read_bytes() if plain.exists() else sealer.heard(name)) == CONTENT
        again = sealer.file(name)
        assert (again.sealed, again.size, again.fault) == (True, len(CONTENT), None)
        assert (sealer.left(name), sealer.heard(name)) == ([sealed(f"{name}.wav")], CONTENT)
    assert len(names) > 12


def test_a_deletion_killed_anywhere_tells_no_lie_and_is_finished_by_the_next_sweep(place: Place, killing: Killer) -> None:
    """C7: no row says that a recording can be heard when its key is gone, and none that it is deleted when it can."""
    names = []
    for name in killing.points("sweep", place.root.parent, lambda one: add_sealed(place, one)):
        names.append(name)
        sealer, row = Sealer(place.root.parent), place.row(name)
        if row["status"] == "sealed":
            assert sealer.heard(name) == CONTENT
        if row["deleted_at"] is not None:
            assert (sealer.left(name), sealer.key(name).exists()) == ([], False)
        assert place.agree()
        place.sweep()
        proof = place.proofs()[name]
        assert (place.row(name)["status"], sealer.left(name), sealer.key(name).exists()) == ("deleted", [], False)
        assert proof["file"] in {"present, sealed; the key is destroyed", "missing, sealed; the key is destroyed"}
        assert proof["reason"] in {f"expired on {stamp(DUE)}", f"expired on {stamp(DUE)}; the deletion was begun before, and cut off"}
        assert place.agree()
        with pytest.raises(KeyGone):
            sealer.heard(name)
    assert len(names) > 12


def test_the_order_in_which_a_sealing_reaches_the_disk(sealer: Sealer) -> None:
    """What a power cut leaves: never a sealed file without its key, never no file at all."""
    sealer.record("a")
    in_order(
        calls("seal", sealer.folder, "a"),
        *("pwrite keys:a.wav", "fsync keys:a.wav", "fsync keys:31", "create a.wav.sealed.part", "fsync recordings:a.wav.sealed.part"),
        *("rename a.wav.sealed.part", "fsync recordings:31", "unlink a.wav", "fsync recordings:31"),
    )


def test_the_order_in_which_a_deletion_reaches_the_disk(place: Place) -> None:
    """Mark, key, file, proof, each durable before the next."""
    add_sealed(place, "a")
    in_order(
        calls("sweep", place.root.parent, "a"),
        *("commit", "pwrite keys:a.wav", "fsync keys:a.wav", "unlink a.wav", "fsync keys:31"),
        *("unlink a.wav.sealed", "fsync recordings:31", "commit"),
    )
