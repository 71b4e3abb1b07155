"""`seal`, `keys renew` and what `check` says of both, as they are typed (S13, C7)."""

import hashlib
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.checks.keeping import keeping
from callguard.checks.report import Check, Outcome
from callguard.config import load_settings
from callguard.evidence.later import LaterSealing
from callguard.evidence.mastery import NAME, Mastery, write_mastery
from callguard.evidence.vault import Vault
from callguard.premises import vault
from callguard.retention.marker import mark_root
from callguard.store.tables import recordings
from tests.integration.cli_site import Site, inbound, new_site, recording
from tests.integration.sealed_place import MASTER, NEXT, carried_out
from tests.other_user import NOBODY

SOUND = b"RIFF"
DAY = "2026/08/31"


@contextmanager
def two_plain(folder: Path) -> Iterator[Site]:
    """With two plain recordings, and a master key since."""
    with new_site(folder) as made:
        made.add(inbound("ca11", recordings=[recording("r-a", "ca11")]), inbound("ca12", recordings=[recording("r-b", "ca12")]))
        with made.database.write() as connection:
            connection.execute(sa.update(recordings).values(size=len(SOUND), sha256=hashlib.sha256(SOUND).hexdigest()))
        name(made, master_key_file=MASTER)
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with two_plain(tmp_path) as made:
        yield made


def name(site: Site, **keys: str) -> None:
    """Have these master keys named, and no others."""
    written = site.config.read_text("utf-8").splitlines(keepends=True)
    lines = [line for line in written if not line.startswith(("master_key", "old_master_key"))]
    for key, bits in keys.items():
        file = site.folder / f"{bits[:2]}.key"
        file.write_text(f"{bits}\n", "utf-8")
        file.chmod(0o600)
        lines.insert(lines.index("[recordings]\n") + 1, f'{key} = "{file}"\n')
    site.config.write_text("".join(lines), "utf-8")


def vault_of(site: Site) -> Vault:
    found = vault(load_settings(site.config))
    assert found is not None
    return found


def seal_all(site: Site) -> None:
    carried_out(LaterSealing(site.database, vault_of(site)))


def heard(site: Site, name: str) -> bytes:
    return b"".join(vault_of(site).unsealed(f"{DAY}/{name}.wav", name))


def lying(site: Site) -> list[str]:
    return sorted(path.name for path in (site.root / DAY).iterdir())


def said(site: Site) -> dict[str, Check]:
    return {one.name: one for one in keeping(load_settings(site.config))}


def test_what_was_plain_is_shown_and_sealed(site: Site) -> None:
    planned = site.json("seal", "--dry-run")
    assert planned == {
        "dry_run": True,
        "verdicts": [{"recording": name, "path": f"{DAY}/{name}.wav", "verdict": "seal", "reason": "plain"} for name in ("r-a", "r-b")],
        "sealed": 2,
        "same": 0,
        "kept": 0,
        "failed": 0,
    }
    assert (lying(site), site.keys.exists()) == (["r-a.wav", "r-b.wav"], False)
    done = site.run("seal")
    assert done.stdout.splitlines() == [
        f"seal   r-a  {DAY}/r-a.wav  plain",
        f"seal   r-b  {DAY}/r-b.wav  plain",
        "2 sealed, 0 same, 0 kept, 0 failed",
    ]
    assert (done.returncode, done.stderr, lying(site)) == (0, "", ["r-a.wav.sealed", "r-b.wav.sealed"])
    with site.database.read() as connection:
        assert connection.scalars(sa.select(recordings.c.status)).all() == ["sealed", "sealed"]


def test_one_that_was_changed_since_is_listed_and_stops_none_of_the_rest(site: Site) -> None:
    """Status 3, and which."""
    (site.root / DAY / "r-a.wav").write_bytes(b"RIFX")
    done = site.run("seal")
    assert done.returncode == 3
    assert done.stderr.splitlines()[0].startswith("callguard: recording r-a: what was sealed is not what was measured")
    assert (lying(site), done.stdout.splitlines()[-1]) == (["r-a.wav", "r-b.wav.sealed"], "1 sealed, 0 same, 0 kept, 1 failed")


