"""A new master key: every key under it in the end, and open by one of the two at every moment (S13)."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callguard.cli.report import Lines
from callguard.cli.undertaking import Telling
from callguard.errors import ConfigError, FileFault, PartialFailure
from callguard.evidence.keys import KeyGone
from callguard.evidence.master import MasterKey
from callguard.evidence.mastery import NAME, Mastery, mastery, take_over, write_mastery
from callguard.evidence.renewal import Renewal
from callguard.evidence.undertaking import Judged, Step
from callguard.evidence.vault import Vault
from callguard.evidence.wrapping import LENGTH, NOTHING, PLACES
from callguard.store.database import Database
from callguard.store.ledger_rows import links
from tests.integration.kill_points import killer
from tests.integration.ledger_place import found_in
from tests.integration.sealed_place import MASTER, NEXT, Sealer, add_sealed, carried_out, order, renewing_at, vault_at
from tests.integration.sweep_place import CONTENT, DAY, Place, new_place

OLD, NEW = MasterKey.written(MASTER, "there"), MasterKey.written(NEXT, "here")


@pytest.fixture
def place(sqlite_file: Database, tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_file):
        yield new_place(sqlite_file, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Place:
    """On each kind of database: for what depends on it."""
    return new_place(database, tmp_path)


def plan(place: Place) -> Renewal:
    return Renewal(place.database, renewing_at(place.root.parent))


def renew(place: Place) -> dict[str, Judged]:
    return {one.recording: one for one in carried_out(plan(place)).values()}


def heard_by(place: Place, name: str, master: MasterKey) -> bytes:
    vault = replace(vault_at(place.root.parent), master=master)
    return b"".join(vault.unsealed(order(name).path, name))


def content(place: Place, name: str) -> bytes:
    return Sealer(place.root.parent).key(name).read_bytes()


def test_all_keys_open_with_the_new_one_alone_in_the_end(either: Place) -> None:
    """And nothing is left of what the old one had wrapped; the ledger tells of it."""
    place = either
    for name in ("r1", "r2"):
        add_sealed(place, name)
    assert {one.step for one in renew(place).values()} == {Step.DO}
    for name in ("r1", "r2"):
        assert heard_by(place, name, NEW) == CONTENT
        with pytest.raises(FileFault, match="does not open with this master key"):
            heard_by(place, name, OLD)
        assert (len(content(place, name)), content(place, name)[PLACES[0] : PLACES[1]]) == (LENGTH, NOTHING)
    assert mastery(place.keys.folder) == Mastery(NEW.name, None)
    with place.database.read() as connection:
        (body,) = [link.body for link in links(connection) if link.kind == "keys-renewed"]
    assert body == f'{{"ended":true,"former":"{OLD.name}","master":"{NEW.name}","renewed":2}}'
    assert found_in(place.database).broken == 0
    assert {one.step for one in plan(place).verdicts()} == {Step.SAME}


def test_it_can_be_done_again_and_again(place: Place) -> None:
    add_sealed(place, "r1")
    renew(place)
    third = MasterKey.written("c3" * 32, "third")
    vault = replace(vault_at(place.root.parent), master=replace(third, former=NEW))
    carried_out(Renewal(place.database, vault))
    assert (heard_by(place, "r1", third), content(place, "r1")[PLACES[1] :]) == (CONTENT, NOTHING)


def test_a_plan_changes_nothing(place: Place) -> None:
    add_sealed(place, "r1")
    before = content(place, "r1")
    assert [(one.recording, one.path, one.step) for one in plan(place).verdicts()] == [("r1", f"{DAY}/r1.wav", Step.DO)]
    assert (content(place, "r1"), mastery(place.keys.folder), plan(place).count()) == (before, None, 1)


def test_a_key_of_the_first_release_is_renewed_as_well(place: Place) -> None:
    """Its file ended behind the first place."""
    add_sealed(place, "r1")
    os.truncate(Sealer(place.root.parent).key("r1"), PLACES[1])
    assert heard_by(place, "r1", OLD) == CONTENT
    renew(place)
    assert (heard_by(place, "r1", NEW), len(content(place, "r1"))) == (CONTENT, LENGTH)


def test_killed_anywhere_every_key_opens_and_the_next_run_ends_it(place: Place) -> None:
    """The old one is zeros only once the new one is on the disk."""
    names: list[str] = []

    def prepare(name: str) -> None:
        write_mastery(place.keys.folder, Mastery(OLD.name, None))
        add_sealed(place, name)

    with killer() as killing:
        for name in killing.points("renew", place.root.parent, prepare):
            names.append(name)
            assert heard_by(place, name, replace(NEW, former=OLD)) == CONTENT
            renew(place)
            assert (heard_by(place, name, NEW), content(place, name).count(NOTHING)) == (CONTENT, 1)
            assert mastery(place.keys.folder) == Mastery(NEW.name, None)
    assert len(names) > 8


def test_half_a_writing_opens_nothing_and_loses_nothing(place: Place) -> None:
    """A loss of power in the middle of a block."""
    add_sealed(place, "r1")
    with Sealer(place.root.parent).key("r1").open("r+b") as file:
        file.seek(PLACES[1])
        file.write(NEW.wrap("r1", bytes(32))[:30])
    assert heard_by(place, "r1", replace(NEW, former=OLD)) == CONTENT
    renew(place)
    assert heard_by(place, "r1", NEW) == CONTENT


def test_a_daemon_with_the_old_one_wraps_nothing_once_it_has_begun(place: Place) -> None:
    """Else a renewal that has ended would leave keys behind. What it cannot seal stays as it is, and the log says what to do."""
    add_sealed(place, "r1")
    renew(place)
    path = place.add("r2")
    with capture_logs() as logs:
        assert not Sealer(place.root.parent).file("r2").sealed
    assert (path.read_bytes(), Sealer(place.root.parent).key("r2").exists()) == (CONTENT, False)
    assert "under another master key by now (start callguard again" in logs[0]["fault"]
    with pytest.raises(FileFault, match="under another master key"):
        vault_at(place.root.parent).prepare()


def test_a_daemon_with_both_wraps_by_the_new_one_from_its_start(place: Place) -> None:
    add_sealed(place, "r1")
    vault = renewing_at(place.root.parent)
    vault.prepare()
    place.add("r2")
    assert vault.file(order("r2"), lambda: None).sealed
    assert (heard_by(place, "r2", NEW), mastery(place.keys.folder)) == (CONTENT, Mastery(NEW.name, OLD.name))
    assert [one.step for one in plan(place).verdicts()] == [Step.DO, Step.SAME]


@pytest.mark.parametrize("lost", ["row", "master key", "mark"])
def test_what_cannot_be_renewed_keeps_the_old_one_needed(place: Place, lost: str) -> None:
    """Told one by one; nobody destroys the old master key by mistake."""
    add_sealed(place, "r1")
    key = Sealer(place.root.parent).key("r1")
    stranger = MasterKey.written("00" * 32, "nowhere")
    spoilt = {"master key": content(place, "r1")[: PLACES[0]] + stranger.wrap("r1", bytes(32)) + NOTHING, "mark": b"nonsense"}
    if lost == "row":
        key.rename(key.with_name("other.wav"))
    else:
        key.write_bytes(spoilt[lost])
    assert [one.step for one in renew(place).values()] == [Step.FAIL]
    assert mastery(place.keys.folder) == Mastery(NEW.name, OLD.name)


def test_a_destroyed_key_whose_file_is_left_is_the_sweeps(place: Place) -> None:
    add_sealed(place, "r1")
    Sealer(place.root.parent).key("r1").write_bytes(bytes(LENGTH))
    assert [one.step for one in renew(place).values()] == [Step.KEEP]
    assert mastery(place.keys.folder) == Mastery(NEW.name, None)


def test_what_is_deleted_meanwhile_is_left_alone(place: Place) -> None:
    add_sealed(place, "r1")
    (planned,) = plan(place).verdicts()
    add_sealed(place, "r2")
    place.keys.destroy(order("r2").path)
    assert plan(place).carry_out(replace(planned, recording="r2", path=order("r2").path)).step is Step.KEEP
    kept = content(place, "r1")
    place.sweep()
    Sealer(place.root.parent).key("r1").write_bytes(kept)
    assert plan(place).carry_out(planned).step is Step.KEEP
    assert content(place, "r1") == kept, "a key that somebody brought back is not for the new master key"


def test_what_changes_under_its_hands_is_not_wrapped(place: Place) -> None:
    add_sealed(place, "r1")
    (planned,) = plan(place).verdicts()
    stranger = MasterKey.written("00" * 32, "nowhere")
    Sealer(place.root.parent).key("r1").write_bytes(content(place, "r1")[: PLACES[0]] + stranger.wrap("r1", bytes(32)) + NOTHING)
    with pytest.raises(FileFault, match="changed meanwhile"):
        plan(place).carry_out(planned)


def test_what_the_disk_did_not_keep_is_found_out_before_the_old_one_goes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    add_sealed(place, "r1")
    (planned,) = plan(place).verdicts()
    flush = os.fsync

    def spoil(descriptor: int) -> None:
        flush(descriptor)
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "r1.wav":
            os.pwrite(descriptor, b"???", PLACES[1] + 20)

    with monkeypatch.context() as spoilt:
        spoilt.setattr(os, "fsync", spoil)
        with pytest.raises(FileFault, match="not kept as it was written"):
            plan(place).carry_out(planned)
    assert heard_by(place, "r1", OLD) == CONTENT


def test_who_stops_it_is_told_that_it_has_not_ended(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 3: what is done is done, and the old one stays needed."""
    add_sealed(place, "r1")
    with pytest.raises(PartialFailure) as stopped:
        Telling(plan(place), Lines()).execute(lambda: True)
    assert [fault.message for fault in stopped.value.faults] == ["stopped before the end"]
    assert (capsys.readouterr().out, mastery(place.keys.folder)) == (
        "0 renewed, 0 same, 0 kept, 0 failed\n",
        Mastery(NEW.name, OLD.name),
    )


