"""`callguard listen`: the sound to who may hear it, and nothing to anybody before it is entered who and why (S10)."""

import hashlib
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callguard.call.commands import FileRecording
from callguard.checks.report import Check, Outcome
from callguard.checks.storage import storage
from callguard.config import load_settings
from callguard.errors import CallguardError, FileFault, GuardRefusal, UsageError
from callguard.evidence.access_entries import ACCESS_COLUMNS
from callguard.evidence.chain import digest
from callguard.evidence.listening import listen
from callguard.premises import vault
from callguard.store.tables import accesses, ledger, recordings
from callguard.store.types import to_millis
from tests.integration.cli_site import EXPIRES, Site, inbound, new_site, recording
from tests.integration.ledger_place import found_in
from tests.small_disk import fill, small_disk
from tests.wav_bytes import whole

CONTENT = whole(100_000)
WHY = ("--reason", "complaint 12/2026", "--by", "Ana Pop")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With a plain recording `r-p` and a sealed one `r-s`."""
    with new_site(tmp_path) as made:
        master = tmp_path / "master.key"
        master.write_text("5e" * 32 + "\n", "utf-8")
        master.chmod(0o600)
        made.config.write_text(made.config.read_text("utf-8").replace("min_free", f'master_key_file = "{master}"\nmin_free', 1), "utf-8")
        made.add(inbound("ca11", recordings=[recording("r-p", "ca11"), recording("r-s", "ca11")]))
        for name in ("r-p", "r-s"):
            (made.root / f"2026/08/31/{name}.wav").write_bytes(CONTENT)
            change(made, name, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
        seal(made, "r-s")
        yield made


def change(site: Site, name: str, **columns: object) -> None:
    with site.database.write() as connection:
        connection.execute(sa.update(recordings).where(recordings.c.id == name).values(columns))


def seal(site: Site, name: str) -> None:
    found = vault(load_settings(site.config))
    assert found is not None
    found.keys.prepare()
    command = FileRecording(pbx="main", linkedid="1", leg="1", recording=name, path=f"2026/08/31/{name}.wav", expires_at=EXPIRES)
    assert found.file(command, lambda: None).sealed
    change(site, name, status="sealed")


def heard(site: Site, name: str, *more: str) -> "subprocess.CompletedProcess[bytes]":
    arguments = [sys.executable, "-m", "callguard", "--config", str(site.config), "listen", name, *WHY, *more]
    return subprocess.run(arguments, capture_output=True, timeout=60, check=False)


def entered(site: Site) -> list[dict[str, Any]]:
    with site.database.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(accesses).order_by(accesses.c.id)).mappings()]


@pytest.mark.parametrize("name", ["r-p", "r-s"])
def test_a_recording_is_heard_and_who_and_why_is_entered(site: Site, name: str) -> None:
    """S10: in a row, and in the ledger without any name."""
    done = heard(site, name)
    assert (done.returncode, done.stdout, done.stderr) == (0, CONTENT, b"")
    (row,) = entered(site)
    assert [row[column] for column in ("recording_id", "way", "by", "reason")] == [name, "listen", "Ana Pop", "complaint 12/2026"]
    with site.database.read() as connection:
        body = connection.scalars(sa.select(ledger.c.body).where(ledger.c.kind == "access")).one()
    found = digest({column: to_millis(row[column]) if column == "at" else row[column] for column in ACCESS_COLUMNS})
    assert json.loads(body) == {"access": row["id"], "recording": name, "digest": found}


@pytest.mark.parametrize(("column", "value"), [("by", "Nobody"), ("reason", "none"), ("recording_id", "r-s")])
def test_an_access_that_is_changed_afterwards_is_found(site: Site, column: str, value: str) -> None:
    """S10: the log cannot be quietly edited."""
    b"".join(listen(site.database, site.root, None, "r-p", by="Ana Pop", reason="complaint"))
    assert (found_in(site.database).broken, found_in(site.database).proven["access"]) == (0, 1)
    with site.database.write() as connection:
        connection.execute(sa.update(accesses).values({column: value}))
    (broken,) = found_in(site.database).breaks
    assert broken.message == "its row, the access 1, was changed"


def test_an_access_that_is_taken_away_afterwards_is_missed(site: Site) -> None:
    """S10."""
    b"".join(listen(site.database, site.root, None, "r-p", by="Ana Pop", reason="complaint"))
    with site.database.write() as connection:
        connection.execute(sa.delete(accesses))
    assert [one.message for one in found_in(site.database).breaks] == ["its row, the access 1, is gone"]


def test_it_goes_into_a_new_file_for_its_owner_alone(site: Site, tmp_path: Path) -> None:
    output = tmp_path / "heard.wav"
    assert heard(site, "r-s", "--output", str(output)).returncode == 0
    assert (output.read_bytes(), stat.S_IMODE(output.stat().st_mode)) == (CONTENT, 0o600)
    again = heard(site, "r-s", "--output", str(output))
    assert (again.returncode, b"is there already" in again.stderr) == (2, True)


def test_a_full_disk_is_told_and_nothing_half_is_left(site: Site, tmp_path: Path) -> None:
    """S10: that it was given is in the ledger, whatever became of it."""
    mount = tmp_path / "mount"
    mount.mkdir()
    with small_disk(mount, 2**16) as disk:
        fill(disk, 0)
        done = heard(site, "r-p", "--output", str(disk / "heard.wav"))
        assert done.returncode == 1
        assert done.stderr.splitlines()[0] == f"callguard: {disk}/heard.wav: cannot be written: No space left on device".encode()
        assert (disk / "heard.wav").read_bytes() == b""


def test_what_was_changed_since_is_told_and_not_left_in_the_file(site: Site, tmp_path: Path) -> None:
    """S13: of both kinds."""
    for name, suffix, words in (("r-p", ".wav", b"not what was recorded"), ("r-s", ".wav.sealed", b"damaged or cut off")):
        file = site.root / f"2026/08/31/{name}{suffix}"
        content = bytearray(file.read_bytes())
        content[-20] ^= 1
        file.write_bytes(content)
        done = heard(site, name, "--output", str(tmp_path / name))
        assert (done.returncode, words in done.stderr, (tmp_path / name).read_bytes()) == (1, True, b"")


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"restricted": True}, GuardRefusal, "art. 18"),
        ({"deleted_at": EXPIRES}, CallguardError, "is deleted"),
        ({"status": "recording"}, CallguardError, "its status is recording"),
        ({"size": None}, CallguardError, "its status is sealed"),
    ],
)
def test_what_may_not_be_heard_is_not_entered(site: Site, columns: dict[str, object], error: type[CallguardError], words: str) -> None:
    """S10; and GDPR art. 18 for the restricted one."""
    change(site, "r-s", **columns)
    with pytest.raises(error, match=words):
        listen(site.database, site.root, vault(load_settings(site.config)), "r-s", by="Ana Pop", reason="complaint")
    assert entered(site) == []


@pytest.mark.parametrize(("name", "by", "reason"), [("nothing", "Ana Pop", "why"), ("r-p", "Ana Pop", " "), ("r-p", "x" * 201, "why")])
def test_what_was_asked_for_wrongly(site: Site, name: str, by: str, reason: str) -> None:
    with pytest.raises(UsageError):
        listen(site.database, site.root, None, name, by=by, reason=reason)
    assert entered(site) == []


def test_what_has_lost_its_key_is_not_heard_and_not_entered(site: Site) -> None:
    """C7."""
    (site.keys / "2026/08/31/r-s.wav").unlink()
    lost = heard(site, "r-s")
    assert (lost.returncode, lost.stdout, b"it was destroyed" in lost.stderr, entered(site)) == (1, b"", True, [])


def test_a_sealed_one_without_its_master_key(site: Site) -> None:
    site.config.write_text("".join(line for line in site.config.read_text("utf-8").splitlines(True) if "master_key" not in line), "utf-8")
    done = heard(site, "r-s")
    assert (done.returncode, b"no master key is named" in done.stderr) == (2, True)


def test_a_file_that_is_not_there(site: Site) -> None:
    (site.root / "2026/08/31/r-p.wav").unlink()
    with pytest.raises(FileFault, match="cannot be read: No such file"):
        listen(site.database, site.root, None, "r-p", by="Ana Pop", reason="complaint")
    assert entered(site) == []


def test_sound_is_nothing_for_a_terminal(site: Site) -> None:
    outside, inside = pty.openpty()
    arguments = [sys.executable, "-m", "callguard", "--config", str(site.config), "listen", "r-s", *WHY]
    done = subprocess.run(arguments, stdout=inside, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(inside)
    os.close(outside)
    assert (done.returncode, b"--output FILE" in done.stderr, entered(site)) == (2, True, [])


def test_a_listener_who_goes_is_no_fault(site: Site) -> None:
    arguments = [sys.executable, "-m", "callguard", "--config", str(site.config), "listen", "r-s", *WHY]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait(60)) == (b"", 0)


def test_where_a_sealed_one_lies_is_listed(site: Site) -> None:
    """Size and hash are those of the sound."""
    listed = {one["id"]: one for one in site.json("recordings")}
    digest_of_sound = hashlib.sha256(CONTENT).hexdigest()
    for name, status, path in (("r-p", "stopped", "2026/08/31/r-p.wav"), ("r-s", "sealed", "2026/08/31/r-s.wav.sealed")):
        told = [listed[name][key] for key in ("status", "path", "sha256", "size")]
        assert told == [status, path, digest_of_sound, len(CONTENT)]
        assert (site.root / path).exists()
    (call,) = site.json("calls")
    assert {one["id"]: one["status"] for one in call["recordings"]} == {"r-p": "stopped", "r-s": "sealed"}


def test_check_says_how_they_are_kept(site: Site) -> None:
    def kept() -> Check:
        (found,) = storage(load_settings(site.config))
        return found

    assert kept().outcome is Outcome.OK
    site.keys.chmod(0o750)
    assert (kept().outcome, kept().remedy) == (Outcome.FAILED, f"chmod 0700 {site.keys}")
    site.keys.rename(site.folder / "elsewhere")
    assert (kept().outcome, "no key store yet" in kept().message) == (Outcome.NOT_CHECKED, True)
    (site.folder / "master.key").write_text("secret", "utf-8")
    assert (kept().outcome, "64 hexadecimal digits" in kept().message) == (Outcome.FAILED, True)
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace("min_free", 'storage = "plain"\nmin_free', 1), "utf-8")
    assert (kept().outcome, "can still be heard" in kept().message) == (Outcome.WARNING, True)


@pytest.mark.parametrize("name", ["r-p", "r-s"])
def test_what_was_deleted_and_came_back_from_a_backup_is_not_given(site: Site, name: str) -> None:
    """C7: be it plain, and be it sealed with its key beside it; the row decides, and nothing is entered as heard."""
    kept = {path: path.read_bytes() for folder in (site.root, site.keys) for path in folder.rglob(f"{name}*")}
    assert site.json("sweep", "--as-of", "2027-03-01")["deleted"] == 2
    assert not any(path.exists() for path in kept)
    for path, content in kept.items():
        path.write_bytes(content)
    done = heard(site, name)
    assert (done.returncode, done.stdout, b"is deleted" in done.stderr, entered(site)) == (1, b"", True, [])