def test_a_new_master_key_from_the_first_step_to_the_last(site: Site) -> None:
    """As README says: name both, renew, name the new one alone. Everything can be heard at every step."""
    seal_all(site)
    name(site, master_key_file=NEXT, old_master_key_file=MASTER)
    assert said(site)["master key"].remedy == "callguard keys renew"
    assert heard(site, "r-a") == SOUND
    done = site.json("keys", "renew")
    assert (done["renewed"], done["failed"], {one["verdict"] for one in done["verdicts"]}) == (2, 0, {"renew"})
    name(site, master_key_file=NEXT)
    assert said(site)["master key"].outcome is Outcome.OK
    mark_root(site.database, site.root)
    assert site.json("reconcile")["differences"] == []
    assert heard(site, "r-b") == SOUND


def test_what_must_be_named_first(site: Site) -> None:
    done = site.run("keys", "renew")
    assert (done.returncode, "no old master key is named" in done.stderr) == (2, True)
    name(site)
    done = site.run("seal")
    assert (done.returncode, "recordings are kept plain" in done.stderr) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_what_root_seals_is_the_daemons_all_the_same(reachable_folder: Path) -> None:
    """Only root reads a credential; what root owns, the daemon could neither read nor delete."""
    with two_plain(reachable_folder) as site:
        site.keys.mkdir(mode=0o700)
        for path in (site.folder, *site.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        assert site.run("seal").returncode == 0
        made = [site.root / DAY / "r-a.wav.sealed", site.keys / DAY / "r-a.wav", site.keys / NAME]
        assert {path.stat().st_uid for path in made} == {NOBODY}


def test_a_bar_shows_how_far_it_is_and_only_on_a_terminal(site: Site) -> None:
    """Every long command has one."""
    outside, inside = pty.openpty()
    for command in (["seal", "--dry-run"], ["retag", "--dry-run"]):
        arguments = [sys.executable, "-m", "callguard", "--config", str(site.config), *command]
        subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=inside, timeout=60, check=True)
        shown = b""
        while select.select([outside], [], [], 0)[0]:
            shown += os.read(outside, 65536)
        assert command[0].encode() in shown, shown
        assert b"100%" in shown
    os.close(inside)
    os.close(outside)


def test_check_tells_how_recordings_and_keys_are_kept(site: Site) -> None:
    assert set(said(site)) == {"recordings root, its mark"}
    vault_of(site).keys.prepare()
    told = said(site)
    assert {one: told[one].outcome for one in told} == {
        "recordings root, its mark": Outcome.NOT_CHECKED,
        "keys apart from recordings": Outcome.WARNING,
        "master key": Outcome.NOT_CHECKED,
        "recordings in the clear": Outcome.WARNING,
    }
    assert told["recordings in the clear"].message == "2 are not sealed"
    seal_all(site)
    mark_root(site.database, site.root)
    told = said(site)
    assert [told[one].message for one in ("recordings root, its mark", "master key", "recordings in the clear")] == [
        "it is the folder that callguard marked",
        "all keys are under the one that is named",
        "none",
    ]
    (site.root / ".callguard-root").write_text("another\n", "ascii")
    assert said(site)["recordings root, its mark"].outcome is Outcome.FAILED


def test_check_tells_of_a_master_key_that_is_not_the_keys(site: Site) -> None:
    seal_all(site)
    name(site, master_key_file=NEXT)
    assert said(site)["master key"].remedy == "name the one that was in force as old_master_key_…"
    write_mastery(site.keys, Mastery(vault_of(site).master.name, "0123456789abcdef"))
    told = said(site)["master key"]
    assert (told.outcome, told.remedy) == (Outcome.FAILED, "name it as old_master_key_…, then callguard keys renew")


def test_check_without_a_database_says_what_only_that_knows(site: Site) -> None:
    (site.folder / "callguard.db").rename(site.folder / "elsewhere")
    assert {one.outcome for one in said(site).values()} == {Outcome.NOT_CHECKED}