def test_a_second_renewal_does_not_begin_before_the_first_has_ended(place: Place) -> None:
    add_sealed(place, "r1")
    plan(place).begin()
    third = replace(MasterKey.written("c3" * 32, "third"), former=NEW)
    with pytest.raises(FileFault, match="has not ended"):
        Renewal(place.database, replace(vault_at(place.root.parent), master=third)).begin()
    renew(place)
    carried_out(Renewal(place.database, replace(vault_at(place.root.parent), master=third)))


def test_without_an_old_one_there_is_nothing_to_renew(place: Place) -> None:
    with pytest.raises(ConfigError, match="no old master key is named"):
        Renewal(place.database, vault_at(place.root.parent)).begin()


def test_a_folder_that_cannot_be_read_is_no_empty_one(place: Place) -> None:
    add_sealed(place, "r1")
    vault = renewing_at(place.root.parent)
    away = Vault(vault.root, replace(vault.keys, folder=place.root.parent / "nowhere"), vault.master)
    with pytest.raises((FileFault, KeyGone)):
        Renewal(place.database, away).begin()
    with pytest.raises(FileFault, match="cannot be read"):
        list(Renewal(place.database, away).verdicts())


def test_a_mark_that_was_cut_off_is_written_anew_and_one_that_cannot_be_read_is_told(place: Place) -> None:
    mark = place.keys.folder / NAME
    mark.write_text("callguard mas", "ascii")
    assert take_over(place.keys.folder, OLD) == Mastery(OLD.name, None)
    mark.unlink()
    mark.symlink_to("elsewhere")
    with pytest.raises(FileFault, match="cannot be read"):
        mastery(place.keys.folder)
    with pytest.raises(FileFault, match="cannot be written"):
        write_mastery(place.keys.folder, Mastery(OLD.name, None))
    with pytest.raises(FileFault, match="cannot be locked"):
        vault_at(place.root.parent).prepare()


def test_its_name_tells_nothing_of_a_master_key() -> None:
    assert (len(NEW.name), NEW.name == OLD.name, NEW.name in NEXT, "a7a7" in repr(NEW)) == (16, False, False, False)
