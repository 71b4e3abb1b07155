"""`callguard seal`: what was kept plain is sealed, told and proven, and nothing of it is lost (S13, C7)."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.call.commands import FileRecording
from callguard.errors import FileFault
from callguard.evidence.later import LaterSealing
from callguard.evidence.sealing import Sound
from callguard.evidence.undertaking import Judged, Step
from callguard.evidence.vault import Vault
from callguard.retention.holding import place_hold
from callguard.retention.holds import Scope
from callguard.retention.measure import Checkpoint
from callguard.retention.naming import sealed
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from callguard.store.seal_rows import PAGE
from callguard.store.tables import calls, recordings
from tests.integration.kill_points import killer
from tests.integration.ledger_place import found_in
from tests.integration.sealed_place import Sealer, add_sealed, carried_out, order
from tests.integration.sweep_place import CONTENT, DAY, DUE, STARTED, Place, new_place

SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_file):
        yield over(new_place(sqlite_file, tmp_path))


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Place:
    """On each kind of database: for what depends on it."""
    return over(new_place(database, tmp_path))


def over(place: Place) -> Place:
    with place.database.write() as connection:
        connection.execute(sa.update(calls).values(ended_at=STARTED + timedelta(minutes=1)))
    return place


def plain(place: Place, name: str, content: bytes | None = CONTENT, **columns: object) -> Path:
    """A recording as it is kept without a master key."""
    return place.add(name, content, **{"sha256": SHA256, **columns})


def plan(place: Place) -> LaterSealing:
    return LaterSealing(place.database, Sealer(place.root.parent).vault)


def seal(place: Place) -> dict[str, Judged]:
    return {one.recording: one for one in carried_out(plan(place)).values()}


def heard(place: Place, name: str) -> bytes:
    return Sealer(place.root.parent).heard(name)


def test_what_was_plain_is_sealed_and_said_so_in_row_and_ledger(either: Place) -> None:
    """Held and restricted ones too: nothing of them is lost."""
    place = either
    plain(place, "ra")
    plain(place, "rb", held=True)
    plain(place, "rc", restricted=True)
    place_hold(place.database, Scope(recording="ra"), by="Ana", reason="x", reference="7")
    assert {one.step for one in seal(place).values()} == {Step.DO}
    for name in ("ra", "rb", "rc"):
        assert (place.row(name)["status"], heard(place, name)) == ("sealed", CONTENT)
        assert Sealer(place.root.parent).left(name) == [sealed(f"{name}.wav")]
    with place.database.read() as connection:
        entered = [link.body for link in links(connection) if link.kind == "sealed-later"]
    assert entered == [f'{{"recording":"{name}","sha256":"{SHA256}"}}' for name in ("ra", "rb", "rc")]
    assert found_in(place.database).broken == 0
    assert (seal(place), list(plan(place).verdicts())) == ({}, [])


def test_a_plan_changes_nothing_and_says_why(place: Place) -> None:
    """Design rule 10: each with its reason, by the code that does it."""
    plain(place, "ra")
    plain(place, "rb", size=7)
    plain(place, "rc", content=None)
    plain(place, "rd", size=None, sha256=None)
    os.link(plain(place, "re"), place.root / "kept")
    plain(place, "rf", status="recording", size=None)
    plain(place, "rg", status="deleted", deleted_at=DUE)
    (place.root / DAY / "rh.wav").mkdir(parents=True)
    plain(place, "rh", content=None)
    add_sealed(place, "ri")
    told = {one.recording: (one.step, one.reason) for one in plan(place).verdicts()}
    assert told == {
        "ra": (Step.DO, "plain"),
        "rb": (Step.FAIL, f"it was changed since it was measured: {len(CONTENT)} bytes in the place of 7"),
        "rc": (Step.FAIL, "its file: missing"),
        "rd": (Step.KEEP, "it was not measured yet, or could not be"),
        "re": (Step.DO, "plain; another name of its file stays in the clear"),
        "rh": (Step.FAIL, "its file: not a regular file"),
    }
    assert (plan(place).count(), Sealer(place.root.parent).left("ra")) == (6, ["ra.wav"])


def test_what_the_engine_still_has_in_hand_is_left_alone(place: Place) -> None:
    plain(place, "ra")
    with place.database.write() as connection:
        connection.execute(sa.update(calls).values(ended_at=None))
    assert [(one.step, one.reason) for one in plan(place).verdicts()] == [(Step.KEEP, "its call is not over")]


def test_another_sound_than_was_measured_is_not_sealed(place: Place) -> None:
    """As long, and not the same: found out while it is encrypted."""
    path = plain(place, "ra")
    path.write_bytes(bytes(len(CONTENT)))
    (planned,) = plan(place).verdicts()
    with pytest.raises(FileFault, match="not what was measured"):
        plan(place).carry_out(planned)
    assert (place.row("ra")["status"], Sealer(place.root.parent).left("ra")) == ("stopped", ["ra.wav"])


def test_one_that_lies_there_sealed_as_another_sound_is_not_taken_for_it(place: Place) -> None:
    add_sealed(place, "ra")
    place.change("ra", status="stopped", sha256="0" * 64)
    (planned,) = plan(place).verdicts()
    assert planned.reason == "it was sealed before, and its row does not say so yet"
    with pytest.raises(FileFault, match="not what was measured"):
        plan(place).carry_out(planned)
    assert place.row("ra")["status"] == "stopped"


def test_what_is_gone_meanwhile_is_left_alone(place: Place) -> None:
    """A sweep wins, before it begins and while it is at it."""
    plain(place, "ra")
    (planned,) = plan(place).verdicts()
    place.sweep()
    assert (plan(place).carry_out(planned).step, place.row("ra")["status"]) == (Step.KEEP, "deleted")


def test_the_sweep_that_comes_between_file_and_row_wins(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(place, "ra")
    sealing = Vault.seal

    def sealed_and_swept(vault: Vault, command: FileRecording, sound: Sound, checkpoint: Checkpoint) -> None:
        sealing(vault, command, sound, checkpoint)
        place.sweep()

    monkeypatch.setattr(Vault, "seal", sealed_and_swept)
    assert [one.step for one in seal(place).values()] == [Step.KEEP]
    assert (place.row("ra")["status"], Sealer(place.root.parent).left("ra"), place.agree()) == ("deleted", [], True)


def test_two_who_seal_the_same_lose_nothing(place: Place) -> None:
    """Over the key of one that is sealed already none may ever go."""
    plain(place, "ra")
    sealer = Sealer(place.root.parent)
    (planned,) = plan(place).verdicts()
    seal(place)
    key = sealer.key("ra").read_bytes()
    place.change("ra", status="stopped")
    assert plan(place).carry_out(planned).step is Step.DO
    with pytest.raises(FileFault, match="could not be sealed: No such file"):
        sealer.vault.seal(order("ra"), Sound(len(CONTENT), SHA256), lambda: None)
    assert (sealer.key("ra").read_bytes(), heard(place, "ra")) == (key, CONTENT)


def test_one_waits_for_the_other(place: Place) -> None:
    """The daemon, the command and a renewal have the store one at a time."""
    path = plain(place, "ra")
    sealer = Sealer(place.root.parent)
    with ThreadPoolExecutor(1) as other:
        with sealer.vault.keys.alone():
            sealing = other.submit(seal, place)
            with pytest.raises(TimeoutError):
                sealing.result(0.1)
            assert (path.exists(), sealer.key("ra").exists()) == (True, False)
        assert [one.step for one in sealing.result(30).values()] == [Step.DO]


def test_killed_anywhere_it_loses_nothing_and_goes_on_at_the_next_run(place: Place) -> None:
    names = []
    with killer() as killing:
        for name in killing.points("later", place.root.parent, lambda one: plain(place, one)):
            names.append(name)
            path = place.root / DAY / f"{name}.wav"
            assert (path.read_bytes() if path.exists() else heard(place, name)) == CONTENT
            seal(place)
            assert (place.row(name)["status"], heard(place, name)) == ("sealed", CONTENT)
            assert Sealer(place.root.parent).left(name) == [sealed(f"{name}.wav")]
    assert len(names) > 12
    assert found_in(place.database).broken == 0


def test_more_than_a_page(place: Place) -> None:
    plain(place, "ra", content=None)
    row = place.row("ra")
    with place.database.write() as connection:
        many = [{**row, "id": f"n{number:04d}", "path": f"{DAY}/n{number}.wav"} for number in range(PAGE)]
        connection.execute(sa.insert(recordings), many)
    assert len(list(plan(place).verdicts())) == PAGE + 1
