"""An import killed with -9 before each of its writing calls, and in which order these reach the disk (issue 4)."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callguard.retention.naming import sealed
from callguard.store.database import Database
from tests.integration.adoption_place import Place, freepbx, new_place, sound
from tests.integration.kill_points import Killer, killer
from tests.integration.test_sealing_killed import calls, in_order

AT = datetime(2026, 8, 31, 11, 30, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def killing() -> Iterator[Killer]:
    with killer() as running:
        yield running


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_file):
        yield new_place(sqlite_file, tmp_path)


def name_of(trial: str) -> str:
    """A call a minute later for each trial."""
    return freepbx("in", "0213334444", "0722000111", AT + timedelta(minutes=int(trial.removeprefix("adopt"))))


def heard(place: Place, path: str, recording: str) -> bytes:
    plain = place.root / path
    if plain.exists() or place.vault is None:
        return plain.read_bytes()
    return b"".join(place.vault.unsealed(path, recording))


@pytest.mark.parametrize("sealing", [False, True], ids=["plain", "sealed"])
def test_an_import_killed_anywhere_loses_nothing_and_doubles_nothing(place: Place, killing: Killer, sealing: bool) -> None:
    """A row claims what can be heard; without a row the original is there; the next run ends what was begun."""
    place = place.sealing() if sealing else place
    trials = 0
    for trial in killing.points("adopt", place.folder, lambda one: place.record(name_of(one))):
        trials += 1
        name = name_of(trial)
        content = sound(name)
        rows = [one for call in place.calls() for one in call.recordings]
        done = [one for one in rows if one.size == len(content) and heard(place, one.path.removesuffix(".sealed"), one.id) == content]
        assert len(done) == len(rows) - trials + 1
        assert done or (place.monitor / name).read_bytes() == content
        place.run(moving=True)
        rows = [one for call in place.calls() for one in call.recordings]
        assert (len(rows), place.left()) == (trials, [])
        assert place.stored() == sorted(sealed(f"{one.id}.wav") if sealing else f"{one.id}.wav" for one in rows)
    assert trials > (14 if sealing else 10)


def test_the_order_in_which_an_import_reaches_the_disk(place: Place) -> None:
    """What a power cut leaves: the original, until copy, tag, key and row are there for certain."""
    place.sealing().record(name_of("adopt1"))
    seen = [line.replace(part, "a") for line in calls("adopt", place.folder, "-") for part in [_id(line)]]
    in_order(
        seen,
        *("create a.wav.sealed.part", "fsync recordings:a.wav.sealed.part", "rename a.wav.sealed.part", "fsync recordings:31"),
        *("pwrite keys:a.wav", "fsync keys:a.wav", "fsync keys:31", "create a.wav.sealed.part", "rename a.wav.sealed.part"),
        *("unlink a.wav", "fsync recordings:31", "commit", f"unlink {Path(name_of('adopt1')).name}"),
    )


def _id(line: str) -> str:
    """That of the recording in such a line, which follows from the sound."""
    words = line.rpartition(":")[2].rpartition(" ")[2]
    stem = words.partition(".")[0]
    return stem if stem.endswith("-1") and not stem.startswith("in-") else "\0"
