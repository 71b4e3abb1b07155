"""Sealing and deletion killed with -9 before each of their writing calls, and in which order these calls reach the disk (C7, S13)."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.evidence.keys import BACKUP_TAG, KeyGone, KeyStore
from callguard.retention.naming import sealed
from callguard.retention.rules import stamp
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.tables import calls as call_rows
from tests.integration.kill_points import Killer, killer
from tests.integration.sealed_place import Sealer, add_sealed, new_sealer
from tests.integration.sweep_place import CONTENT, DUE, Place, new_place

OBSERVED = """
import sys
from pathlib import Path
from tests.integration import kill_points
kill_points.observe(lambda line: sys.stdout.write(f"{line}\\n"))
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


AT_ONCE = 20


def group_of(name: str) -> list[str]:
    return [f"{name}{letter}" for letter in "abc"]


def add_group(place: Place, name: str) -> None:
    """Two sealed ones and a plain one, which go together."""
    *others, plain = group_of(name)
    for one in others:
        add_sealed(place, one)
    place.add(plain)


def test_a_deletion_killed_anywhere_tells_no_lie_and_is_finished_by_the_next_sweep(place: Place, killing: Killer) -> None:
    """C7: no row says that a recording can be heard when its key is gone, and none that it is deleted when it can."""
    names = []
    sealer = Sealer(place.root.parent)
    for name in killing.points("sweep", place.root.parent, lambda one: add_group(place, one)):
        names.append(name)
        for one in group_of(name):
            no_lie(place, sealer, one)
        assert place.agree()
        place.sweep()
        for one in group_of(name):
            finished(place, sealer, one)
        assert place.agree()
    assert len(names) > 12


def test_a_deletion_of_many_killed_anywhere_tells_no_lie_either(place: Place, killing: Killer) -> None:
    """C7: so many that several are removed at once, keys and files alike."""
    sealer, group = Sealer(place.root.parent), [f"{number:02d}" for number in range(AT_ONCE)]
    begun = 0
    for name in killing.points("sweep", place.root.parent, lambda name: [add_sealed(place, f"{name}{one}") for one in group], step=25):
        for one in group:
            no_lie(place, sealer, f"{name}{one}")
        place.sweep()
        for one in group:
            finished(place, sealer, f"{name}{one}")
        begun += 1
    assert place.agree()
    assert begun == 5


def no_lie(place: Place, sealer: Sealer, name: str) -> None:
    row = place.row(name)
    if row["status"] in {"sealed", "stopped"}:
        assert (sealer.heard(name) if row["status"] == "sealed" else (sealer.day / f"{name}.wav").read_bytes()) == CONTENT
    if row["deleted_at"] is not None:
        assert (sealer.left(name), sealer.key(name).exists()) == ([], False)


def finished(place: Place, sealer: Sealer, name: str) -> None:
    proof = place.proofs()[name]
    assert (place.row(name)["status"], sealer.left(name), sealer.key(name).exists()) == ("deleted", [], False)
    assert proof["file"].partition(", ")[0] in {"present", "missing"}
    assert proof["file"].endswith("; the key is destroyed") is not name.endswith("c")
    cut_off = "; the deletion was begun before, and cut off" * (proof["file"].startswith("missing"))
    assert proof["reason"] == f"expired on {stamp(DUE)}{cut_off}"
    with pytest.raises(KeyGone):
        sealer.heard(name)


def test_the_order_in_which_a_sealing_reaches_the_disk(sealer: Sealer) -> None:
    """What a power cut leaves: never a sealed file without its key, never no file at all, no hash of what is not there."""
    sealer.record("a")
    in_order(
        calls("seal", sealer.folder, "a"),
        *("setxattr recordings:a.wav", "fsync recordings:a.wav", "fsync recordings:31"),
        *("pwrite keys:a.wav", "fsync keys:a.wav", "fsync keys:31", "create a.wav.sealed.part", "fsync recordings:a.wav.sealed.part"),
        *("rename a.wav.sealed.part", "fsync recordings:31", "unlink a.wav", "fsync recordings:31"),
    )


def test_the_order_in_which_a_sealing_by_command_reaches_the_disk(place: Place) -> None:
    """The row says that it is sealed once it is."""
    place.add("ra", sha256=hashlib.sha256(CONTENT).hexdigest())
    with place.database.write() as connection:
        connection.execute(sa.update(call_rows).values(ended_at=DUE))
    in_order(calls("later", place.root.parent, "ra"), "rename ra.wav.sealed.part", "fsync recordings:31", "unlink ra.wav", "commit")


def test_the_order_in_which_a_renewed_key_reaches_the_disk(place: Place) -> None:
    """The new one is there before the old one goes, and both before the store says that it is done."""
    add_sealed(place, "ra")
    found = calls("renew", place.root.parent, "ra")
    twice = ("pwrite keys:ra.wav", "fsync keys:ra.wav")
    in_order(found, "pwrite keys:MASTER-KEY", "fsync keys:MASTER-KEY", *twice, *twice, "pwrite keys:MASTER-KEY", "fsync keys:MASTER-KEY")


def test_the_order_in_which_a_retag_reaches_the_disk(place: Place) -> None:
    """Cut off in between, the row says the earlier end: nothing goes too late without being retagged, or too early at all."""
    place.add("ra")
    in_order(calls("retag", place.root.parent, "ra"), "setxattr recordings:ra.wav", "fsync recordings:ra.wav", "commit")


def test_what_is_made_at_the_first_start_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and key store: a file that was flushed and whose folder was not may be nowhere after the loss of power."""
    made: list[Path] = []
    flush = os.fsync

    def seen(descriptor: int) -> None:
        flush(descriptor)
        made.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", seen)
    with closing(open_database(f"sqlite:///{tmp_path}/callguard.db")) as database:
        migrate(database)
    assert made == [tmp_path]
    KeyStore(tmp_path / "keys").prepare()
    assert made[1:] == [tmp_path, tmp_path / "keys" / BACKUP_TAG, tmp_path / "keys"]


def test_the_order_in_which_a_deletion_reaches_the_disk(place: Place) -> None:
    """Marks, keys, files, proofs, each durable before the next; and durable together."""
    add_group(place, "x")
    found = calls("sweep", place.root.parent, "x")
    for one in ("xa", "xb"):
        in_order(
            found,
            *("commit", f"pwrite keys:{one}.wav", f"written_out keys:{one}.wav", f"unlink {one}.wav", "fsync keys:31"),
            *(f"unlink {one}.wav.sealed", "fsync recordings:31", "commit"),
        )
    in_order(found, "commit", "fsync keys:31", "unlink xc.wav", "fsync recordings:31", "commit")
    assert [found.count(one) for one in ("fsync keys:31", "fsync recordings:31")] == [1, 1]
