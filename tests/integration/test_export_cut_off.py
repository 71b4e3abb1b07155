"""Exports that are cut off, meet a full disk or somebody else's folder: gone on with or refused, never half of one that looks whole."""

import itertools
import json
import resource
import signal
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from callguard.errors import CallguardError, UsageError
from callguard.rights import export as exporting
from callguard.rights.export import WAY
from callguard.rights.export_place import INCOMPLETE, SUMS, State
from callguard.store.register_tables import exports
from callguard.store.tables import accesses
from tests.integration.cli_site import STARTED, Site, inbound
from tests.integration.export_site import calls_in, change, export_of, exported, files_in, new_export_site, order, place_at

GROUND = "court order 12/2026"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """With a call to a page, so that a few make an export of many."""
    monkeypatch.setattr(exporting, "PAGE", 1)
    with new_export_site(tmp_path) as made:
        yield made


@pytest.fixture(params=["export", "export.zip"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    place: Path = tmp_path / request.param
    return place


class Cut(Exception):  # noqa: N818 - as a kill would be
    """Here it ends."""


def cut_off(site: Site, to: Path, pages: int) -> None:
    """Run until so many pages are done and kept, and on into the next one, which leaves files that no state knows."""
    with place_at(to) as place:
        keep, kept = place.checkpoint, itertools.count()

        def checkpoint(state: State) -> None:
            if next(kept) > pages:
                raise Cut
            keep(state)

        with patch.object(place, "checkpoint", checkpoint), pytest.raises(Cut):
            export_of(site, place, order(ground=GROUND)).run(lambda _: None)


@pytest.mark.parametrize("pages", [0, 4, 9])
def test_what_was_cut_off_is_gone_on_with(site: Site, to: Path, pages: int) -> None:
    """S15: the same as one that ran through, each call once, and no sound given twice but that of the page at which it was cut off."""
    cut_off(site, to, pages)
    assert not to.exists() or not (to / SUMS).exists()
    exported(site, to, order(ground=GROUND))
    whole = to.with_name(f"whole{to.suffix}")
    exported(site, whole, order(ground=GROUND))
    done, straight = files_in(to), files_in(whole)
    assert set(done) == set(straight)
    assert [call["id"] for call in calls_in(done)] == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert INCOMPLETE not in done
    assert not list(to.parent.glob("export.zip.*"))
    with site.database.read() as connection:
        times = connection.scalars(sa.select(sa.func.count()).where(accesses.c.way == WAY)).one()
    assert times <= 2 + 2 + 1


def test_what_was_restricted_meanwhile_is_not_left_in_it(site: Site, tmp_path: Path) -> None:
    """GDPR art. 18: the sound of the page that was cut off was there already; when it is gone on with, it may not be given any more."""
    to = tmp_path / "export"
    cut_off(site, to, 0)
    assert list(to.rglob("*.wav"))
    change(site, "c0-p", restricted=True)
    exported(site, to, order(ground=GROUND))
    assert [path.name for path in to.rglob("*.wav")] == ["c1-s.wav"]


def test_the_very_end_can_be_cut_off_too(site: Site, to: Path) -> None:
    """All is written but the last step: it is not whole yet, and the next run makes it so."""
    with place_at(to) as place, patch.object(place, "finish", side_effect=Cut), pytest.raises(Cut):
        export_of(site, place, order(ground=GROUND)).run(lambda _: None)
    assert (to / INCOMPLETE).exists() or not to.exists()
    exported(site, to, order(ground=GROUND))
    assert len(calls_in(files_in(to))) == 6
    assert INCOMPLETE not in files_in(to)


def test_calls_that_came_meanwhile_come_at_the_end(site: Site, tmp_path: Path) -> None:
    to = tmp_path / "export"
    cut_off(site, to, 3)
    site.add(replace(inbound("a0"), started_at=STARTED + timedelta(days=1)))
    exported(site, to, order(ground=GROUND))
    assert [call["id"] for call in calls_in(files_in(to))] == ["c0", "c1", "c2", "c3", "c4", "c5", "a0"]


@pytest.mark.parametrize("change_of", ["masks", "ground", "language"])
def test_another_export_does_not_go_on_in_its_place(site: Site, tmp_path: Path, change_of: str) -> None:
    """One half with masks and one without would be neither."""
    to = tmp_path / "export"
    cut_off(site, to, 2)
    other = {"masks": order(masked=False, ground=GROUND), "ground": order(), "language": order(ground=GROUND, language="ro")}
    with pytest.raises(UsageError, match="is another one"):
        exported(site, to, other[change_of])


def test_a_place_that_is_not_ours_is_left_alone(site: Site, tmp_path: Path) -> None:
    full = tmp_path / "documents"
    full.mkdir()
    (full / "letter.txt").write_text("mine", "utf-8")
    (tmp_path / "taken.zip").write_bytes(b"mine")
    (tmp_path / "other.zip.part").write_bytes(b"mine")
    (tmp_path / "file").write_bytes(b"mine")
    before = {name: content for name, content in files_in(tmp_path).items() if b"mine" in content}
    for name in ("documents", "taken.zip", "other.zip", "file"):
        with pytest.raises(UsageError, match=r"is there already|is no folder"):
            exported(site, tmp_path / name, order())
    assert {name: content for name, content in files_in(tmp_path).items() if b"mine" in content} == before
    assert list(full.iterdir()) == [full / "letter.txt"]
    with site.database.read() as connection:
        assert connection.execute(sa.select(exports)).all() == []


def test_a_whole_export_is_not_written_over(site: Site, to: Path) -> None:
    exported(site, to, order())
    with pytest.raises(UsageError, match="is there already"):
        exported(site, to, order())


def test_an_empty_folder_will_do(site: Site, tmp_path: Path) -> None:
    """It is for its owner alone then, as one that is made."""
    (tmp_path / "empty").mkdir(mode=0o755)
    exported(site, tmp_path / "empty", order())
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o700
    assert len(calls_in(files_in(tmp_path / "empty"))) == 6


def test_two_at_once_do_not_write_into_one_place(site: Site, to: Path) -> None:
    with place_at(to) as first:
        export_of(site, first, order())
        first.checkpoint({})
        with pytest.raises(CallguardError, match="another export is being written there"):
            place_at(to)


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Files may grow no further, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize(
    ("where", "what", "room"), [("export", "recordings/", 1000), ("export", "vcon/", 0), ("export.zip", "recordings/", 1000)]
)
def test_a_full_disk_is_told_and_leaves_nothing_that_looks_whole(site: Site, tmp_path: Path, where: str, what: str, room: int) -> None:
    """S15: room for the database and none for sound, or for what is so small that it is written at its end; afterwards it goes on."""
    to = tmp_path / where
    with place_at(to) as place:
        full = place.put

        def put(name: str, blocks: Iterable[bytes]) -> str:
            with little_room(room) if name.startswith(what) else nullcontext():
                return full(name, blocks)

        with patch.object(place, "put", put), pytest.raises(CallguardError, match="cannot be written: File too large") as told:
            export_of(site, place, order(ground=GROUND)).run(lambda _: None)
    assert "run it again" in told.value.faults[0].remedy
    assert not (to / SUMS).exists()
    assert where == "export" or not to.exists()
    exported(site, to, order(ground=GROUND))
    assert len([name for name in files_in(to) if name.endswith(".wav")]) == 2


def test_a_state_that_cannot_be_read_is_not_guessed(site: Site, tmp_path: Path) -> None:
    to = tmp_path / "export"
    to.mkdir()
    (to / INCOMPLETE).write_text("[", "utf-8")
    with pytest.raises(CallguardError, match="cannot be read"):
        exported(site, to, order())


def test_a_file_that_was_lost_is_noticed_at_the_end(site: Site, tmp_path: Path) -> None:
    """S13: what the disk does not give back as it was written, is no whole export."""
    to = tmp_path / "export"
    cut_off(site, to, 2)
    sound = next(to.rglob("*.vcon.json"))
    sound.write_text("{}", "utf-8")
    with pytest.raises(CallguardError, match="is not what was written"):
        exported(site, to, order(ground=GROUND))
    assert not (to / SUMS).exists()


def test_the_state_is_private_too(site: Site, to: Path) -> None:
    cut_off(site, to, 2)
    kept = to / INCOMPLETE if to.is_dir() else to.with_name(f"{to.name}.state")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    if to.is_dir():
        assert json.loads(kept.read_bytes())["number"] == "+40722000111"
