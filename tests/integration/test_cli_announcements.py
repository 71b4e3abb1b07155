"""`announcements`: made, installed, listed, and brought back from the archive."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from callguard.announcements import Catalogue, shipped
from callguard.clock import utc_now
from callguard.store.announcement_rows import archive_announcement
from tests.integration.cli_site import Site, new_site

NOBODY_SPEAKS = {"PATH": "/nonexistent"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        yield made


def configure(site: Site, lines: str) -> None:
    """More lines at the end of the configuration: in [announcements], or tables of their own."""
    site.config.write_text(site.config.read_text("utf-8") + lines, "utf-8")


def test_what_callguard_ships_needs_no_synthesiser(site: Site) -> None:
    """S12: the versions are those of the shipped catalogue, and all are new here once."""
    built = Catalogue.load(shipped.built())
    first = site.run("announcements", "build", **NOBODY_SPEAKS)
    assert first.returncode == 0, first.stderr
    assert len(first.stdout.splitlines()) == 1 + len(built.current)
    listed = site.json("announcements", "list")
    assert [one["version"] for one in listed] == [one.version for one in built.current]
    assert site.json("announcements", "build")["new"] == []


def test_a_company_makes_versions_of_its_own_and_keeps_the_rest(site: Site) -> None:
    site.run("announcements", "build")
    configure(site, 'company = "Exemplu SRL"\n')
    new = site.json("announcements", "build")["new"]
    every = {one["name"] for one in site.json("announcements", "list")}
    assert {one["name"] for one in new} == every - {"thank-you", "refused", "not-recorded"}
    assert all("Exemplu SRL" in one["text"] for one in new)
    assert sum(one["current"] for one in site.json("announcements", "list")) == len(Catalogue.load(shipped.built()).current)


def test_the_keys_that_are_told_are_those_that_the_policy_listens_for(site: Site) -> None:
    configure(site, '[policy.in]\ndirection = "inbound"\nmode = "opt-out"\nrefuse_key = "5"\n')
    site.run("announcements", "build")
    told = {one["name"]: one["refuse_key"] for one in site.json("announcements", "list") if one["current"]}
    assert (told["inbound-opt-out"], told["outbound-opt-in"]) == ("5", "2")


def test_policies_that_listen_for_different_keys_cannot_share_an_announcement(site: Site) -> None:
    configure(
        site,
        """
[policy.sales]
direction = "inbound"
mode = "opt-out"
refuse_key = "5"
match = { queues = ["sales"] }
[policy.others]
direction = "inbound"
mode = "notice"
""",
    )
    done = site.run("announcements", "build")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the inbound policies listen for different keys (sales: 1 and 5, others: 1 and 9)" in done.stderr


def test_installing_puts_them_where_the_pbx_looks_and_mends_what_is_damaged(site: Site) -> None:
    site.run("announcements", "build")
    first = site.json("announcements", "install")
    assert (first["folder"], first["kept"], first["replaced"]) == (str(site.folder / "sounds"), [], [])
    files = [site.folder / "sounds" / file for file in first["installed"]]
    assert all(file.exists() for file in files)
    files[0].write_bytes(b"RIFF")
    again = site.json("announcements", "install")
    assert (again["replaced"], again["installed"]) == ([first["installed"][0]], [])
    assert len(again["kept"]) == len(files) - 1
    assert site.run("announcements", "install").stdout.splitlines()[1].startswith("kept  ")


def test_nothing_built_is_an_error_that_says_what_to_run(site: Site) -> None:
    for command in ("list", "install"):
        done = site.run("announcements", command)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("    run: callguard announcements build\n")


def archived(site: Site) -> str:
    """The version of an announcement that lives in the database alone."""
    catalogue = Catalogue.load(shipped.built())
    edition = catalogue.current[0]
    with site.database.write() as connection:
        archive_announcement(connection, catalogue.archived(edition), utc_now())
    return edition.version


def test_an_archived_version_is_brought_back_with_text_and_audio(site: Site, tmp_path: Path) -> None:
    """S12, C5: what somebody heard can be produced years later, whatever became of the files."""
    version = archived(site)
    done = site.json("announcements", "export", version, "--to", str(tmp_path / "proof"))
    edition = next(one for one in Catalogue.load(shipped.built()).current if one.version == version)
    stem = f"{edition.language}-{edition.name}-{version[:12]}"
    assert done == {"version": version, "folder": str(tmp_path / "proof"), "files": [f"{stem}.txt", f"{stem}.wav", f"{stem}.wav16"]}
    text, narrow, wide = (tmp_path / "proof" / file for file in done["files"])
    assert text.read_text("utf-8") == f"{edition.text}\n"
    for file, rate in ((narrow, 8000), (wide, 16000)):
        with wave.open(str(file)) as sound:
            assert (sound.getframerate(), sound.getnframes() * 1000 // rate) == (rate, edition.duration_ms)
    assert narrow.read_bytes() == (shipped.built() / edition.files[0]).read_bytes()


def test_the_beginning_of_a_version_is_enough(site: Site, tmp_path: Path) -> None:
    version = archived(site)
    assert site.json("announcements", "export", version[:12], "--to", str(tmp_path / "proof"))["version"] == version


def test_a_version_that_was_never_heard_is_an_error(site: Site, tmp_path: Path) -> None:
    done = site.run("announcements", "export", "0123456789ab", "--to", str(tmp_path / "proof"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no archived announcement has this version" in done.stderr
    assert not (tmp_path / "proof").exists()


def test_a_folder_that_cannot_be_written_is_an_error(site: Site, tmp_path: Path) -> None:
    (tmp_path / "proof").write_text("a file")
    done = site.run("announcements", "export", archived(site), "--to", str(tmp_path / "proof"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr
