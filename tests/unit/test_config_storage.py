"""How recordings are kept, as the configuration says it: sealed where a master key is named, plain where not."""

from pathlib import Path

import pytest

from callguard.config import load_settings
from callguard.config.model import RecordingsSettings
from callguard.daemon import sealing
from callguard.errors import ConfigError
from callguard.evidence.keys import BACKUP_TAG
from callguard.premises import vault

MASTER = "5e" * 32
FILE = """
[[pbx]]
name = "main"
kind = "asterisk"
secret_env = "AMI_SECRET"

[recordings]
root = "/spool"
country = "RO"
"""


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "callguard.toml"
    path.write_text("\n".join((FILE, *lines)), "utf-8")
    return path


def recordings(tmp_path: Path, *lines: str) -> RecordingsSettings:
    return load_settings(written(tmp_path, *lines)).recordings


def faults(tmp_path: Path, *lines: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        recordings(tmp_path, *lines)
    return {fault.place.partition(": ")[2]: fault.message for fault in caught.value.faults}


def test_storage_follows_the_master_key(tmp_path: Path) -> None:
    """A PBX's own web pages play plain files, so nobody gets sealed ones unasked."""
    assert recordings(tmp_path).storage == "plain"
    assert recordings(tmp_path, 'master_key_credential = "master"').storage == "sealed"
    assert recordings(tmp_path, 'master_key_file = "/etc/master.key"').storage == "sealed"
    assert recordings(tmp_path, 'master_key_file = "/etc/master.key"', 'storage = "plain"').storage == "plain"
    assert recordings(tmp_path).keys == Path("/var/lib/callguard/keys")


def test_what_cannot_be(tmp_path: Path) -> None:
    assert faults(tmp_path, 'storage = "sealed"') == {"recordings.storage": "needs a master key"}
    both = faults(tmp_path, 'master_key_file = "/x"', 'master_key_credential = "master"')
    assert both == {"recordings.master_key_file": "master_key_credential and master_key_file given"}
    before = faults(tmp_path, 'old_master_key_file = "/x"')
    assert before == {"recordings.old_master_key_file": "is before no other"}
    twice = faults(tmp_path, 'master_key_file = "/y"', 'old_master_key_file = "/x"', 'old_master_key_credential = "old"')
    assert twice == {"recordings.old_master_key_file": "old_master_key_credential and old_master_key_file given"}
    among = faults(tmp_path, 'keys = "/spool/keys"')
    assert "who copies the recordings copies the keys" in among["recordings.keys"]
    assert set(faults(tmp_path, 'storage = "hidden"')) == {"recordings.storage"}


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (("[store]", 'url = "sqlite:////spool/callguard.db"'), "store.url"),
        (("[announcements]", 'catalogue = "/spool/announcements"'), "announcements.catalogue"),
        (('master_key_file = "/spool/master.key"',), "recordings.master_key_file"),
        (("[metrics]", 'file = "/spool/a/callguard.prom"'), "metrics.file"),
    ],
)
def test_nothing_of_our_own_lies_among_the_recordings(tmp_path: Path, lines: tuple[str, ...], place: str) -> None:
    """A reconciliation would take it for a stranger's file: the database itself would go, or the key of all recordings."""
    assert "whatever no row knows" in faults(tmp_path, *lines)[place]
    load_settings(written(tmp_path, *(line.replace("/spool", "/spool2") for line in lines)))


def test_what_is_not_named_lies_there_neither(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text("utf-8").replace('root = "/spool"', 'root = "/var/lib"'), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert {fault.place.partition(": ")[2] for fault in caught.value.faults} == {"store.url", "announcements.catalogue", "recordings.keys"}


def test_the_master_key_is_read_from_its_file_or_from_the_services_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "master").write_text(f"{MASTER}\n", "utf-8")
    (tmp_path / "master").chmod(0o600)
    assert recordings(tmp_path).read_master_key() is None
    named = recordings(tmp_path, 'master_key_credential = "master"').read_master_key()
    assert named == (MASTER, "recordings.master_key_credential")
    named = recordings(tmp_path, f'master_key_file = "{tmp_path}/master"').read_master_key()
    assert named == (MASTER, "recordings.master_key_file")


def test_the_master_key_before_is_read_as_well(tmp_path: Path) -> None:
    for name, bits in (("master", MASTER), ("old", "a7" * 32)):
        (tmp_path / name).write_text(bits, "utf-8")
        (tmp_path / name).chmod(0o600)
    named = written(tmp_path, f'master_key_file = "{tmp_path}/master"', f'old_master_key_file = "{tmp_path}/old"')
    found = vault(load_settings(named))
    assert found is not None
    assert found.master.former is not None
    assert found.master.former.wrap("a", bytes(32)) != found.master.former.wrap("a", bytes(32))
    assert (found.master.name, found.master.former.former) != (found.master.former.name, found.master)


def test_the_daemon_seals_where_it_is_told_to_and_does_not_begin_without_the_key(tmp_path: Path) -> None:
    """S13: what is to be sealed is not left in the clear because a key was forgotten."""
    master = f'master_key_file = "{tmp_path}/master"'
    keys = f'keys = "{tmp_path}/keys"'
    assert sealing(load_settings(written(tmp_path))) is None
    with pytest.raises(ConfigError, match="cannot read"):
        sealing(load_settings(written(tmp_path, master, keys)))
    (tmp_path / "master").write_text(MASTER, "utf-8")
    (tmp_path / "master").chmod(0o600)
    ready = sealing(load_settings(written(tmp_path, master, keys)))
    assert ready is not None
    assert (ready.root, (tmp_path / "keys" / BACKUP_TAG).exists()) == (Path("/spool"), True)
    plain = load_settings(written(tmp_path, master, keys, 'storage = "plain"'))
    assert (sealing(plain), vault(plain) is None) == (None, False)
