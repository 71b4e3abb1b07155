"""A fix killed with -9 before each of its writing calls: nothing is lost and nothing doubled, and the next run finishes what was begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callguard.retention.naming import part, sealed
from callguard.retention.quarantine import FOLDER, give_back
from callguard.store.database import Database
from tests.integration.kill_points import Killer, killer
from tests.integration.reconcile_place import ReconcilePlace, new_reconcile_place
from tests.integration.sealed_place import Sealer, add_sealed
from tests.integration.sweep_place import CONTENT, DAY


@pytest.fixture(scope="module")
def killing() -> Iterator[Killer]:
    with killer() as process:
        yield process


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> ReconcilePlace:
    return new_reconcile_place(sqlite_file, tmp_path)


def lying(place: ReconcilePlace, name: str) -> list[str]:
    """Where the sound of that name lies: in its place, or in quarantine."""
    folders = (place.day, place.root / FOLDER)
    return [path.parent.name for folder in folders if folder.exists() for path in folder.iterdir() if path.read_bytes() == sound(name)]


def sound(name: str) -> bytes:
    return f"the sound of {name}".encode()


def open_rows(place: ReconcilePlace, name: str) -> list[int]:
    return [one.id for one in place.in_quarantine() if one.path == f"{DAY}/{name}.wav"]


def test_a_move_into_quarantine_killed_anywhere(place: ReconcilePlace, killing: Killer) -> None:
    """At every point the file is in one place, and in quarantine only under its row; in the end there is one row for it."""
    (place.root / FOLDER).mkdir(mode=0o700)
    names = []
    for name in killing.points("fix", place.root.parent, lambda one: place.put(f"{one}.wav", sound(one))):
        names.append(name)
        found = lying(place, name)
        assert found in ([place.day.name], [FOLDER])
        assert found == [place.day.name] or len(open_rows(place, name)) == 1
        place.fix()
        assert (lying(place, name), len(open_rows(place, name))) == ([FOLDER], 1)
    assert len(names) > 5
    assert len(place.quarantine_rows()) == len(names)


def test_a_release_killed_anywhere(place: ReconcilePlace, killing: Killer) -> None:
    def prepare(name: str) -> None:
        place.put(f"{name}.wav", sound(name))
        place.fix()

    names = []
    for name in killing.points("back", place.root.parent, prepare):
        names.append(name)
        assert lying(place, name) in ([place.day.name], [FOLDER])
        for number in open_rows(place, name):
            give_back(place.files.database, place.root, number, by="Ana Pop", reason="ours")
        assert lying(place, name) == [place.day.name]
        (place.day / f"{name}.wav").unlink()
    assert len(names) > 3


def test_what_is_destroyed_again_killed_anywhere(place: ReconcilePlace, killing: Killer) -> None:
    """C7: the key goes before the file, and in the end both are gone."""

    def prepare(name: str) -> None:
        sealer = add_sealed(place.files, name)
        kept, key = (sealer.day / sealed(f"{name}.wav")).read_bytes(), sealer.key(name).read_bytes()
        place.files.sweep()
        place.put(f"{name}.wav")
        place.put(sealed(f"{name}.wav"), kept)
        sealer.key(name).write_bytes(key)

    names = []
    for name in killing.points("fix", place.root.parent, prepare):
        names.append(name)
        sealer = Sealer(place.root.parent)
        place.fix()
        assert (sealer.left(name), sealer.key(name).exists(), place.in_quarantine()) == ([], False, [])
        assert place.files.agree()
    assert len(names) > 6


def test_what_is_mended_killed_anywhere(place: ReconcilePlace, killing: Killer) -> None:
    """The recording can be heard at every point; the plain file and the draft are gone in the end, and a row without its file says so."""

    def prepare(name: str) -> None:
        add_sealed(place.files, name)
        place.put(f"{name}.wav")
        place.put(part(f"{name}.wav"), b"callguard sealed 1 x\n")
        place.add(f"gone-{name}", content=None)

    names = []
    for name in killing.points("fix", place.root.parent, prepare):
        names.append(name)
        sealer = Sealer(place.root.parent)
        assert sealer.heard(name) == CONTENT
        place.fix()
        assert (sealer.left(name), sealer.heard(name)) == ([sealed(f"{name}.wav")], CONTENT)
        assert place.files.row(f"gone-{name}")["status"] == "missing"
    assert len(names) > 6
